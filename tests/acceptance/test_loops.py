"""Loops over many items on real processes: spread over the workers, which may die in the middle of them."""

from typing import Any

from stepgraph.cli.kit.client import ApiClient
from tests.acceptance.conftest import Deployment
from tests.acceptance.workflows import apply, execute
from tests.waiting import wait_until

ITEMS = 800
TIMEOUT = 60.0

LOOP = """
query ($id: ID!) {
  execution(id: $id) { status output error { code message } progress { total completed running } }
}
"""

ITEM_STEPS = """
query ($id: ID!, $after: String) {
  execution(id: $id) {
    steps(filter: { pathPrefix: "loop[" }, first: 100, after: $after) {
      totalCount
      pageInfo { hasNextPage endCursor }
      nodes { path status output finishedAt attempts { number } }
    }
  }
}
"""

WORKERS = "{ health { workers { id activeExecutions } } }"


def a_loop(api: str, *, delay: int, concurrency: int) -> dict[str, Any]:
    """Every item asks a service that takes `delay` milliseconds, and then computes."""
    return {
        "name": "loop",
        "variables": {"api": api},
        "steps": [
            {
                "id": "loop",
                "type": "FOR_EACH",
                "config": {
                    "items": "input.items",
                    "maxConcurrency": concurrency,
                    "steps": [
                        {
                            "id": "call",
                            "type": "HTTP_REQUEST",
                            "config": {"url": f"{{{{ vars.api }}}}/delay/{delay}"},
                        },
                        {"id": "double", "type": "DATA_TRANSFORM", "config": {"expression": "item * 2"}},
                    ],
                },
            }
        ],
        "output": "steps.loop.output",
    }


async def test_a_long_loop_uses_every_worker_and_survives_the_death_of_one(deployment: Deployment) -> None:
    await deployment.start_api()
    first = await deployment.start_worker()
    await deployment.start_worker()
    async with deployment.client() as client:
        await wait_until(lambda: _workers_are_known(client, 2), "both workers are ready", TIMEOUT, 0.05)
        await apply(client, a_loop(deployment.service.url, delay=100, concurrency=40))
        [id] = await execute(client, "loop", [{"items": list(range(ITEMS))}])

        await wait_until(lambda: _workers_at_work(client, 2), "both workers are at it", TIMEOUT, 0.02)
        await wait_until(lambda: _has_completed(client, id, 100), "it is under way", TIMEOUT, 0.05)
        before = await _item_steps(client, id)
        await first.kill()
        await wait_until(lambda: _has_ended(client, id), "it has ended", TIMEOUT, 0.1)
        await deployment.until_consistent()

        shown = (await client.execute(LOOP, id=id))["execution"]
        after = await _item_steps(client, id)

    assert shown["status"] == "COMPLETED", shown["error"]
    assert shown["output"]["results"] == [2 * number for number in range(ITEMS)]
    assert shown["output"]["succeeded"] == ITEMS
    assert len(after) == 2 * ITEMS
    assert {step["status"] for step in after.values()} == {"COMPLETED"}
    # What was recorded before the death is what is recorded now.
    recorded = {path: step for path, step in before.items() if step["status"] == "COMPLETED"}
    assert len(recorded) >= 100
    for path, step in recorded.items():
        assert after[path] == step
    assert shown["progress"] == {"total": 2 * ITEMS + 1, "completed": 2 * ITEMS + 1, "running": 0}


async def test_cancelling_a_long_loop_stops_its_calls_on_every_worker(deployment: Deployment) -> None:
    await deployment.start_api()
    await deployment.start_worker()
    await deployment.start_worker()
    async with deployment.client() as client:
        await wait_until(lambda: _workers_are_known(client, 2), "both workers are ready", TIMEOUT, 0.05)
        await apply(client, a_loop(deployment.service.url, delay=60_000, concurrency=40))
        [id] = await execute(client, "loop", [{"items": list(range(ITEMS))}])
        await wait_until(lambda: _workers_at_work(client, 2), "both workers are at it", TIMEOUT, 0.02)
        await wait_until(lambda: _are_running(client, id, 40), "as many as may be are running", TIMEOUT, 0.02)

        await client.execute("mutation ($id: ID!) { cancelExecution(id: $id) { __typename } }", id=id)

        await wait_until(lambda: _has_ended(client, id), "it has ended", TIMEOUT, 0.02)
        await wait_until(lambda: _workers_at_work(client, 0), "no worker is at it any more", TIMEOUT, 0.02)
        await deployment.until_consistent()
        steps = await _item_steps(client, id)

    assert {step["status"] for step in steps.values()} == {"CANCELLED"}


async def test_an_expression_that_never_ends_fails_its_step_and_disturbs_nobody(deployment: Deployment) -> None:
    endless = "($f := function($n) { $f($n + 1) }; $f(0))"
    await deployment.start_api()
    await deployment.start_worker()
    async with deployment.client() as client:
        await apply(client, {"name": "endless", "steps": [_transform("spin", endless)]})
        await apply(client, {"name": "quick", "steps": [_transform("sum", "$sum([1..100].($ * 2))")]})
        [warm] = await execute(client, "quick", [None])
        await wait_until(lambda: _has_ended(client, warm), "the worker is ready", TIMEOUT)

        spinning = await execute(client, "endless", [None] * 4)
        quick = await execute(client, "quick", [None] * 20)
        await wait_until(lambda: _have_ended(client, quick), "the neighbours have ended", 15, 0.01)
        await wait_until(lambda: _have_ended(client, spinning), "the endless ones have failed", TIMEOUT, 0.05)

        failed = [(await client.execute(LOOP, id=id))["execution"] for id in spinning]
        done = [(await client.execute(LOOP, id=id))["execution"] for id in quick]

    assert {execution["status"] for execution in failed} == {"FAILED"}
    assert {execution["error"]["code"] for execution in failed} <= {"EXPRESSION_LIMIT", "EXPRESSION_FAILED"}
    assert {(execution["status"], execution["output"]) for execution in done} == {("COMPLETED", 10_100)}


def _transform(id: str, expression: str) -> dict[str, Any]:
    return {"id": id, "type": "DATA_TRANSFORM", "config": {"expression": expression}}


async def _workers_are_known(client: ApiClient, count: int) -> bool:
    return len((await client.execute(WORKERS))["health"]["workers"]) == count


async def _workers_at_work(client: ApiClient, count: int) -> bool:
    workers = (await client.execute(WORKERS))["health"]["workers"]
    return len([worker for worker in workers if worker["activeExecutions"] > 0]) == count


async def _has_completed(client: ApiClient, id: str, steps: int) -> bool:
    return bool((await client.execute(LOOP, id=id))["execution"]["progress"]["completed"] >= steps)


async def _are_running(client: ApiClient, id: str, steps: int) -> bool:
    return bool((await client.execute(LOOP, id=id))["execution"]["progress"]["running"] == steps)


async def _has_ended(client: ApiClient, id: str) -> bool:
    status = (await client.execute(LOOP, id=id))["execution"]["status"]
    return str(status) in {"COMPLETED", "FAILED", "CANCELLED"}


async def _have_ended(client: ApiClient, ids: list[str]) -> bool:
    return all([await _has_ended(client, id) for id in ids])


async def _item_steps(client: ApiClient, id: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    after = None
    while True:
        page = (await client.execute(ITEM_STEPS, id=id, after=after))["execution"]["steps"]
        found |= {step["path"]: step for step in page["nodes"]}
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]
