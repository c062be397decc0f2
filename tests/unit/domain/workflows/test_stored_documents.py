"""Whatever is stored can be read, exported and applied again; what cannot be read harms nobody else."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from domain.executions.service import ExecuteRequest
from domain.kernel.durations import format_duration
from domain.kernel.errors import InvalidInput
from domain.workflows.definitions.cache import DefinitionCache
from domain.workflows.documents.reading import canonical, mended, read_document
from domain.workflows.fields.types import DocumentModel
from domain.workflows.service import WorkflowService
from persistence.memory import MemoryStorage
from tests.builders import a_document, constant, http, step, wait
from tests.clocks import ManualClock
from tests.unit.domain.conftest import Services

LENGTHS = st.timedeltas(timedelta(microseconds=1), timedelta(days=3650)).map(format_duration)
NUMBERS = st.integers(-(2**80), 2**80) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.sampled_from(["P1Y", "", "ü", "2026-01-01T00:00:00Z"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)
#: An expression or a template.
OUTPUTS = st.recursive(
    st.sampled_from(["input.id", '{"a": input.id}', "{{ input.id }}", " {{ input.id }} ", "n. {{ input.id }}", r"\{{"])
    | st.lists(VALUES, max_size=2),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner | VALUES, max_size=2),
    max_leaves=4,
)


@st.composite
def retries(draw: st.DrawFn) -> dict[str, Any]:
    lengths = {name: draw(LENGTHS) for name in ("delay", "maxDelay", "maxElapsed")}
    factor = draw(st.integers(1, 1000) | st.floats(1, 1000))
    return {"maxAttempts": draw(st.integers(1, 1000)), "factor": factor, "jitter": "NONE", **lengths}


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A document with a step of every type, and every duration that there is."""
    call: dict[str, Any] = {
        "connectTimeout": draw(LENGTHS),
        "readTimeout": draw(LENGTHS),
        "body": draw(VALUES),
        "method": "POST",
    }
    poll = {"until": "true", "interval": draw(LENGTHS), "timeout": draw(LENGTHS)}
    pages = {"next": "null", "items": "[]", "maxPages": draw(st.integers(1, 100_000))}
    steps = [
        http("a", retry=draw(retries()), members={"timeout": draw(LENGTHS)}, **call),
        http("b", poll=poll),
        http("c", paginate=pages, expectedStatus=draw(st.lists(st.integers(100, 599), min_size=1, max_size=3))),
        wait("d", draw(LENGTHS)),
        step("e", "WAIT", {"signal": {"name": "go", "timeout": draw(LENGTHS)}}),
        step("f", "WEBHOOK_CALL", {"url": "http://a.test", "eventType": "x", "awaitCallback": draw(LENGTHS)}),
        step("g", "SUB_WORKFLOW", {"workflow": "other", "input": draw(VALUES)}, timeout=draw(LENGTHS)),
        step("h", "VALIDATION", {"schema": {"maximum": draw(st.integers(0, 2**80))}}),
        step("i", "CONDITIONAL", {"if": "true", "then": [wait("j", draw(LENGTHS))]}),
        step("k", "PARALLEL", {"branches": [{"name": "x", "steps": [constant("l", {"v": draw(VALUES)})]}]}),
        step("m", "FOR_EACH", {"items": "[1]", "steps": [wait("n", draw(LENGTHS))]}),
        http("o", members={"onError": {"steps": [wait("p", draw(LENGTHS))]}}),
    ]
    loop = {"items": "[1]", "steps": [constant("r")], "output": draw(OUTPUTS)}
    steps += [step("q", "FOR_EACH", loop), step("s", "DATA_TRANSFORM", {"expression": draw(OUTPUTS)})]
    chosen = draw(st.lists(st.sampled_from(steps), unique_by=lambda each: each["id"], min_size=1))
    return a_document(
        output=draw(OUTPUTS),
        steps=chosen,
        timeout=draw(LENGTHS),
        variables={"a": draw(VALUES)},
        onFailure=[wait("z", draw(LENGTHS))],
        maxConcurrentExecutions=draw(st.integers(1, 10_000)),
    )


@settings(max_examples=60, deadline=None)
@given(document=documents())
async def test_a_document_that_is_exported_and_applied_again_is_unchanged(document: dict[str, Any]) -> None:
    storage = MemoryStorage()
    service = WorkflowService(workflows=storage.workflows, clock=ManualClock())
    applied = await service.apply(document)
    exported = dict(applied.document)

    again = await service.apply(exported)

    assert again.version == 1
    assert canonical(read_document(exported)) == exported
    assert mended(exported) == exported
    await DefinitionCache(storage.workflows).load(applied.definition_id)


def durations_of(model: type[DocumentModel]) -> Iterator[str]:
    for info in model.model_fields.values():
        if "timedelta" in str(info.annotation):
            yield str(info.alias)
    for kind in model.__subclasses__():
        if kind.__module__.startswith("domain."):  # others' are kinds that tests bring
            yield from durations_of(kind)


def test_every_duration_of_a_document_is_among_them() -> None:
    """A new one has to be added above."""
    known = {"connectTimeout", "readTimeout", "interval", "timeout", "duration", "awaitCallback"}
    assert set(durations_of(DocumentModel)) == known | {"delay", "maxDelay", "maxElapsed"}


@given(length=st.timedeltas(timedelta(days=365), timedelta(days=3650)))
def test_a_document_that_an_earlier_release_has_stored_is_read_and_mended(length: timedelta) -> None:
    written = TypeAdapter(timedelta).dump_python(length, mode="json")
    stored = a_document(steps=[wait("a", written), constant("b", {"said": "P1Y"})], timeout=written)

    assert read_document(stored).timeout == length
    expected = a_document(
        steps=[wait("a", format_duration(length)), constant("b", {"said": "P1Y"})], timeout=format_duration(length)
    )
    assert mended(stored) == expected


async def test_what_cannot_be_read_is_refused_with_a_sentence_and_can_be_replaced(services: Services) -> None:
    record = await services.store_workflow()
    other = await services.store_workflow(name="other")
    rows = services.storage.tables
    broken = {**record.document, "steps": [wait("a", "P1M")]}
    rows.definitions[record.definition_id] = replace(rows.definitions[record.definition_id], document=broken)
    rows.workflows[record.id] = replace(record, document=broken)

    with pytest.raises(InvalidInput, match="This release cannot read version 1 of the workflow: steps"):
        await services.executions.execute(ExecuteRequest(workflow_id=record.id))
    await services.executions.execute(ExecuteRequest(workflow_id=other.id))

    assert (await services.workflows.apply(a_document())).version == 2
    await services.executions.execute(ExecuteRequest(workflow_id=record.id))
