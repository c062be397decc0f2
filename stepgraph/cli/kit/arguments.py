"""Arguments and options that many commands have, and what a shell completes them with."""

from datetime import timedelta
from typing import Annotated

import typer

from domain.kernel.durations import parse_duration

_COMPLETED_WITHIN = 2.0
"""Seconds that a shell waits for the names of workflows before it offers none."""


def workflow_names(incomplete: str) -> list[str]:
    """The names of workflows that begin so, at most a hundred; none where the API does not answer in time."""
    import asyncio

    from stepgraph.cli.kit.client import connected
    from stepgraph.cli.kit.operations import operation
    from stepgraph.settings import load_settings

    async def asked() -> list[str]:
        async with asyncio.timeout(_COMPLETED_WITHIN), connected(load_settings().url) as client:
            found = await client.execute(
                operation("workflows.WorkflowNames"), filter={"nameContains": incomplete} if incomplete else {}
            )
            return [str(node["name"]) for node in found["workflows"]["nodes"]]

    try:
        return [name for name in asyncio.run(asked()) if name.startswith(incomplete)]
    except Exception:  # a shell has nothing to do with why there are none
        return []


def duration(text: str) -> timedelta:
    """A duration as it is written in documents."""
    try:
        return parse_duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


Url = Annotated[str | None, typer.Option("--url", help="Address of the API. Default: STEPGRAPH_URL.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
ExecutionId = Annotated[str, typer.Argument(help="Id of the execution, ex_…", show_default=False)]
WorkflowName = Annotated[
    str, typer.Argument(help="Name of the workflow, or its id, wf_…", show_default=False, autocompletion=workflow_names)
]
OfWorkflow = Annotated[
    str | None,
    typer.Option("--workflow", help="Filter by the workflow: its name or id.", autocompletion=workflow_names),
]
WaitFor = Annotated[
    timedelta | None,
    typer.Option(
        "--wait-for", metavar="DURATION", parser=duration, help="Wait for its end, no longer than PT30S, say."
    ),
]
Labels = Annotated[
    list[str] | None,
    typer.Option("--label", metavar="NAME=VALUE", help="Label; may be repeated.", show_default=False),
]
