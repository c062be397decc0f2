"""`workflows`: listing stored workflows and their versions, and changing their statuses."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from domain.kernel.statuses import WorkflowStatus
from stepgraph.cli.kit.api_calls import accepted, all_of, call, report, value_of, with_client
from stepgraph.cli.kit.arguments import AsJson, Labels, Url, WorkflowName
from stepgraph.cli.kit.exit_codes import fail
from stepgraph.cli.kit.filters import TIMES, labels_of, time_of
from stepgraph.cli.kit.output import console, moment, plain, print_json, say, table
from stepgraph.cli.workflows.validating import validate

if TYPE_CHECKING:
    from stepgraph.cli.kit.client import ApiClient

app = typer.Typer(help="Manage stored workflows: list, show, pause, activate, archive, delete.", no_args_is_help=True)


@app.command("list")
def list_workflows(
    containing: Annotated[str | None, typer.Option("--name", help="Filter by a part of the name.")] = None,
    only: Annotated[
        list[WorkflowStatus] | None,
        typer.Option("--status", case_sensitive=False, help="Filter by status; may be repeated."),
    ] = None,
    labels: Labels = None,
    created_before: Annotated[
        datetime | None,
        typer.Option("--created-before", formats=TIMES, metavar="TIME", help="Filter by creation: before this time."),
    ] = None,
    created_after: Annotated[
        datetime | None,
        typer.Option("--created-after", formats=TIMES, metavar="TIME", help="Filter by creation: after this time."),
    ] = None,
    first: Annotated[int, typer.Option(min=1, max=100, help="Number of items, at most.")] = 20,
    after: Annotated[str | None, typer.Option(help="Cursor of the last page: continue after it.")] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List workflows, newest first.

    Example: stepgraph workflows list --status ACTIVE --name order --label team=shop
    """
    wanted: dict[str, Any] = {
        "nameContains": containing,
        "status": [status.value for status in only] if only else None,
        "labels": labels_of(labels) if labels else None,
        "createdBefore": time_of(created_before),
        "createdAfter": time_of(created_after),
    }
    wanted = {name: value for name, value in wanted.items() if value is not None}
    page = call(url, "workflows.Workflows", filter=wanted, first=first, after=after)
    if as_json:
        print_json(page)
        return
    rows = (
        (workflow["name"], workflow["status"], workflow["version"], moment(workflow["updatedAt"])[:16])
        for workflow in page["nodes"]
    )
    console.print(table(("name", "status", "version", "changed"), rows))
    if page["pageInfo"]["hasNextPage"]:
        say(f"more: --after {page['pageInfo']['endCursor']}", style="dim")


@app.command()
def show(name: WorkflowName, url: Url = None, as_json: AsJson = False) -> None:
    """Show a workflow with its document, in the form that `apply` takes.

    Example: stepgraph workflows show order-fulfilment
    """
    workflow = call(url, "workflows.Workflow", by=by(name))
    if workflow is None:
        fail(f"There is no workflow {name}.")
    if as_json:
        print_json(workflow)
        return
    facts = {
        "id": workflow["id"],
        "status": workflow["status"],
        "version": workflow["version"],
        "created": moment(workflow["createdAt"]),
        "changed": moment(workflow["updatedAt"]),
    }
    console.print(table((workflow["name"], ""), facts.items()))
    print_json(workflow["document"])


@app.command()
def versions(name: WorkflowName, url: Url = None, as_json: AsJson = False) -> None:
    """List the versions of a workflow, newest first.

    Example: stepgraph workflows versions order-fulfilment
    """

    async def asking(client: ApiClient) -> list[dict[str, Any]]:
        await workflow_id_of(client, name)
        return await all_of(client, "workflows.Versions", "versions", by=by(name))

    found = with_client(url, asking)
    if as_json:
        print_json(found)
        return
    rows = ((each["version"], moment(each["createdAt"])[:16], plain(each["note"] or "")) for each in found)
    console.print(table(("version", "created", "note"), rows))


@app.command()
def pause(name: WorkflowName, url: Url = None, as_json: AsJson = False) -> None:
    """Pause a workflow: no executions start until it is activated. Running ones go on.

    Example: stepgraph workflows pause order-fulfilment
    """
    _set_status(name, WorkflowStatus.PAUSED, url, as_json)


@app.command()
def activate(name: WorkflowName, url: Url = None, as_json: AsJson = False) -> None:
    """Activate a workflow that is paused, archived or a draft: executions may start.

    Example: stepgraph workflows activate order-fulfilment
    """
    _set_status(name, WorkflowStatus.ACTIVE, url, as_json)


@app.command()
def archive(name: WorkflowName, url: Url = None, as_json: AsJson = False) -> None:
    """Archive a workflow: no executions start. It can still be shown, and activated again.

    Example: stepgraph workflows archive order-fulfilment
    """
    _set_status(name, WorkflowStatus.ARCHIVED, url, as_json)


@app.command()
def delete(name: WorkflowName, url: Url = None, as_json: AsJson = False) -> None:
    """Delete a workflow without running executions, with its schedules and webhooks. Its executions stay.

    Example: stepgraph workflows delete order-fulfilment
    """

    async def deleting(client: ApiClient) -> dict[str, Any]:
        return accepted(await value_of(client, "workflows.DeleteWorkflow", id=await workflow_id_of(client, name)))

    report(with_client(url, deleting), f"{name} deleted", as_json=as_json)


app.command()(validate)


def by(name: str) -> dict[str, str]:
    """A workflow's id or name, as the API wants to be told which of the two it is."""
    return {"id": name} if name.startswith("wf_") else {"name": name}


async def workflow_id_of(client: ApiClient, name: str) -> str:
    """The id of a workflow. Leaves with exit code 1 where there is none with this name."""
    if name.startswith("wf_"):
        return name
    found = await value_of(client, "workflows.WorkflowVersion", name=name)
    if found is None:
        fail(f"There is no workflow {name}.")
    return str(found["id"])


def _set_status(name: str, status: WorkflowStatus, url: str | None, as_json: bool) -> None:
    async def changing(client: ApiClient) -> dict[str, Any]:
        id = await workflow_id_of(client, name)
        return accepted(await value_of(client, "workflows.UpdateWorkflow", id=id, input={"status": status.value}))

    workflow = with_client(url, changing)
    report(workflow, f"{workflow['name']}: {workflow['status']}", as_json=as_json)
