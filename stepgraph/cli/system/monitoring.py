"""`metrics` and `health`: how executions have gone, and how the system is."""

from datetime import timedelta
from typing import Annotated, Any

import typer
from rich.text import Text

from domain.kernel.durations import parse_duration
from stepgraph.cli.kit.api_calls import call
from stepgraph.cli.kit.arguments import AsJson, Url
from stepgraph.cli.kit.exit_codes import Exit, fail
from stepgraph.cli.kit.output import console, duration, moment, print_json, say, table

_COLOURS = {"UP": "green", "DEGRADED": "yellow", "DOWN": "red"}


def metrics(
    workflow: Annotated[str | None, typer.Option(help="Filter by the name of the workflow.")] = None,
    from_: Annotated[
        str | None,
        typer.Option("--from", help="Start of the range, such as 2026-11-01T00:00:00Z. Default: 24 hours ago."),
    ] = None,
    to: Annotated[str | None, typer.Option(help="End of the range. Default: now.")] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show counts and durations of executions, by default of the last 24 hours.

    Example: stepgraph metrics --workflow sales-report
    """
    span = {"from": from_, "to": to}
    if workflow is None:
        found = call(url, "system.Metrics", **span)
    else:
        one = call(url, "system.WorkflowMetrics", name=workflow, **span)
        if one is None:
            fail(f"There is no workflow {workflow!r}.")
        found = one["metrics"]
    if as_json:
        print_json(found)
        return
    say(f"{found['from']} to {found['to']}")
    headings = ("started", "completed", "failed", "cancelled", "running", "success", "mean", "p50", "p95", "p99")
    counts = [str(found[name]) for name in headings[:5]]
    line = (*counts, f"{found['successRate']:.1%}", *_durations(found["duration"]))
    console.print(table(headings, [line]))
    if found["steps"]:
        steps = [
            (
                step["type"],
                str(step["executions"]),
                str(step["failures"]),
                str(step["retries"]),
                *_durations(step["duration"]),
            )
            for step in found["steps"]
        ]
        console.print(table(("steps", "executions", "failures", "retries", "mean", "p50", "p95", "p99"), steps))


def health(url: Url = None, as_json: AsJson = False) -> None:
    """Show the health of the system: components, workers and queues.

    The exit code is 1 where it is DOWN.

    Example: stepgraph health
    """
    found = call(url, "system.Health")
    if as_json:
        print_json(found)
    else:
        _show(found)
    if found["status"] == "DOWN":
        raise typer.Exit(Exit.FAILED)


def _show(found: dict[str, Any]) -> None:
    console.print(Text.assemble(_coloured(found["status"]), f"  stepgraph {found['version']}"))
    components = [
        (
            each["name"],
            _coloured(each["status"]),
            "" if each["latency"] is None else _length(each["latency"]),
            each["detail"] or "",
        )
        for each in found["components"]
    ]
    console.print(table(("component", "status", "latency", ""), components))
    workers = [
        (
            each["id"],
            each["host"],
            each["activeExecutions"],
            moment(each["startedAt"]),
            moment(each["lastHeartbeatAt"]),
        )
        for each in found["workers"]
    ]
    if workers:
        console.print(table(("worker", "host", "executions", "started", "last heartbeat"), workers))
    else:
        console.print("No worker lives: executions wait.")
    queues = [(each["name"], str(each["depth"]), str(each["deadLetters"])) for each in found["queues"]]
    console.print(table(("queue", "depth", "dead letters"), queues))


def _durations(stats: dict[str, str]) -> tuple[str, ...]:
    return tuple(_length(stats[name]) for name in ("mean", "p50", "p95", "p99"))


def _length(text: str) -> str:
    length = parse_duration(text)
    return f"{length / timedelta(milliseconds=1):.1f} ms" if length < timedelta(seconds=1) else duration(text)


def _coloured(status: str) -> Text:
    return Text(status, style=_COLOURS[status])
