"""Whatever the graph, the order of completions, the redeliveries and the crashes: every execution ends, and right."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.engine.actions import EvaluateOutput, RunStep
from domain.engine.evolution import evolve
from domain.engine.facts import (
    ExecutionCancelled,
    ExecutionCompleted,
    ExecutionFailed,
    ExecutionTimedOut,
    StepResumed,
    StepStarted,
)
from domain.engine.outcomes import Deferred
from domain.engine.reports import (
    Activated,
    CancelRequested,
    OutcomeReported,
    OutputEvaluated,
    Report,
    StepBypassed,
    TimePassed,
)
from domain.engine.state import WaitReason
from domain.executions.projections import next_due
from domain.executions.rehydration import restore
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.statuses import ExecutionStatus, Jitter, StepStatus, WaitKind
from domain.workflows.definitions.definition import Definition, RetryPolicy
from tests.unit.domain.engine.definitions import definition_of
from tests.unit.domain.engine.outcomes import deferral, failure, success
from tests.unit.domain.engine.simulation import Simulation, fresh_state

RETRYABLE = StepError(code=FailureCode.TIMEOUT, message="no answer")
FATAL = StepError(code=FailureCode.EXPRESSION_FAILED, message="no such field")
ENDINGS = (ExecutionCompleted, ExecutionFailed, ExecutionCancelled, ExecutionTimedOut)


@st.composite
def definitions(draw: st.DrawFn) -> Definition:
    size = draw(st.integers(1, 9))
    ids = [f"s{index}" for index in range(size)]
    # Any acyclic graph, in a document order that need not be an order of execution.
    dependencies = {
        id: draw(st.lists(st.sampled_from(ids[:index]), unique=True, max_size=4)) if index else []
        for index, id in enumerate(ids)
    }
    order = draw(st.permutations(ids))
    attempts = {id: draw(st.integers(1, 3)) for id in ids}
    return definition_of(
        {id: dependencies[id] for id in order},
        retry={id: RetryPolicy(max_attempts=n, jitter=Jitter.NONE) for id, n in attempts.items() if n > 1},
        goes_on_after_failure=[id for id in ids if draw(st.booleans())],
        output=draw(st.sampled_from([None, "input"])),
        timeout=draw(st.sampled_from([None, None, timedelta(seconds=20)])),
    )


def answer(draw: Callable[..., Any], simulation: Simulation, command: RunStep | EvaluateOutput) -> Report:
    if isinstance(command, EvaluateOutput):
        failed = draw(st.booleans())
        return OutputEvaluated(error=FATAL) if failed else OutputEvaluated(output="done")
    match draw(
        st.sampled_from(["success", "success", "success", "retryable", "fatal", "bypassed", "deferred", "held up"])
    ):
        case "success":
            return success(command.path, command.attempt, output={"of": command.path})
        case "retryable":
            return failure(command.path, command.attempt, RETRYABLE, chance=0.5)
        case "fatal":
            return failure(command.path, command.attempt, FATAL, chance=0.5)
        case "bypassed":
            return StepBypassed(command.path, command.attempt)
        case "held up":
            until = simulation.now + timedelta(seconds=draw(st.integers(0, 5)))
            reason = WaitReason(kind=WaitKind.CIRCUIT_BREAKER, until=until, detail="service.test:80")
            return deferral(command.path, command.attempt, until, reason, checkpoint={})
        case _:
            until = simulation.now + timedelta(seconds=draw(st.integers(0, 5)))
            reason = WaitReason(kind=WaitKind.TIMER, until=until)
            return deferral(command.path, command.attempt, until, reason, output="waited")


def check_dependencies(simulation: Simulation) -> None:
    for path, step in simulation.state.steps.items():
        for dependency in simulation.definition.root.steps[path].depends_on:
            before = simulation.state.steps[dependency]
            assert before.status in {StepStatus.COMPLETED, StepStatus.SKIPPED, StepStatus.FAILED}
            assert before.finished_at is not None and step.started_at is not None
            assert before.finished_at <= step.started_at


@given(st.data())
@settings(max_examples=400, deadline=None)
def test_every_execution_ends_once_and_no_step_is_recorded_twice(data: st.DataObject) -> None:
    draw = data.draw
    simulation = Simulation(draw(definitions()))
    said: list[Report] = []
    crashes = 0

    def tell(report: Report) -> None:
        said.append(report)
        simulation.report(report)

    tell(Activated())
    for _ in range(400):
        if simulation.state.status.is_terminal:
            break
        simulation.pass_time(timedelta(milliseconds=draw(st.integers(0, 900))))
        match draw(st.sampled_from(["answer"] * 12 + ["again", "again", "crash", "time", "cancel"])):
            case "again" if said:
                # A report that was already told, in any order, must change nothing that it had decided before.
                stale = draw(st.sampled_from(said))
                called_again = (
                    isinstance(stale, OutcomeReported)
                    and isinstance(stale.outcome, Deferred)
                    and stale.outcome.checkpoint is not None
                )
                if not called_again and not isinstance(stale, CancelRequested | TimePassed | Activated):
                    decided = len(simulation.facts)
                    newest = stale is said[-1] and decided == 0
                    simulation.report(stale)
                    assert newest or len(simulation.facts) == decided
            case "crash" if crashes < 5:
                crashes += 1
                simulation.crash()
            case "cancel" if draw(st.integers(0, 20)) == 0:
                tell(CancelRequested("enough"))
            case _:
                if simulation.in_flight:
                    command = simulation.in_flight.pop(draw(st.integers(0, len(simulation.in_flight) - 1)))
                    assert isinstance(command, RunStep | EvaluateOutput)
                    tell(answer(draw, simulation, command))
                else:
                    due = next_due(simulation.state)
                    assert due is not None, "nothing runs, nothing is due, and it has not ended: stuck"
                    simulation.now = max(simulation.now, due)
                    tell(TimePassed())
        check_dependencies(simulation)

    assert simulation.state.status.is_terminal
    assert sum(isinstance(fact, ENDINGS) for fact in simulation.facts) == 1
    assert isinstance(simulation.facts[-1], ENDINGS)
    assert not simulation.state.running and not simulation.state.waiting
    assert all(row.status.is_terminal for row in simulation.rows.values())
    started = [(fact.path, fact.attempt) for fact in simulation.facts if isinstance(fact, StepStarted)]
    assert len(started) == len(set(started)), "an attempt was started twice"
    if simulation.state.status is ExecutionStatus.COMPLETED:
        assert set(simulation.rows) == set(simulation.definition.root.steps)
    if crashes == 0:
        again = sum(isinstance(fact, StepResumed) for fact in simulation.facts)
        assert len(simulation.runs) == len({(run.path, run.attempt) for run in simulation.runs}) + again
    folded = fresh_state(simulation.definition)
    for fact in simulation.facts:
        evolve(folded, simulation.definition, fact)
    assert folded == simulation.state if crashes == 0 else folded.steps == simulation.state.steps


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_a_state_restored_from_rows_decides_like_the_one_that_was_lost(data: st.DataObject) -> None:
    draw = data.draw
    simulation = Simulation(draw(definitions()))
    simulation.report(Activated())
    for _ in range(draw(st.integers(0, 25))):
        if simulation.state.status.is_terminal or not simulation.in_flight:
            break
        simulation.pass_time(timedelta(milliseconds=10))
        command = simulation.in_flight.pop(0)
        assert isinstance(command, RunStep | EvaluateOutput)
        simulation.report(answer(draw, simulation, command))

    restored = restore(simulation.definition, simulation.stored_execution(), simulation.stored_steps())

    lost = simulation.state
    assert restored.steps == lost.steps
    assert (restored.running, restored.waiting) == (lost.running, lost.waiting)
    assert (restored.completed, restored.failed) == (lost.completed, lost.failed)
    assert restored.ended == pytest.approx(lost.ended)
    assert next_due(restored) == next_due(lost)
    if not lost.status.is_terminal:
        assert restored.finishing == lost.finishing
        assert restored.blocks == lost.blocks
