"""`schedules`: which workflow starts when; and when a cron expression fires."""

from datetime import UTC, datetime
from itertools import islice
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.markup import escape

from domain.cron import Cron
from domain.errors import InvalidInput
from domain.json_text import JsonValue
from domain.schedules import tick_text
from domain.statuses import OverlapPolicy
from stepgraph.client import ApiClient, connected
from stepgraph.commands.exits import Exit, fail, json_argument, run
from stepgraph.commands.schedule_operations import (
    DELETE_SCHEDULE,
    SAVE_SCHEDULE,
    SCHEDULE,
    SCHEDULES,
    WORKFLOW_ID,
)
from stepgraph.commands.showing import console, print_json, problems_of, status, table
from stepgraph.commands.workflows import AsJson, Url
from stepgraph.settings import load_settings

app = typer.Typer(
    help="Start workflows again and again, at the times that cron expressions name.", no_args_is_help=True
)
NameOrId = Annotated[str, typer.Argument(help="The schedule's name, or its id: sc_…", show_default=False)]
Expression = Annotated[
    str, typer.Argument(help='Such as "0 9 * * MON-FRI", or @daily; six fields have seconds.', show_default=False)
]
Timezone = Annotated[str, typer.Option("--timezone", help="An IANA name, such as Europe/Berlin.")]
Count = Annotated[int, typer.Option(min=1, max=100, help="How many of the next runs.")]


@app.command("list")
def list_schedules(
    workflow: Annotated[str | None, typer.Option(help="Only of the workflow with this name.")] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List schedules by name, with their next runs.

    Example: stepgraph schedules list --workflow sales-report
    """

    async def main() -> list[dict[str, Any]]:
        async with connected(url or load_settings().url) as client:
            workflow_id = None if workflow is None else await _workflow_id(client, workflow)
            found: list[dict[str, Any]] = (await client.execute(SCHEDULES, workflowId=workflow_id))["schedules"]
            return found

    schedules = run(main())
    if as_json:
        print_json(schedules)
        return
    headings = ("name", "workflow", "cron", "timezone", "next run", "last run", "")
    console.print(table(headings, (_line(schedule) for schedule in schedules)))


@app.command()
def save(
    name: Annotated[str, typer.Argument(help="Its name; the schedule with it is overwritten.", show_default=False)],
    workflow: Annotated[str, typer.Argument(help="The name of the workflow to start.", show_default=False)],
    cron: Expression,
    timezone: Timezone = "UTC",
    input: Annotated[str, typer.Option(help="The input as JSON, or @file with JSON or YAML.")] = "null",
    overlap: Annotated[
        OverlapPolicy, typer.Option(case_sensitive=False, help="What to do while the last execution runs.")
    ] = OverlapPolicy.SKIP,
    catch_up: Annotated[str, typer.Option(help="How far back missed ticks are started: PT0S to P366D.")] = "PT1M",
    enabled: Annotated[bool, typer.Option("--enabled/--disabled", help="Whether it starts anything.")] = True,
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

    async def main() -> dict[str, Any]:
        async with connected(url or load_settings().url) as client:
            wanted["workflowId"] = await _workflow_id(client, workflow)
            return dict((await client.execute(SAVE_SCHEDULE, input=wanted))["saveSchedule"])

    result = run(main())
    if result["__typename"] != "Schedule":
        fail(problems_of(result))
    if as_json:
        print_json(result)
    else:
        console.print(f"{result['name']}: next run {_time(result['nextRunAt']) or 'never'}", highlight=False)


@app.command()
def show(name: NameOrId, count: Count = 5, url: Url = None, as_json: AsJson = False) -> None:
    """Show one schedule with its next runs.

    Example: stepgraph schedules show nightly --count 10
    """

    async def main() -> dict[str, Any] | None:
        async with connected(url or load_settings().url) as client:
            return await _find(client, name, count)

    schedule = run(main())
    if schedule is None:
        fail(f"There is no schedule {name}.")
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
        "last run": _time(schedule["lastRunAt"]),
        "last execution": "" if last is None else f"{last['id']} {status(last['status'])}",
        "last error": escape(schedule["lastError"] or ""),
        "next runs": "\n".join(_time(moment) for moment in schedule["nextRuns"]),
    }
    console.print(table((schedule["name"], ""), facts.items()))


@app.command()
def delete(name: NameOrId, url: Url = None, as_json: AsJson = False) -> None:
    """Delete a schedule. What it has started goes on.

    Example: stepgraph schedules delete nightly
    """

    async def main() -> dict[str, Any]:
        async with connected(url or load_settings().url) as client:
            schedule = await _find(client, name, 1)
            if schedule is None:
                fail(f"There is no schedule {name}.")
            return dict((await client.execute(DELETE_SCHEDULE, id=schedule["id"]))["deleteSchedule"])

    result = run(main())
    if result["__typename"] != "Deleted":
        fail(problems_of(result))
    if as_json:
        print_json(result)
    else:
        console.print(f"deleted {result['id']}", highlight=False)


@app.command("next")
def next_runs(cron: Expression, timezone: Timezone = "UTC", count: Count = 5, as_json: AsJson = False) -> None:
    """Show when a cron expression fires next. Nothing is stored, and no API is asked.

    Example: stepgraph schedules next "30 2 * * *" --timezone Europe/Berlin
    """
    try:
        moments = list(islice(Cron(cron, timezone).after(datetime.now(UTC)), count))
    except InvalidInput as error:
        problems = [{"path": each.path, "message": each.message, "hint": each.hint} for each in error.problems]
        fail(problems_of({"message": "This is no schedule.", "problems": problems}), Exit.USAGE)
    if as_json:
        print_json([tick_text(moment) for moment in moments])
        return
    zone = ZoneInfo(timezone)
    rows = (
        (_time(tick_text(moment)), moment.astimezone(zone).strftime("%a %Y-%m-%d %H:%M:%S %Z")) for moment in moments
    )
    console.print(table(("UTC", timezone), rows))


async def _workflow_id(client: ApiClient, name: str) -> str:
    """The id of a workflow. Leaves with exit code 1 where there is none with this name."""
    found = (await client.execute(WORKFLOW_ID, name=name))["workflow"]
    if found is None:
        fail(f"There is no workflow {name}.")
    return str(found["id"])


async def _find(client: ApiClient, name: str, count: int) -> dict[str, Any] | None:
    """A schedule by its id where the text looks like one, else by its name."""
    key = {"id": name} if name.startswith("sc_") else {"name": name}
    found: dict[str, Any] | None = (await client.execute(SCHEDULE, count=count, **key))["schedule"]
    return found


def _line(schedule: dict[str, Any]) -> tuple[object, ...]:
    last, error = schedule["lastExecution"], schedule["lastError"]
    remark = escape(error) if error else ("" if last is None else status(last["status"]))
    return (
        schedule["name"],
        schedule["workflow"]["name"],
        schedule["cron"],
        schedule["timezone"],
        _time(schedule["nextRunAt"]) if schedule["enabled"] else "disabled",
        _time(schedule["lastRunAt"]),
        remark,
    )


def _time(moment: str | None) -> str:
    return "" if moment is None else moment[:19].replace("T", " ")
