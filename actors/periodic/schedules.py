"""The chores that fire schedules, in every worker."""

from datetime import timedelta

from actors.periodic.jobs import Chore
from domain.schedules.firing import ScheduleFiring

_FIRED = 50
"""So many schedules are fired together: also when each has missed a lot, it takes less time than a claim lasts."""
_UNPROVEN = 4
"""So many of those that are unproven are fired at a time, each by itself."""


def schedule_chores(firing: ScheduleFiring) -> tuple[Chore, Chore]:
    """Fire what is due, twice a second: a tick starts half a second late at most, when there is little to do.

    Those that are unproven, since they are new, were changed or have left an error, are fired beside all others: one
    whose input costs seconds to check holds up none of them, and no more than a few of its like.
    """

    async def run() -> bool:
        return await firing.fire(_FIRED, unproven=False) == _FIRED

    async def run_unproven() -> bool:
        return await firing.fire(_UNPROVEN, unproven=True, apart=True) == _UNPROVEN

    every = timedelta(seconds=0.5)
    return (
        Chore(name="firing schedules", every=every, run=run),
        Chore(name="firing unproven schedules", every=every, run=run_unproven),
    )
