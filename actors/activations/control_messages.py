"""Messages between executions: commands that come in as reports, and the notice of an end that goes out."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from actors.activations.context import ActivationContext
from domain.engine.reports import BatchEnded, CancelRequested, PauseRequested, Report, ResumeRequested, SignalReceived
from domain.engine.state import ExecutionState, Signal
from domain.executions.ports import ExecutionStore
from domain.executions.records import ExecutionRecord, PendingCommand
from domain.kernel.failures import StepError
from domain.kernel.ids import IdKind, derived_id, to_public
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import CommandKind, ExecutionStatus
from domain.system.workers import WorkQueue
from domain.workflows.definitions.definition import Definition


def report_of(command: PendingCommand) -> Report | None:
    """The report that a command makes to the decider; None for a command that says nothing."""
    payload = command.payload
    match command.kind, payload:
        case CommandKind.CANCEL, _:
            reason = payload.get("reason") if isinstance(payload, dict) else None
            return CancelRequested(reason if isinstance(reason, str) else None)
        case CommandKind.PAUSE, _:
            return PauseRequested()
        case CommandKind.RESUME, _:
            return ResumeRequested()
        case CommandKind.SIGNAL, {"name": str(name)}:
            return SignalReceived(Signal(name=name, payload=_sent(payload)))
        case CommandKind.CALLBACK, {"path": str(path)}:
            return SignalReceived(Signal(path=path, payload=_sent(payload)))
        case CommandKind.CHILD_ENDED, {"path": str(path), "first": int(first)}:
            return _batch_ended(path, first, payload)
        case CommandKind.CHILD_ENDED, {"path": str(path)}:
            return SignalReceived(Signal(path=path, payload=payload))
        case _:
            return None


def _sent(command: JsonValue) -> JsonValue:
    return command.get("payload") if isinstance(command, Mapping) else None


def _batch_ended(path: str, first: int, payload: object) -> BatchEnded:
    match payload:
        case {
            "status": ExecutionStatus.COMPLETED.value,
            "output": {"results": list(results), "failures": list(failed)},
        }:
            failures = {failure["index"]: StepError.from_json(failure["error"]) for failure in failed}
            return BatchEnded(path, first, results, failures)
        case {"error": {"code": _} as error}:
            return BatchEnded(path, first, error=StepError.from_json(error))
        case _:
            raise ValueError(f"the batch of {path} from item {first} on has ended without a result")


def notice_of(execution: ExecutionRecord, state: ExecutionState) -> PendingCommand | None:
    """`end_notice` of an execution in this state; None before its end too."""
    if state.finished_at is None:
        return None
    return end_notice(execution, state.status, state.finished_at, output=state.output, error=state.error)


def end_notice(
    execution: ExecutionRecord,
    status: ExecutionStatus,
    at: datetime,
    *,
    output: JsonValue = None,
    error: StepError | None = None,
) -> PendingCommand | None:
    """The command that tells the parent of an execution, or of a batch, that it has ended; None without a parent.

    Its id is always the same, so that storing it twice is storing it once.
    """
    if execution.parent_id is None or execution.parent_path is None:
        return None
    payload: dict[str, JsonValue] = {
        "path": execution.parent_path,
        "executionId": to_public(IdKind.EXECUTION, execution.id),
        "status": status.value,
        "output": output,
        "error": None if error is None else error.to_json(),
    }
    if execution.is_batch and isinstance(execution.input, dict):
        payload["first"] = execution.input["first"]
    return PendingCommand(
        id=derived_id(execution.id, "ended", at),
        execution_id=execution.parent_id,
        kind=CommandKind.CHILD_ENDED,
        payload=payload,
        created_at=at,
    )


async def wake(ids: Collection[UUID], store: ExecutionStore, queue: WorkQueue) -> None:
    """Make these executions look at their commands: by a nudge to the worker that holds one, or by a hint."""
    for id, worker_id in (await store.holders(ids)).items():
        if worker_id is None:
            await queue.hint([id])
        else:
            await queue.nudge(worker_id, id)


async def tell_of_end(
    execution: ExecutionRecord, definition: Definition, parts: ActivationContext, batches: Sequence[tuple[UUID, UUID]]
) -> None:
    """Pass on the end of an execution: to its parent, the workers of its `batches`, and queued executions.

    `batches` are pairs of (worker id, batch id).
    """
    for worker_id, batch in batches:
        await parts.queue.nudge(worker_id, batch)
    if execution.parent_id is not None:
        await wake([execution.parent_id], parts.store, parts.queue)
    limit = definition.max_concurrent_executions
    if limit is not None and definition.workflow_id is not None:
        admitted = await parts.store.admit(definition.workflow_id, limit, parts.clock.now())
        if admitted:
            await parts.queue.hint(admitted)
