"""Metrics on real processes: what was executed is counted once, and every process shows what it has done."""

import socket
import time
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from domain.kernel.json.text import JsonValue
from stepgraph.cli.kit.operations import operation
from tests.acceptance.conftest import Deployment
from tests.acceptance.processes import free_port
from tests.waiting import wait_until

COUNTED: JsonValue = {
    "name": "counted",
    "steps": [
        {"id": "one", "type": "DATA_TRANSFORM", "config": {"output": 1}},
        {"id": "two", "type": "DATA_TRANSFORM", "config": {"output": 2}},
    ],
}
STARTS = 5
HELD = 1.0
"""The seconds for which an event loop is held; it is looked at twice in that time."""
LAG = "stepgraph_event_loop_lag_seconds"


async def test_what_was_executed_is_counted_once_by_whichever_worker(deployment: Deployment) -> None:
    port = _free_pair()
    deployment.extra["STEPGRAPH_WORKER_METRICS_PORT"] = str(port)
    await deployment.start_api()
    await deployment.start_workers(2)
    async with deployment.client() as client, httpx.AsyncClient(trust_env=False) as scraper:

        async def counted() -> dict[str, Any]:
            found: dict[str, Any] = (await client.execute(operation("system.WorkflowMetrics"), name="counted"))[
                "workflow"
            ]["metrics"]
            return found if found["completed"] >= STARTS else {}

        async def scraped(name: str, **labels: str) -> float:
            """The sum over both workers; 0 while they do not answer."""
            total = 0.0
            for number in range(2):
                try:
                    text = (await scraper.get(f"http://127.0.0.1:{port + number}/metrics")).text
                except httpx.HTTPError:
                    return 0
                for family in text_string_to_metric_families(text):
                    total += sum(each.value for each in family.samples if each.name == name and each.labels == labels)
            return total

        await client.execute(operation("workflows.Apply"), document=COUNTED)
        for _ in range(STARTS):
            await client.execute(operation("executions.Execute"), input={"workflowName": "counted", "waitFor": "PT20S"})
        found = await wait_until(counted, "all is counted", timeout=30, interval=0.1)
        assert (found["started"], found["completed"], found["failed"]) == (STARTS, STARTS, 0)
        [steps] = found["steps"]
        assert (steps["type"], steps["executions"]) == ("DATA_TRANSFORM", 2 * STARTS)

        async def is_shown() -> bool:
            return await scraped("stepgraph_executions_total", workflow="counted", status="COMPLETED") == STARTS

        await wait_until(is_shown, "the workers show it under its name", timeout=30, interval=0.5)
        assert await scraped("stepgraph_steps_total", type="DATA_TRANSFORM", status="COMPLETED") == 2 * STARTS
        text = (await scraper.get(f"{deployment.url}/metrics")).text
        assert "stepgraph_workers 2.0" in text
        assert 'stepgraph_graphql_operations_total{outcome="ok",type="mutation"}' in text


async def test_a_process_whose_event_loop_was_held_shows_for_how_long(deployment: Deployment) -> None:
    [process] = (await deployment.start_api()).running("api-process")
    async with httpx.AsyncClient(trust_env=False, timeout=60) as scraper:

        async def lag() -> float:
            families = text_string_to_metric_families((await scraper.get(f"{deployment.url}/metrics")).text)
            [sample] = [each for family in families for each in family.samples if each.name == LAG]
            return float(sample.value)

        before = await lag()  # a start on a busy machine is late as well
        until = time.monotonic() + before + HELD
        process.suspend()
        try:
            await wait_until(lambda: time.monotonic() > until, "it was held", timeout=120)
        finally:
            process.resume()

        async def has_grown() -> bool:
            return await lag() > before + HELD / 4

        await wait_until(has_grown, "the lag is shown", interval=0.1)


def _free_pair() -> int:
    """The first of two free ports next to each other; another process may still be faster, but is not likely to be."""
    while True:
        port = free_port()
        with socket.socket() as next_one:
            try:
                next_one.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
        if port < 65_000:
            return port
