"""Lists of rows with large values: nothing is read that is not selected, and no more than an answer may have."""

import asyncio
import json
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from domain.executions.records import NewExecution
from domain.kernel.ids import IdKind, new_id, to_public
from domain.kernel.json.text import JsonValue, dumps
from domain.kernel.large_values import LargeValue, ValueKind
from domain.kernel.statuses import Role
from domain.webhooks.hook_tokens import HookAddresses
from graphql_api.context import ApiOptions
from graphql_api.protocol.answers import answer
from graphql_api.workflows.loaders import DocumentLoader
from tests.contract.rows import claimed, end_of, new_execution, step
from tests.costs import least_seconds_awaited
from tests.integration.graphql_api.api import Api, a_step
from tests.integration.graphql_api.real import Real

UNEVEN: list[JsonValue] = [{"number": n, "name": f"{n:x}"} for n in range(15_000)]
"""Half a megabyte, which takes many times as much memory when it is parsed."""
EVEN = "y" * 900_000
"""Ten kilobytes as it is stored."""
MB = 2**20


async def stored(real: Real, value: JsonValue, count: int = 100) -> list[NewExecution]:
    """Store executions with this input; returns them, in the order of their creation."""
    await real.api.create_workflow("orders")
    record = await real.api.storage.workflows.find(name="orders")
    assert record is not None
    executions = [new_execution(input=value, workflow_id=record.id, workflow_version=1) for _ in range(count)]
    for start in range(0, count, 20):
        await real.api.storage.executions.create(executions[start : start + 20])
    return executions


class Cost:
    """The most memory that was in use above what there was, in bytes."""

    peak = 0


@contextmanager
def measured() -> Iterator[Cost]:
    cost = Cost()
    tracemalloc.start()
    try:
        yield cost
    finally:
        cost.peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()


async def refused(api: Api, query: str, **variables: Any) -> str:
    """The message of a query that is over a budget."""
    result = await api.schema.execute(query, variable_values=variables, context_value=api.context())
    assert result.data is None
    [error] = result.errors or []
    assert (error.extensions or {})["code"] == "LIMIT_EXCEEDED"
    return error.message


async def shown(api: Api, query: str, **variables: Any) -> Any:
    """The data of an operation, as it is sent."""
    return json.loads(dumps(await api.run(query, **variables)))


def aliased(field: str, times: int) -> str:
    return f"{{ {' '.join(f'a{n}: {field}' for n in range(times))} }}"


LIGHT = {
    "a list": "executions(first: 100) { nodes { id status createdAt progress { percent } } }",
    "a list in a list": "executions(first: 100) { nodes { id workflow { executions(first: 20) { nodes { id } } } } }",
    "their steps": "executions(first: 100) { nodes { id steps(first: 20) { nodes { path status } } } }",
}


@pytest.mark.parametrize("what", LIGHT)
@pytest.mark.parametrize("value", [UNEVEN, EVEN], ids=["uneven", "even"])
async def test_lists_read_nothing_large_that_is_not_selected(real: Real, what: str, value: JsonValue) -> None:
    await stored(real, value)
    query = f"{{ {LIGHT[what]} }}"
    await real.api.run(query)

    with measured() as cost:
        data = await real.api.run(query)

    assert len(data["executions"]["nodes"]) == 100
    assert cost.peak < 20 * MB


@pytest.mark.parametrize("value", [UNEVEN, EVEN], ids=["uneven", "even"])
async def test_a_list_ends_before_it_has_read_more_than_an_answer_may_have(real: Real, value: JsonValue) -> None:
    await stored(real, value)
    query = "{ executions(first: 100) { nodes { id input output steps { nodes { id input output } } } } }"

    with measured() as cost:
        message = await refused(real.api, query)

    assert "16,000,000 bytes" in message
    assert "smaller pages" in message
    assert cost.peak < 40 * MB
    assert await least_seconds_awaited(lambda: refused(real.api, query), enough=1) < 1


async def test_lists_under_many_aliases_share_one_budget(real: Real) -> None:
    await stored(real, UNEVEN, 20)

    with measured() as cost:
        message = await refused(real.api, aliased("executions(first: 4) { nodes { input } }", 20))
        by_id = await refused(real.api, aliased("executions(first: 20) { nodes { labels input } }", 20))

    assert "bytes" in message + by_id
    assert cost.peak < 60 * MB


async def test_the_same_values_under_many_names_are_one_error(real: Real) -> None:
    await stored(real, UNEVEN, 40)
    everything = "executions(first: 40) { nodes { id input output steps { nodes { input } } } }"

    assert "bytes" in await refused(real.api, aliased(everything, 2))
    assert "list items" in await refused(real.api, aliased(everything, 20))


async def test_what_is_within_the_budget_is_answered_whole(real: Real) -> None:
    [execution] = await stored(real, UNEVEN, 1)
    claim = await claimed(real.api.storage, execution.id)  # type: ignore[arg-type]
    steps = [step("a", output=UNEVEN), step("b", input=EVEN, output=[2**70, *UNEVEN])]
    await real.api.storage.executions.commit(end_of(claim, *steps, output={"x": EVEN}))
    id = to_public(IdKind.EXECUTION, execution.id)
    parts = "input output steps { nodes { path input output attempts { number } } }"

    data = await shown(real.api, f"query($id: ID!) {{ execution(id: $id) {{ {parts} }} }}", id=id)
    listed = await shown(real.api, f"{{ executions {{ nodes {{ {parts} }} }} }}")

    a, b = data["execution"]["steps"]["nodes"]
    assert (data["execution"]["input"], data["execution"]["output"]) == (UNEVEN, {"x": EVEN})
    assert (a["output"], b["input"], b["output"]) == (UNEVEN, EVEN, [2**70, *UNEVEN])
    assert a["attempts"] == b["attempts"] == [{"number": 1}]
    assert listed["executions"]["nodes"] == [data["execution"]]


async def test_large_values_are_sent_as_they_are_stored(real: Real) -> None:
    await stored(real, UNEVEN, 25)
    query = "{ executions(first: 25) { nodes { input } } }"

    with measured() as cost:
        data = await real.api.run(query)
        body = bytes(answer("application/json", {"data": data}, 200).body)

    assert json.loads(body) == {"data": {"executions": {"nodes": [{"input": UNEVEN}] * 25}}}
    assert cost.peak < 6 * len(body)  # parsed it would be more than ten times as much


async def test_each_value_counts_as_often_as_it_is_sent(real: Real) -> None:
    [execution] = await stored(real, UNEVEN, 1)
    id = to_public(IdKind.EXECUTION, execution.id)
    inputs = " ".join(f"i{n}: input" for n in range(60))

    message = await refused(real.api, f"query($id: ID!) {{ execution(id: $id) {{ {inputs} }} }}", id=id)

    assert "16,000,000 bytes of JSON" in message


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
async def test_addresses_of_hooks_in_large_values_are_masked_for_viewers(real: Real, role: Role) -> None:
    key = await real.api.services.installation.key()
    address = HookAddresses(key, "http://localhost").of_signals(new_id(), "approve")
    [execution] = await stored(real, [address, *UNEVEN], 1)
    context = real.api.context()
    context.principal = context.principal.__class__(**_fields(context.principal) | {"role": role})
    query = "query($id: ID!) { execution(id: $id) { input } }"
    id = to_public(IdKind.EXECUTION, execution.id)

    result = await real.api.schema.execute(query, variable_values={"id": id}, context_value=context)

    text = dumps(result.data)
    assert (address in text) is (role is Role.OPERATOR)
    assert len(text) > 400_000


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


PROGRESS = """subscription($id: ID!) {
  executionProgress(id: $id) { execution { id input output } steps { path output } }
}"""
LIST = 'subscription { executionUpdates(filter: {labels: {team: "a"}}) { id status input } }'


async def test_live_updates_show_large_values_too() -> None:
    api = Api()
    await api.create_workflow()
    hand = await api.start(input={"x": UNEVEN})
    await hand.commit(a_step("a", output=UNEVEN), a_step("b", output=1))
    events = api.subscribe(PROGRESS, id=hand.id)

    snapshot = json.loads(dumps((await anext(events))["executionProgress"]))
    await hand.commit(a_step("c", output=EVEN))
    delta = json.loads(dumps((await anext(events))["executionProgress"]))
    await events.aclose()

    assert [step["output"] for step in snapshot["steps"]] == [UNEVEN, 1]
    assert snapshot["execution"] == delta["execution"] == {"id": hand.id, "input": {"x": UNEVEN}, "output": None}
    assert delta["steps"] == [{"path": "c", "output": EVEN}]


async def test_live_lists_match_labels_that_were_left_out() -> None:
    api = Api()
    await api.create_workflow()
    events = api.subscribe(LIST)
    first = anext(events)
    labels = {f"l{n}": "x" * 256 for n in range(49)}
    waiting = asyncio.ensure_future(first)
    await asyncio.sleep(0)
    await api.start(labels=labels | {"team": "b"})
    hand = await api.start(labels=labels | {"team": "a"}, input=UNEVEN)

    event = json.loads(dumps((await waiting)["executionUpdates"]))
    await events.aclose()

    assert (event["id"], event["input"]) == (hand.id, UNEVEN)


async def test_a_snapshot_of_more_than_an_event_may_have_is_the_error_and_the_next_event_is_whole() -> None:
    api = Api(options=ApiOptions(max_answer_bytes=1_000_000))
    await api.create_workflow()
    hand = await api.start()
    await hand.commit(*(a_step(name, output=UNEVEN) for name in "abc"))
    stream: Any = await api.schema.stream(PROGRESS, variable_values={"id": hand.id}, context_value=api.context())

    snapshot = await anext(stream)
    await hand.commit(a_step("d", output=UNEVEN))
    delta = await anext(stream)
    await stream.aclose()

    assert snapshot.data is None
    [error] = snapshot.errors
    assert "1,000,000 bytes" in error.message
    assert delta.errors is None
    assert [each["path"] for each in delta.data["executionProgress"]["steps"]] == ["d"]


async def test_who_gives_up_waiting_takes_a_value_from_nobody_else() -> None:
    api = Api()
    await api.create_workflow()
    hand = await api.start(input=UNEVEN)
    context = api.context()
    record = (await api.storage.queries.get_many([hand.execution_id]))[hand.execution_id]

    async def value() -> Any:
        return await context.large_values.later(LargeValue(ValueKind.EXECUTION_INPUT, record.id))

    async def document() -> Any:
        return await context.shared(DocumentLoader).load(record.definition_id)

    for load in (value, document):
        first, second = asyncio.ensure_future(load()), asyncio.ensure_future(load())
        await asyncio.sleep(0)
        first.cancel()
        assert await second is not None
