"""API and workers whose PostgreSQL is behind PgBouncer in transaction mode, with fewer sessions than connections."""

from tests.acceptance.conftest import Deployment
from tests.acceptance.processes import statuses
from tests.acceptance.workflows import apply, execute, order, shown
from tests.pgbouncer import pgbouncer
from tests.waiting import wait_until

EXECUTIONS = 12
ITEMS = 300
TIMEOUT = 60.0
LOOP = {
    "name": "loop",
    "steps": [
        {
            "id": "loop",
            "type": "FOR_EACH",
            "config": {
                "items": "input.items",
                "maxConcurrency": 50,
                "steps": [{"id": "double", "type": "DATA_TRANSFORM", "config": {"expression": "item * 2"}}],
            },
        }
    ],
    "output": "steps.loop.output.results",
}


async def test_all_complete_behind_a_pooler_of_transactions_after_the_death_of_a_worker(
    deployment: Deployment,
) -> None:
    pooler = pgbouncer(deployment.database_url, mode="transaction", sessions=6)
    deployment.database_url = await deployment.stack.enter_async_context(pooler)
    await deployment.start_api()
    first = await deployment.start_worker()
    await deployment.start_worker()
    async with deployment.client() as client:
        await apply(client, order(deployment.service.url))
        await apply(client, LOOP)
        ids = await execute(client, "order", [{"sku": f"sku-{number}", "delay": 300} for number in range(EXECUTIONS)])
        ids += await execute(client, "loop", [{"items": list(range(ITEMS))}] * 3)
        await wait_until(lambda: bool(deployment.service.attempts), "something was called", TIMEOUT)
        await first.kill()

        async def all_completed() -> bool:
            return set((await statuses(client, ids)).values()) == {"COMPLETED"}

        await wait_until(all_completed, "every execution has completed", TIMEOUT, 0.1)
        await deployment.until_consistent()
        loops = [await shown(client, id) for id in ids[EXECUTIONS:]]

    assert [loop["output"] for loop in loops] == [[2 * number for number in range(ITEMS)]] * 3
