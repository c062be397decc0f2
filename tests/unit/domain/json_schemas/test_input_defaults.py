"""Defaults of an input schema."""

from typing import Any

import pytest

from domain.json_schemas.defaults import with_defaults

SCHEMA: Any = {
    "type": "object",
    "properties": {
        "currency": {"type": "string", "default": "EUR"},
        "retry": {"properties": {"times": {"default": 3}, "pause": {"default": None}}},
        "ship": {"default": {"by": "post"}, "properties": {"to": {"default": "home"}}},
        "lines": {"items": {"properties": {"n": {"default": 1}}}},
        "plain": {"type": "string"},
        "any": True,
    },
    "allOf": [{"properties": {"within": {"default": 1}}}],
    "if": {"properties": {"within": {"default": 1}}},
}


def test_a_missing_member_has_its_default_and_so_have_those_within() -> None:
    assert with_defaults(SCHEMA, {}) == {"currency": "EUR", "ship": {"by": "post", "to": "home"}}
    assert with_defaults(SCHEMA, {"retry": {}})["retry"] == {"times": 3, "pause": None}  # type: ignore[index, call-overload]


def test_what_is_there_stays_as_it_is_null_too() -> None:
    given: Any = {"currency": None, "ship": None, "retry": {"times": 0, "pause": 1}, "lines": [{}], "other": 1}
    assert with_defaults(SCHEMA, given) is given


def test_the_input_that_was_given_is_not_changed() -> None:
    given: Any = {"retry": {}}
    with_defaults(SCHEMA, given)
    assert given == {"retry": {}}
    assert SCHEMA["properties"]["ship"]["default"] == {"by": "post"}


@pytest.mark.parametrize("value", [None, 1, "text", [], [{}]])
def test_what_is_no_object_has_no_members(value: Any) -> None:
    assert with_defaults(SCHEMA, value) is value


@pytest.mark.parametrize(
    "schema", [None, True, False, [], {"properties": []}, {"properties": {"a": []}}, {"default": 1}]
)
def test_a_schema_without_properties_changes_nothing(schema: Any) -> None:
    given: Any = {"b": 1}
    assert with_defaults(schema, given) is given


def test_a_default_that_needs_itself_ends() -> None:
    schema: Any = {"properties": {}}
    for _ in range(100):
        schema = {"properties": {"n": {**schema, "default": {}}}}
    depth, value = 0, with_defaults(schema, {})
    while isinstance(value, dict) and value:
        depth, value = depth + 1, value["n"]
    assert 60 < depth < 70
