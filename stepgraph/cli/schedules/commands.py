"""`schedules`: which workflow starts when; and when a cron expression fires."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import OverlapPolicy
from domain.schedules.cron import Cron, cron_problems
from domain.schedules.model import tick_text
from stepgraph.cli.kit.api_calls import accepted, all_of, call, report, value_of, with_client
from stepgraph.cli.kit.api_errors import problem_lines
from stepgraph.cli.kit.arguments import AsJson, Url
from stepgraph.cli.kit.exit_codes import Exit, fail, json_argument
from stepgraph.cli.kit.output import console, moment, print_json, say, status, table
from stepgraph.cli.workflows.commands import workflow_id_of

if TYPE_CHECKING:
    from stepgraph.cli.kit.client import ApiClient

app = typer.Typer(help="Manage schedules: workflows that cron expressions start.", no_args_is_help=True)
NameOrId = Annotated[str, typer.Argument(help="Name of the schedule, or its id, sc_…", show_default=False)]
Expression = Annotated[
    str,
    typer.Argument(help='Cron expression: "0 9 * * MON-FRI", @daily, or six fields, with seconds.', show_default=False),
]
Timezone = Annotated[str, typer.Option("--timezone", help="Time zone of the cron expression, such as Europe/Berlin.")]
_SETTINGS = ("name", "cron", "timezone", "input", "overlap", "catchUpWindow")
"""The members of a schedule that are sent unchanged when it is enabled or disabled, besides its workflow."""
Count = Annotated[int, typer.Option(min=1, max=100, help="Number of next runs to show.")]


@app.command("list")
def list_schedules(
    workflow: Annotated[str | None, typer.Option(help="Filter by the name of the workflow.")] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List schedules by name, with their next runs.

    Example: stepgraph schedules list --workflow sales-report
    """

    async def listed(client: ApiClient) -> Any:
        workflow_id = None if workflow is None else await workflow_id_of(client, workflow)
        return await all_of(client, "schedules.Schedules", workflowId=workflow_id)

    schedules = with_client(url, listed)
    if as_json:
        print_json(schedules)
        return
    headings = ("name", "workflow", "cron", "timezone", "next run", "last run", "")
    console.print(table(headings, (_line(schedule) for schedule in schedules)))


@app.command()
def save(
    name: Annotated[
        str, typer.Argument(help="Name of the schedule; an existing one is overwritten.", show_default=False)
    ],
    workflow: Annotated[str, typer.Argument(help="Name of the workflow to start.", show_default=False)],
    cron: Expression,
    timezone: Timezone = "UTC",
    input: Annotated[str, typer.Option(help="Input as JSON, or @file with JSON or YAML.")] = "null",
    overlap: Annotated[
        OverlapPolicy,
        typer.Option(
            case_sensitive=False, help="Policy for a run that is due while the previous execution still runs."
        ),
    ] = OverlapPolicy.SKIP,
    catch_up: Annotated[
        str, typer.Option(help="Catch-up window: missed runs as old as this are still started, PT0S to P366D.")
    ] = "PT1M",
    enabled: Annotated[bool, typer.Option("--enabled/--disabled", help="Create it enabled or disabled.")] = True,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Create a schedule, or overwrite the one with this name.

    Example: stepgraph schedules save nightly sales-report "0 3 * * *" --timezone Europe/Berlin
    """
    wanted: dict[str, JsonValue] = {
        "name": name,
        "cron": cron,
        "timezone": timezone,
        "input": json_argument(input, "--input"),
        "overlap": overlap.value,
        "catchUpWindow": catch_up,
        "enabled": enabled,
    }

    async def saved(client: ApiClient) -> Any:
        wanted["workflowId"] = await workflow_id_of(client, workflow)
        return await value_of(client, "schedules.SaveSchedule", input=wanted)

    result = accepted(with_client(url, saved))
    lines = [f"{name}: next run {moment(result['nextRunAt']) or 'never'}", *result["warnings"]]
    report(result, "\n".join(lines), as_json=as_json)


@app.command()
def show(name: NameOrId, count: Count = 5, url: Url = None, as_json: AsJson = False) -> None:
    """Show a schedule with its next runs.

    Example: stepgraph schedules show nightly --count 10
    """
    schedule = with_client(url, lambda client: _find(client, name, count))
    if as_json:
        print_json(schedule)
        return
    last = schedule["lastExecution"]
    facts: dict[str, object] = {
        "id": schedule["id"],
        "workflow": schedule["workflow"]["name"],
        "cron": f"{schedule['cron']} ({schedule['timezone']})",
        "overlap": schedule["overlap"],
        "catch-up window": schedule["catchUpWindow"],
        "enabled": "yes" if schedule["enabled"] else "no",
        "last run": moment(schedule["lastRunAt"]),
        "last execution": "" if last is None else f"{last['id']} {status(last['status'])}",
        "last error": schedule["lastError"] or "",
        "note": "\n".join(schedule["warnings"]),
        "next runs": "\n".join(map(moment, schedule["nextRuns"])),
    }
    console.print(table((schedule["name"], ""), facts.items()))


@app.command()
def enable(name: NameOrId, url: Url = None, as_json: AsJson = False) -> None:
    """Enable a schedule from now on. Missed runs are not started.

    Example: stepgraph schedules enable nightly
    """
    _switch(name, True, url, as_json)


@app.command()
def disable(name: NameOrId, url: Url = None, as_json: AsJson = False) -> None:
    """Disable a schedule: it starts nothing until it is enabled.

    Example: stepgraph schedules disable nightly
    """
    _switch(name, False, url, as_json)


@app.command()
def delete(name: NameOrId, url: Url = None, as_json: AsJson = False) -> None:
    """Delete a schedule. Executions that it has started go on.

    Example: stepgraph schedules delete nightly
    """

    async def deleted(client: ApiClient) -> Any:
        return await value_of(client, "schedules.DeleteSchedule", id=(await _find(client, name, 1))["id"])

    result = accepted(with_client(url, deleted))
    report(result, f"deleted {result['id']}", as_json=as_json)


@app.command("next")
def next_runs(cron: Expression, timezone: Timezone = "UTC", count: Count = 5, as_json: AsJson = False) -> None:
    """Show the next runs of a cron expression, without storing anything or calling the API.

    Example: stepgraph schedules next "30 2 * * *" --timezone Europe/Berlin
    """
    found = cron_problems(cron, timezone)
    if found:
        problems = [{"path": each.path, "message": each.message, "hint": each.hint} for each in found]
        fail(problem_lines({"message": "This is no schedule.", "problems": problems}), Exit.USAGE)
    ticks = Cron(cron, timezone).upcoming(datetime.now(UTC), count)
    if as_json:
        print_json([tick_text(tick) for tick in ticks])
        return
    _show_runs(ticks, timezone)


@app.command()
def preview(
    cron: Expression, timezone: Timezone = "UTC", count: Count = 5, url: Url = None, as_json: AsJson = False
) -> None:
    """Show the next runs that a schedule would have, by the API's clock, with warnings, without storing it.

    Example: stepgraph schedules preview "*/45 * * * *" --timezone Europe/Berlin
    """
    timing: JsonValue = {"cron": cron, "timezone": timezone}
    found = accepted(call(url, "schedules.PreviewSchedule", input=timing, count=count))
    if as_json:
        print_json(found)
        return
    _show_runs(map(datetime.fromisoformat, found["nextRuns"]), timezone)
    for warning in found["warnings"]:
        say(warning)


def _show_runs(ticks: Iterable[datetime], timezone: str) -> None:
    zone = ZoneInfo(timezone)
    rows = ((moment(tick_text(tick)), tick.astimezone(zone).strftime("%a %Y-%m-%d %H:%M:%S %Z")) for tick in ticks)
    console.print(table(("UTC", timezone), rows))


def _switch(name: str, enabled: bool, url: str | None, as_json: bool) -> None:
    async def switched(client: ApiClient) -> Any:
        known = await _find(client, name, 1)
        kept = {member: known[member] for member in _SETTINGS}
        wanted = {**kept, "workflowId": known["workflow"]["id"], "enabled": enabled}
        return await value_of(client, "schedules.SaveSchedule", input=wanted)

    schedule = accepted(with_client(url, switched))
    sentence = f"next run {moment(schedule['nextRunAt'])}" if enabled else "disabled"
    report(schedule, f"{schedule['name']}: {sentence}", as_json=as_json)


async def _find(client: ApiClient, name: str, count: int) -> dict[str, Any]:
    """A schedule by its id where the text looks like one, else by its name. Leaves with exit code 1 without one."""
    key: JsonValue = {"id": name} if name.startswith("sc_") else {"name": name}
    found: dict[str, Any] | None = await value_of(client, "schedules.Schedule", count=count, by=key)
    if found is None:
        fail(f"There is no schedule {name}.")
    return found


def _line(schedule: dict[str, Any]) -> tuple[object, ...]:
    last, error = schedule["lastExecution"], schedule["lastError"]
    remark = error or ("" if last is None else status(last["status"]))
    return (
        schedule["name"],
        schedule["workflow"]["name"],
        schedule["cron"],
        schedule["timezone"],
        moment(schedule["nextRunAt"]) if schedule["enabled"] else "disabled",
        moment(schedule["lastRunAt"]),
        remark,
    )
