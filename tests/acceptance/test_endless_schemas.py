"""Schemas that nobody can decide, in an installation as it is deployed: refused in time, and nobody else notices."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Collection
from contextlib import suppress
from datetime import datetime, timedelta
from statistics import median
from typing import Any

import psutil
import pytest
import pytest_asyncio

from stepgraph.cli.kit.client import ApiClient
from tests.acceptance.conftest import Deployment, deployed
from tests.acceptance.processes import Running, ask, stepgraph
from tests.acceptance.workflows import apply, execute, shown
from tests.conftest import PostgresServer
from tests.costly_schemas import ENDLESS
from tests.waiting import wait_until

NAMES = (
    "alternatives that both lead back",
    "exactly one of two that lead back",
    "a chain of pairs",
    "unevaluated members",
)
MEBIBYTE = 2**20
KEPT = 160 * MEBIBYTE
"""Bytes by which all processes together may grow: a sandbox child that keeps less is not replaced."""
PLAIN = {"id": "add", "type": "DATA_TRANSFORM", "config": {"expression": "1 + 1"}}
START = """
mutation ($input: ExecuteWorkflowInput!) { executeWorkflow(input: $input) {
  __typename ... on Error { code message } } }
"""
SCHEDULED = """
query ($schedule: String!) { executions(filter: {labels: {schedule: $schedule}}, first: 100) {
  nodes { status createdAt labels } } }
"""


def checking(schema: Any) -> dict[str, Any]:
    config = {"data": "{{ input.value }}", "schema": schema}
    return {"name": "checking", "steps": [{"id": "check", "type": "VALIDATION", "config": config}]}


def serving(started: Collection[Running]) -> set[int]:
    """The processes of ours that live, without the sandbox's children, which are replaced."""
    children = [one for each in started for one in each.running("api-process")]
    return {one.pid for one in children} | {each.pid for each in started if each.process.returncode is None}


def resident(started: Collection[Running]) -> int:
    """The memory of all processes, the sandbox's children among them."""
    total = 0
    for each in started:
        for one in (psutil.Process(each.pid), *each.descendants()):
            with suppress(psutil.NoSuchProcess):
                total += one.memory_info().rss
    return total


def planned(node: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(node["labels"]["scheduledAt"])


async def are(client: ApiClient, ids: Collection[str], status: str) -> bool:
    return {(await shown(client, id))["status"] for id in ids} == {status}


async def start(deployment: Deployment, value: Any) -> dict[str, Any]:
    """Ask for an execution of the guarded workflow, over a connection of its own."""
    data = await ask(deployment.url, START, input={"workflowName": "guarded", "input": value})
    return dict(data["executeWorkflow"])


async def warm_up(client: ApiClient) -> None:
    """Have everything imported that is imported when it is first needed."""
    [id] = await execute(client, "plain", [{}])
    await wait_until(lambda: are(client, [id], "COMPLETED"), "it completes", 60, 0.05)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer
) -> AsyncIterator[tuple[Deployment, list[Running]]]:
    """A deployment that one schema after the other is given to, and its processes."""
    async with deployed(tmp_path_factory.mktemp("endless"), postgres_server) as deployment:
        yield deployment, [await deployment.start_api(), await deployment.start_worker()]


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("name", NAMES)
async def test_a_step_fails_an_input_is_refused_and_what_runs_beside_them_completes(
    stage: tuple[Deployment, list[Running]], name: str
) -> None:
    schema, value = ENDLESS[name]
    deployment, started = stage
    async with deployment.client() as client:
        await apply(client, checking(schema))
        await apply(client, {"name": "guarded", "inputSchema": schema, "steps": [PLAIN]})
        await apply(client, {"name": "plain", "steps": [PLAIN]})
        await warm_up(client)
        before, size = serving(started), resident(started)

        began = time.monotonic()
        refusal = asyncio.create_task(start(deployment, value))
        [bad] = await execute(client, "checking", [{"value": value}])
        good = await execute(client, "plain", [{}] * 5)
        await wait_until(lambda: are(client, good, "COMPLETED"), "the others complete", 30, 0.02)
        took = time.monotonic() - began
        await wait_until(lambda: are(client, [bad], "FAILED"), "the step fails", 60, 0.1)
        refused = await refusal
        both = time.monotonic() - began

        [step] = (await shown(client, bad))["steps"]["nodes"]
        assert [attempt["error"]["code"] for attempt in step["attempts"]] == ["SCHEMA_LIMIT"]
        assert refused["__typename"] != "WorkflowExecution", refused
        assert took < 20
        assert both < 60
        assert serving(started) == before
        await wait_until(lambda: resident(started) - size < KEPT, "the memory is given back", 30, 0.2)


async def test_a_schedule_whose_input_nobody_can_decide_holds_no_other_up(deployment: Deployment) -> None:
    schema, value = ENDLESS["alternatives that both lead back"]
    started = [await deployment.start_api(), await deployment.start_worker()]
    endless = deployment.directory / "value.json"
    endless.write_text(json.dumps(value))

    async def save(name: str, workflow: str, input: str) -> None:
        answer = await stepgraph(
            *("schedules", "save", name, workflow, "* * * * * *", "--overlap", "ALLOW", "--input", input),
            extra={"STEPGRAPH_URL": deployment.url},
        )
        assert answer.code == 0, answer.stderr

    async with deployment.client() as client:

        async def ticked() -> list[dict[str, Any]]:
            nodes = (await client.execute(SCHEDULED, schedule="plain"))["executions"]["nodes"]
            return [node for node in nodes if node["status"] == "COMPLETED"]

        await apply(client, {"name": "guarded", "steps": [PLAIN]})
        await apply(client, {"name": "plain", "steps": [PLAIN]})
        await save("endless", "guarded", f"@{endless}")
        await apply(client, {"name": "guarded", "inputSchema": schema, "steps": [PLAIN]})
        before = serving(started)
        await save("plain", "plain", "{}")

        async def has_ticked() -> bool:
            return len(await ticked()) >= 8

        await wait_until(has_ticked, "it ticks", 60, 0.1)
        nodes = await ticked()
        shown = await client.execute('{ schedule(by: {name: "endless"}) { lastError } }')

    assert "started nothing" in shown["schedule"]["lastError"]
    assert serving(started) == before
    ticks = sorted((planned(node), datetime.fromisoformat(node["createdAt"])) for node in nodes)
    assert [at for at, _ in ticks] == [ticks[0][0] + timedelta(seconds=number) for number in range(len(ticks))]
    assert median((came - at).total_seconds() for at, came in ticks) < 10
