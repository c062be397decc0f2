"""`validate`: what is wrong with workflow documents, without storing them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stepgraph.cli.kit.api_calls import value_of, with_client
from stepgraph.cli.kit.arguments import AsJson, Url
from stepgraph.cli.kit.documents import Document, read_workflows, told_problems
from stepgraph.cli.kit.exit_codes import Exit
from stepgraph.cli.kit.output import print_json, say

if TYPE_CHECKING:
    from stepgraph.cli.kit.client import ApiClient


def validate(
    files: Annotated[
        list[Path], typer.Argument(help="Files with workflow documents, YAML or JSON.", show_default=False)
    ],
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Validate workflow documents, with every problem at its line.

    Nothing is stored. Each problem is a line `FILE:LINE: PLACE (step ID): MESSAGE`, with a hint
    below it. The exit code is 0 when all documents are valid, 1 when one is not, and 2 when a
    file cannot be read.

    Example: stepgraph validate workflows/*.yaml
    """
    documents = [document for file in files for document in read_workflows(file)]

    async def validating(client: ApiClient) -> list[dict[str, Any]]:
        return [await value_of(client, "workflows.Validate", document=document.value) for document in documents]

    reports = with_client(url, validating)
    if as_json:
        print_json([_told(document, report) for document, report in zip(documents, reports, strict=True)])
    else:
        for document, report in zip(documents, reports, strict=True):
            say(told_problems(document, report["problems"]) if report["problems"] else f"{_name(document)}: valid")
    if not all(report["valid"] for report in reports):
        raise typer.Exit(Exit.FAILED)


def _told(document: Document, report: dict[str, Any]) -> dict[str, Any]:
    """A report for programs: with the file, and the line of each problem."""
    problems = [
        {**problem, "line": None if document.lines is None else document.lines.of(problem["path"])}
        for problem in report["problems"]
    ]
    return {"file": str(document.file), "name": _name(document), **report, "problems": problems}


def _name(document: Document) -> str:
    name = document.value.get("name") if isinstance(document.value, dict) else None
    return name if isinstance(name, str) else str(document.file)
