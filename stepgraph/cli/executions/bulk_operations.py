"""`executions bulk`: something done with every execution that matches, in the background."""

from typing import Annotated, Any

import typer

from domain.kernel.json.text import JsonValue
from stepgraph.cli.executions.filters import filtered
from stepgraph.cli.kit.api_calls import call, change, report
from stepgraph.cli.kit.arguments import AsJson, Url
from stepgraph.cli.kit.exit_codes import fail, json_argument
from stepgraph.cli.kit.output import console, executions_table, moment, print_json, say, table

app = typer.Typer(
    help="Do something with all matching executions, in the background: cancel, pause, resume, signal, retry, delete. "
    "Follow it, or stop it.",
    no_args_is_help=True,
)

OperationId = Annotated[str, typer.Argument(help="Id of the bulk operation, bo_…", show_default=False)]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Count what matches and show ten of it; do nothing.")]

_STATES = {
    "RUNNING": "{left:,} still to come",
    "STOPPING": "{left:,} still to come, but it stops after this batch",
    "STOPPED": "stopped before the end",
    "FINISHED": "{left:,} left, finished",
}


@app.command()
@filtered
def cancel(
    wanted: dict[str, JsonValue],
    reason: Annotated[str | None, typer.Option(help="Reason that is stored with each execution.")] = None,
    dry_run: DryRun = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Cancel all matching executions that have not ended.

    Example: stepgraph executions bulk cancel --workflow order-fulfilment --label region=eu --dry-run
    """
    _begin("executions.BulkCancel", wanted, dry_run, url, as_json, reason=reason)


@app.command()
@filtered
def pause(wanted: dict[str, JsonValue], dry_run: DryRun = False, url: Url = None, as_json: AsJson = False) -> None:
    """Pause all matching executions that have not ended.

    Example: stepgraph executions bulk pause --workflow order-fulfilment --status running
    """
    _begin("executions.BulkPause", wanted, dry_run, url, as_json)


@app.command()
@filtered
def resume(wanted: dict[str, JsonValue], dry_run: DryRun = False, url: Url = None, as_json: AsJson = False) -> None:
    """Resume all matching executions that are paused.

    Example: stepgraph executions bulk resume --workflow order-fulfilment
    """
    _begin("executions.BulkResume", wanted, dry_run, url, as_json)


@app.command()
@filtered
def signal(
    wanted: dict[str, JsonValue],
    name: Annotated[str, typer.Option("--name", help="Name of the signal.")],
    payload: Annotated[str, typer.Option(help="Payload as JSON, or @file with JSON or YAML.")] = "null",
    dry_run: DryRun = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Send a signal to all matching executions that have not ended.

    Example: stepgraph executions bulk signal --workflow order-fulfilment --waiting-for signal --name approval
    """
    value = json_argument(payload, "--payload")
    _begin("executions.BulkSignal", wanted, dry_run, url, as_json, name=name, payload=value)


@app.command()
@filtered
def retry(
    wanted: dict[str, JsonValue],
    from_step: Annotated[
        str | None, typer.Option(help="Path of the step to retry from. Default: all steps that have not completed.")
    ] = None,
    latest_version: Annotated[
        bool,
        typer.Option(
            "--latest-version", help="Retry with the workflow's newest version. Default: the version that ran."
        ),
    ] = False,
    dry_run: DryRun = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Retry all matching executions that failed, timed out or were cancelled.

    Example: stepgraph executions bulk retry --workflow order-fulfilment --error TIMEOUT --ended-after 2026-01-31
    """
    input: JsonValue = {"fromStep": from_step, "latestVersion": latest_version}
    _begin("executions.BulkRetry", wanted, dry_run, url, as_json, input=input)


@app.command()
@filtered
def delete(wanted: dict[str, JsonValue], dry_run: DryRun = False, url: Url = None, as_json: AsJson = False) -> None:
    """Delete all matching executions that have ended.

    Example: stepgraph executions bulk delete --workflow order-fulfilment --ended-before 2026-01-31
    """
    _begin("executions.BulkDelete", wanted, dry_run, url, as_json)


@app.command()
def stop(id: OperationId, url: Url = None, as_json: AsJson = False) -> None:
    """Stop a bulk operation after the batch at hand. What it has done stays done.

    Example: stepgraph executions bulk stop bo_01kaz1v8q3e0x9m6s4t7c2b5d8
    """
    operation = change(url, "executions.StopBulkOperation", id=id)
    report(operation, _progress(operation), as_json=as_json)


@app.command()
def show(id: OperationId, url: Url = None, as_json: AsJson = False) -> None:
    """Show how far a bulk operation is, and what it failed with.

    Example: stepgraph executions bulk show bo_01kaz1v8q3e0x9m6s4t7c2b5d8
    """
    operation = call(url, "executions.BulkOperation", id=id)
    if operation is None:
        fail(f"There is no bulk operation {id}.")
    if as_json:
        print_json(operation)
        return
    say(_progress(operation))
    if operation["failures"]:
        rows = ([each["executionId"], each["message"]] for each in operation["failures"])
        console.print(table(["execution", "problem"], rows))


@app.command("list")
def list_operations(
    first: Annotated[int, typer.Option(min=1, max=100, help="Number of items, at most.")] = 20,
    after: Annotated[str | None, typer.Option(help="Cursor of the last page: continue after it.")] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List bulk operations, newest first.

    Example: stepgraph executions bulk list
    """
    page = call(url, "executions.BulkOperations", first=first, after=after)
    if as_json:
        print_json(page)
        return
    rows = ([each["id"], moment(each["createdAt"]), _progress(each)] for each in page["nodes"])
    console.print(table(["id", "created", "progress"], rows))
    if page["pageInfo"]["hasNextPage"]:
        say(f"more: --after {page['pageInfo']['endCursor']}", style="dim")


def _begin(
    operation: str, wanted: dict[str, JsonValue], dry_run: bool, url: str | None, as_json: bool, **given: JsonValue
) -> None:
    result = change(url, operation, filter=wanted, dryRun=dry_run, **given)
    if as_json:
        print_json(result)
    elif dry_run:
        say(f"{result['matched']:,} executions match; nothing was done. The newest of them:")
        console.print(executions_table(result["sample"]))
    else:
        say(f"{result['id']} has begun with {result['matched']:,} executions.")
        say(f"follow it: stepgraph executions bulk show {result['id']}", style="dim")


def _progress(operation: dict[str, Any]) -> str:
    counts = f"{operation['done']:,} done, {operation['failed']:,} failed"
    return f"{operation['action']}: {counts}, {_STATES[operation['status']].format(left=operation['left'])}"
