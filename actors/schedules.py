"""The chores that fire schedules, in every worker."""

import asyncio
from datetime import timedelta

from actors.chores import Chore
from domain.services.firing import ScheduleFiring

_FIRED = 50
"""So many schedules are fired together: also when each has missed a lot, it takes less time than a claim lasts."""
_TROUBLED = 4
"""So many of those whose last tick has left an error are fired at a time, each by itself."""


def schedule_chores(firing: ScheduleFiring) -> tuple[Chore, Chore]:
    """Fire what is due, twice a second: a tick starts half a second late at most, when there is little to do.

    Those whose last tick has left an error are fired beside all others: one whose input costs seconds to check, tick
    after tick, holds up none of them, and no more than a few of its like.
    """

    async def run() -> bool:
        return await firing.fire(_FIRED, troubled=False) == _FIRED

    async def run_troubled() -> bool:
        return all(await asyncio.gather(*(firing.fire(1, troubled=True) for _ in range(_TROUBLED))))

    every = timedelta(seconds=0.5)
    return (
        Chore(name="firing schedules", every=every, run=run),
        Chore(name="firing schedules with errors", every=every, run=run_troubled),
    )
