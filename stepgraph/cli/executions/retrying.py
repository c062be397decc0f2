"""`retry`: an execution that has ended run again, or the plan of that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from domain.kernel.json.text import JsonValue
from stepgraph.cli.executions.control import tell
from stepgraph.cli.kit.api_calls import accepted, value_of, with_client
from stepgraph.cli.kit.arguments import AsJson, ExecutionId, Url
from stepgraph.cli.kit.exit_codes import json_argument
from stepgraph.cli.kit.output import console, print_json, say, status, table

if TYPE_CHECKING:
    from stepgraph.cli.kit.client import ApiClient

_PAGE = 500


def retry(
    id: ExecutionId,
    from_step: Annotated[
        str | None, typer.Option(help="Path of the step to retry from. Default: all steps that have not completed.")
    ] = None,
    latest_version: Annotated[
        bool,
        typer.Option(
            "--latest-version", help="Retry with the workflow's newest version. Default: the version that ran."
        ),
    ] = False,
    input: Annotated[
        str | None,
        typer.Option(
            help="Another input as JSON, or @file with JSON or YAML. Kept is then only what is before --from-step."
        ),
    ] = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Show which steps would be kept and which would run, and change nothing.")
    ] = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Retry an execution that failed, timed out or was cancelled, as a new one that keeps completed steps.

    With --input it begins anew, also one that has COMPLETED.

    Example: stepgraph executions retry ex_01kaz1v8q3e0x9m6s4t7c2b5d8 --from-step payment --plan
    """
    how: dict[str, JsonValue] = {"fromStep": from_step, "latestVersion": latest_version}
    if input is not None:
        how["input"] = json_argument(input, "--input")
    if not plan:
        tell("executions.Retry", url, as_json, id=id, input=how)
        return
    found = with_client(url, lambda client: _plan(client, id, how))
    if as_json:
        print_json(found)
    else:
        _show(found)


async def _plan(client: ApiClient, id: str, how: dict[str, JsonValue]) -> dict[str, Any]:
    """The plan of a retry, with all of its steps in place of a page."""
    steps: list[dict[str, Any]] = []
    after = None
    while True:
        plan = accepted(
            await value_of(client, "executions.PlanRetry", executionId=id, input=how, first=_PAGE, after=after)
        )
        page = plan.pop("steps")
        steps += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return {**plan, "steps": steps}
        after = page["pageInfo"]["endCursor"]


def _show(plan: dict[str, Any]) -> None:
    console.print(
        table(
            ("step", "retry", "why", "status"),
            [(step["path"], step["action"], _why(step), status(step["status"])) for step in plan["steps"]],
        )
    )
    say(f"{plan['kept']} kept, {plan['continued']} continued, {plan['run']} to run, {plan['dropped']} dropped")
    if plan["repeated"]:
        say(f"{plan['repeated']} may have been carried out before, and would be again: see `twice`", style="yellow")
    if plan["restingOnOldInput"]:
        say(f"{plan['restingOnOldInput']} kept may follow from the old input: see `old input`", style="yellow")


def _why(step: dict[str, Any]) -> str:
    remarks = [step["reason"], step["detail"]]
    if step["repeats"]:
        remarks.append("(twice)")
    if step["restsOnOldInput"]:
        remarks.append("(old input)")
    return " ".join(remark for remark in remarks if remark)
