"""PostgreSQL is the truth, Redis is disposable, and any process may die at any moment."""

import asyncio
import signal
from collections import Counter
from typing import Any

from stepgraph.cli.kit.client import ApiClient
from tests.acceptance.conftest import Deployment
from tests.acceptance.processes import answers, statuses
from tests.acceptance.workflows import PROGRESS, apply, execute, order, shown
from tests.waiting import wait_until

EXECUTIONS = 12
TIMEOUT = 60.0


def payments(deployment: Deployment) -> Counter[str]:
    """The number of calls that the payment service has seen with each idempotency key."""
    seen = deployment.service.attempts
    return Counter({key: count for key, count in seen.items() if key.startswith("payment ")})


async def test_every_execution_completes_once_after_the_worker_is_killed_and_redis_is_flushed(
    deployment: Deployment,
) -> None:
    await deployment.start_api()
    worker = await deployment.start_worker()
    async with deployment.client() as client, deployment.client() as watcher:
        await apply(client, order(deployment.service.url))
        ids = await execute(client, "order", [{"sku": f"sku-{number}", "delay": 300} for number in range(EXECUTIONS)])
        changes = asyncio.create_task(_watch(watcher, ids[0]))
        # In mid-execution: everybody is paying, nobody is done, and some attempts have failed already.
        await wait_until(lambda: len(payments(deployment)) == EXECUTIONS, "every payment was tried", TIMEOUT)

        await worker.kill()
        await deployment.valkey.flush()
        before = {id: await shown(client, id) for id in ids}
        await deployment.start_worker()

        async def all_completed() -> bool:
            return set((await statuses(client, ids)).values()) == {"COMPLETED"}

        await wait_until(all_completed, "every execution has completed", TIMEOUT, 0.1)
        await deployment.until_consistent()
        after = {id: await shown(client, id) for id in ids}
        seen = await asyncio.wait_for(changes, TIMEOUT)

    assert {execution["status"] for execution in before.values()} <= {"RUNNING", "WAITING"}
    for number, id in enumerate(ids):
        steps = {step["path"]: step for step in after[id]["steps"]["nodes"]}
        assert after[id]["steps"]["totalCount"] == len(steps) == 5
        assert {step["status"] for step in steps.values()} == {"COMPLETED"}
        assert after[id]["output"]["sku"] == f"sku-{number}"
        # What was recorded before the crash is what is recorded now: same result, same time, same place in the order.
        for step in before[id]["steps"]["nodes"]:
            if step["status"] == "COMPLETED":
                assert steps[step["path"]] == step
        attempts = [attempt["number"] for attempt in steps["payment"]["attempts"]]
        assert attempts == sorted(set(attempts))
    # One key for each execution, whoever sent it and however often.
    assert len(payments(deployment)) == EXECUTIONS
    assert min(payments(deployment).values()) >= 3
    assert len({execution["output"]["payment"] for execution in after.values()}) == EXECUTIONS
    # Whoever watched saw the change feed as if nothing had happened.
    sequences = [update["sequence"] for update in seen]
    assert sequences == sorted(set(sequences))
    assert seen[-1]["execution"]["status"] == "COMPLETED"
    assert sequences[-1] == after[ids[0]]["sequence"]


async def test_a_worker_that_is_asked_to_stop_hands_its_executions_over(deployment: Deployment) -> None:
    await deployment.start_api()
    first = await deployment.start_worker()
    async with deployment.client() as client:
        await apply(client, order(deployment.service.url))
        ids = await execute(client, "order", [{"sku": f"sku-{number}", "delay": 100} for number in range(4)])
        await wait_until(lambda: len(payments(deployment)) == len(ids), "every payment was tried", TIMEOUT)

        stopping = asyncio.create_task(first.stop())
        await deployment.start_worker()
        assert await stopping == 0

        async def all_completed() -> bool:
            return set((await statuses(client, ids)).values()) == {"COMPLETED"}

        await wait_until(all_completed, "the second worker has completed them", TIMEOUT, 0.1)


async def test_executions_are_accepted_while_redis_is_away_and_run_when_it_is_back(deployment: Deployment) -> None:
    await deployment.start_api()
    await deployment.start_worker()
    async with deployment.client() as client:
        await apply(client, order(deployment.service.url))
        [running] = await execute(client, "order", [{"sku": "before", "delay": 500}])
        await wait_until(lambda: len(payments(deployment)) == 1, "the payment was tried", TIMEOUT)

        await deployment.valkey.kill()
        accepted = await execute(client, "order", [{"sku": "while away", "delay": 0}])

        async def first_completed() -> bool:
            return (await statuses(client, [running]))[running] == "COMPLETED"

        await wait_until(first_completed, "what ran goes on without Redis", TIMEOUT, 0.1)
        await deployment.valkey.start()

        async def all_completed() -> bool:
            return set((await statuses(client, accepted)).values()) == {"COMPLETED"}

        await wait_until(all_completed, "what was accepted runs", TIMEOUT, 0.1)


async def test_worker_replaces_a_process_that_dies_and_stops_when_it_is_asked_to(deployment: Deployment) -> None:
    await deployment.start_api()
    supervisor = await deployment.start_workers(2)
    async with deployment.client() as client:

        async def workers() -> set[str]:
            data = await client.execute("{ health { workers { id } } }")
            return {worker["id"] for worker in data["health"]["workers"]}

        async def both() -> bool:
            return len(await workers()) == 2

        await wait_until(both, "both workers are there", TIMEOUT, 0.1)
        before = await workers()
        supervisor.running("worker-process")[0].kill()

        async def replaced() -> bool:
            now = await workers()
            return len(now) == 2 and len(now - before) == 1

        await wait_until(replaced, "another one has taken its place", TIMEOUT, 0.1)
        assert await supervisor.stop(signal.SIGTERM) == 0
        assert supervisor.survivors() == []

        async def none() -> bool:
            return await workers() == set()

        await wait_until(none, "health, which is asked once a second, knows that they have stopped", TIMEOUT, 0.1)


async def test_what_a_dead_worker_held_goes_on_once_its_supervisor_has_replaced_it(deployment: Deployment) -> None:
    """Its lease, which would be over in ten minutes, is not waited for."""
    deployment.extra["STEPGRAPH_LEASE"] = "PT10M"
    await deployment.start_api()
    supervisor = await deployment.start_workers(1)
    async with deployment.client() as client:
        await apply(client, order(deployment.service.url))
        ids = await execute(client, "order", [{"sku": f"sku-{number}", "delay": 300} for number in range(3)])
        await wait_until(lambda: len(payments(deployment)) == len(ids), "every payment was tried", TIMEOUT)

        supervisor.running("worker-process")[0].kill()

        async def all_completed() -> bool:
            return set((await statuses(client, ids)).values()) == {"COMPLETED"}

        await wait_until(all_completed, "every execution has completed", TIMEOUT, 0.1)
    assert len(payments(deployment)) == len(ids)


async def test_executions_go_on_while_the_api_is_away(deployment: Deployment) -> None:
    api = await deployment.start_api()
    await deployment.start_worker()
    async with deployment.client() as client:
        await apply(client, order(deployment.service.url))
        ids = await execute(client, "order", [{"sku": "alone", "delay": 100}])
        await wait_until(lambda: len(payments(deployment)) == 1, "the payment was tried", TIMEOUT)
        await api.kill()
    assert not answers(deployment.url)
    await wait_until(lambda: max(payments(deployment).values()) == 3, "the payment is through", TIMEOUT)

    await deployment.start_api()
    async with deployment.client() as client:

        async def completed() -> bool:
            return (await statuses(client, ids))[ids[0]] == "COMPLETED"

        await wait_until(completed, "it has completed", TIMEOUT, 0.1)


async def _watch(client: ApiClient, id: str) -> list[dict[str, Any]]:
    return [data["executionProgress"] async for data in client.subscribe(PROGRESS, id=id)]
