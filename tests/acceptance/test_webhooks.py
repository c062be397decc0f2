"""Webhooks on real processes, both ends of them: what one workflow gives is told to the one that is started with it."""

import json
from pathlib import Path
from typing import Any

import pytest

from domain.kernel.json.text import JsonValue
from stepgraph.cli.kit.operations import operation
from tests.acceptance.conftest import Deployment
from tests.acceptance.processes import stepgraph
from tests.waiting import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="session")

INPUT = '{"amount": $sum($each(body.data.output, function($each) { $each }))}'
"""An expression that the API evaluates in its sandbox."""
BOOKED = """
{ executions(filter: {labels: {webhook: "ledger"}}) { nodes { id status output } } }
"""
TOLD = """
query ($id: ID!) {
  webhook(id: $id) { events { nodes { id status attemptLog { statusCode response } execution { id } } } }
}
"""


def doubling(name: str) -> JsonValue:
    steps: JsonValue = [{"id": "a", "type": "DATA_TRANSFORM", "config": {"expression": "input.amount * 2"}}]
    return {"name": name, "steps": steps, "output": '{"amount": steps.a.output}'}


async def test_an_execution_that_ends_starts_another_one_by_webhooks(
    shared_deployment: Deployment, tmp_path: Path
) -> None:
    async def told(*arguments: str) -> Any:
        answer = await stepgraph("webhooks", *arguments, "--json", extra={"STEPGRAPH_URL": shared_deployment.url})
        assert answer.code == 0, answer.stderr
        return json.loads(answer.stdout)

    async with shared_deployment.client() as client:
        for name in ("orders-by-webhook", "bookkeeping"):
            await client.execute(operation("workflows.Apply"), document=doubling(name))
        ledger = await told("create", "ledger", "--workflow", "bookkeeping", "--input", INPUT)
        address = ledger["webhook"]["url"]
        (tmp_path / "secret").write_text(ledger["secret"] + "\n")
        events = ("--event", "execution.completed", "--event", "execution.failed", "--workflow", "orders-by-webhook")
        secret = ("--secret-file", str(tmp_path / "secret"))
        teller = (await told("create", "teller", "--to", address, *events, *secret))["webhook"]

        await client.execute(
            operation("executions.Execute"), input={"workflowName": "orders-by-webhook", "input": {"amount": 5}}
        )

        async def booked() -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = (await client.execute(BOOKED))["executions"]["nodes"]
            return [execution for execution in found if execution["status"] == "COMPLETED"]

        async def delivered(attempts: int) -> dict[str, Any] | None:
            [event] = (await client.execute(TOLD, id=teller["id"]))["webhook"]["events"]["nodes"]
            is_there = event["status"] == "DELIVERED" and len(event["attemptLog"]) == attempts
            return dict(event) if is_there else None

        [execution] = await wait_until(booked, "the other one has ended", timeout=30, interval=0.05)
        assert execution["output"] == {"amount": 20}
        event = await wait_until(lambda: delivered(1), "it is delivered", timeout=30, interval=0.05)
        await told("replay", event["id"])
        again = await wait_until(lambda: delivered(2), "it is delivered again", timeout=30, interval=0.05)
        assert [attempt["statusCode"] for attempt in again["attemptLog"]] == [202, 202]
        assert json.loads(again["attemptLog"][1]["response"]) == {"executionId": execution["id"]}
        assert len(await booked()) == 1

    logged = "".join(log.read_text() for log in shared_deployment.directory.glob("*.log"))
    assert logged and address.rpartition("/")[2] not in logged

    [received] = await told("events", "ledger")
    assert (received["status"], received["execution"]) == ("RECEIVED", {"id": execution["id"]})
