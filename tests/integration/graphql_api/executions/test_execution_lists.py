"""Lists of executions and of their steps: filters, ids that are malformed or unknown, and what takes too long."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from domain.kernel.statuses import ExecutionStatus, StepStatus, StepType
from graphql_api.context import ApiOptions
from tests.integration.graphql_api.api import Api, a_step, nodes
from tests.waiting import wait_until

UNKNOWN = "ex_01h455vb4pex5vsknk084sn02q"


async def test_steps_are_filtered(api: Api) -> None:
    await api.create_workflow("orders")
    hand = await api.start("orders")
    await hand.commit(
        a_step("a"), a_step("b", StepStatus.FAILED, type=StepType.HTTP_REQUEST), a_step("c", StepStatus.RUNNING)
    )
    query = """query($id: ID!, $f: StepExecutionFilter) { execution(id: $id)
      { steps(filter: $f) { totalCount nodes { path } } } }"""

    async def paths(**filter: Any) -> list[str]:
        data = await api.run(query, id=hand.id, f=filter)
        found = nodes(data["execution"]["steps"], "path")
        assert data["execution"]["steps"]["totalCount"] == len(found)
        return found

    assert await paths() == ["a", "b", "c"]
    assert await paths(status=["FAILED", "RUNNING"]) == ["b", "c"]
    assert await paths(type=["HTTP_REQUEST"]) == ["b"]
    assert await paths(pathPrefix="a") == ["a"]
    assert await paths(status=[]) == []


async def test_executions_are_listed_newest_first_by_filter(api: Api) -> None:
    orders = await api.create_workflow("orders")
    await api.create_workflow("returns")
    first, second = await api.start("orders", labels={"team": "x", "n": 1}), await api.start("returns")
    await second.finish()
    query = "query($f: ExecutionFilter) { executions(filter: $f) { totalCount nodes { id } } }"

    async def found(**filter: Any) -> list[str]:
        data = await api.run(query, f=filter)
        assert data["executions"]["totalCount"] == len(data["executions"]["nodes"])
        return nodes(data["executions"], "id")

    assert await found() == [second.id, first.id]
    assert await found(workflowId=orders["id"]) == [first.id]
    assert await found(workflowName="returns") == [second.id]
    assert await found(status=["COMPLETED"]) == [second.id]
    assert await found(labels={"team": "x"}) == [first.id]
    assert await found(createdBefore="2029-01-01T00:00:00Z") == []
    of_workflow = await api.run(
        "query($id: ID!) { workflow(id: $id) { executions { nodes { id } } } }", id=orders["id"]
    )
    assert nodes(of_workflow["workflow"]["executions"], "id") == [first.id]


LISTED = """query($f: ExecutionFilter, $first: Int, $after: String, $last: Int, $before: String, $by: ExecutionOrder) {
  executions(filter: $f, first: $first, after: $after, last: $last, before: $before, orderBy: $by) {
    totalCount edges { cursor node { id } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""


def listed(data: Any) -> list[str]:
    return [edge["node"]["id"] for edge in data["executions"]["edges"]]


@pytest.mark.parametrize("by", ["CREATED", "ENDED", "DURATION"])
async def test_a_list_is_paged_back_and_shows_the_neighbours_of_an_execution(api: Api, by: str) -> None:
    await api.create_workflow("orders")
    ids = []
    for _ in range(5):
        hand = await api.start("orders")
        api.clock.advance(timedelta(seconds=1))
        await hand.finish()
        ids.append(hand.id)
    newest = ids[::-1]
    order: dict[str, Any] = {"by": by}

    data = await api.run(LISTED, by=order, first=2)
    assert listed(data) == newest[:2]
    second = await api.run(LISTED, by=order, first=2, after=data["executions"]["pageInfo"]["endCursor"])
    assert listed(second) == newest[2:4]
    info = second["executions"]["pageInfo"]
    assert (info["hasNextPage"], info["hasPreviousPage"]) == (True, True)
    back = await api.run(LISTED, by=order, last=2, before=info["startCursor"])
    assert listed(back) == newest[:2]
    info = back["executions"]["pageInfo"]
    assert (info["hasNextPage"], info["hasPreviousPage"]) == (True, False)
    assert listed(await api.run(LISTED, by=order, last=2)) == newest[3:]
    assert listed(await api.run(LISTED, by=order | {"ascending": True}, first=2)) == ids[:2]
    assert listed(await api.run(LISTED, by=order, last=1, before=newest[2])) == [newest[1]]
    assert listed(await api.run(LISTED, by=order, first=1, after=newest[2])) == [newest[3]]


async def test_a_place_that_is_none_is_a_clear_error(api: Api) -> None:
    await api.create_workflow("orders")
    running = await api.start("orders")
    cursor = (await api.run(LISTED))["executions"]["pageInfo"]["endCursor"]

    async def problem(**given: Any) -> Any:
        [error] = await api.errors(LISTED, **given)
        return error["extensions"]["problems"][0]["path"]

    assert await problem(after=UNKNOWN) == ["after"]
    assert await problem(last=2, before=running.id, by={"by": "ENDED"}) == ["before"]
    assert await problem(after=cursor, by={"by": "ENDED"}) == ["after"]
    assert await problem(last=2, after=cursor) == ["after"]
    assert await problem(last=0) == ["last"]


async def test_executions_are_counted_by_status(api: Api) -> None:
    await api.create_workflow("orders")
    await (await api.start("orders", labels={"team": "x"})).finish()
    await api.start("orders")
    query = """query($f: ExecutionFilter) { executionCounts(filter: $f)
      { total isEstimate statuses { status count isEstimate } } }"""

    async def counted(**filter: Any) -> Any:
        counts = (await api.run(query, f=filter))["executionCounts"]
        assert counts["isEstimate"] is False
        return counts["total"], {each["status"]: each["count"] for each in counts["statuses"] if each["count"]}

    assert await counted() == (2, {"COMPLETED": 1, "PENDING": 1})
    assert await counted(labelText="X") == (1, {"COMPLETED": 1})
    assert await counted(status=["FAILED"]) == (0, {})


async def test_an_execution_says_what_has_started_it_and_is_found_by_that(api: Api) -> None:
    await api.create_workflow("orders")
    failed = await api.start("orders")
    await failed.commit(status=ExecutionStatus.FAILED)
    retried = (await api.run("mutation($id: ID!) { retryExecution(id: $id) { ... on Node { id } } }", id=failed.id))[
        "retryExecution"
    ]["id"]
    data = await api.run("query($id: ID!) { execution(id: $id) { trigger { kind sourceId } } }", id=retried)
    assert data["execution"]["trigger"] == {"kind": "RETRY", "sourceId": failed.id}
    assert listed(await api.run(LISTED, f={"trigger": "RETRY"})) == [retried]
    assert listed(await api.run(LISTED, f={"triggerId": failed.id})) == [retried]
    assert listed(await api.run(LISTED, f={"idPrefix": retried[:-1]})) == [retried]
    assert listed(await api.run(LISTED, f={"waitingFor": {"kind": "WORKER"}})) == [retried]
    assert listed(await api.run(LISTED, f={"longerThan": "PT1H"})) == []


@pytest.mark.parametrize("id", ["", "nonsense", "ex_", "wf_01h455vb4pex5vsknk084sn02q", "ex_é", "ex_" + "z" * 10_000])
async def test_a_malformed_id_is_a_clear_error(api: Api, id: str) -> None:
    [error] = await api.errors("query($id: ID!) { execution(id: $id) { id } }", id=id)

    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["path"] == ["execution"]
    assert error["extensions"]["problems"][0]["path"] == ["id"]
    assert len(error["message"]) < 300


async def test_an_unknown_id_is_null(api: Api) -> None:
    assert await api.run("query($id: ID!) { execution(id: $id) { id } }", id=UNKNOWN) == {"execution": None}


async def test_a_malformed_filter_is_a_clear_error(api: Api) -> None:
    query = "query($f: ExecutionFilter) { executions(filter: $f) { totalCount } }"

    [bad_id] = await api.errors(query, f={"workflowId": "nonsense"})
    [bad_labels] = await api.errors(query, f={"labels": [1]})

    assert bad_id["extensions"]["problems"][0]["path"] == ["filter", "workflowId"]
    assert bad_labels["extensions"]["problems"][0]["path"] == ["filter", "labels"]
    for part, value in (("idPrefix", "ex_!"), ("idPrefix", ""), ("triggerId", "wf_1"), ("labelText", "--")):
        [error] = await api.errors(query, f={part: value})
        assert error["extensions"]["problems"][0]["path"] == ["filter", part]


async def test_an_operation_that_takes_too_long_is_given_up() -> None:
    api = Api(options=ApiOptions(operation_timeout=timedelta(milliseconds=20)))
    stuck = asyncio.Event()

    async def never(*_: Any, **__: Any) -> Any:
        stuck.set()
        await asyncio.Event().wait()

    api.storage.queries.page = never  # type: ignore[method-assign]

    [error] = await api.errors("{ executions { nodes { id } } }")

    assert error["extensions"]["code"] == "UNAVAILABLE"
    await wait_until(stuck.is_set, "the query was tried")
