"""The rules of the decider, one by one: reports in, facts and commands out.

a ──► b ──┐
  └─► c ──┴─► d          the diamond that most tests use
"""

from datetime import timedelta

import pytest

from domain.engine.actions import EvaluateOutput, RunStep, StopStep
from domain.engine.decider import decide
from domain.engine.evolution import evolve
from domain.engine.facts import (
    AttemptFailed,
    ExecutionCancelled,
    ExecutionCompleted,
    ExecutionFailed,
    ExecutionTimedOut,
    StepCancelled,
    StepCompleted,
    StepFailed,
    StepSkipped,
    StepStarted,
)
from domain.engine.outcomes import Failed
from domain.engine.reports import Activated, CancelRequested, OutcomeReported, OutputEvaluated, StepBypassed, TimePassed
from domain.engine.state import WaitReason
from domain.engine.transitions import EXECUTION_TRANSITIONS, STEP_TRANSITIONS, IllegalTransition
from domain.executions.projections import next_due, progress, waiting_for
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.statuses import ExecutionStatus, Jitter, StepStatus, WaitKind
from domain.workflows.definitions.definition import Definition, RetryPolicy
from tests.unit.domain.engine.definitions import definition_of
from tests.unit.domain.engine.outcomes import deferral, failure, success
from tests.unit.domain.engine.simulation import START, Simulation

DIAMOND = {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"]}
TIMEOUT = StepError(code=FailureCode.TIMEOUT, message="no answer in 10 s")
NO_FIELD = StepError(code=FailureCode.EXPRESSION_FAILED, message="no such field")
TWICE = RetryPolicy(max_attempts=2, delay=timedelta(seconds=4), jitter=Jitter.NONE)


def activated(definition: Definition) -> Simulation:
    simulation = Simulation(definition)
    simulation.report(Activated())
    return simulation


def kinds(facts: object) -> list[type]:
    assert isinstance(facts, tuple | list)
    return [type(fact) for fact in facts]


def test_steps_without_dependencies_start_at_once_and_the_others_wait() -> None:
    simulation = activated(definition_of({"a": [], "b": [], "c": ["a", "b"]}))

    assert simulation.in_flight == [RunStep("a", 1), RunStep("b", 1)]


def test_a_step_starts_when_the_last_of_its_dependencies_has_ended() -> None:
    simulation = activated(definition_of(DIAMOND))

    simulation.report(success("a", 1, output=1))
    after_b = simulation.report(success("b", 1, output=2))
    after_c = simulation.report(success("c", 1, output=3))

    assert after_b.commands == ()
    assert after_c.commands == (RunStep("d", 1),)


def test_a_skipped_step_lets_its_dependants_run() -> None:
    simulation = activated(definition_of({"a": [], "b": ["a"]}))

    decision = simulation.report(StepBypassed("a", 1))

    assert kinds(decision.facts) == [StepSkipped, StepStarted]
    assert decision.commands == (RunStep("b", 1),)


def test_the_output_is_that_of_the_last_step_when_none_is_asked_for() -> None:
    simulation = activated(definition_of({"a": [], "b": []}))

    simulation.report(success("b", 1, output="of b"))
    decision = simulation.report(success("a", 1, output="of a"))

    assert decision.facts[-1] == ExecutionCompleted(START, "of b")


def test_the_output_expression_is_evaluated_once_every_step_has_ended() -> None:
    simulation = activated(definition_of({"a": []}, output="steps.a.output"))

    requested = simulation.report(success("a", 1, output=1))
    completed = simulation.report(OutputEvaluated(output={"of": "all"}))

    assert requested.commands == (EvaluateOutput(),)
    assert completed.facts == (ExecutionCompleted(START, {"of": "all"}),)


def test_an_output_expression_that_fails_fails_the_execution() -> None:
    simulation = activated(definition_of({"a": []}, output="steps.a.output"))

    simulation.report(success("a", 1, output=1))
    decision = simulation.report(OutputEvaluated(error=NO_FIELD))

    assert decision.facts == (ExecutionFailed(START, NO_FIELD),)


def test_a_failed_attempt_waits_for_its_retry_and_then_runs_again() -> None:
    simulation = activated(definition_of({"a": []}, retry={"a": TWICE}))

    failed = simulation.report(failure("a", 1, TIMEOUT, chance=0.0))
    assert kinds(failed.facts) == [AttemptFailed]
    assert simulation.state.status.value == "WAITING"
    assert next_due(simulation.state) == START + timedelta(seconds=4)
    reason = waiting_for(simulation.state)
    assert reason is not None and reason.kind is WaitKind.RETRY and reason.detail == "a"

    simulation.pass_time(timedelta(seconds=4))
    again = simulation.report(TimePassed())
    assert again.commands == (RunStep("a", 2),)
    assert simulation.state.status.value == "RUNNING"
    assert next_due(simulation.state) is None


def test_the_last_attempt_fails_the_step_and_with_it_the_execution() -> None:
    simulation = activated(definition_of({"a": [], "b": ["a"]}, retry={"a": TWICE}))

    simulation.report(failure("a", 1, TIMEOUT, chance=0.0))
    simulation.pass_time(timedelta(seconds=4))
    simulation.report(TimePassed())
    decision = simulation.report(failure("a", 2, TIMEOUT, chance=0.0))

    assert kinds(decision.facts) == [StepFailed, ExecutionFailed]
    error = simulation.state.error
    assert error is not None and (error.code, error.path) == (FailureCode.TIMEOUT, "a")
    assert [attempt.number for attempt in simulation.state.steps["a"].attempts] == [1, 2]


def test_a_failure_that_no_repetition_mends_is_not_repeated() -> None:
    simulation = activated(definition_of({"a": []}, retry={"a": TWICE}))

    decision = simulation.report(failure("a", 1, NO_FIELD, chance=0.0))

    assert kinds(decision.facts) == [StepFailed, ExecutionFailed]


def test_a_step_that_may_fail_does_not_stop_what_comes_after_it() -> None:
    simulation = activated(definition_of({"a": [], "b": ["a"]}, goes_on_after_failure=["a"]))

    decision = simulation.report(failure("a", 1, NO_FIELD, chance=0.0))

    assert kinds(decision.facts) == [StepFailed, StepStarted]
    assert simulation.state.status is ExecutionStatus.RUNNING


def test_a_failure_stops_what_still_runs_and_what_still_waits() -> None:
    simulation = activated(definition_of({"a": [], "b": [], "c": []}))
    until = START + timedelta(hours=1)
    reason = WaitReason(kind=WaitKind.TIMER, until=until)
    simulation.report(deferral("c", 1, until, reason, output=None))

    decision = simulation.report(failure("a", 1, NO_FIELD, chance=0.0))

    assert kinds(decision.facts) == [StepFailed, StepCancelled, StepCancelled, ExecutionFailed]
    assert decision.commands == (StopStep("b"),)


def test_a_wait_completes_when_its_time_has_come_and_not_before() -> None:
    simulation = activated(definition_of({"a": [], "b": ["a"]}))
    until = START + timedelta(hours=1)
    simulation.report(deferral("a", 1, until, WaitReason(kind=WaitKind.TIMER, until=until), output={"until": "then"}))

    simulation.pass_time(timedelta(minutes=59))
    early = simulation.report(TimePassed())
    simulation.pass_time(timedelta(minutes=1))
    on_time = simulation.report(TimePassed())

    assert early.facts == ()
    assert kinds(on_time.facts) == [StepCompleted, StepStarted]
    assert simulation.state.steps["a"].output == {"until": "then"}
    assert simulation.state.steps["a"].attempts[0].finished_at == simulation.now


def test_two_waits_that_end_together_start_their_common_dependant_once() -> None:
    simulation = activated(definition_of({"a": [], "b": [], "c": ["a", "b"]}))
    until = START + timedelta(minutes=1)
    for path in ("a", "b"):
        simulation.report(deferral(path, 1, until, WaitReason(kind=WaitKind.TIMER), output=None))

    simulation.pass_time(timedelta(minutes=1))
    decision = simulation.report(TimePassed())

    assert kinds(decision.facts) == [StepCompleted, StepCompleted, StepStarted]


def test_cancelling_stops_everything_and_says_why() -> None:
    simulation = activated(definition_of({"a": [], "b": []}))

    decision = simulation.report(CancelRequested("not needed any more"))

    assert decision.commands == (StopStep("a"), StopStep("b"))
    assert kinds(decision.facts) == [StepCancelled, StepCancelled, ExecutionCancelled]
    error = simulation.state.error
    assert error is not None and error.message == "not needed any more"


def test_an_execution_that_never_started_can_be_cancelled() -> None:
    simulation = Simulation(definition_of({"a": []}))

    decision = simulation.report(CancelRequested())

    assert kinds(decision.facts) == [ExecutionCancelled]


def test_the_deadline_ends_the_execution_and_stops_its_steps() -> None:
    simulation = activated(definition_of({"a": []}, timeout=timedelta(seconds=30)))
    assert next_due(simulation.state) == START + timedelta(seconds=30)

    simulation.pass_time(timedelta(seconds=30))
    decision = simulation.report(TimePassed())

    assert kinds(decision.facts) == [StepCancelled, ExecutionTimedOut]
    assert decision.commands == (StopStep("a"),)
    assert simulation.state.status is ExecutionStatus.TIMED_OUT


@pytest.mark.parametrize(
    "stale",
    [
        success("a", 1, output=2),
        failure("a", 1, TIMEOUT, chance=0.0),
        StepBypassed("a", 1),
        deferral("a", 1, START, WaitReason(kind=WaitKind.TIMER), output=None),
        success("b", 7, output=2),
        success("never", 1, output=2),
        OutputEvaluated(output=1),
    ],
    ids=lambda report: type(report).__name__,
)
def test_a_report_about_an_attempt_that_does_not_run_decides_nothing(stale: OutcomeReported) -> None:
    simulation = activated(definition_of({"a": [], "b": ["a"]}))
    simulation.report(success("a", 1, output=1))

    decision = simulation.report(stale)

    assert (decision.facts, decision.commands) == ((), ())


@pytest.mark.parametrize(
    "report",
    [Activated(), success("a", 1, output=1), TimePassed(), CancelRequested(), OutputEvaluated(output=1)],
    ids=lambda report: type(report).__name__,
)
def test_an_execution_that_has_ended_answers_nothing_to_every_report(report: Activated) -> None:
    simulation = activated(definition_of({"a": []}))
    simulation.report(success("a", 1, output=1))

    decision = simulation.report(report)

    assert (decision.facts, decision.commands) == ((), ())


def test_after_a_crash_the_lost_attempt_runs_again_under_its_number_and_from_its_first_start() -> None:
    simulation = activated(definition_of(DIAMOND))
    simulation.report(success("a", 1, output=1))
    simulation.report(success("b", 1, output=2))
    simulation.pass_time(timedelta(minutes=1))

    simulation.crash()

    assert simulation.in_flight == [RunStep("c", 1)]
    assert simulation.state.steps["c"].attempts[0].started_at == START


def test_after_a_crash_behind_the_last_step_the_output_is_evaluated_again() -> None:
    simulation = activated(definition_of({"a": []}, output="steps.a.output"))
    simulation.report(success("a", 1, output=1))

    simulation.crash()

    assert simulation.in_flight == [EvaluateOutput()]


def test_progress_counts_what_has_ended_and_what_runs() -> None:
    simulation = activated(definition_of(DIAMOND, goes_on_after_failure=["b"]))
    simulation.report(success("a", 1, output=1))
    simulation.report(failure("b", 1, NO_FIELD, chance=0.0))

    so_far = progress(simulation.state)

    assert (so_far.total, so_far.completed, so_far.failed, so_far.running) == (4, 1, 1, 1)
    assert so_far.percent == 50.0


def test_deciding_changes_nothing_by_itself() -> None:
    simulation = activated(definition_of(DIAMOND))
    before = dict(simulation.state.steps)

    first = decide(simulation.definition, simulation.state, success("a", 1, output=1), START)
    second = decide(simulation.definition, simulation.state, success("a", 1, output=1), START)

    assert first == second
    assert simulation.state.steps == before


def test_a_fact_that_the_table_does_not_allow_is_refused() -> None:
    simulation = activated(definition_of({"a": []}))
    simulation.report(success("a", 1, output=1))

    with pytest.raises(IllegalTransition, match="COMPLETED"):
        evolve(simulation.state, simulation.definition, StepFailed("a", START, Failed(error=NO_FIELD)))


def test_nothing_leaves_a_terminal_status() -> None:
    assert not [pair for pair in STEP_TRANSITIONS if pair[0] is not None and pair[0].is_terminal]
    assert not [pair for pair in EXECUTION_TRANSITIONS if pair[0].is_terminal]
    assert {after for _, after in STEP_TRANSITIONS} == set(StepStatus) - {StepStatus.PENDING}
