"""`executions follow`: every new status of the executions that match, live."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from domain.kernel.json.text import JsonValue
from stepgraph.cli.executions.filters import filtered
from stepgraph.cli.kit.api_calls import with_client
from stepgraph.cli.kit.arguments import AsJson, Url
from stepgraph.cli.kit.exit_codes import note
from stepgraph.cli.kit.operations import operation
from stepgraph.cli.kit.output import console, print_json, status

if TYPE_CHECKING:
    from stepgraph.cli.kit.client import ApiClient


@filtered
def follow_many(
    wanted: dict[str, JsonValue],
    behind: Annotated[str | None, typer.Option("--after", help="Cursor of an event: continue after it.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Number of events after which it ends.")] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Follow all executions that match: a line for each new status, until interrupted.

    Example: stepgraph executions follow --status FAILED --status TIMED_OUT
    """

    async def following(client: ApiClient) -> None:
        count = 0
        async for data in client.subscribe(operation("executions.FollowMany"), filter=wanted, after=behind):
            _show(data["executionListUpdates"], as_json=as_json)
            count += 1
            if count == limit:
                return

    with_client(url, following)


def follow_counts(url: str | None, wanted: dict[str, JsonValue], show: Callable[[dict[str, Any]], None]) -> None:
    """Show the numbers of executions by status, and again whenever they have changed, until interrupted."""

    async def following(client: ApiClient) -> None:
        async for data in client.subscribe(operation("executions.FollowCounts"), filter=wanted):
            show(data["executionCountUpdates"])

    with_client(url, following)


def _show(event: dict[str, Any], *, as_json: bool) -> None:
    execution = event["execution"]
    if as_json:
        print_json(event)
    elif execution is not None:
        name = (execution["workflow"] or {}).get("name", "")
        console.print(execution["id"], status(execution["status"]), name)
    elif event["kind"] == "SKIPPED":
        note("Some events may be missing here: stepgraph executions list shows how it is now.")
