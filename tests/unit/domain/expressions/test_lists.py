"""Expressions that have to give a list, such as a loop's items, and find none, one or many."""

import pytest

from actors.steps.containers import ForEachExecutor
from domain.executions.step_executor import Failed, Opened, Outcome, Succeeded
from domain.expressions.expression import Tier, YieldsNothing
from domain.expressions.language.jsonata import Program
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
        ("input.one ? input.order : 5", [{"x": 7}]),
        ("(input.one)", INPUT["one"]),
        ("((input.one.x))", [7]),
        ("([1, 2])", [1, 2]),
        ("([[1, 2]])", [[1, 2]]),
        ("[1, 2, 3][$ > 1]", [2, 3]),
        ("[1, 2, 3][$ > 2]", [3]),
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
    "('abc')",
    "(input.order)",
    "((input.list[0]))",
    "({'a': 1})",
    "(1 + 2)",
    "('abc' ?? 'x')",
    "1 = 1 ? 'abc' : 5",
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


#: Expressions that select where `{}` is what is selected by, of each tier.
SELECTING_HERE = [
    "(input.list[x > {}])",
    "((input.list)[x > {}])",
    "((input.list[x > {}]))",
    "(input.list[x > {}]).$",
    "1 = 1 ? input.list[x > {}] : []",
    "1 = 2 ? [] : (input.list[x > {}])",
    "(1 = 2 ? [] : 1 = 1 ? input.list[x > {}])",
    "1 = 1 ? (1 = 1 ? input.list[x > {}] : 5) : 6",
    "(input.list[x > {}]) ?? []",
    "(input.missing) ?? (input.list[x > {}])",
]
SELECTING_IN_THE_SANDBOX = [
    "($t := {}; input.list[x > $t])",
    "($t := {}; input.list[x > $t];)",
    "($l := input.list; $l[x > {}])",
    "($l := input.list; ($t := {}; $l[x > $t]))",
    "($found := input.list[x > {}]; $found)",
    "($found := (input.list[x > {}]); $same := $found; ($same))",
    "($l := [1]; $l := input.list[x > {}]; 1 = 1 ? $l : 5)",
    "$found := (input.list[x > {}])",
    "(1 = 1 ? $filter(input.list, function($i) {{ $i.x > {} }}) : [])",
    "**[x > {}]",
    "(**[x > {}])",
    "(*.list[x > {}])",
    "*.*[x > {}]",
    "input.**[x > {}]",
    "($f := function($n) {{ input.list[x > $n] }}; [$f({})])",
    "[($f := function($n) {{ input.list[x > $n] }}; $f({}))]",
]
SELECTED = {5: [{"x": 6}, {"x": 9}], 6: [{"x": 9}], 50: []}


@pytest.mark.parametrize("above", SELECTED)
@pytest.mark.parametrize("items", [*SELECTING_HERE, *SELECTING_IN_THE_SANDBOX])
def test_what_gives_the_value_decides_wherever_it_stands(items: str, above: int) -> None:
    expression = compile_list(items.format(above))

    given = Program(expression.source).evaluate({"input": {"list": [{"x": 1}, {"x": 6}, {"x": 9}]}})

    assert given == SELECTED[above]
    assert expression.tier is (Tier.SAFE if items in SELECTING_HERE else Tier.SANDBOX)


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ("($l := [1, 2]; $l)", [1, 2]),
        ("($l := [[1, 2]]; $l)", [[1, 2]]),
        ("($l := input.m; $l)", [[1, 2]]),
        ("($f := function($n) { [$n] }; $f(1))", [1]),
        ("($found := input.m[0][$ > 1]; $found := 'abc'; $found)", "abc"),
        ("($found := input.m; $count($found))", 1),
        ("($found := input.m; $found & 'x')", "[[1,2]]x"),
        ("(input.m; 'abc')", "abc"),
        ("($f := function($n) { input.m }; 'abc')", "abc"),
    ],
)
def test_what_does_not_select_stays_as_it_is(items: str, expected: JsonValue) -> None:
    assert Program(compile_list(items).source).evaluate({"input": {"m": [[1, 2]]}}) == expected


def test_a_single_value_in_parentheses_is_told_as_the_value_is() -> None:
    assert compile_list("((input.order))").source == "input.order"


def test_what_selects_in_the_sandbox_is_a_list_too() -> None:
    assert compile_list("$filter(input.a, function($i) { $i > 5 })").source.startswith("[$filter(")
    assert compile_list("$map(input.a, $uppercase)").source.startswith("[$map(")
    assert compile_list("input.a ~> $distinct()").source.startswith("[input.a")
    assert compile_list("input.**.id").source.startswith("[input")


def test_a_range_is_a_list() -> None:
    assert compile_list("[0..2]").source == "[0..2]"
