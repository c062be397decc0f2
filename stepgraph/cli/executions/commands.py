"""`executions`: looking at executions, and what can be done with one or many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from domain.executions.lists import OrderBy
from domain.kernel.json.text import JsonValue
from stepgraph.cli.executions import bulk, bulk_operations, control, following_many, retrying
from stepgraph.cli.executions.filters import filtered
from stepgraph.cli.executions.running import report_end, waited_for
from stepgraph.cli.kit.api_calls import call, change, with_client
from stepgraph.cli.kit.arguments import AsJson, ExecutionId, Url, WaitFor
from stepgraph.cli.kit.exit_codes import fail
from stepgraph.cli.kit.output import console, execution_view, executions_table, print_json, say, status, table

if TYPE_CHECKING:
    from stepgraph.cli.kit.client import ApiClient

app = typer.Typer(
    help="Manage executions: list, count, follow, show, cancel, pause, resume, retry, delete.", no_args_is_help=True
)


@app.command("list")
@filtered
def list_executions(
    wanted: dict[str, JsonValue],
    first: Annotated[int, typer.Option(min=1, max=100, help="Number of items, at most.")] = 20,
    behind: Annotated[
        str | None, typer.Option("--after", help="Cursor of the last page, or an execution's id: continue after it.")
    ] = None,
    last: Annotated[
        int | None, typer.Option(min=1, max=100, help="Number of items from the end of the list, or before --before.")
    ] = None,
    ahead: Annotated[
        str | None, typer.Option("--before", help="Cursor of the first item, or an execution's id: page back from it.")
    ] = None,
    by: Annotated[
        OrderBy, typer.Option("--order-by", case_sensitive=False, help="Order by creation, end or duration.")
    ] = OrderBy.CREATED,
    ascending: Annotated[bool, typer.Option("--ascending", help="List the oldest or shortest first.")] = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List executions, newest first.

    Example: stepgraph executions list --workflow order-fulfilment --status FAILED --error TIMEOUT --order-by ended
    """
    page = call(
        url,
        "executions.Executions",
        filter=wanted,
        first=first,
        after=behind,
        last=last,
        before=ahead,
        orderBy={"by": by.value, "ascending": ascending},
    )
    if as_json:
        print_json(page)
        return
    console.print(executions_table(page["nodes"]))
    backwards = last is not None or ahead is not None
    if page["pageInfo"]["hasNextPage"] and not backwards:
        say(f"more: --after {page['pageInfo']['endCursor']}", style="dim")
    if page["pageInfo"]["hasPreviousPage"] and backwards:
        say(f"more: --before {page['pageInfo']['startCursor']}", style="dim")


@app.command()
@filtered
def count(
    wanted: dict[str, JsonValue],
    follow_it: Annotated[
        bool, typer.Option("--follow", help="Show them again whenever they have changed, until interrupted.")
    ] = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Count executions by status; a count beyond 10,000 is an estimate.

    Example: stepgraph executions count --workflow order-fulfilment --created-after 2026-01-31
    """
    if follow_it:
        following_many.follow_counts(url, wanted, lambda counts: _show_counts(counts, as_json=as_json))
    else:
        _show_counts(call(url, "executions.ExecutionCounts", filter=wanted), as_json=as_json)


def _show_counts(counts: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(counts)
        return
    rows = [*((each["status"], each) for each in counts["statuses"]), ("", counts | {"count": counts["total"]})]
    console.print(
        table(
            ["status", "executions"],
            ([status(name) if name else "all", _number(each["count"], each["isEstimate"])] for name, each in rows),
        )
    )


def _number(count: int, is_estimate: bool) -> str:
    return f"{'about ' if is_estimate else ''}{count:,}"


@app.command()
def show(
    id: ExecutionId,
    follow_it: Annotated[bool, typer.Option("--follow", help="Follow the execution live until it ends.")] = False,
    wait_for: WaitFor = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show an execution with its steps; with --follow, live until it ends.

    With --follow or --wait-for, the exit code is 0 only when it has COMPLETED, also where that was
    long ago.

    Example: stepgraph executions show ex_01kaz1v8q3e0x9m6s4t7c2b5d8 --follow
    """
    if follow_it or wait_for is not None:

        async def following(client: ApiClient) -> dict[str, Any]:
            return await waited_for(client, {"id": id}, follow_it=follow_it, wait_for=wait_for, show=not as_json)

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


for one in (control.pause, control.resume, retrying.retry, control.signal, control.export, control.delete):
    app.command()(one)
app.command("follow")(following_many.follow_many)
for many in (bulk.cancel_all, bulk.retry_all):
    app.command()(many)
app.add_typer(bulk_operations.app, name="bulk")
