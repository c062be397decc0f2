"""API and workers whose Redis is behind Sentinel, and whose primary dies while executions are under way."""

from pathlib import Path

from tests.acceptance.conftest import Deployment
from tests.acceptance.processes import statuses
from tests.acceptance.workflows import apply, execute, order
from tests.sentinels import WatchedValkeys
from tests.waiting import wait_until

EXECUTIONS = 12
TIMEOUT = 60.0


async def test_all_complete_beside_a_failover_and_those_begun_after_it_too(
    deployment: Deployment, tmp_path: Path
) -> None:
    folder = tmp_path / "watched"
    folder.mkdir()
    valkeys = await deployment.stack.enter_async_context(WatchedValkeys(folder))
    deployment.extra["REDIS_URL"] = valkeys.url
    await deployment.start_api()
    await deployment.start_worker()
    async with deployment.client() as client:
        await apply(client, order(deployment.service.url))
        ids = await execute(client, "order", [{"sku": f"sku-{number}", "delay": 300} for number in range(EXECUTIONS)])
        await wait_until(lambda: bool(deployment.service.attempts), "something was called", TIMEOUT)
        await valkeys.kill_primary()
        ids += await execute(client, "order", [{"sku": f"sku-{number}", "delay": 10} for number in range(EXECUTIONS)])

        async def all_completed() -> bool:
            return set((await statuses(client, ids)).values()) == {"COMPLETED"}

        await wait_until(all_completed, "every execution has completed", TIMEOUT, 0.1)

        await deployment.until_consistent()

        async def is_up() -> bool:
            data = await client.execute("{ health { status components { name status detail } } }")
            return bool(data["health"]["status"] == "UP")

        await wait_until(is_up, "all is well again", TIMEOUT, 0.2)
