"""How facts change the state, and how a state is rebuilt from stored rows: the other half of the decider.

`evolve` changes the state in place (see domain/engine/state.py for why) and refuses transitions that are not in the
table. `restore` gives the same state that the facts behind the rows would have given.
"""

from collections.abc import Iterable
from datetime import datetime
from heapq import heapify, heappop, heappush
from typing import assert_never

from domain.definition import Definition
from domain.engine.events import (
    AttemptFailed,
    ExecutionCancelled,
    ExecutionCompleted,
    ExecutionFailed,
    ExecutionStarted,
    ExecutionTimedOut,
    Fact,
    OutputRequested,
    StepCancelled,
    StepCompleted,
    StepFailed,
    StepSkipped,
    StepStarted,
    StepWaited,
)
from domain.engine.state import Attempt, ExecutionState, StepState, WaitReason
from domain.engine.transitions import EXECUTION_TRANSITIONS, STEP_TRANSITIONS, IllegalTransition
from domain.failures import StepError
from domain.json_text import JsonValue
from domain.records import ExecutionRecord, StepRecord
from domain.statuses import ExecutionStatus, StepStatus, WaitKind


def evolve(state: ExecutionState, definition: Definition, fact: Fact) -> None:
    """Fold one fact into the state. Raises `IllegalTransition` when the table does not allow it."""
    match fact:
        case StepStarted():
            _step_started(state, definition, fact)
        case StepCompleted():
            _end_step(
                state,
                definition,
                fact.path,
                StepStatus.COMPLETED,
                fact.at,
                output=fact.output,
                input=fact.input,
                status_code=fact.status_code,
            )
        case StepFailed():
            _end_step(
                state,
                definition,
                fact.path,
                StepStatus.FAILED,
                fact.at,
                error=fact.error,
                input=fact.input,
                status_code=fact.status_code,
            )
        case StepSkipped():
            _end_step(state, definition, fact.path, StepStatus.SKIPPED, fact.at)
        case StepCancelled():
            _end_step(state, definition, fact.path, StepStatus.CANCELLED, fact.at, error=fact.error)
        case StepWaited():
            _suspend(state, fact.path, fact.at, fact.until, fact.reason, output=fact.output, input=fact.input)
        case AttemptFailed():
            reason = WaitReason(kind=WaitKind.RETRY, until=fact.retry_at, detail=fact.error.message)
            _suspend(
                state,
                fact.path,
                fact.at,
                fact.retry_at,
                reason,
                error=fact.error,
                input=fact.input,
                status_code=fact.status_code,
            )
        case ExecutionStarted():
            _move(state, ExecutionStatus.RUNNING)
            state.started_at, state.deadline_at = fact.at, fact.deadline_at
        case OutputRequested():
            state.finishing = True
        case ExecutionCompleted():
            _end(state, ExecutionStatus.COMPLETED, fact.at)
            state.output = fact.output
        case ExecutionFailed():
            _end(state, ExecutionStatus.FAILED, fact.at, fact.error)
        case ExecutionCancelled():
            _end(state, ExecutionStatus.CANCELLED, fact.at, fact.error)
        case ExecutionTimedOut():
            _end(state, ExecutionStatus.TIMED_OUT, fact.at, fact.error)
        case _:
            assert_never(fact)


def restore(definition: Definition, execution: ExecutionRecord, steps: Iterable[StepRecord]) -> ExecutionState:
    """The state that the stored rows stand for."""
    state = ExecutionState(
        execution_id=execution.id,
        status=execution.status,
        created_at=execution.created_at,
        started_at=execution.started_at,
        finished_at=execution.finished_at,
        deadline_at=execution.deadline_at,
        output=execution.output,
        error=execution.error,
        total=max(definition.total_steps, execution.progress.total),
    )
    for record in steps:
        step = record.state
        state.steps[step.path] = step
        if step.status is StepStatus.RUNNING:
            state.running.add(step.path)
        elif step.status is StepStatus.WAITING:
            state.waiting.add(step.path)
            if step.due_at is not None:
                state.timers.append((step.due_at, step.path))
        elif step.status.is_terminal:
            _count_end(state, definition, step.path, step.status)
    heapify(state.timers)
    state.finishing = definition.output is not None and state.ended == len(definition.root.steps)
    return state


def _move(state: ExecutionState, status: ExecutionStatus) -> None:
    if (state.status, status) not in EXECUTION_TRANSITIONS:
        raise IllegalTransition(f"execution {state.execution_id}", state.status, status)
    state.status = status


def _end(state: ExecutionState, status: ExecutionStatus, at: datetime, error: StepError | None = None) -> None:
    _move(state, status)
    state.finished_at, state.error = at, error


def _check(state: ExecutionState, path: str, before: StepStatus | None, after: StepStatus) -> None:
    if (before, after) not in STEP_TRANSITIONS:
        raise IllegalTransition(f"step {path} of execution {state.execution_id}", before, after)


def _step_started(state: ExecutionState, definition: Definition, fact: StepStarted) -> None:
    path = fact.path
    before = state.steps.get(path)
    attempt = Attempt(number=fact.attempt, started_at=fact.at)
    if before is None:
        _check(state, path, None, StepStatus.RUNNING)
        step = definition.root.steps[path]
        state.steps[path] = StepState(
            path=path,
            step_id=step.id,
            type=step.type,
            status=StepStatus.RUNNING,
            attempts=(attempt,),
            started_at=fact.at,
        )
    else:
        _check(state, path, before.status, StepStatus.RUNNING)
        state.waiting.discard(path)
        state.steps[path] = StepState(
            path=path,
            step_id=before.step_id,
            type=before.type,
            status=StepStatus.RUNNING,
            attempts=(*before.attempts, attempt),
            input=before.input,
            started_at=before.started_at,
        )
        _drop_stale_timers(state)
    state.running.add(path)
    if state.status is ExecutionStatus.WAITING:
        _move(state, ExecutionStatus.RUNNING)


def _end_step(
    state: ExecutionState,
    definition: Definition,
    path: str,
    status: StepStatus,
    at: datetime,
    *,
    output: JsonValue = None,
    input: JsonValue = None,
    error: StepError | None = None,
    status_code: int | None = None,
) -> None:
    before = state.steps[path]
    _check(state, path, before.status, status)
    attempts = before.attempts
    if attempts[-1].finished_at is None:
        attempts = _close(attempts, at, error, status_code)
    state.running.discard(path)
    state.waiting.discard(path)
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
    )
    _drop_stale_timers(state)
    _count_end(state, definition, path, status)
    if status is not StepStatus.CANCELLED:
        _settle(state)


def _suspend(
    state: ExecutionState,
    path: str,
    at: datetime,
    until: datetime,
    reason: WaitReason,
    *,
    output: JsonValue = None,
    input: JsonValue = None,
    error: StepError | None = None,
    status_code: int | None = None,
) -> None:
    before = state.steps[path]
    _check(state, path, before.status, StepStatus.WAITING)
    attempts = before.attempts if error is None else _close(before.attempts, at, error, status_code)
    state.steps[path] = StepState(
        path=path,
        step_id=before.step_id,
        type=before.type,
        status=StepStatus.WAITING,
        attempts=attempts,
        input=before.input if input is None else input,
        output=output,
        error=error,
        waiting_for=reason,
        due_at=until,
        started_at=before.started_at,
    )
    state.running.discard(path)
    state.waiting.add(path)
    heappush(state.timers, (until, path))
    _settle(state)


def _close(
    attempts: tuple[Attempt, ...], at: datetime, error: StepError | None, status_code: int | None
) -> tuple[Attempt, ...]:
    running = attempts[-1]
    ended = Attempt(
        number=running.number, started_at=running.started_at, finished_at=at, error=error, status_code=status_code
    )
    return (*attempts[:-1], ended)


def _count_end(state: ExecutionState, definition: Definition, path: str, status: StepStatus) -> None:
    state.ended += 1
    if status is StepStatus.COMPLETED:
        state.completed += 1
    elif status is StepStatus.FAILED:
        state.failed += 1
    steps = definition.root.steps
    for dependant in steps[path].dependants:
        left = state.unmet.get(dependant)
        state.unmet[dependant] = (len(steps[dependant].depends_on) if left is None else left) - 1


def _settle(state: ExecutionState) -> None:
    """An execution in which nothing runs and something waits is WAITING."""
    if state.waiting and not state.running and state.status is ExecutionStatus.RUNNING:
        state.status = ExecutionStatus.WAITING


def _drop_stale_timers(state: ExecutionState) -> None:
    timers = state.timers
    while timers and not _is_live(state, *timers[0]):
        heappop(timers)


def _is_live(state: ExecutionState, due_at: datetime, path: str) -> bool:
    step = state.steps[path]
    return step.status is StepStatus.WAITING and step.due_at == due_at
