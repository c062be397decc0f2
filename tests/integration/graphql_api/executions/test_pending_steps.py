"""Steps that were not reached yet, over GraphQL: there from the beginning, and saying what they wait for."""

from typing import Any

import pytest

from domain.engine.state import WaitReason
from domain.kernel.statuses import ExecutionStatus, StepStatus, WaitKind
from tests.integration.graphql_api.api import NOON, Api, Hand, a_step, nodes

STEPS = [{"id": id, "type": "DATA_TRANSFORM", "config": {"output": id}} for id in "bcdefg"]
PAGE = """
query($id: ID!, $first: Int, $after: String, $filter: StepExecutionFilter) { execution(id: $id) {
  status waitingFor { kind until detail }
  steps(first: $first, after: $after, filter: $filter) {
    totalCount pageInfo { hasNextPage endCursor }
    nodes { id path stepId type status sequence startedAt attempts { number } waitingFor { kind detail } } } } }
"""


@pytest.fixture
async def hand(api: Api) -> Hand:
    await api.create_workflow(steps=[{"id": "a", "type": "DATA_TRANSFORM", "config": {"output": 1}}, *STEPS])
    return await api.start()


async def page(api: Api, hand: Hand, **variables: Any) -> dict[str, Any]:
    execution = (await api.run(PAGE, id=hand.id, **variables))["execution"]
    steps: dict[str, Any] = execution["steps"]
    return steps


async def test_a_step_is_there_before_it_is_reached(api: Api, hand: Hand) -> None:
    await hand.commit(a_step("a"), a_step("b", StepStatus.RUNNING))

    steps = await page(api, hand)

    assert nodes(steps, "path") == list("abcdefg")
    assert nodes(steps, "status") == ["COMPLETED", "RUNNING", *["PENDING"] * 5]
    assert steps["totalCount"] == 7
    assert steps["nodes"][2] == {
        "id": f"{hand.id.replace('ex_', 'se_')}.c",
        "path": "c",
        "stepId": "c",
        "type": "DATA_TRANSFORM",
        "status": "PENDING",
        "sequence": 0,
        "startedAt": None,
        "attempts": [],
        "waitingFor": {"kind": "DEPENDENCY", "detail": "after b"},
    }
    assert [each["waitingFor"] for each in steps["nodes"][:2]] == [None, None]


async def test_a_single_step_is_found_by_its_path_and_by_its_id(api: Api, hand: Hand) -> None:
    await hand.commit(a_step("a"))
    data = await api.run(
        """query($id: ID!, $c: ID!, $z: ID!) {
          execution(id: $id) { c: step(path: "c") { status waitingFor { detail } } z: step(path: "z") { id } }
          c: node(id: $c) { id ... on StepExecution { status } } z: node(id: $z) { id } }""",
        id=hand.id,
        c=f"{hand.id.replace('ex_', 'se_')}.c",
        z=f"{hand.id.replace('ex_', 'se_')}.z",
    )
    assert data["execution"] == {"c": {"status": "PENDING", "waitingFor": {"detail": "after b"}}, "z": None}
    assert (data["c"]["status"], data["z"]) == ("PENDING", None)


async def test_pages_show_each_step_once_reached_or_not(api: Api, hand: Hand) -> None:
    await hand.commit(a_step("a"), a_step("b"), a_step("c", StepStatus.RUNNING))
    seen: list[str] = []
    after = None
    for has_next in (True, True, False):
        steps = await page(api, hand, first=3, after=after)
        seen += nodes(steps, "path")
        assert steps["pageInfo"]["hasNextPage"] is has_next
        assert steps["totalCount"] == 7
        after = steps["pageInfo"]["endCursor"]
    assert seen == list("abcdefg")


async def test_a_filter_counts_for_both(api: Api, hand: Hand) -> None:
    await hand.commit(a_step("a"), a_step("b"))
    pending = await page(api, hand, filter={"status": ["PENDING"]}, first=2)
    done = await page(api, hand, filter={"status": ["COMPLETED"]})
    named = await page(api, hand, filter={"pathPrefix": "g"})
    other = await page(api, hand, filter={"type": ["WAIT"]})
    assert (nodes(pending, "path"), pending["totalCount"]) == (["c", "d"], 5)
    assert (nodes(done, "path"), done["totalCount"]) == (["a", "b"], 2)
    assert (nodes(named, "path"), named["totalCount"]) == (["g"], 1)
    assert (nodes(other, "path"), other["totalCount"]) == ([], 0)


async def test_when_the_execution_has_ended_only_what_was_reached_is_shown(api: Api, hand: Hand) -> None:
    await hand.commit(a_step("a"), status=ExecutionStatus.CANCELLED)
    steps = await page(api, hand)
    assert (nodes(steps, "path"), steps["totalCount"]) == (["a"], 1)


async def test_an_execution_that_was_not_begun_says_why(api: Api) -> None:
    await api.create_workflow(steps=STEPS)
    data = await api.run(
        """mutation { executeWorkflow(input: {workflowName: "orders", startAt: "2030-01-01T13:00:00Z"})
          { ... on WorkflowExecution { id waitingFor { kind until } steps(first: 1) {
            nodes { waitingFor { kind until } } } } } }"""
    )
    started = data["executeWorkflow"]
    timer = {"kind": "TIMER", "until": "2030-01-01T13:00:00Z"}
    assert started["waitingFor"] == timer
    assert started["steps"]["nodes"] == [{"waitingFor": timer}]

    now = await api.start()
    await now.commit(status=ExecutionStatus.PAUSED, paused_at=NOON)
    shown = (await api.run(PAGE, id=now.id))["execution"]
    assert shown["waitingFor"]["kind"] == "PAUSED"
    assert [each["waitingFor"]["kind"] for each in shown["steps"]["nodes"][:2]] == ["PAUSED", "DEPENDENCY"]


async def test_what_an_execution_waits_for_is_what_its_worker_has_stored(api: Api, hand: Hand) -> None:
    reason = WaitReason(kind=WaitKind.SIGNAL, detail="approved")
    await hand.commit(
        a_step("a", StepStatus.WAITING, waiting_for=reason), status=ExecutionStatus.WAITING, waiting_for=reason
    )
    shown = (await api.run(PAGE, id=hand.id))["execution"]
    assert shown["waitingFor"] == {"kind": "SIGNAL", "until": None, "detail": "approved"}
    assert shown["steps"]["nodes"][0]["waitingFor"] == {"kind": "SIGNAL", "detail": "approved"}
