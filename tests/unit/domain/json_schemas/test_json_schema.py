"""JSON Schema: what is one, and what does not meet it."""

from typing import Any

import pytest

from domain.json_schemas.library import InvalidSchema, SchemaValidator
from tests.costs import least_seconds


def test_everything_that_does_not_meet_a_schema_is_told_with_its_place() -> None:
    schema: Any = {"type": "object", "required": ["id"], "properties": {"xs": {"items": {"type": "integer"}}}}

    problems = SchemaValidator(schema).problems({"xs": [1, "2", None]})

    assert {".".join(problem.path) for problem in problems} == {"", "xs.1", "xs.2"}
    assert SchemaValidator(schema).problems({"id": 1, "xs": [2**70]}) == []


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ({"type": "objekt"}, "type"),
        ({"properties": {"a": {"type": 5}}}, "properties.a.type"),
        ({"required": "a"}, "required"),
        ({"pattern": "("}, "pattern"),
        ({"$ref": "#/$defs/missing"}, ""),
        ({"$schema": 5}, "$schema"),
        ([], ""),
        ("text", ""),
        (None, ""),
    ],
)
def test_what_is_no_schema_is_refused_at_its_place(schema: Any, path: str) -> None:
    with pytest.raises(InvalidSchema) as caught:
        SchemaValidator(schema)
    assert ".".join(caught.value.problems[0].path) == path


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/schema.json", "file:///etc/passwd"])
def test_references_are_never_fetched(address: str) -> None:
    with pytest.raises(InvalidSchema) as caught:
        SchemaValidator({"$ref": address})
    assert "no other is fetched" in str(caught.value.problems[0].hint)


def test_an_unknown_draft_is_refused() -> None:
    with pytest.raises(InvalidSchema):
        SchemaValidator({"$schema": "https://example.com/draft"})


def test_older_drafts_are_understood() -> None:
    schema: Any = {"$schema": "http://json-schema.org/draft-04/schema#", "minimum": 1, "exclusiveMinimum": True}
    assert SchemaValidator(schema).problems(2) == []
    assert SchemaValidator(schema).problems(1) != []


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(?=(a+)+$)", r"^(a|aa)+$", r"^(\w+\s?)+$"])
def test_a_hostile_pattern_costs_little(pattern: str) -> None:
    def check() -> None:
        SchemaValidator({"pattern": pattern}).problems("a" * 50_000 + "!")

    assert least_seconds(check, enough=2) < 2


def test_of_very_many_faults_a_hundred_are_told() -> None:
    assert len(SchemaValidator({"items": {"type": "string"}}).problems([1] * 1000)) == 100
