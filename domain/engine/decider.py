"""The decider: a report goes in, facts and commands come out. Nothing here reads a clock, rolls dice or does I/O.

The world *reports*; `decide` answers with *facts*, which `evolve` folds into the state and the shell stores, and with
*commands*, which the shell carries out once the facts are safe. A report about an attempt that is not the running one
decides nothing, so redelivery is harmless. `decide` looks only at what the report touches: its cost does not grow
with the size of the execution.

The shape is the Decider of Jérémie Chassaing (https://thinkbeforecoding.com/post/2021/12/17/functional-event-sourcing-decider).
"""

from datetime import datetime
from typing import assert_never

from domain.engine.actions import CloseContainer, Decision, FailStep, RunBatch, RunStep, StopStep
from domain.engine.activation import activated, resumed
from domain.engine.containers import items_in, new_container
from domain.engine.decision_builder import NOTHING, DecisionBuilder
from domain.engine.facts import (
    AttemptFailed,
    BatchDone,
    ExecutionCancelled,
    ExecutionCompleted,
    ExecutionFailed,
    ExecutionPaused,
    ItemResolved,
    SignalConsumed,
    SignalKept,
    StepCompleted,
    StepOpened,
    StepResumed,
    StepSkipped,
    StepStarted,
    StepWaited,
)
from domain.engine.outcomes import Deferred, Failed, Opened, Outcome, Succeeded
from domain.engine.reports import (
    Activated,
    BatchEnded,
    CancelRequested,
    ItemEvaluated,
    OutcomeReported,
    OutputEvaluated,
    PauseRequested,
    Report,
    ResumeRequested,
    SignalReceived,
    StepBypassed,
    TimePassed,
)
from domain.engine.scheduling import fail_execution, fail_loop, item_failed, open_pending, step_ended, step_failed
from domain.engine.sharding import next_on_shard, runnable_batches, sharding_json, sharding_of
from domain.engine.shares import share_of_step
from domain.engine.signals import consumer_of, first_for, resume
from domain.engine.state import ExecutionState, StepState, WaitReason
from domain.engine.stopping import stop_blocks_of, stop_everything
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import StepStatus, WaitKind
from domain.workflows.definitions.definition import Definition
from domain.workflows.definitions.retry import next_attempt_at
from domain.workflows.steps.for_each import FOR_EACH


def decide(definition: Definition, state: ExecutionState, report: Report, now: datetime) -> Decision:
    """The facts and commands that follow from `report`; none for an execution that has ended."""
    if state.status.is_terminal:
        return NOTHING
    builder = DecisionBuilder(definition, state, now, state.is_paused)
    match report:
        case OutcomeReported():
            _attempt_over(builder, report)
        case Activated():
            if _is_past_deadline(state, now):
                _timed_out(builder)
            else:
                activated(builder)
        case ItemEvaluated():
            _item_evaluated(builder, report)
        case OutputEvaluated():
            _output_evaluated(builder, report)
        case StepBypassed():
            if _is_running(state, report.path, report.attempt):
                builder.facts.append(StepSkipped(report.path, now))
                step_ended(builder, report.path)
        case TimePassed():
            _time_passed(builder, report)
        case BatchEnded():
            _batch_ended(builder, report)
        case SignalReceived():
            _signalled(builder, report)
        case PauseRequested():
            if not state.is_paused:
                builder.facts.append(ExecutionPaused(now))
        case ResumeRequested():
            resumed(builder)
        case CancelRequested():
            stop_everything(builder)
            message = "The execution was cancelled." if report.reason is None else report.reason
            builder.facts.append(ExecutionCancelled(now, StepError(code=FailureCode.CANCELLED, message=message)))
        case _:
            assert_never(report)
    return builder.decision()


def _is_running(state: ExecutionState, path: str, attempt: int) -> bool:
    step = state.steps.get(path)
    return step is not None and step.status is StepStatus.RUNNING and step.attempt == attempt


def _attempt_over(builder: DecisionBuilder, report: OutcomeReported) -> None:
    """Go on from an attempt's outcome; of a batch, from that of its part of the loop."""
    path, outcome, batch = report.path, report.outcome, builder.state.batch
    if batch is not None and batch.path == path:
        _part_over(builder, outcome)
    elif _is_running(builder.state, path, report.attempt):
        match outcome:
            case Succeeded():
                builder.facts.append(StepCompleted(path, builder.now, outcome, report.input))
                step_ended(builder, path)
            case Failed():
                _attempt_failed(builder, report, outcome)
            case Opened():
                _opened(builder, report, outcome)
            case Deferred():
                _deferred(builder, report, outcome)
            case _:
                assert_never(outcome)


def _part_over(builder: DecisionBuilder, outcome: Outcome) -> None:
    """End a batch with the outcome of its part of the loop."""
    if isinstance(outcome, Succeeded):
        builder.facts.append(ExecutionCompleted(builder.now, outcome.output))
    elif isinstance(outcome, Failed):
        builder.facts.append(ExecutionFailed(builder.now, outcome.error))


def _attempt_failed(builder: DecisionBuilder, report: OutcomeReported, outcome: Failed) -> None:
    """Try again later, or fail for good."""
    step = builder.definition.step(report.path)
    retry_at = next_attempt_at(
        None if step.is_container else step.retry,
        outcome.error,
        attempt=report.attempt,
        first_started_at=builder.state.steps[report.path].attempts[0].started_at,
        now=builder.now,
        chance=report.chance,
        retry_after=outcome.retry_after,
        retry_wanted=report.retry_wanted,
    )
    if retry_at is None:
        step_failed(builder, report.path, outcome, report.input)
    else:
        builder.facts.append(AttemptFailed(report.path, builder.now, retry_at, outcome, report.input))


def _opened(builder: DecisionBuilder, report: OutcomeReported, outcome: Opened) -> None:
    """Begin the blocks that a container has chosen; a long loop is cut into batches instead."""
    state, path = builder.state, report.path
    if path in state.containers:
        return
    step = builder.definition.step(path)
    checkpoint: dict[str, JsonValue] = dict(outcome.checkpoint)
    if step.kind is FOR_EACH:
        sharding = sharding_of(builder.definition, state, step, path, len(items_in(checkpoint)))
        if sharding is not None:
            checkpoint["spread"] = sharding_json(sharding)
    due_at = None if step.timeout is None else state.steps[path].attempts[-1].started_at + step.timeout
    builder.facts.append(StepOpened(path, builder.now, checkpoint, due_at, report.input))
    container = new_container(step, path, checkpoint)
    container.share = share_of_step(state, path)
    if container.sharding is not None:
        builder.commands += [RunBatch(range) for range in runnable_batches(container, items_in(checkpoint))]
    else:
        open_pending(builder, container)


def _item_evaluated(builder: DecisionBuilder, report: ItemEvaluated) -> None:
    container = builder.state.containers.get(report.loop)
    if container is None or report.index not in container.unresolved:
        return
    builder.facts.append(ItemResolved(report.loop, report.index, report.result, report.error))
    if report.error is not None and item_failed(builder, container, report.index, report.error):
        return
    if not container.pending and not container.active and len(container.unresolved) == 1:
        builder.commands.append(CloseContainer(report.loop))
    else:
        open_pending(builder, container, freed=1)


def _batch_ended(builder: DecisionBuilder, report: BatchEnded) -> None:
    container = builder.state.containers.get(report.loop)
    if container is None or container.sharding is None:
        return
    number = report.first // container.sharding.batch_size
    if number in container.ended_batches:
        return
    builder.facts.append(BatchDone(report.loop, report.first, report.results, report.failures))
    failures = container.failures + len(report.failures)
    if report.error is not None:
        builder.commands.append(StopStep(report.loop))
        step_failed(builder, report.loop, Failed(error=report.error))
    elif failures > container.tolerated:
        builder.commands.append(StopStep(report.loop))
        # A batch that gave up has cancelled what it was at: that is not why it failed.
        index, error = min(
            report.failures.items(), key=lambda failure: (failure[1].code is FailureCode.CANCELLED, failure[0])
        )
        fail_loop(builder, container, index, error, failures)
    else:
        items = items_in(builder.state.steps[report.loop].checkpoint)
        following = next_on_shard(container, items, number)
        if following is not None:
            builder.commands.append(RunBatch(following))
        elif len(container.ended_batches) + 1 == -(-container.size // container.sharding.batch_size):
            builder.commands.append(CloseContainer(report.loop))


def _deferred(builder: DecisionBuilder, report: OutcomeReported, outcome: Deferred) -> None:
    state, path = builder.state, report.path
    due_at = outcome.until
    limit = _limit_of(builder, state.steps[path], outcome.reason)
    if limit is not None:
        due_at = limit if due_at is None else min(due_at, limit)
    builder.facts.append(StepWaited(path, builder.now, due_at, outcome, report.input))
    signal = None if builder.is_paused else first_for(state, path, outcome.reason)
    if signal is not None:
        builder.facts.append(SignalConsumed(signal))
        resume(builder, path, report.attempt, outcome.checkpoint, signal)


def _signalled(builder: DecisionBuilder, report: SignalReceived) -> None:
    state, signal = builder.state, report.signal
    if signal.path is not None:
        addressed = state.steps.get(signal.path)
        if addressed is not None and addressed.status.is_terminal:
            return
    step = None if builder.is_paused else consumer_of(state, signal)
    if step is None:
        builder.facts.append(SignalKept(signal))
    else:
        resume(builder, step.path, step.attempt, step.checkpoint, signal)


def _time_passed(builder: DecisionBuilder, report: TimePassed) -> None:
    """Handle the one timer that has been due for longest."""
    state, now = builder.state, builder.now
    if _is_past_deadline(state, now):
        _timed_out(builder)
        return
    if builder.is_paused or not state.timers or state.timers[0][0] > now:
        return
    step = state.steps[state.timers[0][1]]
    path = step.path
    if step.status is StepStatus.RUNNING:
        stop_blocks_of(builder, state.containers[path])
        step_failed(builder, path, Failed(error=_step_timeout(builder, step)))
    elif step.waiting_for is not None and step.waiting_for.kind is WaitKind.RETRY:
        builder.facts.append(StepStarted(path, step.attempt + 1, now))
        builder.commands.append(RunStep(path, step.attempt + 1))
    elif _has_outlived_its_limit(builder, step):
        builder.facts.append(StepResumed(path, now, step.checkpoint))
        builder.commands.append(FailStep(path, step.attempt, _step_timeout(builder, step)))
    elif step.checkpoint is None:
        builder.facts.append(StepCompleted(path, now, Succeeded(output=step.output), step.input))
        step_ended(builder, path)
    else:
        builder.facts.append(StepResumed(path, now, step.checkpoint))
        builder.commands.append(RunStep(path, step.attempt))


def _output_evaluated(builder: DecisionBuilder, report: OutputEvaluated) -> None:
    if not builder.state.finishing:
        return
    if report.error is not None:
        fail_execution(builder, report.error)
    else:
        builder.facts.append(ExecutionCompleted(builder.now, report.output))


def _is_past_deadline(state: ExecutionState, now: datetime) -> bool:
    return state.deadline_at is not None and now >= state.deadline_at and not state.is_paused


def _timed_out(builder: DecisionBuilder) -> None:
    stop_everything(builder)
    error = StepError(code=FailureCode.TIMEOUT, message="The execution did not end within its timeout.")
    fail_execution(builder, error, is_timeout=True)


def _limit_of(builder: DecisionBuilder, step: StepState, reason: WaitReason | None) -> datetime | None:
    """The time at which a step's running attempt times out; None without a timeout or while a breaker delays it."""
    timeout = builder.definition.step(step.path).timeout
    if timeout is None or (reason is not None and reason.kind is WaitKind.CIRCUIT_BREAKER):
        return None
    return step.attempts[-1].timed_from + timeout


def _has_outlived_its_limit(builder: DecisionBuilder, step: StepState) -> bool:
    limit = _limit_of(builder, step, step.waiting_for)
    until = None if step.waiting_for is None else step.waiting_for.until
    return limit is not None and builder.now >= limit and (until is None or until > limit)


def _step_timeout(builder: DecisionBuilder, step: StepState) -> StepError:
    timeout = builder.definition.step(step.path).timeout
    seconds = 0.0 if timeout is None else timeout.total_seconds()
    return StepError(code=FailureCode.TIMEOUT, message=f"The step was not done after {seconds:g} s.")
