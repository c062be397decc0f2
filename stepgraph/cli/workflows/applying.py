"""`apply`: workflows from files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import WorkflowStatus
from stepgraph.cli.kit.api_calls import accepted, value_of, with_client
from stepgraph.cli.kit.arguments import AsJson, Url
from stepgraph.cli.kit.documents import Document, read_workflows, told_problems
from stepgraph.cli.kit.exit_codes import fail
from stepgraph.cli.kit.output import print_json, say

if TYPE_CHECKING:
    from stepgraph.cli.kit.client import ApiClient


@dataclass(frozen=True, slots=True)
class Applied:
    """The result of applying a document: the workflow, and its version before; None when there was none."""

    workflow: dict[str, Any]
    before: int | None

    @property
    def sentence(self) -> str:
        """`orders: created`, `orders: version 3` or `orders: unchanged, version 2`."""
        version = self.workflow["version"]
        if self.before is None:
            change = "created" if version == 1 else f"version {version}"
        else:
            change = f"unchanged, version {version}" if version == self.before else f"version {version}"
        return f"{self.workflow['name']}: {change}"


def apply(
    files: Annotated[
        list[Path], typer.Argument(help="Files with workflow documents, YAML or JSON.", show_default=False)
    ],
    note: Annotated[str | None, typer.Option(help="Note that is stored with the new version.")] = None,
    status: Annotated[
        WorkflowStatus | None,
        typer.Option(
            help="Status to give them, such as DRAFT. By default they keep theirs, and new ones are ACTIVE.",
            case_sensitive=False,
            show_default=False,
        ),
    ] = None,
    expected_version: Annotated[
        int | None,
        typer.Option(
            help="Refuse unless this is the newest version; 0: unless the workflow is new.", min=0, show_default=False
        ),
    ] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Create or update workflows from files.

    Says what came of each: created, a new version, or unchanged, where the file changes nothing.

    Example: stepgraph apply examples/order.yaml --note "three attempts are enough"
    """
    documents = [document for file in files for document in read_workflows(file)]
    options: dict[str, JsonValue] = {
        "note": note,
        "status": status and status.value,
        "expectedVersion": expected_version,
    }

    async def applying(client: ApiClient) -> list[Applied]:
        return [await apply_workflow(client, document, **options) for document in documents]

    applied = with_client(url, applying)
    if as_json:
        print_json([each.workflow for each in applied])
    else:
        for each in applied:
            say(each.sentence)


async def apply_workflow(client: ApiClient, document: Document, **options: JsonValue) -> Applied:
    """Create or update a workflow; `options` are arguments of applyWorkflow.

    Leaves with exit code 1 and every problem, with its line, when it is refused.
    """
    name = document.value.get("name") if isinstance(document.value, dict) else None
    known = await value_of(client, "workflows.WorkflowVersion", name=name) if isinstance(name, str) and name else None
    result = await value_of(client, "workflows.Apply", document=document.value, **options)
    if result["__typename"] == "ValidationError":
        fail(told_problems(document, result["problems"]))
    return Applied(accepted(result), None if known is None else known["version"])


async def apply_document(client: ApiClient, document: JsonValue) -> dict[str, Any]:
    """Create or update a workflow whose document comes from no file."""
    return (await apply_workflow(client, Document(document))).workflow
