"""The JSON Schema of documents, as it is shipped, and the examples."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from domain.workflows.documents.json_schema import document_schema, schema_text
from domain.workflows.documents.reading import check_document
from tests.builders import a_document, http, step, transform, wait
from tests.repository import ROOT

SCHEMA_FILE = ROOT / "domain" / "workflows" / "workflow.schema.json"
EXAMPLES = sorted(path for path in (ROOT / "examples").glob("*.yaml") if not path.stem.endswith(".test"))


@pytest.fixture(scope="module")
def validator() -> Any:
    return jsonschema_rs.validator_for(document_schema(), offline=True)


def test_the_shipped_schema_is_in_sync_with_the_models() -> None:
    assert SCHEMA_FILE.read_text() == schema_text(), (
        "run: python -m domain.workflows.documents.json_schema > domain/workflows/workflow.schema.json"
    )


def test_the_schema_is_one_and_says_which_draft() -> None:
    jsonschema_rs.meta.validate(document_schema())
    assert document_schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_the_examples_have_no_problems(example: Path, validator: Any) -> None:
    for document in yaml.safe_load_all(example.read_text()):
        assert [error.message for error in validator.iter_errors(document)] == []
        assert check_document(document).problems == ()


def test_there_are_examples() -> None:
    assert "order.yaml" in [example.name for example in EXAMPLES]


def test_documents_of_every_shape_meet_the_schema(validator: Any) -> None:
    choose = step("choose", "CONDITIONAL", {"if": "true", "then": [wait("inner")]})
    fetch = http(expectedStatus=[200, "2xx"], auth={"bearer": "x"}, retry={"maxDelay": None})
    document = a_document(steps=[fetch, transform(after=[]), choose], timeout="PT5M", labels={"a": 1})
    assert [error.message for error in validator.iter_errors(document)] == []


@pytest.mark.parametrize(
    "broken",
    [
        http(metod="GET"),
        http(expectedStatus=["2xy"]),
        step("a", "WAIT", {"expression": "x"}),
        step("a", "WAIT", {"duration": "PT5S", "until": "x"}),
        step("a", "NOPE", {}),
        step("a", "CONDITIONAL", {"if": "true", "then": [step("b", "WAIT", {})]}),
        transform("a-b"),
    ],
)
def test_what_is_misshapen_does_not(broken: dict[str, Any], validator: Any) -> None:
    assert not validator.is_valid(a_document(steps=[broken]))


def test_the_schema_explains_its_members() -> None:
    definitions = json.loads(SCHEMA_FILE.read_text())["$defs"]
    assert "after the step written before it" in definitions["StepDocument"]["description"]
    assert definitions["HttpRequestConfig"]["properties"]["expectedStatus"]["description"]
