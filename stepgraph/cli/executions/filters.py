"""The options that say which executions are meant: the same for lists, counts and changes of many."""

import inspect
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

import typer

from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import ExecutionStatus, TriggerKind, WaitKind
from stepgraph.cli.kit.arguments import Labels, OfWorkflow
from stepgraph.cli.kit.filters import TIMES, labels_of, time_of


def _time(name: str, help: str) -> Any:
    return Annotated[datetime | None, typer.Option(name, formats=TIMES, metavar="TIME", help=help)]


def _text(name: str, metavar: str, help: str) -> Any:
    return Annotated[str | None, typer.Option(name, metavar=metavar, help=help)]


_OPTIONS: dict[str, Any] = {
    "workflow": OfWorkflow,
    "only": Annotated[
        list[ExecutionStatus] | None,
        typer.Option("--status", case_sensitive=False, help="Filter by status; may be repeated."),
    ],
    "labels": Labels,
    "label_text": _text("--label-text", "WORDS", "Filter by words that begin a word in the labels."),
    "id_prefix": _text("--id", "PREFIX", "Filter by the first characters of the id."),
    "key": _text("--key", "KEY", "Filter by idempotency key."),
    "error": _text("--error", "CODE", "Filter by the code of the error."),
    "failed_step": _text("--failed-step", "PATH", "Filter by the path of the step that failed."),
    "waiting": Annotated[
        WaitKind | None, typer.Option("--waiting-for", case_sensitive=False, help="Filter by what is waited for.")
    ],
    "service": _text("--service", "SERVICE", "Filter by the service whose circuit breaker is waited for."),
    "longer_than": _text("--longer-than", "DURATION", "Filter by duration: ended, and took longer than PT30S, say."),
    "trigger": Annotated[
        TriggerKind | None, typer.Option("--trigger", case_sensitive=False, help="Filter by what started it.")
    ],
    "trigger_id": _text("--trigger-id", "ID", "Filter by the schedule, webhook or execution that started it."),
    "before": _time("--created-before", "Filter by creation: before this time."),
    "after": _time("--created-after", "Filter by creation: after this time."),
    "ended_before": _time("--ended-before", "Filter by end: before this time."),
    "ended_after": _time("--ended-after", "Filter by end: after this time."),
}


def filtered(command: Callable[..., None]) -> Callable[..., None]:
    """A command with these options before its own; it gets the filter as the API takes it, as `wanted`."""
    own = inspect.signature(command, eval_str=True).parameters.values()

    def run(**given: Any) -> None:
        command(_filter({name: given.pop(name) for name in _OPTIONS}), **given)

    keyword = inspect.Parameter.KEYWORD_ONLY
    options = [inspect.Parameter(name, keyword, default=None, annotation=kind) for name, kind in _OPTIONS.items()]
    run.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [*options, *(each.replace(kind=keyword) for each in own if each.name != "wanted")]
    )
    run.__name__, run.__doc__, run.__module__ = command.__name__, command.__doc__, command.__module__
    run.__annotations__ = {}
    return run


def _filter(given: dict[str, Any]) -> dict[str, JsonValue]:
    reason = {"kind": given["waiting"], "service": given["service"]}
    workflow: str | None = given["workflow"]
    wanted: dict[str, Any] = {
        "workflowId" if (workflow or "").startswith("wf_") else "workflowName": workflow,
        "status": [status.value for status in given["only"]] if given["only"] else None,
        "labels": labels_of(given["labels"]) if given["labels"] else None,
        "labelText": given["label_text"],
        "idPrefix": given["id_prefix"],
        "idempotencyKey": given["key"],
        "errorCode": given["error"],
        "failedStep": given["failed_step"],
        "waitingFor": {name: part for name, part in reason.items() if part is not None} or None,
        "longerThan": given["longer_than"],
        "trigger": given["trigger"],
        "triggerId": given["trigger_id"],
        "createdBefore": time_of(given["before"]),
        "createdAfter": time_of(given["after"]),
        "endedBefore": time_of(given["ended_before"]),
        "endedAfter": time_of(given["ended_after"]),
    }
    return {name: value for name, value in wanted.items() if value is not None}
