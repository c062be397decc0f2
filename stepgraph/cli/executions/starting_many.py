"""`run-many`: an execution of a workflow for each input in a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from domain.kernel.json.text import JsonValue, loads
from stepgraph.cli.kit.api_calls import accepted, value_of, with_client
from stepgraph.cli.kit.api_errors import problem_lines
from stepgraph.cli.kit.arguments import AsJson, Labels, Url, WorkflowName
from stepgraph.cli.kit.exit_codes import Exit, fail, note, read_documents
from stepgraph.cli.kit.filters import labels_of
from stepgraph.cli.kit.output import print_json, say

if TYPE_CHECKING:
    from stepgraph.cli.kit.client import ApiClient

_AT_ONCE = 1_000
"""The number of executions that one request starts: the most that the API takes."""


def run_many(
    workflow: WorkflowName,
    inputs: Annotated[
        Path,
        typer.Argument(help="File with the inputs: an array in JSON or YAML, or .jsonl with one on each line."),
    ],
    key: Annotated[
        str | None, typer.Option(help="Idempotency key: with the same key, each input of the file starts once.")
    ] = None,
    labels: Labels = None,
    priority: Annotated[int, typer.Option(help="Priority, -100 to 100; higher ones start first.")] = 0,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Execute a workflow once for each input in a file, a thousand in one request.

    The exit code is 1 where one of them was refused; the others are started nevertheless. With
    --key the command can be repeated after an interruption: what was started already is not
    started again.

    Example: stepgraph run-many order-fulfilment orders.jsonl --label batch=monday --key monday
    """
    named = "workflowId" if workflow.startswith("wf_") else "workflowName"
    shared: dict[str, JsonValue] = {named: workflow, "priority": priority}
    if labels:
        shared["labels"] = labels_of(labels)
    starts: list[JsonValue] = [
        {**shared, "input": value, **({} if key is None else {"idempotencyKey": f"{key}-{number}"})}
        for number, value in enumerate(_values_in(inputs))
    ]

    async def starting(client: ApiClient) -> list[dict[str, Any]]:
        results: list[dict[str, Any]] = []
        for first in range(0, len(starts), _AT_ONCE):
            batch = accepted(await value_of(client, "executions.ExecuteMany", inputs=starts[first : first + _AT_ONCE]))
            results += batch["results"]
        return results

    _report(with_client(url, starting), as_json=as_json)


def _report(results: list[dict[str, Any]], *, as_json: bool) -> None:
    """Print what came of each start. Leaves with exit code 1 where one was refused."""
    refused = [(number, each) for number, each in enumerate(results) if each["__typename"].endswith("Error")]
    if as_json:
        print_json(results)
    else:
        for each in results:
            if not each["__typename"].endswith("Error"):
                say(each["id"])
    for number, each in refused:
        note(f"Input {number} was refused: {problem_lines(each)}")
    if refused:
        fail(f"{len(refused)} of {len(results)} were refused.")


def _values_in(path: Path) -> list[JsonValue]:
    if path.suffix != ".jsonl":
        values = read_documents(path)
        if len(values) == 1 and isinstance(values[0], list):
            return values[0]
        return values
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return [loads(line) for line in lines if line.strip()]
    except OSError as error:
        fail(f"{path} cannot be read: {error.strerror}", Exit.USAGE)
    except ValueError as error:
        fail(f"{path} has a line that is not JSON: {error}", Exit.USAGE)
