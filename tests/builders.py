"""Small builders for documents and definitions, so that a test says only what it is about.

Steps are built as members of a portable document (plain dicts, camelCase): `http("fetch", after=[])`.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from domain.kernel.ids import new_id
from domain.workflows.definitions.compiler import compile_workflow
from domain.workflows.definitions.definition import Definition
from domain.workflows.documents.reading import WorkflowDocument, read_document

SERVICE = "http://service.test"


def step(
    id: str, type: str, config: Mapping[str, Any], *, after: Sequence[str] | None = None, **members: Any
) -> dict[str, Any]:
    """A step of any type. `after` is its `dependsOn`; `members` are further ones, in camelCase."""
    built: dict[str, Any] = {"id": id, "type": type, "config": dict(config)}
    if after is not None:
        built["dependsOn"] = list(after)
    return built | members


def http(
    id: str = "fetch",
    url: str = f"{SERVICE}/echo",
    *,
    after: Sequence[str] | None = None,
    retry: Mapping[str, Any] | None = None,
    members: Mapping[str, Any] | None = None,
    **config: Any,
) -> dict[str, Any]:
    """An HTTP_REQUEST; `config` are its further settings, `members` those of the step."""
    more = dict(members or {}) | ({} if retry is None else {"retry": dict(retry)})
    return step(id, "HTTP_REQUEST", {"url": url} | config, after=after, **more)


def transform(
    id: str = "shape", expression: str = "input", *, after: Sequence[str] | None = None, **members: Any
) -> dict[str, Any]:
    """A DATA_TRANSFORM that gives what the expression gives."""
    return step(id, "DATA_TRANSFORM", {"expression": expression}, after=after, **members)


def constant(
    id: str = "answer", output: Any = 42, *, after: Sequence[str] | None = None, **members: Any
) -> dict[str, Any]:
    """A DATA_TRANSFORM that gives a JSON value, in whose strings `{{ }}` count."""
    return step(id, "DATA_TRANSFORM", {"output": output}, after=after, **members)


def wait(
    id: str = "pause", duration: str = "PT1H", *, after: Sequence[str] | None = None, **members: Any
) -> dict[str, Any]:
    """A WAIT for a while."""
    return step(id, "WAIT", {"duration": duration}, after=after, **members)


def a_document(
    *, steps: Sequence[Mapping[str, Any]] | None = None, name: str = "orders", **members: Any
) -> dict[str, Any]:
    """A portable document; by default with one step that needs nothing from outside."""
    return {"name": name, "steps": list(steps if steps is not None else [constant()])} | members


def a_workflow(
    *, steps: Sequence[Mapping[str, Any]] | None = None, name: str = "orders", **members: Any
) -> WorkflowDocument:
    """The model of a document that `a_document` makes. It is not checked whether it can run."""
    return read_document(a_document(steps=steps, name=name, **members))


def a_definition(
    *,
    steps: Sequence[Mapping[str, Any]] | None = None,
    name: str = "orders",
    id: UUID | None = None,
    workflow_id: UUID | None = None,
    version: int | None = 1,
    **members: Any,
) -> Definition:
    """The compiled definition of a document that `a_document` makes; ids that are not given are made up."""
    return compile_workflow(
        a_workflow(steps=steps, name=name, **members),
        definition_id=id or new_id(),
        workflow_id=workflow_id or new_id(),
        version=version,
    )


def a_chain(length: int) -> list[dict[str, Any]]:
    """Transforms in sequence, each of which adds one to the output of the one before it."""
    first = transform("step_0", "0")
    return [first, *(transform(f"step_{n}", f"steps.step_{n - 1}.output + 1") for n in range(1, length))]
