"""`planRetry`, and `retryExecution` with another input, over GraphQL and from the command line."""

from typing import Any

from domain.kernel.ids import IdKind, new_id, to_public
from domain.kernel.statuses import ExecutionStatus, StepStatus
from tests.integration.graphql_api.api import Api, Hand, a_step
from tests.integration.graphql_api.real import Real

STEPS = [{"id": id, "type": "DATA_TRANSFORM", "config": {"output": 1}} for id in "abc"]
PLAN = """query($id: ID!, $input: RetryExecutionInput, $first: Int, $after: String, $action: [RetryAction!]) {
  planRetry(executionId: $id, input: $input) {
    __typename
    ... on RetryPlan {
      workflowVersion kept continued run dropped repeated restingOnOldInput
      steps(first: $first, after: $after, action: $action) {
        totalCount nodes { path type status action reason detail } pageInfo { hasNextPage endCursor }
      }
    }
    ... on Error { code message }
    ... on ValidationError { problems { path } }
    ... on InvalidStateError { currentStatus }
  }
}"""
RETRY = """mutation($id: ID!, $input: RetryExecutionInput) { retryExecution(id: $id, input: $input) {
  ... on WorkflowExecution { input retriedFrom { id } steps { nodes { path status } } }
  ... on ValidationError { problems { path } }
} }"""


async def a_failed_one(api: Api) -> Hand:
    """An execution of a, b and c that failed at b."""
    await api.create_workflow(steps=STEPS)
    hand = await api.start(input={"x": 1})
    await hand.commit(a_step("a"), a_step("b", StepStatus.FAILED), status=ExecutionStatus.FAILED)
    return hand


async def plan(api: Api, id: str, **given: Any) -> Any:
    return (await api.run(PLAN, id=id, **given))["planRetry"]


async def test_a_plan_counts_and_lists_what_a_retry_would_do(api: Api) -> None:
    hand = await a_failed_one(api)

    found = await plan(api, hand.id)

    assert found["workflowVersion"] == 1
    assert [found[name] for name in ("kept", "continued", "run", "dropped")] == [1, 0, 2, 0]
    assert [(step["path"], step["action"], step["reason"]) for step in found["steps"]["nodes"]] == [
        ("a", "KEEP", "COMPLETED"),
        ("b", "RUN", "NOT_COMPLETED"),
        ("c", "RUN", "NOT_REACHED"),
    ]


async def test_the_steps_of_a_plan_come_in_pages_and_by_action(api: Api) -> None:
    hand = await a_failed_one(api)

    first = (await plan(api, hand.id, first=2))["steps"]
    rest = (await plan(api, hand.id, first=2, after=first["pageInfo"]["endCursor"]))["steps"]
    runs = (await plan(api, hand.id, action=["RUN"]))["steps"]

    assert [[step["path"] for step in page["nodes"]] for page in (first, rest, runs)] == [["a", "b"], ["c"], ["b", "c"]]
    assert (first["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (True, False)
    assert (first["totalCount"], runs["totalCount"]) == (3, 2)


async def test_a_plan_that_cannot_be_is_an_error_as_data(api: Api) -> None:
    hand = await a_failed_one(api)
    running = await api.start()

    unknown = await plan(api, to_public(IdKind.EXECUTION, new_id()))
    unreached = await plan(api, hand.id, input={"fromStep": "c"})
    early = await plan(api, running.id)

    assert (unknown["__typename"], early["__typename"]) == ("NotFoundError", "InvalidStateError")
    assert early["currentStatus"] == "PENDING"
    assert unreached["problems"] == [{"path": ["fromStep"]}]


async def test_a_retry_has_the_input_that_it_is_given(api: Api) -> None:
    hand = await a_failed_one(api)

    edited = (await api.run(RETRY, id=hand.id, input={"input": {"x": 2}}))["retryExecution"]
    null = (await api.run(RETRY, id=hand.id, input={"input": None}))["retryExecution"]
    same = (await api.run(RETRY, id=hand.id, input={}))["retryExecution"]

    assert [each["input"] for each in (edited, null, same)] == [{"x": 2}, None, {"x": 1}]
    assert [each["steps"]["nodes"][0]["status"] for each in (edited, null, same)] == ["PENDING", "PENDING", "COMPLETED"]
    assert edited["retriedFrom"] == {"id": hand.id}


async def test_many_are_retried_with_their_own_inputs(api: Api) -> None:
    query = """mutation { retryExecutions(filter: {}, input: {input: 1}) {
      ... on ValidationError { problems { path } } } }"""
    assert (await api.run(query))["retryExecutions"] == {"problems": [{"path": ["input"]}]}


async def test_a_plan_reads_no_value_of_a_step_that_is_done(real: Real) -> None:
    await real.api.create_workflow(steps=STEPS)
    hand = await real.api.start()
    await hand.commit(a_step("a", output="x" * 100_000), a_step("b", StepStatus.FAILED), status=ExecutionStatus.FAILED)

    found = await plan(real.api, hand.id)

    assert [(step["path"], step["action"]) for step in found["steps"]["nodes"]] == [
        ("a", "KEEP"),
        ("b", "RUN"),
        ("c", "RUN"),
    ]
