"""Lists of executions and of their steps: filters, ids that are malformed or unknown, and what takes too long."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from domain.kernel.statuses import StepStatus, StepType
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
