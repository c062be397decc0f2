"""`run`: an execution of a workflow, from a file or by name."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import ExecutionStatus
from stepgraph.cli.executions.following import follow
from stepgraph.cli.kit.api_calls import accepted, value_of, with_client
from stepgraph.cli.kit.arguments import AsJson, Labels, Url, WaitFor, workflow_names
from stepgraph.cli.kit.documents import SUFFIXES, read_workflows
from stepgraph.cli.kit.exit_codes import fail, json_argument, note
from stepgraph.cli.kit.filters import TIMES, labels_of, time_of
from stepgraph.cli.kit.output import console, print_json, status
from stepgraph.cli.workflows.applying import apply_workflow

if TYPE_CHECKING:
    from stepgraph.cli.kit.client import ApiClient


def run_workflow(
    workflow: Annotated[
        str,
        typer.Argument(
            help="Name of the workflow, or a file (.yaml, .yml, .json) that is applied first.",
            show_default=False,
            autocompletion=workflow_names,
        ),
    ],
    input: Annotated[str, typer.Option(help="Input as JSON, or @file with JSON or YAML.")] = "null",
    follow_it: Annotated[
        bool, typer.Option("--follow/--no-follow", help="Follow the execution live until it ends.")
    ] = False,
    wait_for: WaitFor = None,
    key: Annotated[str | None, typer.Option(help="Idempotency key: with the same key it starts once.")] = None,
    labels: Labels = None,
    priority: Annotated[int, typer.Option(help="Priority, -100 to 100; higher ones start first.")] = 0,
    start_at: Annotated[
        datetime | None,
        typer.Option(
            "--start-at",
            formats=TIMES,
            metavar="TIME",
            help="Start time; local time where it has no offset. Default: now.",
        ),
    ] = None,
    version: Annotated[int | None, typer.Option(help="Version of the workflow. Default: the newest.")] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Execute a workflow; with --follow, show it live until it ends.

    With --follow or --wait-for, the exit code is 0 only when it has COMPLETED. Interrupted, the
    command ends with 130 (143 after SIGTERM), and the execution goes on. Of a file that holds
    several workflows all are applied, and the last one is executed.

    Example: stepgraph run examples/transcoding.yaml --input '{"video": "holiday.mov"}' --follow
    """
    request: dict[str, Any] = {
        "input": json_argument(input, "--input"),
        "idempotencyKey": key,
        "labels": labels_of(labels) if labels else None,
        "priority": priority,
        "startAt": time_of(start_at),
        "version": version,
    }
    request = {name: value for name, value in request.items() if value is not None}
    file = Path(workflow)
    documents = read_workflows(file) if file.suffix in SUFFIXES else []

    async def executing(client: ApiClient) -> dict[str, Any]:
        name = workflow
        for document in documents:
            name = (await apply_workflow(client, document)).workflow["name"]
        execution = await start(client, name, **request)
        return await waited_for(client, execution, follow_it=follow_it, wait_for=wait_for, show=not as_json)

    is_end = follow_it or wait_for is not None
    report_start_or_end(with_client(url, executing), is_end=is_end, as_json=as_json)


async def start(client: ApiClient, name: str, **request: JsonValue) -> dict[str, Any]:
    """Execute a workflow by name. Leaves with exit code 1 when the API refuses it."""
    return accepted(await value_of(client, "executions.Execute", input={"workflowName": name, **request}))


async def waited_for(
    client: ApiClient, execution: dict[str, Any], *, follow_it: bool, wait_for: timedelta | None, show: bool
) -> dict[str, Any]:
    """The execution at once, at its end, or as it is when `wait_for` is over; drawn live if `follow_it` and `show`."""
    if not follow_it and wait_for is None:
        return execution
    id, seconds = execution["id"], None if wait_for is None else wait_for.total_seconds()
    try:
        async with asyncio.timeout(seconds):
            return await follow_to_the_end(client, id, show=follow_it and show)
    except TimeoutError:
        found: dict[str, Any] | None = await value_of(client, "executions.Execution", id=id)
        return found or fail(f"There is no execution {id}.")


async def follow_to_the_end(client: ApiClient, execution_id: str, *, show: bool) -> dict[str, Any]:
    """Wait for an execution's end, and return it. When interrupted, print the command that follows it again."""
    try:
        return await follow(client, execution_id, show=show)
    except asyncio.CancelledError:
        note(f"{execution_id} goes on. Follow it again: stepgraph executions show {execution_id} --follow")
        raise


def report_start_or_end(execution: dict[str, Any], *, is_end: bool, as_json: bool) -> None:
    """Print what has begun, or with `is_end` what it gave. Leaves with exit code 1 when that is not COMPLETED."""
    if is_end:
        report_end(execution, as_json=as_json)
    elif as_json:
        print_json(execution)
    else:
        console.print(execution["id"], status(execution["status"]))


def report_end(execution: dict[str, Any], *, as_json: bool) -> None:
    """Print what an execution gave. Leaves with exit code 1 when it has not COMPLETED."""
    is_completed = execution["status"] == "COMPLETED"
    if as_json:
        print_json(execution)
    elif is_completed:
        print_json(execution["output"])
    if not is_completed:
        fail(why(execution))


def why(execution: dict[str, Any]) -> str:
    """A sentence that says how an execution ended, or that it has not ended."""
    if not ExecutionStatus(execution["status"]).is_terminal:
        return f"{execution['id']} is {execution['status']}: it has not ended in time."
    error = execution.get("error") or {}
    where = f" at {error['path']}" if error.get("path") else ""
    return f"{execution['id']} {execution['status']}{where}: {error.get('code')} {error.get('message')}"
