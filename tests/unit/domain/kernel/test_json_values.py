"""Checks of JSON values: other values are found at their paths, and valid ones are checked cheaply."""

import json
from typing import Any

import pytest

from domain.kernel.json.values import MAX_NESTING, json_problems
from tests.costs import least_ratio


def nested(levels: int, innermost: Any = 1) -> Any:
    value = innermost
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


FINE = {
    "scalars": [None, True, False, 0, 10**30, 1.5, "", "x"],
    "a tuple": (1, ("x",)),
    "text of any language": {"ключ": "значение", "emoji": "😀"},
    "as deep as it may be": nested(MAX_NESTING),
}
ODD: dict[str, tuple[Any, tuple[str, ...]]] = {
    "infinity": ({"a": [1, float("inf")]}, ("a", "1")),
    "no number": ([float("nan")], ("0",)),
    "U+0000 in a text": ({"a": "x\0"}, ("a",)),
    "U+0000 in a key": ({"a": {"\0": 1}}, ("a",)),
    "half of a surrogate pair": (["x", "\ud800"], ("1",)),
    "half of one in a key": ({"\udfff": 1}, ()),
    "a key that is no text": ({"a": {1: 2}}, ("a",)),
    "what is no JSON value": ({"a": {1, 2}}, ("a",)),
}


@pytest.mark.parametrize("value", FINE.values(), ids=FINE)
def test_nothing_is_said_of_what_is_json(value: Any) -> None:
    assert json_problems(value, max_values=1_000) == []


@pytest.mark.parametrize(("value", "path"), ODD.values(), ids=ODD)
def test_what_is_no_json_is_found_at_its_path(value: Any, path: tuple[str, ...]) -> None:
    [problem] = json_problems(value, max_values=1_000)
    assert problem.path == path


def test_what_is_nested_too_deeply_and_what_has_too_many_values_is_refused() -> None:
    [deep] = json_problems(nested(MAX_NESTING + 1), max_values=1_000)
    assert "nested more than 200 levels" in deep.message
    [many] = json_problems([1] * 1_000, max_values=1_000)
    assert "more than 1,000 values" in many.message
    assert json_problems([1] * 999, max_values=1_000) == []


def test_looking_through_a_value_costs_a_few_times_what_reading_its_text_does() -> None:
    value = [{"a": 1}] * 60_000
    text = json.dumps(value)
    assert least_ratio(lambda: json_problems(value, max_values=1_000_000), lambda: json.loads(text), enough=6) < 6
