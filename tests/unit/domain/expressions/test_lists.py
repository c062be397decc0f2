"""Expressions that have to give a list, such as a loop's items, and find none, one or many."""

import pytest

from actors.steps.containers import ForEachExecutor
from domain.executions.step_executor import Failed, Opened, Outcome, Succeeded
from domain.expressions.expression import YieldsNothing
from domain.expressions.lists import compile_list
from domain.kernel.failures import FailureCode
from domain.kernel.json.text import JsonValue
from tests.builders import constant, step
from tests.calls import a_call

INPUT: dict[str, JsonValue] = {
    "list": [{"x": 1, "tags": ["a"]}, {"x": 6, "tags": ["b", "c"]}, {"x": 9, "tags": []}],
    "one": [{"x": 7, "lines": [{"n": 1}]}],
    "none": [],
    "empty": [{"y": 1}],
    "order": {"x": 7},
    "text": "abc",
}


def outcome(items: str) -> Outcome:
    config = {"items": items, "steps": [constant()]}
    return ForEachExecutor(100).execute(a_call(step("loop", "FOR_EACH", config), scope={"input": INPUT}))


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ("input.list[x > 5].x", [6, 9]),
        ("input.list[x > 6]", [{"x": 9, "tags": []}]),
        ("input.list[x > 6].x", [9]),
        ("input.list[x = 6].tags", ["b", "c"]),
        ("input.list[x = 1].tags", ["a"]),
        ("input.one", INPUT["one"]),
        ("input.one.x", [7]),
        ("input.one.lines", [{"n": 1}]),
        ("input.one.lines.n", [1]),
        ("input.one.(x * 2)", [14]),
        ("input.one.{'v': x}", [{"v": 7}]),
        ("input.list[x > 6] ?? 5", [{"x": 9, "tags": []}]),
        ("input.list[x > 50] ?? []", []),
        ("$sort(input.one.x)", [7]),
        ("[input.order]", [{"x": 7}]),
        ("[input.order, input.order]", [{"x": 7}, {"x": 7}]),
        ("[1, 2]", [1, 2]),
        ("input.text ? [1] : [2]", [1]),
    ],
)
def test_one_match_is_a_list_of_one_and_many_are_many(items: str, expected: list[JsonValue]) -> None:
    opened = outcome(items)

    if expected:
        assert opened == Opened(checkpoint={"items": expected})
    else:
        assert isinstance(opened, Succeeded)


NOTHING_FOUND = ["input.list[x > 50]", "input.list[x > 50].x", "input.none", "input.none.x", "input.empty.x"]
NO_LISTS = [
    "'abc'",
    "input.text",
    "input.order",
    "input.order.x",
    "input.list[0]",
    "{'a': 1}",
    "input.text & 'x'",
    "1 + 2",
]


@pytest.mark.parametrize("items", NOTHING_FOUND)
def test_no_match_is_an_empty_list(items: str) -> None:
    assert outcome(items) == Succeeded(output={"results": [], "succeeded": 0, "failed": 0, "failures": []})


@pytest.mark.parametrize("items", NO_LISTS)
def test_what_is_clearly_no_list_is_told(items: str) -> None:
    failed = outcome(items)

    assert isinstance(failed, Failed)
    assert failed.error.code is FailureCode.EXPRESSION_FAILED
    assert "which is not an array" in failed.error.message


@pytest.mark.parametrize("items", ["input.missing", "input.order.missing", "missing"])
def test_a_name_that_is_not_there_is_told(items: str) -> None:
    with pytest.raises(YieldsNothing):
        outcome(items)


def test_what_selects_in_the_sandbox_is_a_list_too() -> None:
    assert compile_list("$filter(input.a, function($i) { $i > 5 })").source.startswith("[$filter(")
    assert compile_list("$map(input.a, $uppercase)").source.startswith("[$map(")
    assert compile_list("input.a ~> $distinct()").source.startswith("[input.a")
    assert compile_list("input.**.id").source.startswith("[input")


def test_a_range_is_a_list() -> None:
    assert compile_list("[0..2]").source == "[0..2]"
