"""Executions over GraphQL: started, read, listed and cancelled."""

import asyncio
from datetime import timedelta
from typing import Any

from domain.engine.state import Attempt, WaitReason
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.limits import Limits
from domain.kernel.statuses import ExecutionStatus, StepStatus, StepType, WaitKind
from graphql_api.context import ApiOptions
from tests.integration.graphql_api.api import NOON, Api, Hand, a_step

UNKNOWN = "ex_01h455vb4pex5vsknk084sn02q"
EXECUTE = """
mutation($input: ExecuteWorkflowInput!) {
  executeWorkflow(input: $input) {
    __typename
    ... on WorkflowExecution {
      id status input labels priority idempotencyKey workflowVersion createdAt workflow { name }
    }
    ... on Error { message code }
    ... on ValidationError { problems { path message } }
    ... on NotFoundError { targetId }
    ... on InvalidStateError { currentStatus }
  }
}
"""
EXECUTE_MANY = """
mutation($inputs: [ExecuteWorkflowInput!]!) {
  executeWorkflows(inputs: $inputs) {
    __typename ... on Error { code } ... on ValidationError { problems { path } }
    ... on ExecutionBatch { results {
      __typename ... on WorkflowExecution { id input } ... on Error { code }
      ... on ValidationError { problems { path } }
    } }
  }
}
"""
ORCHESTRATE = """
mutation($input: OrchestrateInput!) {
  orchestrate(input: $input) {
    __typename ... on WorkflowExecution { id input workflowVersion workflow { id } }
    ... on ValidationError { problems { path message } }
  }
}
"""
CANCEL = """
mutation($id: ID!, $reason: String) {
  cancelExecution(id: $id, reason: $reason) {
    __typename ... on WorkflowExecution { id status } ... on ValidationError { problems { path } }
    ... on NotFoundError { targetId } ... on InvalidStateError { currentStatus }
  }
}
"""


async def test_a_workflow_is_started_by_name_and_answers_at_once(api: Api) -> None:
    await api.create_workflow("orders")

    data = await api.run(
        EXECUTE,
        input={
            "workflowName": "orders",
            "input": {"z": 12345678901234567890123, "a": None},
            "labels": {"team": "x"},
            "priority": 3,
            "idempotencyKey": "once",
        },
    )

    answer = data["executeWorkflow"]
    assert answer["status"] == "PENDING"
    assert list(answer["input"].items()) == [("z", 12345678901234567890123), ("a", None)]
    assert answer["labels"] == {"team": "x"}
    assert (answer["priority"], answer["idempotencyKey"], answer["workflowVersion"]) == (3, "once", 1)
    assert answer["createdAt"] == "2030-01-01T12:00:00Z"
    assert answer["workflow"] == {"name": "orders"}


async def test_the_same_key_gives_the_same_execution(api: Api) -> None:
    workflow = await api.create_workflow("orders")

    first = await api.run(EXECUTE, input={"workflowId": workflow["id"], "idempotencyKey": "once"})
    second = await api.run(EXECUTE, input={"workflowId": workflow["id"], "idempotencyKey": "once"})
    other = await api.run(EXECUTE, input={"workflowId": workflow["id"], "idempotencyKey": "once", "input": 2})

    id = first["executeWorkflow"]["id"]
    assert second["executeWorkflow"]["id"] == id
    assert other["executeWorkflow"]["__typename"] == "ConflictError"
    assert f"has started the execution {id} with another input" in other["executeWorkflow"]["message"]


async def test_the_keys_of_ticks_and_messages_are_refused(api: Api) -> None:
    workflow = await api.create_workflow("orders")
    for key in ("schedule:sd_1:2026-01-01T00:00:00Z", "webhook:wh_1:7", "child:1"):
        answer = await api.run(EXECUTE, input={"workflowId": workflow["id"], "idempotencyKey": key})
        assert [problem["path"] for problem in answer["executeWorkflow"]["problems"]] == [["idempotencyKey"]]


async def test_a_start_that_cannot_be_says_why(api: Api) -> None:
    unknown = await api.run(EXECUTE, input={"workflowName": "nothing"})
    neither = await api.run(EXECUTE, input={})
    malformed = await api.run(EXECUTE, input={"workflowId": "ex_nonsense"})

    assert unknown["executeWorkflow"]["__typename"] == "NotFoundError"
    assert unknown["executeWorkflow"]["targetId"] == "nothing"
    assert neither["executeWorkflow"]["__typename"] == "ValidationError"
    assert malformed["executeWorkflow"]["problems"][0]["path"] == ["workflowId"]


async def test_a_workflow_that_is_not_active_is_not_started(api: Api) -> None:
    workflow = await api.create_workflow("orders")
    await api.run(
        "mutation($id: ID!) { updateWorkflow(id: $id, input: {status: PAUSED}) { __typename } }", id=workflow["id"]
    )

    data = await api.run(EXECUTE, input={"workflowName": "orders"})

    assert data["executeWorkflow"]["__typename"] == "InvalidStateError"
    assert data["executeWorkflow"]["currentStatus"] == "PAUSED"


async def test_waiting_answers_when_the_execution_has_ended(api: Api) -> None:
    await api.create_workflow("orders")

    async def work() -> None:
        hand = await Hand.take(api, await api.storage.queue.next_hint())
        await hand.finish({"done": True})

    worker = asyncio.create_task(work())
    data = await api.run(
        """mutation { executeWorkflow(input: {workflowName: "orders", waitFor: "PT5S"})
           { ... on WorkflowExecution { status output finishedAt duration } } }"""
    )
    await worker

    assert data["executeWorkflow"] == {
        "status": "COMPLETED",
        "output": {"done": True},
        "finishedAt": "2030-01-01T12:00:00Z",
        "duration": "PT0S",
    }


async def test_waiting_is_not_cut_short_by_the_deadline_of_an_operation() -> None:
    api = Api(options=ApiOptions(operation_timeout=timedelta(seconds=2)))
    await api.create_workflow("orders")

    data = await api.run(
        """mutation { executeWorkflow(input: {workflowName: "orders", waitFor: "PT2.2S"})
           { ... on WorkflowExecution { status } } }"""
    )

    assert data["executeWorkflow"] == {"status": "PENDING"}


async def test_many_starts_are_answered_in_order_good_and_bad(api: Api) -> None:
    await api.create_workflow("orders")
    inputs: list[dict[str, Any]] = [
        {"workflowName": "orders", "input": 1},
        {"workflowName": "nothing"},
        {"workflowId": "nonsense"},
        {"workflowName": "orders", "waitFor": "PT1S"},
        {"workflowName": "orders", "input": 5},
    ]

    data = await api.run(EXECUTE_MANY, inputs=inputs)

    answers = data["executeWorkflows"]["results"]
    assert [answer["__typename"] for answer in answers] == [
        "WorkflowExecution",
        "NotFoundError",
        "ValidationError",
        "ValidationError",
        "WorkflowExecution",
    ]
    assert (answers[0]["input"], answers[4]["input"]) == (1, 5)
    assert answers[2]["problems"] == [{"path": ["workflowId"]}]
    assert answers[3]["problems"] == [{"path": ["waitFor"]}]


async def test_too_many_starts_are_a_limit() -> None:
    api = Api(limits=Limits(max_batch=2))
    await api.create_workflow("orders")

    refused = (await api.run(EXECUTE_MANY, inputs=[{"workflowName": "orders"}] * 3))["executeWorkflows"]

    assert (refused["__typename"], refused["code"]) == ("ValidationError", "LIMIT_EXCEEDED")


async def test_steps_are_run_once_without_a_workflow(api: Api) -> None:
    steps = [{"id": "a", "config": {"dataTransform": {"expression": "input"}}}]

    data = await api.run(ORCHESTRATE, input={"steps": steps, "input": [1]})

    assert data["orchestrate"]["__typename"] == "WorkflowExecution"
    assert data["orchestrate"]["input"] == [1]
    assert (data["orchestrate"]["workflow"], data["orchestrate"]["workflowVersion"]) == (None, None)


async def test_the_problems_of_an_orchestration_are_at_their_place(api: Api) -> None:
    steps = [{"id": "a", "config": {"dataTransform": {"expression": "1 +"}}}]

    data = await api.run(ORCHESTRATE, input={"steps": steps})

    assert data["orchestrate"]["problems"][0]["path"] == ["steps", "0", "config", "dataTransform", "expression"]


async def test_an_input_that_is_too_large_is_a_problem() -> None:
    api = Api(limits=Limits(max_input_bytes=100))
    await api.create_workflow("orders")

    data = await api.run(EXECUTE, input={"workflowName": "orders", "input": "x" * 200})

    assert data["executeWorkflow"]["__typename"] == "ValidationError"
    assert data["executeWorkflow"]["problems"][0]["path"] == ["input"]


async def test_cancelling_asks_for_it(api: Api) -> None:
    await api.create_workflow("orders")
    hand = await api.start("orders")

    data = await api.run(CANCEL, id=hand.id, reason="enough")

    assert data["cancelExecution"]["id"] == hand.id
    [command] = await api.storage.executions.commands(hand.execution_id)
    assert command.payload == {"reason": "enough"}


async def test_what_has_ended_cannot_be_cancelled(api: Api) -> None:
    await api.create_workflow("orders")
    hand = await api.start("orders")
    await hand.finish()

    ended = await api.run(CANCEL, id=hand.id)
    unknown = await api.run(CANCEL, id=UNKNOWN)
    malformed = await api.run(CANCEL, id="wf_01h455vb4pex5vsknk084sn02q")

    assert ended["cancelExecution"] == {"__typename": "InvalidStateError", "currentStatus": "COMPLETED"}
    assert unknown["cancelExecution"] == {"__typename": "NotFoundError", "targetId": UNKNOWN}
    assert malformed["cancelExecution"] == {"__typename": "ValidationError", "problems": [{"path": ["id"]}]}


async def test_an_execution_shows_everything_about_its_steps(api: Api) -> None:
    await api.create_workflow("orders")
    hand = await api.start("orders")
    failure = StepError(
        code=FailureCode.HTTP_STATUS, message="The service said 503.", path="b", details={"status": 503}
    )
    tried = Attempt(number=1, started_at=NOON, finished_at=NOON, error=failure, status_code=503)
    retry = WaitReason(kind=WaitKind.RETRY, until=NOON + timedelta(seconds=1.5), detail="attempt 2 of 3")
    await hand.commit(
        a_step("a", input={"x": 1}, output=[1, 2]),
        a_step("b", StepStatus.WAITING, type=StepType.HTTP_REQUEST, attempts=(tried,), waiting_for=retry),
        status=ExecutionStatus.WAITING,
        waiting_for=retry,
    )

    data = await api.run(
        """query($id: ID!) { execution(id: $id) {
          status sequence startedAt finishedAt duration error { code } parent { id } retriedFrom { id }
          progress { total completed failed running percent } waitingFor { kind until detail }
          step(path: "b") { id stepId type status waitingFor { kind until } error { code }
            attempts { number startedAt finishedAt statusCode error { code message path details } } }
          missing: step(path: "z") { id }
          steps { totalCount nodes { path status input output sequence duration } } } }""",
        id=hand.id,
    )

    answer = data["execution"]
    assert (answer["status"], answer["sequence"], answer["duration"]) == ("WAITING", 1, None)
    assert answer["progress"] == {"total": 3, "completed": 1, "failed": 0, "running": 0, "percent": 33.33}
    assert answer["waitingFor"] == {
        "kind": "RETRY",
        "until": "2030-01-01T12:00:01.500000Z",
        "detail": "attempt 2 of 3",
    }
    assert answer["missing"] is None
    assert answer["step"]["id"] == f"se_{hand.id[3:]}.b"
    assert answer["step"]["attempts"] == [
        {
            "number": 1,
            "startedAt": "2030-01-01T12:00:00Z",
            "finishedAt": "2030-01-01T12:00:00Z",
            "statusCode": 503,
            "error": {
                "code": "HTTP_STATUS",
                "message": "The service said 503.",
                "path": "b",
                "details": {"status": 503},
            },
        }
    ]
    assert answer["steps"]["totalCount"] == 2
    assert answer["steps"]["nodes"][0] == {
        "path": "a",
        "status": "COMPLETED",
        "input": {"x": 1},
        "output": [1, 2],
        "sequence": 1,
        "duration": "PT0S",
    }


async def test_a_step_execution_is_a_node(api: Api) -> None:
    await api.create_workflow("orders")
    hand = await api.start("orders")
    await hand.commit(a_step("a"))
    query = """query($id: ID!) { node(id: $id)
      { __typename id ... on StepExecution { path } ... on WorkflowExecution { status } } }"""

    step = await api.run(query, id=f"se_{hand.id[3:]}.a")
    execution = await api.run(query, id=hand.id)
    nothing = await api.run(query, id=f"se_{hand.id[3:]}.z")
    of_a_later_kind = await api.run(query, id="wh_01h455vb4pex5vsknk084sn02q")

    assert step["node"] == {"__typename": "StepExecution", "id": f"se_{hand.id[3:]}.a", "path": "a"}
    assert execution["node"]["__typename"] == "WorkflowExecution"
    assert nothing["node"] is None
    assert of_a_later_kind["node"] is None
