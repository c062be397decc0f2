"""The periodic jobs that fire schedules, in every worker."""

from datetime import timedelta

from actors.periodic.jobs import PeriodicJob, rest_until
from actors.periodic.wake_ups import WakeUps
from domain.kernel.clock import Clock
from domain.schedules.firing import ScheduleFiring
from domain.schedules.ports import ScheduleStore
from domain.system.workers import Chore

_FIRED = 50
"""The most schedules fired together: even when each has missed a lot, it takes less time than a claim lasts."""
_UNPROVEN = 4
"""The most unproven schedules fired at a time, each by itself."""


def schedule_jobs(
    firing: ScheduleFiring, schedules: ScheduleStore, clock: Clock, wake_ups: WakeUps
) -> tuple[PeriodicJob, PeriodicJob]:
    """The jobs that fire due schedules, at their time, and twice a second while there are any to be fired.

    Unproven schedules, which are new, were changed or have left an error, are fired beside all others: one whose input
    costs seconds to check holds up none of the proven, and no more than a few of the unproven.
    """

    async def run() -> bool:
        return await firing.fire(_FIRED, unproven=False) == _FIRED

    async def run_unproven() -> bool:
        return await firing.fire(_UNPROVEN, unproven=True, apart=True) == _UNPROVEN

    async def rest() -> timedelta:
        now = clock.now()
        return rest_until(await schedules.next_due(now), now)

    every = timedelta(seconds=0.5)
    jobs = (("firing schedules", run), ("firing unproven schedules", run_unproven))
    one, other = (
        PeriodicJob(name=name, every=every, run=each, rest=rest, woken=wake_ups.of(Chore.SCHEDULES))
        for name, each in jobs
    )
    return one, other
