"""Metrics through the API: of everything, of a workflow, by time, and of a page of workflows."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.engine.state import Attempt
from domain.executions.records import ExecutionDelta, Progress, StepChange
from domain.kernel.ids import IdKind, from_public, new_id
from domain.kernel.statuses import ExecutionStatus, StepStatus
from tests.integration.graphql_api.api import NOON, Api, a_new_execution, a_step
from tests.integration.graphql_api.real import Real, real_parts

WHOLE = """
query($workflow: ID, $from: DateTime, $to: DateTime, $bucket: Duration! = "PT1H") {
  metrics(workflowId: $workflow, from: $from, to: $to) {
    from to started completed failed cancelled running successRate
    duration { mean p50 p95 p99 }
    steps { type executions failures retries duration { mean p50 p95 p99 } }
    timeline(bucket: $bucket) { at started completed failed p50 p95 }
  }
}
"""


async def end(
    api: Api,
    workflow: str | None,
    *steps: Any,
    status: ExecutionStatus = ExecutionStatus.COMPLETED,
    at: datetime = NOON,
) -> None:
    """An execution that has taken a second, and was counted."""
    workflow_id = None if workflow is None else from_public(workflow, IdKind.WORKFLOW)
    [record] = await api.storage.executions.create([a_new_execution(workflow_id=workflow_id)])
    [claim] = await api.storage.executions.claim([record.id], worker_id=new_id(), now=NOON)
    await api.storage.executions.commit(
        ExecutionDelta(
            execution_id=record.id,
            epoch=claim.execution.epoch,
            status=status,
            progress=Progress(total=len(steps), completed=0, failed=0, running=0, ended=0),
            steps=tuple(steps),
            started_at=at - timedelta(seconds=1),
            finished_at=at,
            starts=True,
        )
    )
    await api.storage.relay.relay(100, api.clock.now())


async def test_nothing_yet() -> None:
    metrics = (await Api().run(WHOLE))["metrics"]
    assert metrics["from"] == "2029-12-31T12:00:00Z"
    assert metrics["to"] == "2030-01-01T12:00:00Z"
    assert [metrics[name] for name in ("started", "completed", "failed", "cancelled", "running")] == [0] * 5
    assert metrics["successRate"] == 1
    assert metrics["duration"] == {"mean": "PT0S", "p50": "PT0S", "p95": "PT0S", "p99": "PT0S"}
    assert metrics["steps"] == []
    assert len(metrics["timeline"]) == 24
    counts = {"started": 0, "completed": 0, "failed": 0}
    assert metrics["timeline"][0] == {"at": metrics["from"], **counts, "p50": None, "p95": None}


async def test_what_has_happened_is_counted() -> None:
    api = Api()
    workflow = (await api.create_workflow())["id"]
    attempts = (Attempt(number=1, started_at=NOON), Attempt(number=2, started_at=NOON))
    steps = [
        StepChange(position="0", state=a_step("a", finished_at=NOON + timedelta(milliseconds=40))),
        StepChange(position="1", state=a_step("b", StepStatus.FAILED, attempts=attempts)),
    ]
    await end(api, workflow, *steps, at=NOON - timedelta(minutes=90))
    await end(api, workflow, status=ExecutionStatus.TIMED_OUT, at=NOON - timedelta(minutes=30))
    await end(api, None, at=NOON - timedelta(minutes=30))
    metrics = (await api.run(WHOLE, workflow=workflow))["metrics"]
    assert [metrics[name] for name in ("started", "completed", "failed", "cancelled")] == [2, 1, 1, 0]
    assert metrics["successRate"] == 0.5
    assert metrics["duration"]["mean"] == "PT1S"
    [step] = metrics["steps"]
    assert (step["type"], step["executions"], step["failures"], step["retries"]) == ("DATA_TRANSFORM", 2, 1, 1)
    assert [bucket["completed"] + bucket["failed"] for bucket in metrics["timeline"]] == [0] * 22 + [1, 1]
    assert [bucket["p50"] for bucket in metrics["timeline"]] == [None] * 22 + [metrics["duration"]["p50"]] * 2
    assert (await api.run(WHOLE))["metrics"]["completed"] == 2


async def test_a_range_moves_outwards_to_whole_minutes() -> None:
    metrics = (await Api().run(WHOLE, **{"from": "2030-01-01T10:00:30Z", "to": "2030-01-01T10:59:01Z"}))["metrics"]
    assert (metrics["from"], metrics["to"]) == ("2030-01-01T10:00:00Z", "2030-01-01T11:00:00Z")
    assert len(metrics["timeline"]) == 1


async def test_where_minutes_are_not_kept_a_range_moves_outwards_to_hours_and_days() -> None:
    api = Api()
    metrics = (await api.run(WHOLE, **{"from": "2029-11-20T10:30:00Z", "to": "2029-11-20T10:31:00Z"}))["metrics"]
    assert (metrics["from"], metrics["to"]) == ("2029-11-20T10:00:00Z", "2029-11-20T11:00:00Z")
    old = {"from": "2028-01-02T10:30:00Z", "to": "2028-01-03T00:00:00Z"}
    metrics = (await api.run(WHOLE, **old, bucket="P1D"))["metrics"]
    assert (metrics["from"], metrics["to"]) == ("2028-01-02T00:00:00Z", "2028-01-03T00:00:00Z")
    [error] = await api.errors(WHOLE, **old, bucket="PT1H")
    assert "multiple of one day" in error["message"]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"from": "2030-01-01T12:00:00Z", "to": "2030-01-01T11:00:00Z"}, "to is before from."),
        ({"from": "2001-01-01T12:00:00Z"}, "at most 3,660 days"),
        ({"to": "0001-01-01T00:00:00Z"}, "beyond the calendar"),
        ({"bucket": "PT90S"}, "multiple of one minute"),
        ({"bucket": "PT0S"}, "multiple of one minute"),
        ({"from": "2029-12-20T12:00:00Z", "bucket": "PT1M"}, "17,280 points"),
        ({"workflow": "wf_00000000000000000000000000"}, "There is no workflow"),
    ],
)
async def test_what_makes_no_sense_is_refused(asked: dict[str, str], message: str) -> None:
    [error] = await Api().errors(WHOLE, **asked)
    assert message in error["message"]


async def test_the_parts_of_a_timeline_begin_at_whole_multiples_and_the_outer_ones_may_be_shorter() -> None:
    api = Api()
    for minutes in (119, 91, 89, 61, 59, 1):
        await end(api, None, at=NOON - timedelta(minutes=minutes))
    asked = {"from": "2030-01-01T10:20:00Z", "to": "2030-01-01T11:40:00Z"}
    for bucket, expected in (
        ("PT1H", {"10:20": 3, "11:00": 1}),
        ("PT30M", {"10:20": 1, "10:30": 2, "11:00": 1, "11:30": 0}),
        ("P1D", {"10:20": 4}),
        ("P3650D", {"10:20": 4}),
    ):
        metrics = (await api.run(WHOLE, **asked, bucket=bucket))["metrics"]
        assert {part["at"][11:16]: part["completed"] for part in metrics["timeline"]} == expected
        assert sum(expected.values()) == metrics["completed"]


async def test_a_timeline_and_the_totals_of_its_range_say_the_same() -> None:
    api = Api()
    for minutes in range(0, 60 * 50, 37):
        await end(api, None, at=NOON - timedelta(minutes=minutes))
    for bucket in ("PT1M", "PT10M", "PT1H", "PT7H", "P1D", "P1W"):
        asked = {"from": (NOON - timedelta(hours=29, minutes=29)).isoformat(), "bucket": bucket}
        metrics = (await api.run(WHOLE, **asked))["metrics"]
        assert metrics["started"] > 0
        for count in ("started", "completed", "failed"):
            assert sum(part[count] for part in metrics["timeline"]) == metrics[count]


async def test_a_page_of_workflows_has_the_metrics_of_each() -> None:
    api = Api()
    mine, _ = await api.create_workflow("mine"), await api.create_workflow("other")
    await end(api, mine["id"], at=NOON - timedelta(minutes=1))
    data = await api.run("{ workflows { nodes { name metrics { completed running } } } }")
    assert {each["name"]: each["metrics"] for each in data["workflows"]["nodes"]} == {
        "mine": {"completed": 1, "running": 0},
        "other": {"completed": 0, "running": 0},
    }


@pytest.mark.parametrize(
    "wanted",
    [
        "started",
        "running",
        "duration { p99 } steps { type executions }",
        'completed running timeline(bucket: "PT4H") { completed p95 }',
        'a: timeline(bucket: "PT4H") { completed } b: timeline(bucket: "PT6H") { completed }',
    ],
)
async def test_a_page_of_fifty_workflows_costs_as_many_statements_as_a_page_of_one(
    empty_postgres_url: str, empty_redis_url: str, wanted: str
) -> None:
    query = "query($first: Int!) { workflows(first: $first) { nodes { name metrics { WANTED } } } }"
    query = query.replace("WANTED", f"completed {wanted}")
    async with real_parts(empty_postgres_url, empty_redis_url) as real:
        for number in range(50):
            workflow = await real.api.create_workflow(f"orders-{number}")
            await _count(real, workflow["id"], number)
        with real.database.counting() as one:
            await real.api.run(query, first=1)
            alone = len(one)
        with real.database.counting() as all:
            data = await real.api.run(query, first=50)
            assert len(all) == alone
    found = {node["name"]: node["metrics"]["completed"] for node in data["workflows"]["nodes"]}
    assert found == {f"orders-{number}": number for number in range(50)}


async def _count(real: Real, workflow: str, completed: int) -> None:
    statement = """INSERT INTO orchestration_metrics VALUES ($1, '', $2, $3, 0, $4, 0, 0, 0, 0, '')"""
    at = NOON - timedelta(hours=2)
    id = from_public(workflow, IdKind.WORKFLOW)
    await real.database.fetch(statement, id, 3_600, at, completed)
    await real.database.fetch(statement, id, 60, at, completed)
