"""`cancel-all` and `retry-all`: what can be done with every execution that matches."""

from typing import Annotated

import typer

from domain.kernel.json.text import JsonValue
from stepgraph.cli.executions.filters import filtered
from stepgraph.cli.kit.api_calls import change, report
from stepgraph.cli.kit.arguments import AsJson, Url
from stepgraph.cli.kit.exit_codes import Exit, fail

Everything = Annotated[bool, typer.Option("--all", help="Select all executions, where no filter is given.")]


@filtered
def cancel_all(
    wanted: dict[str, JsonValue],
    everything: Everything = False,
    reason: Annotated[str | None, typer.Option(help="Reason that is stored with each execution.")] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Cancel all matching executions that have not ended.

    Example: stepgraph executions cancel-all --workflow order-fulfilment --label region=eu --reason "wrong prices"
    """
    _check_given(wanted, everything)
    _change("executions.CancelAll", "cancelled", url, as_json, filter=wanted, reason=reason)


@filtered
def retry_all(
    wanted: dict[str, JsonValue],
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
    _check_given(wanted, everything)
    input: JsonValue = {"fromStep": from_step, "latestVersion": latest_version}
    _change("executions.RetryAll", "retried", url, as_json, filter=wanted, input=input)


def _check_given(wanted: dict[str, JsonValue], everything: bool) -> None:
    if not wanted and not everything:
        fail("Say which executions, by --workflow for instance, or --all.", Exit.USAGE)


def _change(operation: str, done: str, url: str | None, as_json: bool, **variables: JsonValue) -> None:
    """Send a mutation about many executions, and show how many there were."""
    result = change(url, operation, **variables)
    report(result, f"{result['changed']} of {result['matched']} matching executions {done}", as_json=as_json)
