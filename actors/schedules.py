"""The chore that fires schedules, in every worker."""

from datetime import timedelta

from actors.chores import Chore
from domain.services.firing import ScheduleFiring

_FIRED = 50
"""So many schedules are fired together: also when each has missed a lot, it takes less time than a claim lasts."""


def schedule_chore(firing: ScheduleFiring) -> Chore:
    """Fire what is due, twice a second: a tick starts half a second late at most, when there is little to do."""

    async def run() -> bool:
        return await firing.fire(_FIRED) == _FIRED

    return Chore(name="firing schedules", every=timedelta(seconds=0.5), run=run)
