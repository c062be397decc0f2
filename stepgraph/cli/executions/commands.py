"""`executions`: looking at executions, and what can be done with one or many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from domain.kernel.statuses import ExecutionStatus
from stepgraph.cli.executions import bulk, control, retrying
from stepgraph.cli.executions.running import follow_to_the_end, report_end
from stepgraph.cli.kit.api_calls import call, change, with_client
from stepgraph.cli.kit.arguments import AsJson, ExecutionId, OfWorkflow, Url
from stepgraph.cli.kit.exit_codes import fail
from stepgraph.cli.kit.output import console, execution_view, executions_table, print_json, say, status

if TYPE_CHECKING:
    from stepgraph.cli.kit.client import ApiClient

app = typer.Typer(help="Manage executions: list, show, cancel, pause, resume, retry, delete.", no_args_is_help=True)


@app.command("list")
def list_executions(
    workflow: OfWorkflow = None,
    only: Annotated[
        list[ExecutionStatus] | None,
        typer.Option("--status", case_sensitive=False, help="Filter by status; may be repeated."),
    ] = None,
    first: Annotated[int, typer.Option(min=1, max=100, help="Number of items, at most.")] = 20,
    after: Annotated[str | None, typer.Option(help="Cursor of the last page: continue after it.")] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List executions, newest first.

    Example: stepgraph executions list --workflow order-fulfilment --status FAILED --status TIMED_OUT
    """
    wanted: dict[str, Any] = {}
    if workflow is not None:
        wanted["workflowName"] = workflow
    if only:
        wanted["status"] = [status.value for status in only]
    page = call(url, "executions.Executions", filter=wanted, first=first, after=after)
    if as_json:
        print_json(page)
        return
    console.print(executions_table(page["nodes"]))
    if page["pageInfo"]["hasNextPage"]:
        say(f"more: --after {page['pageInfo']['endCursor']}", style="dim")


@app.command()
def show(
    id: ExecutionId,
    follow_it: Annotated[bool, typer.Option("--follow", help="Follow the execution live until it ends.")] = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show an execution with its steps; with --follow, live until it ends.

    With --follow, the exit code is 0 only when it has COMPLETED, also where that was long ago.

    Example: stepgraph executions show ex_01kaz1v8q3e0x9m6s4t7c2b5d8 --follow
    """
    if follow_it:

        async def following(client: ApiClient) -> dict[str, Any]:
            return await follow_to_the_end(client, id, show=not as_json)

        report_end(with_client(url, following), as_json=as_json)
        return
    execution = call(url, "executions.Execution", id=id)
    if execution is None:
        fail(f"There is no execution {id}.")
    if as_json:
        print_json(execution)
        return
    console.print(execution_view(execution, execution["steps"]["nodes"]))
    if execution["output"] is not None:
        print_json(execution["output"])


@app.command()
def cancel(
    id: ExecutionId,
    reason: Annotated[str | None, typer.Option(help="Reason that is stored with the execution.")] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Cancel an execution: running steps are stopped, waiting ones do not start.

    Example: stepgraph cancel ex_01kaz1v8q3e0x9m6s4t7c2b5d8 --reason "ordered twice"
    """
    result = change(url, "executions.Cancel", id=id, reason=reason)
    if as_json:
        print_json(result)
    else:
        console.print(result["id"], status(result["status"]))


for one in (control.pause, control.resume, retrying.retry, control.signal, control.delete):
    app.command()(one)
for many in (bulk.cancel_all, bulk.retry_all):
    app.command()(many)
