"""Waiting until `stepgraph doctor --deep` finds nothing wrong: an event may be on its way for a moment."""

from datetime import timedelta

from persistence.postgres.connections.database import Database
from persistence.postgres.consistency import inconsistencies
from tests.waiting import wait_until


async def until_consistent(url: str, timeout: float = 30.0) -> None:
    """Wait until nothing is wrong in the rows of this database; fails with all that is after `timeout` seconds."""

    async def found() -> list[str]:
        async with Database(url, pool_size=1) as database:
            wrong = await inconsistencies(database, for_at_least=timedelta(0))
        return [f"{each.subject}: {each.detail}" for each in wrong]

    async def is_consistent() -> bool:
        return not await found()

    try:
        await wait_until(is_consistent, "the rows are as they should be", timeout, 0.2)
    except TimeoutError:
        raise AssertionError(await found()) from None
