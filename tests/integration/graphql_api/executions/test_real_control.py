"""Starting and telling executions over GraphQL on PostgreSQL and Redis: under contention, late, and in numbers."""

import asyncio
from datetime import timedelta
from time import monotonic
from typing import Any

import pytest

from domain.kernel.ids import IdKind, from_public
from domain.kernel.statuses import CommandKind, ExecutionStatus, StepStatus
from tests.integration.graphql_api.api import NOON, Api, Hand, a_step
from tests.integration.graphql_api.real import Real

EXECUTE = """mutation($i: ExecuteWorkflowInput!) { executeWorkflow(input: $i) {
  ... on WorkflowExecution { id status output waitingFor { kind until } } ... on Error { message } } }"""
ORCHESTRATE = """mutation($i: OrchestrateInput!) { orchestrate(input: $i) {
  ... on WorkflowExecution { id status output } ... on Error { message } } }"""
BULK = "{ ... on BulkResult { matched changed } ... on Error { message } }"
STEPS = [{"id": "a", "config": {"dataTransform": {"output": 1}}}]


async def execute(api: Api, **input: Any) -> dict[str, Any]:
    answer: dict[str, Any] = (await api.run(EXECUTE, i={"workflowName": "orders", **input}))["executeWorkflow"]
    return answer


async def test_a_hundred_identical_starts_at_once_are_one_execution(real: Real) -> None:
    await real.api.create_workflow()
    answers = await asyncio.gather(*(execute(real.api, idempotencyKey="once", input=7) for _ in range(100)))
    assert len({answer["id"] for answer in answers}) == 1
    assert (await real.api.run("{ executions { totalCount } }"))["executions"]["totalCount"] == 1
    assert len(real.api.storage.queue.hints) == 1


async def test_a_hundred_identical_orchestrations_at_once_are_one_execution(real: Real) -> None:
    starts = (real.api.run(ORCHESTRATE, i={"steps": STEPS, "idempotencyKey": "once"}) for _ in range(100))
    answers = await asyncio.gather(*starts)
    assert len({answer["orchestrate"]["id"] for answer in answers}) == 1


@pytest.mark.parametrize("operation", [EXECUTE, ORCHESTRATE])
async def test_waiting_for_a_slow_execution_answers_in_time_with_what_there_is(real: Real, operation: str) -> None:
    await real.api.create_workflow()
    input: dict[str, Any] = {"workflowName": "orders"} if operation is EXECUTE else {"steps": STEPS}
    started = monotonic()
    [answer] = (await real.api.run(operation, i={**input, "waitFor": "PT0.3S"})).values()
    assert 0.3 <= monotonic() - started < 20  # it never ends by itself
    assert answer["status"] == "PENDING"


async def test_waiting_answers_soon_after_the_end(real: Real) -> None:
    await real.api.create_workflow()

    async def work() -> None:
        hand = await Hand.take(real.api, await real.api.storage.queue.next_hint())
        await hand.finish({"done": True})

    worker = asyncio.create_task(work())
    answer = await execute(real.api, waitFor="PT20S")
    await worker
    assert (answer["status"], answer["output"]) == ("COMPLETED", {"done": True})


async def test_a_later_start_waits_for_its_time(real: Real) -> None:
    await real.api.create_workflow()
    answer = await execute(real.api, startAt=(NOON + timedelta(hours=1)).isoformat())
    assert answer["waitingFor"] == {"kind": "TIMER", "until": "2030-01-01T13:00:00Z"}
    assert real.api.storage.queue.hints == []


async def test_a_retry_begins_with_the_rows_of_the_one_that_failed(real: Real) -> None:
    steps = [
        {"id": "a", "type": "DATA_TRANSFORM", "config": {"output": 1}},
        {"id": "b", "type": "DATA_TRANSFORM", "config": {"output": 2}},
    ]
    await real.api.create_workflow(steps=steps)
    hand = await real.api.start(input=2**70)
    await hand.commit(
        a_step("a", input=[1], output={"n": 2**70}), a_step("b", StepStatus.FAILED), status=ExecutionStatus.FAILED
    )

    data = await real.api.run(
        """mutation($id: ID!) { retryExecution(id: $id) { ... on WorkflowExecution {
          id input status sequence progress { total completed } retriedFrom { id }
          steps { totalCount nodes { path status input output attempts { number } } } } } }""",
        id=hand.id,
    )

    retry = data["retryExecution"]
    assert (retry["input"], retry["status"], retry["retriedFrom"]) == (2**70, "PENDING", {"id": hand.id})
    assert retry["progress"] == {"total": 2, "completed": 1}
    assert [(step["path"], step["status"]) for step in retry["steps"]["nodes"]] == [
        ("a", "COMPLETED"),
        ("b", "PENDING"),
    ]
    kept = retry["steps"]["nodes"][0]
    assert (kept["input"], kept["output"], kept["attempts"]) == ([1], {"n": 2**70}, [{"number": 1}])
    events = real.api.subscribe(
        "subscription($id: ID!) { executionProgress(id: $id) { kind steps { path } } }", id=retry["id"]
    )
    snapshot = (await anext(events))["executionProgress"]
    await events.aclose()
    assert snapshot == {"kind": "SNAPSHOT", "steps": [{"path": "a"}, {"path": "b"}]}


async def test_what_is_told_is_stored_before_it_is_answered(real: Real) -> None:
    await real.api.create_workflow()
    id = (await execute(real.api))["id"]
    for operation in ("pauseExecution", "resumeExecution", "cancelExecution"):
        await real.api.run(f"mutation($id: ID!) {{ {operation}(id: $id) {{ __typename }} }}", id=id)
    await real.api.run('mutation($id: ID!) { signalExecution(id: $id, name: "go") { __typename } }', id=id)
    commands = await real.api.storage.executions.commands(from_public(id, IdKind.EXECUTION))
    assert [command.kind for command in commands] == [
        CommandKind.PAUSE,
        CommandKind.RESUME,
        CommandKind.CANCEL,
        CommandKind.SIGNAL,
    ]


async def test_many_are_cancelled_and_retried_in_few_statements(real: Real) -> None:
    await real.api.create_workflow()
    hands = [await real.api.start(labels={"n": n % 2}) for n in range(40)]
    for hand in hands[:20]:
        await hand.commit(a_step("a", StepStatus.FAILED), status=ExecutionStatus.FAILED)

    with real.database.counting() as statements:
        cancelled = await real.api.run(f"mutation {{ cancelExecutions(filter: {{}}) {BULK} }}")
        assert len(statements) <= 12, statements
    with real.database.counting() as statements:
        retried = await real.api.run(f"mutation {{ retryExecutions(filter: {{labels: {{n: 1}}}}) {BULK} }}")
        assert len(statements) <= 20, statements

    assert cancelled["cancelExecutions"] == {"matched": 40, "changed": 20}
    assert retried["retryExecutions"] == {"matched": 20, "changed": 10}
    with real.database.counting() as statements:
        page = await real.api.run("{ executions(first: 10) { nodes { retriedFrom { id } parent { id } } } }")
    assert len({node["retriedFrom"]["id"] for node in page["executions"]["nodes"]}) == 10
    assert len(statements) == 2, statements


async def test_what_has_ended_is_deleted_with_its_steps(real: Real) -> None:
    await real.api.create_workflow()
    hand = await real.api.start()
    await hand.commit(a_step("a"), status=ExecutionStatus.FAILED)
    data = await real.api.run("mutation($id: ID!) { deleteExecution(id: $id) { ... on Deleted { id } } }", id=hand.id)
    assert data["deleteExecution"] == {"id": hand.id}
    assert (await real.database.fetch("SELECT 1 FROM step_execution WHERE execution_id = $1", hand.execution_id)) == []


async def test_pending_steps_of_many_executions_cost_one_statement(real: Real) -> None:
    steps = [{"id": id, "type": "DATA_TRANSFORM", "config": {"output": 1}} for id in "abcdefgh"]
    await real.api.create_workflow(steps=steps)
    for _ in range(30):
        hand = await real.api.start()
        await hand.commit(a_step("a"))
    query = "{ executions(first: 30) { nodes { steps { nodes { path status waitingFor { kind } } } } } }"
    await real.api.run(query)

    with real.database.counting() as statements:
        page = (await real.api.run(query))["executions"]

    assert len(statements) == 3, statements  # the executions, which steps have rows, the rows
    for node in page["nodes"]:
        assert [step["path"] for step in node["steps"]["nodes"]] == list("abcdefgh")
