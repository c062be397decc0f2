"""`cancel-all` and `retry-all`: what can be done with every execution that matches."""

from datetime import datetime
from typing import Annotated, Any

import typer

from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import ExecutionStatus
from stepgraph.cli.kit.api_calls import change, report
from stepgraph.cli.kit.arguments import AsJson, Labels, OfWorkflow, Url
from stepgraph.cli.kit.exit_codes import Exit, fail
from stepgraph.cli.kit.filters import TIMES, labels_of, time_of

Statuses = Annotated[
    list[ExecutionStatus] | None,
    typer.Option("--status", case_sensitive=False, help="Filter by status; may be repeated."),
]
Before = Annotated[
    datetime | None,
    typer.Option("--created-before", formats=TIMES, metavar="TIME", help="Filter by creation: before this time."),
]
After = Annotated[
    datetime | None,
    typer.Option("--created-after", formats=TIMES, metavar="TIME", help="Filter by creation: after this time."),
]
Everything = Annotated[bool, typer.Option("--all", help="Select all executions, where no filter is given.")]


def cancel_all(
    workflow: OfWorkflow = None,
    only: Statuses = None,
    labels: Labels = None,
    before: Before = None,
    after: After = None,
    everything: Everything = False,
    reason: Annotated[str | None, typer.Option(help="Reason that is stored with each execution.")] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Cancel all matching executions that have not ended.

    Example: stepgraph executions cancel-all --workflow order-fulfilment --label region=eu --reason "wrong prices"
    """
    wanted = _filter(workflow, only, labels, before, after, everything)
    _change("executions.CancelAll", "cancelled", url, as_json, filter=wanted, reason=reason)


def retry_all(
    workflow: OfWorkflow = None,
    only: Statuses = None,
    labels: Labels = None,
    before: Before = None,
    after: After = None,
    everything: Everything = False,
    from_step: Annotated[
        str | None, typer.Option(help="Path of the step to retry from. Default: all steps that have not completed.")
    ] = None,
    latest_version: Annotated[
        bool,
        typer.Option(
            "--latest-version", help="Retry with the workflow's newest version. Default: the version that ran."
        ),
    ] = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Retry all matching executions that failed, timed out or were cancelled.

    Example: stepgraph executions retry-all --workflow order-fulfilment --status FAILED --created-after 2026-01-31
    """
    wanted = _filter(workflow, only, labels, before, after, everything)
    input: JsonValue = {"fromStep": from_step, "latestVersion": latest_version}
    _change("executions.RetryAll", "retried", url, as_json, filter=wanted, input=input)


def _filter(
    workflow: str | None,
    only: list[ExecutionStatus] | None,
    labels: list[str] | None,
    before: datetime | None,
    after: datetime | None,
    everything: bool,
) -> JsonValue:
    wanted: dict[str, Any] = {
        "workflowName": workflow,
        "status": [status.value for status in only] if only else None,
        "labels": labels_of(labels) if labels else None,
        "createdBefore": time_of(before),
        "createdAfter": time_of(after),
    }
    wanted = {name: value for name, value in wanted.items() if value is not None}
    if not wanted and not everything:
        fail("Say which executions, by --workflow for instance, or --all.", Exit.USAGE)
    return wanted


def _change(operation: str, done: str, url: str | None, as_json: bool, **variables: JsonValue) -> None:
    """Send a mutation about many executions, and show how many there were."""
    result = change(url, operation, **variables)
    report(result, f"{result['changed']} of {result['matched']} matching executions {done}", as_json=as_json)
