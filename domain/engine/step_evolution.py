"""Folding of facts about steps into the state: attempts, ends, waits, and their effect on counters and timers."""

from dataclasses import replace
from datetime import datetime
from heapq import heapify, heappop, heappush
from typing import assert_never

from domain.engine.decision_builder import id_of, prefix_of
from domain.engine.facts import (
    AttemptFailed,
    StepCancelled,
    StepCompleted,
    StepFailed,
    StepResumed,
    StepSkipped,
    StepStarted,
    StepWaited,
)
from domain.engine.outcomes import Deferred, Failed, Succeeded
from domain.engine.shares import count_share
from domain.engine.state import Attempt, Delay, ExecutionState, StepState, WaitReason
from domain.engine.transitions import EXECUTION_TRANSITIONS, STEP_TRANSITIONS, IllegalTransition
from domain.kernel.failures import StepError
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import ExecutionStatus, StepStatus, WaitKind
from domain.workflows.definitions.definition import Definition
from domain.workflows.steps.for_each import FOR_EACH
from domain.workflows.steps.kind import Effect

StepFact = (
    StepStarted | StepCompleted | StepFailed | StepSkipped | StepCancelled | StepWaited | AttemptFailed | StepResumed
)


def evolve_step(state: ExecutionState, definition: Definition, fact: StepFact) -> None:
    """Fold a fact about one step into the state."""
    match fact:
        case StepStarted():
            _step_started(state, definition, fact)
        case StepCompleted():
            _end_step(state, definition, fact.path, StepStatus.COMPLETED, fact.at, fact.outcome, fact.input)
        case StepFailed():
            _end_step(state, definition, fact.path, StepStatus.FAILED, fact.at, fact.outcome, fact.input)
        case StepSkipped():
            _end_step(state, definition, fact.path, StepStatus.SKIPPED, fact.at)
        case StepCancelled():
            _end_step(state, definition, fact.path, StepStatus.CANCELLED, fact.at, Failed(error=fact.error))
        case StepWaited():
            _suspend(state, fact.path, fact.at, fact.due_at, fact.outcome.reason, fact.outcome, fact.input)
        case AttemptFailed():
            reason = WaitReason(kind=WaitKind.RETRY, until=fact.retry_at, detail=fact.outcome.error.message)
            _suspend(state, fact.path, fact.at, fact.retry_at, reason, fact.outcome, fact.input)
        case StepResumed():
            _resume(state, fact)
        case _:
            assert_never(fact)


def _step_started(state: ExecutionState, definition: Definition, fact: StepStarted) -> None:
    path = fact.path
    before = state.steps.get(path)
    attempt = Attempt(number=fact.attempt, started_at=fact.at)
    if before is None:
        _check(state, path, None, StepStatus.RUNNING)
        step = definition.step(path)
        carried = state.carried.get(path) if step.kind.effect is Effect.CALL else None
        state.steps[path] = StepState(
            path=path,
            step_id=step.id,
            type=step.type,
            status=StepStatus.RUNNING,
            attempts=(attempt,),
            started_at=fact.at,
            checkpoint=None if carried is None else carried.checkpoint,
        )
        state.running.add(path)
        _wake_up(state)
    else:
        _run_again(state, before, (*before.attempts, attempt), before.checkpoint)


def _resume(state: ExecutionState, fact: StepResumed) -> None:
    before = state.steps[fact.path]
    attempts = before.attempts
    delay = attempts[-1].delay
    if delay is not None and delay.since is not None:
        delay = Delay(timed_from=delay.timed_from + (fact.at - delay.since))
        attempts = (*attempts[:-1], replace(attempts[-1], delay=delay))
    _run_again(state, before, attempts, fact.checkpoint)


def _run_again(state: ExecutionState, before: StepState, attempts: tuple[Attempt, ...], checkpoint: JsonValue) -> None:
    path = before.path
    _check(state, path, before.status, StepStatus.RUNNING)
    state.waiting.discard(path)
    state.steps[path] = StepState(
        path=path,
        step_id=before.step_id,
        type=before.type,
        status=StepStatus.RUNNING,
        attempts=attempts,
        input=before.input,
        started_at=before.started_at,
        checkpoint=checkpoint,
    )
    drop_stale_timers(state)
    state.running.add(path)
    _wake_up(state)


def _wake_up(state: ExecutionState) -> None:
    if state.status is ExecutionStatus.WAITING:
        move(state, ExecutionStatus.RUNNING)


def _end_step(
    state: ExecutionState,
    definition: Definition,
    path: str,
    status: StepStatus,
    at: datetime,
    outcome: Succeeded | Failed | None = None,
    input: JsonValue = None,
) -> None:
    before = state.steps[path]
    _check(state, path, before.status, status)
    output: JsonValue = None
    error: StepError | None = None
    status_code: int | None = None
    checkpoint = before.checkpoint
    if isinstance(outcome, Succeeded):
        output, status_code = outcome.output, outcome.status_code
    elif outcome is not None:
        error, status_code = outcome.error, outcome.status_code
        checkpoint = checkpoint if outcome.checkpoint is None else outcome.checkpoint
    attempts = before.attempts
    if attempts[-1].finished_at is None:
        attempts = _close(attempts, at, error, status_code)
    state.running.discard(path)
    state.waiting.discard(path)
    container = state.containers.pop(path, None)
    if container is not None:
        state.sharded.discard(path)
        around = state.blocks.get(prefix_of(path))
        if around is not None:
            around.partial[id_of(path)] = container.done
        for prefix in container.active.values():
            state.blocks.pop(prefix, None)
    if status is StepStatus.COMPLETED:
        checkpoint = before.checkpoint if before.type == FOR_EACH.name else None
    state.steps[path] = StepState(
        path=path,
        step_id=before.step_id,
        type=before.type,
        status=status,
        attempts=attempts,
        input=before.input if input is None else input,
        output=output,
        error=error,
        started_at=before.started_at,
        finished_at=at,
        checkpoint=checkpoint,
    )
    drop_stale_timers(state)
    count_status(state, status)
    if (
        status is StepStatus.COMPLETED
        or status is StepStatus.SKIPPED
        or (status is StepStatus.FAILED and definition.step(path).on_error_continue)
    ):
        count_end(state, path)
    settle(state)


def count_status(state: ExecutionState, status: StepStatus) -> None:
    """Count one more step that has ended with this status."""
    if status is StepStatus.COMPLETED:
        state.completed += 1
    elif status is StepStatus.FAILED:
        state.failed += 1


def count_end(state: ExecutionState, path: str) -> None:
    """Count a step as ended in its block: those that depend on it have one dependency less to wait for."""
    prefix, _, own_id = path.rpartition(".")
    block = state.blocks.get(prefix)
    if block is None:
        return
    block.ended += 1
    steps = block.block.steps
    share = block.share / len(steps)
    count_share(state, block, share - block.partial.pop(own_id, 0.0) if block.partial else share)
    for id in steps[own_id].dependants:
        left = block.unmet.get(id)
        block.unmet[id] = (len(steps[id].depends_on) if left is None else left) - 1


def _suspend(
    state: ExecutionState,
    path: str,
    at: datetime,
    due_at: datetime | None,
    reason: WaitReason,
    outcome: Deferred | Failed,
    input: JsonValue,
) -> None:
    before = state.steps[path]
    _check(state, path, before.status, StepStatus.WAITING)
    attempts = before.attempts
    if isinstance(outcome, Failed):
        attempts = _close(attempts, at, outcome.error, outcome.status_code)
    elif reason.kind is WaitKind.CIRCUIT_BREAKER:
        delay = Delay(timed_from=attempts[-1].timed_from, since=at)
        attempts = (*attempts[:-1], replace(attempts[-1], delay=delay))
    state.steps[path] = StepState(
        path=path,
        step_id=before.step_id,
        type=before.type,
        status=StepStatus.WAITING,
        attempts=attempts,
        input=before.input if input is None else input,
        output=outcome.output if isinstance(outcome, Deferred) else None,
        error=outcome.error if isinstance(outcome, Failed) else None,
        waiting_for=reason,
        due_at=due_at,
        started_at=before.started_at,
        checkpoint=outcome.checkpoint,
    )
    state.running.discard(path)
    state.waiting.add(path)
    if due_at is not None:
        heappush(state.timers, (due_at, path))
    settle(state)


def _close(
    attempts: tuple[Attempt, ...], at: datetime, error: StepError | None, status_code: int | None
) -> tuple[Attempt, ...]:
    running = attempts[-1]
    ended = Attempt(
        number=running.number,
        started_at=running.started_at,
        finished_at=at,
        error=error,
        status_code=status_code,
        delay=running.delay,
    )
    return (*attempts[:-1], ended)


def _check(state: ExecutionState, path: str, before: StepStatus | None, after: StepStatus) -> None:
    if (before, after) not in STEP_TRANSITIONS:
        raise IllegalTransition(f"step {path} of execution {state.execution_id}", before, after)


def settle(state: ExecutionState) -> None:
    """Set the status: WAITING where nothing runs and something waits, RUNNING where nothing waits."""
    if state.status is ExecutionStatus.WAITING:
        if not state.waiting:
            move(state, ExecutionStatus.RUNNING)
    elif state.status is ExecutionStatus.RUNNING and state.waiting and not state.running and not state.sharded:
        move(state, ExecutionStatus.WAITING)


def move(state: ExecutionState, status: ExecutionStatus) -> None:
    """Give the execution another status. Raises `IllegalTransition`."""
    if (state.status, status) not in EXECUTION_TRANSITIONS:
        raise IllegalTransition(f"execution {state.execution_id}", state.status, status)
    state.status = status


def set_timers(state: ExecutionState) -> None:
    """Rebuild the heap of timers from the steps."""
    steps = (state.steps.get(path) for path in (*state.waiting, *state.containers))
    state.timers = [(step.due_at, step.path) for step in steps if step is not None and step.due_at is not None]
    heapify(state.timers)


def drop_stale_timers(state: ExecutionState) -> None:
    """Remove stale timers from the top of the heap."""
    timers = state.timers
    while timers and not _is_live(state, *timers[0]):
        heappop(timers)


def _is_live(state: ExecutionState, due_at: datetime, path: str) -> bool:
    step = state.steps[path]
    return step.due_at == due_at and (step.status is StepStatus.WAITING or path in state.containers)
