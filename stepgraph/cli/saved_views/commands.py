"""`stepgraph views …`: lists with a filter and columns under a name."""

from typing import Annotated

import typer

from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import ViewKind
from stepgraph.cli.kit.api_calls import call, change, list_all, report
from stepgraph.cli.kit.arguments import AsJson, Url
from stepgraph.cli.kit.exit_codes import fail, json_argument
from stepgraph.cli.kit.output import console, print_json, table

app = typer.Typer(name="views", help="Manage saved views of lists: own ones and shared ones.", no_args_is_help=True)
ViewId = Annotated[str, typer.Argument(help="Id of the view, sv_…", show_default=False)]
Filter = Annotated[str | None, typer.Option(help="Filter as a JSON object, or @file with JSON or YAML.")]
Columns = Annotated[list[str] | None, typer.Option("--column", help="Column of the list; may be repeated.")]
Shared = Annotated[
    bool | None, typer.Option("--shared/--private", help="Show it to everybody, or to this key only. Default: private.")
]


@app.command("list")
def list_views(
    kind: Annotated[
        ViewKind | None, typer.Option(case_sensitive=False, help="Filter by the list that is viewed.")
    ] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List saved views by name: those of this key, and shared ones.

    Example: stepgraph views list --kind EXECUTIONS
    """
    views = list_all(url, "saved_views.Views", kind=None if kind is None else kind.value)
    if as_json:
        print_json(views)
    else:
        rows = (
            (view["id"], view["name"], view["kind"], "shared" if view["shared"] else "private", view["owner"])
            for view in views
        )
        console.print(table(("id", "name", "kind", "for", "owner"), rows))


@app.command()
def show(id: ViewId, url: Url = None) -> None:
    """Show a saved view as JSON.

    Example: stepgraph views show sv_01kaz1v8q3e0x9m6s4t7c2b5d8
    """
    view = call(url, "saved_views.View", id=id)
    if view is None:
        fail(f"There is no view {id}.")
    print_json(view)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Name of the view.", show_default=False)],
    kind: Annotated[ViewKind, typer.Option(case_sensitive=False, help="List that is viewed.")] = ViewKind.EXECUTIONS,
    filter: Filter = None,
    columns: Columns = None,
    shared: Shared = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Save a view, and print its id.

    Example: stepgraph views create "on call" --filter '{"status": ["FAILED"]}' --column id --column error --shared
    """
    view = change(
        url, "saved_views.CreateView", input={"name": name, "kind": kind.value, **_members(filter, columns, shared)}
    )
    report(view, view["id"], as_json=as_json)


@app.command()
def update(
    id: ViewId,
    name: Annotated[str | None, typer.Option(help="New name of the view.")] = None,
    filter: Filter = None,
    columns: Columns = None,
    shared: Shared = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Change a saved view; what is left out stays.

    Example: stepgraph views update sv_01kaz1v8q3e0x9m6s4t7c2b5d8 --name "at night" --private
    """
    members: dict[str, JsonValue] = {} if name is None else {"name": name}
    view = change(url, "saved_views.UpdateView", id=id, input={**members, **_members(filter, columns, shared)})
    report(view, f"changed {id}", as_json=as_json)


@app.command()
def delete(id: ViewId, url: Url = None, as_json: AsJson = False) -> None:
    """Delete a saved view.

    Example: stepgraph views delete sv_01kaz1v8q3e0x9m6s4t7c2b5d8
    """
    report(change(url, "saved_views.DeleteView", id=id), f"deleted {id}", as_json=as_json)


def _members(filter: str | None, columns: list[str] | None, shared: bool | None) -> dict[str, JsonValue]:
    members: dict[str, JsonValue] = {}
    if filter is not None:
        members["filter"] = json_argument(filter, "--filter")
    if columns:
        members["columns"] = columns
    if shared is not None:
        members["shared"] = shared
    return members
