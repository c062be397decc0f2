"""The periodic job that empties the outbox, in every worker."""

from datetime import timedelta

from actors.periodic.jobs import IDLE, PeriodicJob
from actors.periodic.wake_ups import WakeUps
from domain.kernel.clock import Clock
from domain.outbox.ports import EventRelay
from domain.system.workers import Chore

_RELAYED = 2_000
"""Events relayed in one transaction."""
_EVERY = timedelta(seconds=0.25)


def relaying_job(relay: EventRelay, clock: Clock, wake_ups: WakeUps) -> PeriodicJob:
    """The job that relays events. It rests until something is told, except where another worker was relaying.

    That one may have begun before the newest event was stored.
    """
    rest = IDLE

    async def run() -> bool:
        nonlocal rest
        relayed = await relay.relay(_RELAYED, clock.now())
        rest = _EVERY if relayed is None else IDLE
        return relayed == _RELAYED

    async def rests() -> timedelta:
        return rest

    return PeriodicJob(
        name="telling what has happened", every=_EVERY, run=run, rest=rests, woken=wake_ups.of(Chore.OUTBOX)
    )
