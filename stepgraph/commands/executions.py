"""`executions list`, `executions show` and `cancel`."""

from typing import Annotated, Any

import typer

from domain.statuses import ExecutionStatus
from stepgraph.client import connected
from stepgraph.commands.exits import fail, run
from stepgraph.commands.operations import CANCEL, LIST, SHOW
from stepgraph.commands.showing import console, execution_view, executions_table, print_json, problems_of, status
from stepgraph.commands.workflows import AsJson, Url
from stepgraph.settings import load_settings

app = typer.Typer(help="Look at executions, and tell them what to do.", no_args_is_help=True)
Id = Annotated[str, typer.Argument(help="The execution's id: ex_…", show_default=False)]


@app.command("list")
def list_executions(
    workflow: Annotated[str | None, typer.Option(help="Only of the workflow with this name.")] = None,
    only: Annotated[
        list[ExecutionStatus] | None,
        typer.Option("--status", case_sensitive=False, help="Only with this status; may be repeated."),
    ] = None,
    first: Annotated[int, typer.Option(min=1, max=100, help="How many.")] = 20,
    after: Annotated[str | None, typer.Option(help="Go on after this cursor.")] = None,
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

    async def main() -> dict[str, Any]:
        async with connected(url or load_settings().url) as client:
            data = await client.execute(LIST, filter=wanted, first=first, after=after)
            return dict(data["executions"])

    page = run(main())
    if as_json:
        print_json(page)
        return
    console.print(executions_table(page["nodes"]))
    if page["pageInfo"]["hasNextPage"]:
        console.print(f"more: --after {page['pageInfo']['endCursor']}", style="dim", highlight=False)


@app.command()
def show(id: Id, url: Url = None, as_json: AsJson = False) -> None:
    """Show one execution with its steps.

    Example: stepgraph executions show ex_01kaz1v8q3e0x9m6s4t7c2b5d8 --json
    """

    async def main() -> dict[str, Any] | None:
        async with connected(url or load_settings().url) as client:
            found: dict[str, Any] | None = (await client.execute(SHOW, id=id))["execution"]
            return found

    execution = run(main())
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
    id: Id,
    reason: Annotated[str | None, typer.Option(help="Why; kept with the execution.")] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Cancel an execution: what runs is stopped, what waits does not start.

    Example: stepgraph cancel ex_01kaz1v8q3e0x9m6s4t7c2b5d8 --reason "ordered twice"
    """

    async def main() -> dict[str, Any]:
        async with connected(url or load_settings().url) as client:
            return dict((await client.execute(CANCEL, id=id, reason=reason))["cancelExecution"])

    result = run(main())
    if result["__typename"] != "WorkflowExecution":
        fail(problems_of(result))
    if as_json:
        print_json(result)
    else:
        console.print(result["id"], status(result["status"]))
