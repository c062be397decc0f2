"""Answers have a budget of values and of bytes: what would be over it ends early, and holds nobody up."""

import gc
from typing import Any

import pytest

from graphql_api.context import ApiOptions
from graphql_api.executions.types import WorkflowExecution
from tests.costs import least_hold, least_seconds_awaited
from tests.integration.graphql_api.api import Api, a_step

LARGE = [{"id": f"s{n}", "type": "DATA_TRANSFORM", "config": {"output": 1}} for n in range(8_000)]


def aliased(field: str, times: int) -> str:
    return " ".join(f"a{n}: {field}" for n in range(times))


REPEATED = {
    "graphs of one workflow": '{ workflow(name: "large") { %s } }'.replace(
        "%s", aliased("graph { nodes { path type name } edges { from to } }", 10)
    ),
    "graphs of one workflow again": "{ %s }".replace(
        "%s", aliased('workflow(name: "large") { graph { nodes { path } edges { from to } } }', 10)
    ),
    "steps": '{ workflow(name: "large") { %s } }'.replace("%s", aliased("steps { type config dependsOn }", 10)),
    "steps of many": "{ %s }".replace("%s", aliased('workflow(name: "large") { steps { type } }', 90)),
    "documents": '{ workflow(name: "large") { %s } }'.replace("%s", aliased("document", 60)),
    "documents of versions": '{ workflow(name: "large") { versions { nodes { %s } } } }'.replace(
        "%s", aliased("document", 60)
    ),
    "the schema": "{ __schema { %s } }".replace(
        "%s", aliased("types { fields { name type { name ofType { name } } args { name type { name } } } }", 60)
    ),
}


@pytest.mark.parametrize("what", REPEATED)
async def test_what_aliases_repeat_ends_at_the_budget(what: str) -> None:
    api = Api()
    await api.create_workflow("large", steps=LARGE)

    async def refused() -> None:
        result = await api.schema.execute(REPEATED[what], context_value=api.context())
        assert result.data is None
        [error] = result.errors or []
        assert (error.extensions or {})["code"] == "LIMIT_EXCEEDED"
        assert "100,000 values" in error.message

    assert await least_seconds_awaited(refused, enough=3) < 3
    assert await least_hold(refused, enough=0.5) < 0.5


async def test_large_lists_leave_the_event_loop_to_others() -> None:
    api = Api()
    await api.create_workflow("large", steps=LARGE)
    document = {"name": "large", "steps": LARGE}

    async def read() -> None:
        data = await api.run('{ workflow(name: "large") { graph { nodes { path type name } } document } }')
        assert [node["path"] for node in data["workflow"]["graph"]["nodes"]] == [step["id"] for step in LARGE]
        assert data["workflow"]["document"]["steps"] == document["steps"]

    assert await least_hold(read, enough=0.5) < 0.5


async def test_many_lists_that_become_ready_at_once_take_turns() -> None:
    api = Api()
    for n in range(100):
        await api.create_workflow(f"w{n}")

    query = "{ %s }".replace("%s", aliased("workflows(first: 100) { nodes { name status createdAt } }", 20))

    assert await least_hold(lambda: api.run(query), enough=0.5) < 0.5


async def test_executions_in_executions_are_counted_too() -> None:
    api = Api(options=ApiOptions(max_answer_values=500))
    await api.create_workflow()
    for _ in range(20):
        await api.start()
    inner = "executions { nodes { id workflow { executions { nodes { id status } } } } }"

    [error] = await api.errors(f"{{ {inner} }}")

    assert (error["extensions"]["code"], error.get("path")) == ("LIMIT_EXCEEDED", None)


@pytest.mark.parametrize("most", [500, 100_000])
async def test_what_a_failed_operation_has_read_is_gone_with_its_answer(most: int) -> None:
    """Without the garbage collector: what the next operations keep would be stored beside it, and its memory stay."""
    api = Api(options=ApiOptions(max_answer_values=most))
    await api.create_workflow()
    for _ in range(20):
        await api.start()
    inner = "executions(first: 50) { nodes { id workflow { executions(first: 50) { nodes { id %s } } } } }"
    too_much = "workflow { executions(first: 100) { nodes { id } } }"  # refused for each, where 500 do not end it all
    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            assert await api.errors("{ %s }".replace("%s", inner.replace("%s", too_much)))
        assert [each for each in gc.get_objects() if isinstance(each, WorkflowExecution)] == []
    finally:
        gc.enable()


@pytest.mark.parametrize("selected", ["input", "output", "labels", "steps { nodes { input output } }"])
async def test_every_json_field_is_counted(selected: str) -> None:
    api = Api(options=ApiOptions(max_answer_bytes=50_000))
    await api.create_workflow()
    text = "é" * 3_000
    hand = await api.start(input={"x": text}, labels={f"l{n}": text[:200] for n in range(20)})
    await hand.commit(a_step("a", input={"x": text}, output=text), output={"x": text})
    query = "query($id: ID!) { execution(id: $id) { %s } }"

    await api.run(query.replace("%s", selected), id=hand.id)
    [error] = await api.errors(query.replace("%s", aliased(selected, 30)), id=hand.id)

    assert error["extensions"]["code"] == "LIMIT_EXCEEDED"


PROGRESS = "subscription($id: ID!) { executionProgress(id: $id) { execution { id %s } steps { path %s } } }"


@pytest.mark.parametrize("planned", [True, False])
async def test_every_event_has_a_budget_of_its_own(*, planned: bool) -> None:
    api = Api(options=ApiOptions(max_answer_bytes=30_000))
    await api.create_workflow()
    hand = await api.start()
    await hand.commit(*[a_step(f"{name}", output="x" * 10_000) for name in "abcd"])
    query = PROGRESS.replace("%s", "" if planned else "workflow { name }", 1).replace("%s", "output")
    stream: Any = await api.schema.stream(query, variable_values={"id": hand.id}, context_value=api.context())

    snapshot = await anext(stream)
    await hand.commit(a_step("e", output="x" * 10_000))
    delta = await anext(stream)
    await stream.aclose()

    assert snapshot.data is None
    [error] = snapshot.errors
    assert (error.extensions or {})["code"] == "LIMIT_EXCEEDED"
    assert delta.errors is None
    assert [step["path"] for step in delta.data["executionProgress"]["steps"]] == ["e"]


async def test_a_part_that_fails_is_still_null_beside_its_error() -> None:
    api = Api()

    result = await api.schema.execute('{ a: execution(id: "x") { id } __typename }', context_value=api.context())

    assert result.data == {"a": None, "__typename": "Query"}
