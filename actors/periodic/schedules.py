"""The periodic jobs that fire schedules, in every worker."""

from datetime import timedelta

from actors.periodic.jobs import PeriodicJob
from domain.schedules.firing import ScheduleFiring

_FIRED = 50
"""The most schedules fired together: even when each has missed a lot, it takes less time than a claim lasts."""
_UNPROVEN = 4
"""The most unproven schedules fired at a time, each by itself."""


def schedule_jobs(firing: ScheduleFiring) -> tuple[PeriodicJob, PeriodicJob]:
    """The jobs that fire due schedules, twice a second: with little to do, a tick starts half a second late at most.

    Unproven schedules, which are new, were changed or have left an error, are fired beside all others: one whose input
    costs seconds to check holds up none of the proven, and no more than a few of the unproven.
    """

    async def run() -> bool:
        return await firing.fire(_FIRED, unproven=False) == _FIRED

    async def run_unproven() -> bool:
        return await firing.fire(_UNPROVEN, unproven=True, apart=True) == _UNPROVEN

    every = timedelta(seconds=0.5)
    return (
        PeriodicJob(name="firing schedules", every=every, run=run),
        PeriodicJob(name="firing unproven schedules", every=every, run=run_unproven),
    )
