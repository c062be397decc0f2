"""Transformation rules: what is wrong with one before its examples are tried, and when two values are the same."""

from typing import Any

import pytest

from domain.kernel.json.text import JsonValue
from domain.transformation_rules.model import RuleExample, RuleSettings, is_same_json, settings_problems

EXAMPLE = RuleExample(input=1, output=2)


def faults(**members: Any) -> dict[str, str]:
    settings = RuleSettings(**({"name": "total", "expression": "input.total"} | members))
    return {".".join(problem.path): problem.message for problem in settings_problems(settings)}


def test_a_good_rule_has_no_problems() -> None:
    assert faults(description="Adds up.", input_schema={"type": "object"}, output_schema=False) == {}
    assert faults(expression="(   $total := $sum(input.lines.price); $total * 2 )", examples=(EXAMPLE,) * 100) == {}


def test_everything_is_said_at_once() -> None:
    found = faults(
        name="",
        description="x\0",
        expression="input.a +",
        input_schema={"type": "objekt"},
        output_schema=5,
        examples=(EXAMPLE, RuleExample(input=float("nan"), output="x" * 100_001)),
    )
    assert found.keys() == {
        "name",
        "description",
        "expression",
        "inputSchema.type",
        "outputSchema",
        "examples.1.input",
        "examples.1.output",
    }


def test_a_rule_sees_nothing_but_its_input() -> None:
    for source in ("vars.rate", "steps.a.output", "execution.id", "item", "inptu.a", "input.a + workflow.name"):
        assert "Nothing is called" in faults(expression=source)["expression"], source
    assert "Secrets" in faults(expression="secrets.key")["expression"]


def test_a_name_that_is_wrong_is_told_once_however_often_it_is_read() -> None:
    settings = RuleSettings(name="total", expression="$sum(lines.(price * quantity)) + $count(lines)")
    assert [problem.message for problem in settings_problems(settings)] == ["Nothing is called `lines` here."]


def test_there_are_only_so_many_examples() -> None:
    assert faults(examples=(EXAMPLE,) * 101) == {"examples": "There are 101 examples; 100 are allowed."}


SAME: list[tuple[Any, Any]] = [
    (1, 1.0),
    ("a", "a"),
    (None, None),
    (True, True),
    ([1, [2.0]], (1, [2])),
    ({"a": 1, "b": [None]}, {"b": [None], "a": 1.0}),
    (2**70, 2**70),
]
DIFFERENT: list[tuple[Any, Any]] = [
    (1, True),
    (0, False),
    (0, None),
    ("1", 1),
    ("", []),
    ("ab", ["a", "b"]),
    ([], {}),
    ([1], [1, 2]),
    ({"a": 1}, {"a": True}),
    ({"a": 1}, {"a": 1, "b": 2}),
    ({"a": None}, {}),
    (2**70, 2**70 + 1),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_values_that_json_says_the_same_of(one: JsonValue, other: JsonValue) -> None:
    assert is_same_json(one, other)
    assert is_same_json(other, one)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_values_that_json_tells_apart(one: JsonValue, other: JsonValue) -> None:
    assert not is_same_json(one, other)
    assert not is_same_json(other, one)
