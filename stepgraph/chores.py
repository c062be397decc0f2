"""What a worker does beside executions: its chores, each with how often."""

from collections.abc import Sequence
from datetime import timedelta

from actors.chores import Chore
from domain.ports import Clock, EventRelay
from persistence.database import Database
from persistence.relaying import PostgresEventRelay

_RELAYED = 2_000
"""So many events are told in one transaction."""


def chores_of(database: Database, clock: Clock) -> Sequence[Chore]:
    """The chores of a worker process."""
    return (_relaying(PostgresEventRelay(database), clock),)


def _relaying(relay: EventRelay, clock: Clock) -> Chore:
    async def run() -> bool:
        return await relay.relay(_RELAYED, clock.now()) == _RELAYED

    return Chore(name="telling what has happened", every=timedelta(seconds=0.25), run=run)
