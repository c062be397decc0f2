"""Executions over GraphQL: paused, resumed, sent signals, retried, deleted; one, or all that match."""

from typing import Any

import pytest

from domain.engine.state import StepState
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.limits import Limits
from domain.kernel.statuses import CommandKind, ExecutionStatus, StepStatus
from tests.integration.graphql_api.api import Api, Hand, a_step

UNKNOWN = "ex_01h455vb4pex5vsknk084sn02q"
FAILURE = StepError(code=FailureCode.HTTP_STATUS, message="The service said 503.", path="b")
ANSWER = """
    __typename
    ... on WorkflowExecution {
      id status workflowVersion input labels retriedFrom { id } steps { nodes { path status } }
    }
    ... on ValidationError { problems { path message hint } }
    ... on NotFoundError { targetId }
    ... on InvalidStateError { currentStatus }
"""
PAUSE = f"mutation($id: ID!) {{ answer: pauseExecution(id: $id) {{ {ANSWER} }} }}"
RESUME = f"mutation($id: ID!) {{ answer: resumeExecution(id: $id) {{ {ANSWER} }} }}"
SIGNAL = f"""mutation($id: ID!, $name: String!, $payload: JSON) {{
  answer: signalExecution(id: $id, name: $name, payload: $payload) {{ {ANSWER} }} }}"""
RETRY = f"""mutation($id: ID!, $input: RetryExecutionInput) {{
  answer: retryExecution(id: $id, input: $input) {{ {ANSWER} }} }}"""
DELETE = """mutation($id: ID!) { answer: deleteExecution(id: $id) {
  __typename ... on Deleted { id } ... on NotFoundError { targetId }
  ... on InvalidStateError { currentStatus } } }"""
_BULK = "{ ... on BulkResult { matched changed } ... on Error { code message } }"
CANCEL_ALL = f'mutation($f: ExecutionFilter!) {{ answer: cancelExecutions(filter: $f, reason: "all") {_BULK} }}'
RETRY_ALL = f"""mutation($f: ExecutionFilter!, $input: RetryExecutionInput) {{
  answer: retryExecutions(filter: $f, input: $input) {_BULK} }}"""
STEPS = [{"id": id, "type": "DATA_TRANSFORM", "config": {"output": id}} for id in "abc"]


@pytest.fixture
async def hand(api: Api) -> Hand:
    """An execution of three steps that a worker holds."""
    await api.create_workflow(steps=STEPS)
    return await api.start(input={"x": 1}, labels={"team": "a"})


async def ask(api: Api, operation: str, **variables: Any) -> dict[str, Any]:
    answer: dict[str, Any] = (await api.run(operation, **variables))["answer"]
    return answer


async def told(api: Api, hand: Hand) -> list[tuple[CommandKind, Any]]:
    return [(command.kind, command.payload) for command in await api.storage.executions.commands(hand.execution_id)]


async def fail(hand: Hand, *steps: StepState) -> None:
    steps = steps or (a_step("a", output=1), a_step("b", StepStatus.FAILED, error=FAILURE))
    await hand.commit(*steps, status=ExecutionStatus.FAILED, error=FAILURE)


async def test_pausing_and_resuming_are_told(api: Api, hand: Hand) -> None:
    paused, twice = await ask(api, PAUSE, id=hand.id), await ask(api, PAUSE, id=hand.id)
    resumed, again = await ask(api, RESUME, id=hand.id), await ask(api, RESUME, id=hand.id)

    assert (paused["id"], resumed["id"]) == (hand.id, hand.id)
    assert twice == {"__typename": "InvalidStateError", "currentStatus": "PAUSED"}
    assert again["__typename"] == "InvalidStateError"
    assert [kind for kind, _ in await told(api, hand)] == [CommandKind.PAUSE, CommandKind.RESUME]


async def test_a_signal_is_told_with_its_payload(api: Api, hand: Hand) -> None:
    await ask(api, SIGNAL, id=hand.id, name="approved", payload={"n": 2**70})
    await ask(api, SIGNAL, id=hand.id, name="approved")
    wrong = await ask(api, SIGNAL, id=hand.id, name="a\u0007")

    assert await told(api, hand) == [
        (CommandKind.SIGNAL, {"name": "approved", "payload": {"n": 2**70}}),
        (CommandKind.SIGNAL, {"name": "approved", "payload": None}),
    ]
    assert wrong["problems"][0]["path"] == ["name"]


async def test_too_many_signals_are_a_limit() -> None:
    api = Api(limits=Limits(max_signals=1))
    await api.create_workflow()
    hand = await api.start()
    await ask(api, SIGNAL, id=hand.id, name="a")
    refused = await ask(api, SIGNAL, id=hand.id, name="a")
    assert "1 signals wait" in refused["problems"][0]["message"]


async def test_a_retry_begins_with_what_was_done_and_knows_where_it_comes_from(api: Api, hand: Hand) -> None:
    await fail(hand)

    retry = await ask(api, RETRY, id=hand.id)

    assert retry["retriedFrom"] == {"id": hand.id}
    assert (retry["status"], retry["input"], retry["labels"]) == ("PENDING", {"x": 1}, {"team": "a"})
    assert retry["steps"]["nodes"] == [
        {"path": "a", "status": "COMPLETED"},
        {"path": "b", "status": "PENDING"},
        {"path": "c", "status": "PENDING"},
    ]


async def test_a_retry_from_a_step_that_was_never_reached_says_so(api: Api, hand: Hand) -> None:
    await fail(hand)
    refused = await ask(api, RETRY, id=hand.id, input={"fromStep": "c"})
    [problem] = refused["problems"]
    assert (problem["path"], problem["message"]) == (["fromStep"], "The step 'c' was never reached.")
    assert problem["hint"]


async def test_a_retry_can_have_the_newest_version(api: Api, hand: Hand) -> None:
    await fail(hand)
    await api.create_workflow(steps=STEPS[:2])
    same = await ask(api, RETRY, id=hand.id, input={"fromStep": "b"})
    newest = await ask(api, RETRY, id=hand.id, input={"latestVersion": True})
    assert (same["workflowVersion"], newest["workflowVersion"]) == (1, 2)


async def test_what_completed_cannot_be_retried(api: Api, hand: Hand) -> None:
    await hand.finish()
    refused = await ask(api, RETRY, id=hand.id)
    assert refused == {"__typename": "InvalidStateError", "currentStatus": "COMPLETED"}


async def test_what_has_ended_is_deleted_and_nothing_else(api: Api, hand: Hand) -> None:
    running = await ask(api, DELETE, id=hand.id)
    await fail(hand)
    retry = await ask(api, RETRY, id=hand.id)
    gone = await ask(api, DELETE, id=hand.id)

    assert (
        running == {"__typename": "InvalidStateError", "currentStatus": "RUNNING"}
        or running["currentStatus"] == "PENDING"
    )
    assert gone == {"__typename": "Deleted", "id": hand.id}
    assert await ask(api, DELETE, id=hand.id) == {"__typename": "NotFoundError", "targetId": hand.id}
    shown = await api.run("query($id: ID!) { execution(id: $id) { id } }", id=hand.id)
    left = await api.run("query($id: ID!) { execution(id: $id) { retriedFrom { id } } }", id=retry["id"])
    assert (shown["execution"], left["execution"]) == (None, {"retriedFrom": None})


async def test_many_are_cancelled_and_retried_by_a_filter(api: Api, hand: Hand) -> None:
    other = await api.start(labels={"team": "b"})
    failed = await api.start(labels={"team": "a"})
    await fail(failed)

    cancelled = await ask(api, CANCEL_ALL, f={"labels": {"team": "a"}})
    retried = await ask(api, RETRY_ALL, f={"workflowName": "orders"}, input={})

    assert cancelled == {"matched": 2, "changed": 1}
    assert await told(api, hand) == [(CommandKind.CANCEL, {"reason": "all"})]
    assert await told(api, other) == []
    assert retried == {"matched": 3, "changed": 1}


async def test_too_many_for_one_change_are_a_limit() -> None:
    api = Api(limits=Limits(max_bulk=2))
    await api.seed(3)
    refused = await ask(api, CANCEL_ALL, f={})
    assert refused["code"] == "LIMIT_EXCEEDED"
    assert "2" in refused["message"]


@pytest.mark.parametrize("operation", [PAUSE, RESUME, RETRY, DELETE])
async def test_an_unknown_execution_is_not_found(api: Api, operation: str) -> None:
    assert await ask(api, operation, id=UNKNOWN) == {"__typename": "NotFoundError", "targetId": UNKNOWN}


@pytest.mark.parametrize("operation", [PAUSE, RESUME, SIGNAL, RETRY])
async def test_a_malformed_id_is_a_problem(api: Api, operation: str) -> None:
    more = {"name": "a"} if operation is SIGNAL else {}
    refused = await ask(api, operation, id="wf_01h455vb4pex5vsknk084sn02q", **more)
    assert refused["problems"][0]["path"] == ["id"]
