"""What happens next: a report goes in, facts and commands come out. Nothing here reads a clock, rolls dice or does I/O.

The world *reports*; `decide` answers with *facts*, which `evolve` folds into the state and the shell stores, and with
*commands*, which the shell carries out once the facts are safe. A report about an attempt that is not the running one
decides nothing, so redelivery is harmless. `decide` looks only at what the report touches: its cost does not grow
with the size of the execution.

The shape is the Decider of Jérémie Chassaing (https://thinkbeforecoding.com/post/2021/12/17/functional-event-sourcing-decider).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import assert_never

from domain.definition import CompiledStep, Definition
from domain.engine.commands import Command, Decision, EvaluateOutput, RunStep, StopStep
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
from domain.engine.reports import (
    Activated,
    CancelRequested,
    OutputEvaluated,
    Report,
    StepBypassed,
    StepDeferred,
    StepErrored,
    StepSucceeded,
    TimePassed,
)
from domain.engine.state import ExecutionState
from domain.engine.timers import due_paths
from domain.failures import FailureCode, StepError
from domain.json_text import JsonValue
from domain.retry import next_attempt_at
from domain.statuses import ExecutionStatus, StepStatus, WaitKind

NOTHING = Decision()


def decide(definition: Definition, state: ExecutionState, report: Report, now: datetime) -> Decision:
    """What follows from `report`. An execution that has ended answers every report with nothing."""
    if state.status.is_terminal:
        return NOTHING
    match report:
        case StepSucceeded():
            return _succeeded(definition, state, report, now)
        case StepErrored():
            return _errored(definition, state, report, now)
        case Activated():
            return _activated(definition, state, now)
        case OutputEvaluated():
            return _output_evaluated(state, report, now)
        case StepBypassed():
            return _bypassed(definition, state, report, now)
        case StepDeferred():
            return _deferred(state, report, now)
        case TimePassed():
            return _time_passed(definition, state, now)
        case CancelRequested():
            return _cancelled(state, report, now)
        case _:
            assert_never(report)


def _is_running(state: ExecutionState, path: str, attempt: int) -> bool:
    step = state.steps.get(path)
    return step is not None and step.status is StepStatus.RUNNING and step.attempt == attempt


def _activated(definition: Definition, state: ExecutionState, now: datetime) -> Decision:
    """Start from the beginning, or go on: attempts that a lost worker was running are run again under their number."""
    if state.status is ExecutionStatus.PENDING:
        deadline = None if definition.timeout is None else now + definition.timeout
        started = ExecutionStarted(at=now, deadline_at=deadline)
        ready = [step for step in definition.root.steps.values() if not step.depends_on]
        facts, commands = _start(ready, now)
        if not ready:
            facts, commands = _finish(definition, state, now, {})
        return Decision((started, *facts), tuple(commands))
    if _is_past_deadline(state, now):
        return _timed_out(state, now)
    again: list[Command] = [RunStep(path, state.steps[path].attempt) for path in sorted(state.running)]
    ready = [
        step
        for step in definition.root.steps.values()
        if step.path not in state.steps and state.unmet.get(step.path, len(step.depends_on)) == 0
    ]
    facts, commands = _start(ready, now)
    resumed = _time_passed(definition, state, now)
    if state.ended == len(definition.root.steps):
        finish_facts, finish_commands = _finish(definition, state, now, {})
        facts, commands = [*facts, *finish_facts], [*commands, *finish_commands]
    return Decision((*facts, *resumed.facts), (*again, *commands, *resumed.commands))


def _succeeded(definition: Definition, state: ExecutionState, report: StepSucceeded, now: datetime) -> Decision:
    if not _is_running(state, report.path, report.attempt):
        return NOTHING
    ended = StepCompleted(report.path, now, report.output, report.input, report.status_code)
    return _go_on(definition, state, (ended,), now)


def _bypassed(definition: Definition, state: ExecutionState, report: StepBypassed, now: datetime) -> Decision:
    if not _is_running(state, report.path, report.attempt):
        return NOTHING
    return _go_on(definition, state, (StepSkipped(report.path, now),), now)


def _deferred(state: ExecutionState, report: StepDeferred, now: datetime) -> Decision:
    if not _is_running(state, report.path, report.attempt):
        return NOTHING
    fact = StepWaited(report.path, now, report.until, report.reason, report.output, report.input)
    return Decision((fact,))


def _errored(definition: Definition, state: ExecutionState, report: StepErrored, now: datetime) -> Decision:
    if not _is_running(state, report.path, report.attempt):
        return NOTHING
    step = definition.root.steps[report.path]
    retry_at = next_attempt_at(
        step.retry,
        report.error,
        attempt=report.attempt,
        first_started_at=state.steps[report.path].attempts[0].started_at,
        now=now,
        chance=report.chance,
        retry_after=report.retry_after,
        retry_wanted=report.retry_wanted,
    )
    if retry_at is not None:
        again = AttemptFailed(report.path, now, report.error, retry_at, report.input, report.status_code)
        return Decision((again,))
    failed = StepFailed(report.path, now, report.error, report.input, report.status_code)
    if step.on_error_continue:
        return _go_on(definition, state, (failed,), now)
    facts, commands = _stop_all(state, now, except_path=report.path)
    cause = StepError(
        code=report.error.code, message=report.error.message, path=report.path, details=report.error.details
    )
    return Decision((failed, *facts, ExecutionFailed(now, cause)), commands)


def _time_passed(definition: Definition, state: ExecutionState, now: datetime) -> Decision:
    if _is_past_deadline(state, now):
        return _timed_out(state, now)
    ended: list[StepCompleted] = []
    facts: list[Fact] = []
    commands: list[Command] = []
    for path in sorted(due_paths(state.timers, now)):
        step = state.steps[path]
        if step.status is not StepStatus.WAITING or step.due_at is None or step.due_at > now:
            continue  # a timer that something else has overtaken
        if step.waiting_for is not None and step.waiting_for.kind is WaitKind.RETRY:
            facts.append(StepStarted(path, step.attempt + 1, now))
            commands.append(RunStep(path, step.attempt + 1))
        else:
            ended.append(StepCompleted(path, now, step.output, step.input))
    if ended:
        went_on = _go_on(definition, state, tuple(ended), now)
        return Decision((*facts, *went_on.facts), (*commands, *went_on.commands))
    return Decision(tuple(facts), tuple(commands)) if facts else NOTHING


def _cancelled(state: ExecutionState, report: CancelRequested, now: datetime) -> Decision:
    facts, commands = _stop_all(state, now)
    message = "The execution was cancelled." if report.reason is None else report.reason
    error = StepError(code=FailureCode.CANCELLED, message=message)
    return Decision((*facts, ExecutionCancelled(now, error)), commands)


def _output_evaluated(state: ExecutionState, report: OutputEvaluated, now: datetime) -> Decision:
    if not state.finishing:
        return NOTHING
    if report.error is not None:
        return Decision((ExecutionFailed(now, report.error),))
    return Decision((ExecutionCompleted(now, report.output),))


def _is_past_deadline(state: ExecutionState, now: datetime) -> bool:
    return state.deadline_at is not None and now >= state.deadline_at


def _timed_out(state: ExecutionState, now: datetime) -> Decision:
    facts, commands = _stop_all(state, now)
    error = StepError(code=FailureCode.TIMEOUT, message="The execution did not end within its timeout.")
    return Decision((*facts, ExecutionTimedOut(now, error)), commands)


StepEnded = StepCompleted | StepSkipped | StepFailed


def _go_on(definition: Definition, state: ExecutionState, ended: Sequence[StepEnded], now: datetime) -> Decision:
    """These steps have ended, and not badly: start what waited for them, or finish when nothing is left."""
    steps = definition.root.steps
    unmet: dict[str, int] = {}
    ready: list[CompiledStep] = []
    for fact in ended:
        for dependant in steps[fact.path].dependants:
            left = unmet.get(dependant)
            if left is None:
                left = state.unmet.get(dependant)
                if left is None:
                    left = len(steps[dependant].depends_on)
            unmet[dependant] = left - 1
            if left == 1:
                ready.append(steps[dependant])
    facts, commands = _start(ready, now)
    if not ready and state.ended + len(ended) == len(steps):
        outputs = {fact.path: fact.output for fact in ended if isinstance(fact, StepCompleted)}
        facts, commands = _finish(definition, state, now, outputs)
    return Decision((*ended, *facts), tuple(commands))


def _start(ready: Iterable[CompiledStep], now: datetime) -> tuple[list[Fact], list[Command]]:
    facts: list[Fact] = []
    commands: list[Command] = []
    for step in ready:
        facts.append(StepStarted(step.path, 1, now))
        commands.append(RunStep(step.path, 1))
    return facts, commands


def _finish(
    definition: Definition, state: ExecutionState, now: datetime, outputs: dict[str, JsonValue]
) -> tuple[list[Fact], list[Command]]:
    """Every step has ended. `outputs` holds those that `state` does not know yet."""
    if definition.output is not None:
        return [OutputRequested(now)], [EvaluateOutput()]
    last = next(reversed(list(definition.root.steps)), None)
    output: JsonValue = None
    if last is not None:
        known = state.steps.get(last)
        if last in outputs:
            output = outputs[last]
        elif known is not None and known.status is StepStatus.COMPLETED:
            output = known.output
    return [ExecutionCompleted(now, output)], []


def _stop_all(
    state: ExecutionState, now: datetime, *, except_path: str | None = None
) -> tuple[tuple[Fact, ...], tuple[Command, ...]]:
    """Cancel whatever runs or waits, in the order of paths."""
    error = StepError(code=FailureCode.CANCELLED, message="The execution ended before this step did.")
    unfinished = sorted((state.running | state.waiting) - {except_path})
    facts = tuple(StepCancelled(path, now, error) for path in unfinished)
    commands = tuple(StopStep(path) for path in unfinished if path in state.running)
    return facts, commands
