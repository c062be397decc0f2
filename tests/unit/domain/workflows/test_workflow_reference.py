"""docs/workflows.md and its pages say what is true: their workflows, and their tables of fields and codes."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from enum import Enum
from typing import Any

import pytest
from pydantic.fields import FieldInfo

from domain.expressions.scope import RESERVED, ROOTS, STEP_ROOTS
from domain.kernel.durations import format_duration
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.statuses import StepType, WaitKind
from domain.workflows.documents.reading import check_document
from domain.workflows.documents.step import StepDocument
from domain.workflows.documents.workflow import WorkflowDocument
from domain.workflows.fields.members import members_of
from domain.workflows.fields.types import DocumentModel
from domain.workflows.steps.registry import SHIPPED
from tests.integration.graphql_api.api import Api
from tests.reference import DOCS, PAGES, Example, examples, tables

APPLY = """
mutation ($document: JSON!) {
  applyWorkflow(document: $document) { ... on Workflow { version } ... on Error { message } }
}
"""


def models_below(model: type[DocumentModel]) -> Iterator[type[DocumentModel]]:
    """A model and those of its members."""
    yield model
    for member in members_of(model).values():
        if member.model is not None and not member.is_block and member.model.model_fields:
            yield from models_below(member.model)


def models() -> dict[str, type[DocumentModel]]:
    """Every model that a document is made of, by name."""
    roots: list[type[DocumentModel]] = [WorkflowDocument, StepDocument, *(kind.config for kind in SHIPPED)]
    return {model.__name__: model for root in roots for model in models_below(root)}


def default_of(field: FieldInfo) -> str:
    """A default as the tables write it."""
    match field.default:
        case _ if field.is_required():
            return "required"
        case None:
            return ""
        case timedelta() as length:
            return f"`{format_duration(length)}`"
        case Enum() as choice:
            return f"`{choice.value}`"
        case float() as number:
            return f"`{number:g}`"
        case str() as text:
            return f"`{text}`"
        case other:
            return f"`{json.dumps(other)}`"


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.name)
def test_every_workflow_is_valid(example: Example) -> None:
    assert check_document(example.document).problems == ()


@pytest.mark.parametrize(
    "example", [example for example in examples() if example.mutation], ids=lambda example: example.name
)
async def test_the_graphql_form_of_a_workflow_is_the_same_workflow(example: Example) -> None:
    api = Api()
    assert example.mutation is not None
    created = (await api.run(example.mutation))["createWorkflow"]
    assert created.get("version") == 1, created

    applied = (await api.run(APPLY, document=example.document))["applyWorkflow"]

    assert applied == {"version": 1}, "the YAML says something else"


def test_every_step_type_has_a_page_with_both_forms_that_is_executed() -> None:
    index = (DOCS / "workflows.md").read_text()
    for kind in StepType:
        page = DOCS / "workflows" / f"{kind.value.lower().replace('_', '-')}.md"
        assert f"[{kind.value}](workflows/{page.name})" in index
        mine = [example for example in examples() if example.page == page]
        assert any(example.mutation and example.runs for example in mine), page
        assert any(step["type"] == kind.value for example in mine for step in example.document["steps"])


def test_every_workflow_is_executed_and_has_a_name_of_its_own() -> None:
    assert all(example.runs for example in examples())
    names = [example.name for example in examples()]
    assert len(set(names)) == len(names)


def test_there_is_one_table_of_fields_for_each_model() -> None:
    listed = [name.removeprefix("fields: ") for name, _ in tables() if name.startswith("fields: ")]

    assert sorted(listed) == sorted(models())


@pytest.mark.parametrize(
    ("name", "rows"),
    [(name[8:], rows) for name, rows in tables() if name.startswith("fields: ")],
    ids=lambda value: str(value)[:40],
)
def test_a_table_of_fields_has_every_field_with_its_default(name: str, rows: list[list[str]]) -> None:
    fields = models()[name].model_fields.values()

    assert [(row[0], row[2]) for row in rows] == [(f"`{field.alias}`", default_of(field)) for field in fields]


def test_the_failure_codes_are_those_there_are() -> None:
    rows = dict(tables())["failure codes"]

    assert [row[0].strip("`") for row in rows] == [code.value for code in FailureCode]
    for row in rows:
        assert row[2] == retried(FailureCode(row[0].strip("`")))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_says_about_its_codes_agrees(page: Any) -> None:
    for code, told in re.findall(r"^\| ([A-Z_]+) \|.*\| ([^|]+) \|$", page.read_text(), re.MULTILINE):
        if code in FailureCode.__members__ and code != FailureCode.CANCELLED:
            assert told.replace(" and ", ", ") == retried(FailureCode(code))


def retried(code: FailureCode) -> str:
    """The last column of the tables: the failures after which a step is tried again."""
    if code is FailureCode.HTTP_STATUS:
        return "5xx, 408, 425, 429"
    return "yes" if StepError(code=code, message="").is_retryable else "no"


def test_the_kinds_of_waiting_are_those_there_are() -> None:
    rows = dict(tables())["wait kinds"]

    assert {row[0].strip("`") for row in rows} == {kind.value for kind in WaitKind}


def test_what_expressions_see_is_what_they_may_read() -> None:
    rows = dict(tables())["names"]
    names = {name: row[2] for row in rows for name in re.findall(r"`([a-z]+)", row[0])}

    assert {name for name, where in names.items() if where == "everywhere"} == ROOTS
    assert {name for name, where in names.items() if where in ("everywhere", "in steps")} == STEP_ROOTS
    assert names.keys() - {"item", "as"} == RESERVED
