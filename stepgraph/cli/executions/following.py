"""Following one execution to its end, live in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.live import Live

from stepgraph.cli.kit.operations import operation
from stepgraph.cli.kit.output import console, execution_view

if TYPE_CHECKING:
    from stepgraph.cli.kit.client import ApiClient


async def follow(client: ApiClient, execution_id: str, *, show: bool) -> dict[str, Any]:
    """Wait until the execution has ended, drawing it while it runs if `show`; returns it as it is then."""
    steps: dict[str, dict[str, Any]] = {}
    execution: dict[str, Any] = {}
    with Live(console=console, refresh_per_second=20, transient=False, auto_refresh=show) as live:
        async for data in client.subscribe(operation("executions.Follow"), id=execution_id):
            update = data["executionProgress"]
            execution = update["execution"]
            steps.update((step["path"], step) for step in update["steps"])
            if show:
                live.update(execution_view(execution, steps.values()))
    if show and not console.is_terminal:
        console.print()  # without a terminal the last view ends in mid-line
    return execution
