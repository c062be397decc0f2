"""Whatever is reported about random documents, in whatever order, twice, late or after a crash: the decider holds."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.engine.actions import CloseContainer, Command, EvaluateOutput, FailStep, ResolveItem, RunBatch, RunStep
from domain.engine.facts import (
    ExecutionCancelled,
    ExecutionCompleted,
    ExecutionFailed,
    ExecutionPaused,
    ExecutionTimedOut,
    StepStarted,
)
from domain.engine.outputs import container_output
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
    StepBypassed,
    TimePassed,
)
from domain.engine.state import ContainerState, ExecutionState, StepState, WaitReason
from domain.executions.projections import next_due, progress, waiting_for
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.statuses import ExecutionStatus, StepStatus, StepType, WaitKind
from tests.builders import a_definition
from tests.unit.domain.engine.documents import documents
from tests.unit.domain.engine.invariants import RowsOf, check_change
from tests.unit.domain.engine.outcomes import deferral, failure, opening, success
from tests.unit.domain.engine.simulation import Simulation

RETRYABLE = StepError(code=FailureCode.TIMEOUT, message="no answer")
FATAL = StepError(code=FailureCode.EXPRESSION_FAILED, message="no such field")
ENDINGS = (ExecutionCompleted, ExecutionFailed, ExecutionCancelled, ExecutionTimedOut)
REPEATABLE = (OutcomeReported, StepBypassed, ItemEvaluated, BatchEnded)
LONG = 401

Draw = Callable[..., Any]


def answer(draw: Draw, simulation: Simulation, command: Command) -> Report | None:
    """A report that the shell might give about a command; None when it does nothing."""
    state = simulation.state
    match command:
        case EvaluateOutput():
            return OutputEvaluated(error=FATAL) if draw(st.integers(0, 4)) == 4 else OutputEvaluated(output="done")
        case CloseContainer(path):
            container = state.containers.get(path)
            if container is None:
                return None
            output = container_output(simulation.definition, state, container)
            return success(path, state.steps[path].attempt, output)
        case ResolveItem(loop, index):
            is_error = draw(st.integers(0, 4)) == 4
            return ItemEvaluated(loop, index, error=FATAL) if is_error else ItemEvaluated(loop, index, result=index)
        case RunBatch(range):
            failures = {range.first: FATAL} if draw(st.booleans()) else {}
            return BatchEnded(range.path, range.first, tuple("done" for _ in range.items), failures)
        case FailStep(path, attempt, error):
            return failure(path, attempt, error, 0.5, retry_wanted=draw(st.sampled_from([None, True, False])))
        case RunStep(path, attempt):
            return tried(draw, simulation, state.steps[path], attempt)
        case _:
            raise AssertionError(command)


def tried(draw: Draw, simulation: Simulation, step: StepState, attempt: int) -> Report:
    path = step.path
    match draw(
        st.sampled_from(["success"] * 4 + ["retryable"] * 2 + ["fatal", "bypassed", "deferred", "deferred again"])
    ):
        case "retryable":
            return failure(path, attempt, RETRYABLE, chance=0.5)
        case "fatal":
            return failure(path, attempt, FATAL, chance=0.5)
        case "bypassed" if attempt == 1 and step.checkpoint is None:
            return StepBypassed(path, attempt)
        case "success" | "bypassed":
            opened = checkpoint_of(draw, simulation, step)
            if opened is not None:
                return opening(path, attempt, opened)
            return success(path, attempt, output={"of": path})
        case kind:
            until = simulation.now + timedelta(seconds=draw(st.integers(0, 5)))
            reason = WaitReason(kind=WaitKind.TIMER, until=until)
            checkpoint = {"calls": 1} if kind == "deferred again" else None
            if simulation.definition.step(path).is_container:
                return failure(path, attempt, FATAL, chance=0.5)
            return deferral(path, attempt, until, reason, output="waited", checkpoint=checkpoint)


def checkpoint_of(draw: Draw, simulation: Simulation, step: StepState) -> dict[str, Any] | None:
    """The checkpoint that a container opens with; None for any other step."""
    blocks = simulation.definition.step(step.path).blocks
    match step.type:
        case StepType.CONDITIONAL:
            return {"branch": draw(st.sampled_from([label for label in ("then", "else") if label in blocks]))}
        case StepType.PARALLEL:
            return {}
        case StepType.FOR_EACH:
            return {"items": list(range(draw(st.sampled_from([1, 2, 3, 5, LONG if "[" not in step.path else 4]))))}
        case _:
            return None


def is_awaited(state: ExecutionState, report: Report) -> bool:
    """True when a repeated report is awaited: a step has waited, or a crash has lost the result."""
    if isinstance(report, ItemEvaluated):
        return report.loop in state.containers and report.index in state.containers[report.loop].unresolved
    step = state.steps.get(getattr(report, "path", ""))
    return step is not None and step.status is StepStatus.RUNNING and step.attempt == getattr(report, "attempt", 0)


class Checked:
    """A simulation after every report of which everything is checked that should always be true."""

    def __init__(self, draw: Draw) -> None:
        self.definition = a_definition(**draw(documents()))
        self.simulation = Simulation(self.definition)
        self._rows: dict[str, StepState] = {}
        self._ended = 0

    def _was_spread(self) -> bool:
        """True when a loop was cut into batches, which count for themselves."""
        rows = self.simulation.rows.values()
        return any(isinstance(row.checkpoint, dict) and "spread" in row.checkpoint for row in rows)

    @property
    def state(self) -> ExecutionState:
        return self.simulation.state

    def report(self, report: Report) -> None:
        was_paused, decided = self.state.is_paused, len(self.simulation.facts)
        self.simulation.report(report)
        if was_paused and self.state.is_paused:
            started = [fact for fact in self.simulation.facts[decided:] if isinstance(fact, StepStarted)]
            assert started == [], "something has started in a pause"
        self.check()

    def report_again(self, reports: list[Report]) -> None:
        """Repeat an earlier report, and check that it has no consequences."""
        for report in reports:
            if not is_awaited(self.state, report):
                decided = len(self.simulation.facts)
                self.simulation.report(report)
                assert len(self.simulation.facts) == decided, "a stale report has decided something"

    def check(self) -> None:
        simulation, state = self.simulation, self.state
        for path, row in simulation.rows.items():
            check_change(self._rows.get(path), row)
        self._rows = dict(simulation.rows)
        was_paused = any(isinstance(fact, ExecutionPaused) for fact in simulation.facts)
        RowsOf(self.definition, simulation.rows).check(progress(state), state.status, was_paused=was_paused)
        rests = not state.status.is_terminal and not state.running and not state.sharded and not simulation.in_flight
        if rests or state.status is ExecutionStatus.PAUSED:
            assert waiting_for(state) is not None, "it does not run, and nobody can say why"
        ended = progress(state).ended
        assert ended >= self._ended, "less has ended than before"
        self._ended = ended
        assert state.ended <= 1 + 1e-9
        if state.status is ExecutionStatus.COMPLETED and not self._was_spread():
            assert state.ended == pytest.approx(1)
        if not state.is_paused:
            restored = simulation.restored()
            assert restored.total == state.total or was_paused
            check_restored(restored, state)


def check_restored(restored: ExecutionState, lost: ExecutionState) -> None:
    """Check that a restored state has everything that the lost one had, but for values computed from rows."""
    assert restored.steps == lost.steps
    for name in ("status", "running", "waiting", "sharded", "signals", "deadline_at", "completed", "failed"):
        assert getattr(restored, name) == getattr(lost, name), name
    if lost.status.is_terminal:
        return
    assert next_due(restored) == next_due(lost)
    assert (restored.failure, restored.is_timeout) == (lost.failure, lost.is_timeout)
    assert restored.finishing == lost.finishing
    assert restored.blocks == lost.blocks
    assert live_timers(restored) == live_timers(lost)
    assert restored.containers.keys() == lost.containers.keys()
    for path, container in lost.containers.items():
        check_container(restored.containers[path], container)


def live_timers(state: ExecutionState) -> list[tuple[Any, str]]:
    return sorted({timer for timer in state.timers if state.steps[timer[1]].due_at == timer[0]})


def check_container(restored: ContainerState, lost: ContainerState) -> None:
    for name in ("path", "step", "limit", "first", "size", "tolerated", "sharding", "pending", "active"):
        assert getattr(restored, name) == getattr(lost, name), name
    if lost.sharding is not None:
        return  # what its batches have told is stored as commands
    assert restored.outcomes.keys() == lost.outcomes.keys()
    computed = {key for key in lost.outcomes if key in restored.unresolved and key not in lost.unresolved}
    assert lost.unresolved <= restored.unresolved
    for key, error in lost.outcomes.items():
        if key not in computed:
            assert restored.outcomes[key] == error
    assert restored.failures == sum(error is not None for error in restored.outcomes.values())
    assert lost.failures == sum(error is not None for error in lost.outcomes.values())


@given(st.data())
@settings(max_examples=250, deadline=None)
def test_blocks_end_once_and_right_whatever_is_reported_and_who_crashes(data: st.DataObject) -> None:
    draw = data.draw
    checked = Checked(draw)
    simulation = checked.simulation
    said: list[Report] = []
    checked.report(Activated())
    for _ in range(1_000):
        if checked.state.status.is_terminal:
            break
        simulation.pass_time(timedelta(milliseconds=draw(st.integers(0, 900))))
        match draw(st.sampled_from(["answer"] * 14 + ["again"] * 3 + ["crash", "time", "pause", "cancel"])):
            case "again" if said:
                checked.report_again(draw(st.permutations(said))[:2])
            case "crash":
                simulation.crash()
                checked.check()
            case "cancel" if draw(st.integers(0, 30)) == 30:
                checked.report(CancelRequested("enough"))
            case "time":
                checked.report(TimePassed())
            case "pause":
                checked.report(ResumeRequested() if checked.state.is_paused else PauseRequested())
            case _ if simulation.in_flight:
                command = simulation.in_flight.pop(draw(st.integers(0, len(simulation.in_flight) - 1)))
                if isinstance(command, RunStep) and command.attempt > 1:  # what an earlier attempt said comes late
                    checked.report_again([each for each in said if getattr(each, "path", None) == command.path])
                answered = answer(draw, simulation, command)
                if answered is not None:
                    checked.report(answered)
                    said += [answered] if isinstance(answered, REPEATABLE) else []
            case _ if checked.state.is_paused:
                checked.report(ResumeRequested())
            case _:
                due = next_due(checked.state)
                assert due is not None, "nothing runs, nothing is due, and it has not ended: stuck"
                simulation.now = max(simulation.now, due)
                checked.report(TimePassed())

    assert checked.state.status.is_terminal
    assert sum(isinstance(fact, ENDINGS) for fact in simulation.facts) == 1
    assert isinstance(simulation.facts[-1], ENDINGS)
    started = [(fact.path, fact.attempt) for fact in simulation.facts if isinstance(fact, StepStarted)]
    assert len(started) == len(set(started)), "an attempt was started twice"
    assert all(row.status is not StepStatus.PENDING for row in simulation.rows.values())
