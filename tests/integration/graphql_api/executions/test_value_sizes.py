"""Sizes of inputs and outputs: told of lists, steps and live updates, and nothing is read for them."""

from typing import Any

import pytest

from domain.kernel.ids import IdKind, to_public
from domain.kernel.json.text import JsonValue, dumps
from tests.contract.rows import claimed, end_of, new_execution, step
from tests.integration.graphql_api.api import Api, a_step
from tests.integration.graphql_api.real import Real

EVEN = "y" * 900_000
"""Ten kilobytes as it is stored."""
SMALL: JsonValue = {"name": "Zoë", "numbers": [1.5, 2**70, None]}
SIZES = "inputBytes outputBytes steps { nodes { path inputBytes outputBytes } }"


def size(value: JsonValue) -> int:
    return len(dumps(value).encode())


async def an_execution(real: Real, value: JsonValue) -> str:
    """A stored execution with this input, output, and the same in a step; returns its id."""
    execution = new_execution(input=value)
    await real.api.storage.executions.create([execution])
    claim = await claimed(real.api.storage, execution.id)  # type: ignore[arg-type]
    steps = [step("a", input=value, output=value), step("b", input=None)]
    await real.api.storage.executions.commit(end_of(claim, *steps, output=value))
    return to_public(IdKind.EXECUTION, execution.id)


@pytest.mark.parametrize("value", [SMALL, EVEN], ids=["small", "large"])
async def test_sizes_are_those_of_the_json(real: Real, value: JsonValue) -> None:
    id = await an_execution(real, value)
    whole = size(value)

    one = (await real.api.run(f"query($id: ID!) {{ execution(id: $id) {{ {SIZES} }} }}", id=id))["execution"]
    [listed] = (await real.api.run(f"{{ executions {{ nodes {{ {SIZES} }} }} }}"))["executions"]["nodes"]

    assert one == listed
    assert (one["inputBytes"], one["outputBytes"]) == (whole, whole)
    assert one["steps"]["nodes"] == [
        {"path": "a", "inputBytes": whole, "outputBytes": whole},
        {"path": "b", "inputBytes": None, "outputBytes": None},
    ]


async def test_sizes_of_a_page_take_one_statement_for_each_kind_of_value(real: Real) -> None:
    for _ in range(5):
        await an_execution(real, EVEN)

    with real.database.counting() as statements:
        await real.api.run("{ executions { nodes { inputBytes outputBytes } } }")

    assert len(statements) == 3


async def test_sizes_of_small_values_take_no_statement(real: Real) -> None:
    await an_execution(real, SMALL)

    with real.database.counting() as statements:
        await real.api.run("{ executions { nodes { inputBytes outputBytes } } }")

    assert len(statements) == 1


async def test_one_operation_measures_no_more_than_it_may(real: Real) -> None:
    for _ in range(15):
        await an_execution(real, EVEN)
    query = " ".join(f"a{n}: executions {{ nodes {{ inputBytes outputBytes }} }}" for n in range(20))

    result = await real.api.schema.execute(f"{{ {query} }}", context_value=real.api.context())

    [error] = result.errors or []
    assert (error.extensions or {})["code"] == "LIMIT_EXCEEDED"
    assert "256,000,000 bytes" in error.message


async def test_live_updates_tell_sizes_too() -> None:
    api = Api()
    await api.create_workflow()
    hand = await api.start(input=EVEN)
    await hand.commit(a_step("a", output=SMALL))
    query = """subscription($id: ID!) {
      executionProgress(id: $id) { execution { inputBytes outputBytes } steps { path outputBytes } }
    }"""
    events = api.subscribe(query, id=hand.id)

    snapshot: Any = (await anext(events))["executionProgress"]
    await hand.finish(EVEN)
    end: Any = (await anext(events))["executionProgress"]
    await events.aclose()

    assert snapshot["execution"] == {"inputBytes": size(EVEN), "outputBytes": None}
    assert snapshot["steps"][0] == {"path": "a", "outputBytes": size(SMALL)}
    assert end["execution"] == {"inputBytes": size(EVEN), "outputBytes": size(EVEN)}
