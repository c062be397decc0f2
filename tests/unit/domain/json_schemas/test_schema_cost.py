"""Schemas whose cost is known: the rule that keeps everything else out of this process."""

from typing import Any

import orjson
import pytest

from domain.json_schemas.cost import MAX_WORK, known_cost
from domain.json_schemas.library import SchemaValidator
from domain.json_schemas.schema import JsonSchema
from tests.costly_schemas import ENDLESS, UNKNOWN
from tests.costs import least_seconds

DRAFT_7 = "http://json-schema.org/draft-07/schema#"
USUAL: dict[str, Any] = {
    "anything": True,
    "nothing": False,
    "an order": {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Order",
        "type": "object",
        "required": ["id", "lines"],
        "additionalProperties": False,
        "properties": {
            "id": {"type": "string", "minLength": 1, "format": "uuid", "description": "Which."},
            "lines": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/line"}},
            "total": {"type": "number", "minimum": 0, "multipleOf": 0.01, "default": 0},
            "status": {"enum": ["NEW", "PAID", None]},
        },
        "$defs": {"line": {"type": "object", "properties": {"sku": {"type": "string"}, "n": {"type": "integer"}}}},
    },
    "alternatives": {"oneOf": [{"type": "string"}, {"type": "object", "required": ["a"]}, {"const": 1}]},
    "conditions": {"if": {"required": ["a"]}, "then": {"required": ["b"]}, "else": {"not": {"required": ["b"]}}},
    "an older draft": {"$schema": DRAFT_7, "definitions": {"a": {"format": "email"}}, "$ref": "#/definitions/a"},
    "own members": {"type": "string", "x-label": "Name"},
    "different items": {"type": "array", "uniqueItems": True, "prefixItems": [{"type": "string"}], "items": False},
}


@pytest.mark.parametrize("schema", USUAL.values(), ids=USUAL)
def test_the_schemas_that_people_write_are_checked_in_this_process(schema: Any) -> None:
    assert known_cost(schema) is not None
    assert not JsonSchema(schema).is_costly


COSTLY = {name: schema for name, (schema, _) in {**ENDLESS, **UNKNOWN}.items()}


@pytest.mark.parametrize("schema", COSTLY.values(), ids=COSTLY)
def test_what_may_cost_anything_is_not_even_compiled_in_this_process(schema: Any) -> None:
    def look_at() -> None:
        compiled = JsonSchema(schema)
        assert compiled.is_costly
        assert compiled.problems_here({}) is None

    assert least_seconds(look_at, enough=0.5) < 0.5


def test_a_reference_counts_as_often_as_it_is_written_out() -> None:
    line = {"properties": {name: {"type": "string"} for name in "abc"}}
    once = known_cost({"$ref": "#/$defs/line", "$defs": {"line": line}})
    twice = known_cost({"allOf": [{"$ref": "#/$defs/line"}] * 2, "$defs": {"line": line}})
    assert once is not None
    assert twice is not None
    assert once.weight < twice.weight < 2 * once.weight + 3


# Each is met, so that all of it is looked at, and comes to about what may be done in this process.
DEAR: dict[str, tuple[Any, Any]] = {
    "fractions": ({"allOf": [{"multipleOf": 0.1}] * 5}, 1.1),
    "fractions of huge numbers": ({"multipleOf": 0.01}, 1e300),
    "fine fractions": ({"multipleOf": 1e-9}, 3),
    "fractions of hundreds of digits": ({"multipleOf": 1e-300}, 3),
    "huge numbers of them": ({"multipleOf": 1e-300}, 1e300),
    "bounds near to nothing": ({"minimum": 1e-300}, 1e-300),
    "one number near to nothing": ({"const": 1e-300}, 1e-300),
    "huge numbers": ({"minimum": 1}, 1e300),
    "whole numbers": ({"allOf": [{"multipleOf": 7}] * 5}, 7e15),
    "bounds": ({"allOf": [{"minimum": 5.5}] * 5}, 6.5),
    "numbers to choose from": ({"enum": [*range(50), {}]}, 49),
    "fractions to choose from": ({"enum": [i + 0.5 for i in range(40)]}, 39.5),
    "lists to choose from": ({"enum": [[i] for i in range(50)]}, [49]),
    "one number": ({"allOf": [{"const": 5}] * 5}, 5.0),
    "one object": ({"allOf": [{"const": {"a": [1, 2, 3]}}] * 5}, {"a": [1, 2, 3]}),
    "texts": ({"allOf": [{"minLength": 1}] * 50}, "aäb"),
    "members": ({"dependentSchemas": {f"p{i}": True for i in range(50)}}, {}),
    "names": ({"propertyNames": {"maxLength": 3}}, {"a": 1}),
    "addresses": ({"format": "email"}, "a@b.example"),
}


@pytest.mark.parametrize(("schema", "item"), DEAR.values(), ids=DEAR)
def test_what_is_checked_in_this_process_holds_it_up_for_a_moment_only(schema: Any, item: Any) -> None:
    whole = {"$schema": DRAFT_7, "items": schema} if "format" in schema else {"items": schema, "uniqueItems": False}
    cost = known_cost(whole)
    assert cost is not None
    items = [item] * max(1, MAX_WORK // cost.work(orjson.dumps(item) + b","))
    validator = SchemaValidator(whole)

    def check() -> None:
        assert validator.is_met(items)

    assert least_seconds(check, enough=0.25) < 0.25


def test_a_number_beyond_what_machines_count_is_checked_in_the_sandbox() -> None:
    schema = JsonSchema({"items": {"minimum": 7}})
    assert schema.problems_here([8]) == []
    assert schema.problems_here([10**300]) is None


def test_faults_are_listed_here_only_where_there_cannot_be_many() -> None:
    schema = JsonSchema({"items": {"required": [f"a{i}" for i in range(100)]}})

    def look_at() -> None:
        assert schema.problems_here([{}] * 20_000) is None
        assert schema.is_met_here([{}] * 20_000) is False
        assert schema.first_problem([{}] * 20_000).path == ("0",)

    assert least_seconds(look_at, enough=0.5) < 0.5
    assert len(JsonSchema({"items": {"type": "string"}}).problems_here([1] * 50) or ()) == 50
