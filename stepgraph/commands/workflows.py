"""`apply` and `run`: workflows from files, and executions of them."""

from pathlib import Path
from typing import Annotated, Any

import typer

from domain.json_text import JsonValue
from stepgraph.client import ApiClient
from stepgraph.commands.asking import accepted, asked, value_of
from stepgraph.commands.exits import Exit, fail, json_argument, read_documents
from stepgraph.commands.following import follow
from stepgraph.commands.operations import APPLY, EXECUTE, WORKFLOW_ID
from stepgraph.commands.showing import console, print_json, say, status

Url = Annotated[str | None, typer.Option("--url", help="Where the API is; default: STEPGRAPH_URL.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_DOCUMENTS = frozenset({".yaml", ".yml", ".json"})


def apply(
    files: Annotated[list[Path], typer.Argument(help="Workflow documents, YAML or JSON.", show_default=False)],
    note: Annotated[str | None, typer.Option(help="Why it changes; kept with the version.")] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Create workflows from files, or update them; a file that changes nothing makes no new version.

    Example: stepgraph apply examples/order.yaml --note "three attempts are enough"
    """
    documents = [document for file in files for document in read_documents(file)]

    async def applying(client: ApiClient) -> list[dict[str, Any]]:
        return [await apply_document(client, document, note) for document in documents]

    applied = asked(url, applying)
    if as_json:
        print_json(applied)
    else:
        for workflow in applied:
            say(f"{workflow['name']}: version {workflow['version']}")


def run_workflow(
    workflow: Annotated[
        str, typer.Argument(help="Its name, or a file (.yaml, .yml, .json) that is applied first.", show_default=False)
    ],
    input: Annotated[str, typer.Option(help="The input as JSON, or @file with JSON or YAML.")] = "null",
    follow_it: Annotated[bool, typer.Option("--follow/--no-follow", help="Watch it live until it has ended.")] = False,
    key: Annotated[str | None, typer.Option(help="Idempotency key: the same key starts it once.")] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Execute a workflow. With --follow, the exit code is 0 only when it has COMPLETED.

    Of a file that holds several workflows all are applied, and the last one is executed.

    Example: stepgraph run examples/transcoding.yaml --input '{"video": "holiday.mov"}' --follow
    """
    value = json_argument(input, "--input")
    file = Path(workflow)
    documents = read_documents(file) if file.suffix in _DOCUMENTS else []

    async def executing(client: ApiClient) -> dict[str, Any]:
        name = workflow
        for document in documents:
            name = (await apply_document(client, document))["name"]
        execution = await start(client, name, value, key)
        return await follow(client, execution["id"], show=not as_json) if follow_it else execution

    execution = asked(url, executing)
    if as_json:
        print_json(execution)
    elif follow_it:
        if execution["status"] == "COMPLETED":
            print_json(execution["output"])
    else:
        console.print(execution["id"], status(execution["status"]))
    if follow_it and execution["status"] != "COMPLETED":
        fail(why(execution))


async def apply_document(client: ApiClient, document: JsonValue, note: str | None = None) -> dict[str, Any]:
    """Create or update a workflow. Leaves with exit code 1 and every problem when the API refuses it."""
    return accepted(await value_of(client, APPLY, document=document, note=note))


async def start(client: ApiClient, name: str, input: JsonValue, key: str | None = None) -> dict[str, Any]:
    """Execute a workflow by name. Leaves with exit code 1 when the API refuses it."""
    request = {"workflowName": name, "input": input, "idempotencyKey": key}
    return accepted(await value_of(client, EXECUTE, input=request))


async def workflow_id_of(client: ApiClient, name: str) -> str:
    """The id of a workflow. Leaves with exit code 1 where there is none with this name."""
    found = await value_of(client, WORKFLOW_ID, name=name)
    if found is None:
        fail(f"There is no workflow {name}.")
    return str(found["id"])


def why(execution: dict[str, Any]) -> str:
    """One sentence on how an execution ended."""
    error = execution.get("error") or {}
    where = f" at {error['path']}" if error.get("path") else ""
    return f"{execution['id']} {execution['status']}{where}: {error.get('code')} {error.get('message')}"


__all__ = ["Exit", "apply", "run_workflow"]
