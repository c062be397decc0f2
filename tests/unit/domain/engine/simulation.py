"""A world in memory for the decider: it stores what the shell would store, crashes, forgets and comes back."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain.engine.actions import Command, Decision, FailStep, RunBatch, RunStep, StopStep
from domain.engine.decider import decide
from domain.engine.evolution import evolve
from domain.engine.facts import Fact
from domain.engine.reports import Activated, BatchEnded, Report, TimePassed
from domain.engine.state import ExecutionState, StepState
from domain.executions.projections import progress, touched
from domain.executions.records import ExecutionRecord, StepRecord
from domain.executions.rehydration import restore
from domain.kernel.statuses import ExecutionStatus
from domain.workflows.definitions.definition import Definition

EXECUTION_ID = UUID(int=42)
START = datetime(2026, 1, 1, tzinfo=UTC)


def fresh_state(definition: Definition) -> ExecutionState:
    """An execution that no worker has touched."""
    return ExecutionState(
        execution_id=EXECUTION_ID, status=ExecutionStatus.PENDING, created_at=START, total=definition.total_steps
    )


@dataclass
class Simulation:
    """One execution, its stored rows, and the commands that are in flight."""

    definition: Definition
    state: ExecutionState = field(init=False)
    now: datetime = START
    rows: dict[str, StepState] = field(default_factory=dict)
    facts: list[Fact] = field(default_factory=list)
    in_flight: list[Command] = field(default_factory=list)
    runs: list[RunStep] = field(default_factory=list)
    told: list[BatchEnded] = field(default_factory=list)
    """Reports that ended batches have stored; they are kept until their loop has ended."""

    def __post_init__(self) -> None:
        self.state = fresh_state(self.definition)

    def report(self, report: Report) -> Decision:
        """Decide, fold the facts, store what they touched, then carry the commands out."""
        decision = decide(self.definition, self.state, report, self.now)
        for fact in decision.facts:
            evolve(self.state, self.definition, fact)
        for path in touched(decision.facts):
            before, after = self.rows.get(path), self.state.steps[path]
            assert before is None or not before.status.is_terminal, f"{path} had ended and was written again"
            self.rows[path] = after
        self.facts += decision.facts
        for command in decision.commands:
            match command:
                case StopStep(path):
                    self.in_flight = [c for c in self.in_flight if not _is_stopped(c, path)]
                case RunStep():
                    self.in_flight.append(command)
                    self.runs.append(command)
                case _:
                    self.in_flight.append(command)
        if isinstance(report, BatchEnded):
            self.told.append(report)
        if isinstance(report, TimePassed) and decision.facts:
            more = self.report(report)
            return Decision(decision.facts + more.facts, decision.commands + more.commands)
        return decision

    def crash(self) -> None:
        """The worker dies; another one restores the execution from its rows and goes on."""
        self.in_flight.clear()
        self.state = self.restored()
        told, self.told = self.told, []
        for report in told:
            if report.loop in self.state.containers:
                self.report(report)
        self.report(Activated())

    def restored(self) -> ExecutionState:
        """The state that another worker would find in the rows."""
        return restore(self.definition, self.stored_execution(), self.stored_steps())

    def pass_time(self, by: timedelta) -> None:
        self.now += by

    def stored_execution(self) -> ExecutionRecord:
        state = self.state
        return ExecutionRecord(
            id=EXECUTION_ID,
            definition_id=self.definition.id,
            workflow_id=None,
            workflow_version=None,
            status=state.status,
            input=None,
            output=state.output,
            error=state.error,
            labels={},
            priority=0,
            idempotency_key=None,
            parent_id=None,
            retried_from_id=None,
            created_at=state.created_at,
            started_at=state.started_at,
            finished_at=state.finished_at,
            deadline_at=state.deadline_at,
            sequence=0,
            progress=progress(state),
            paused_at=state.paused_at,
            signals=tuple(state.signals),
        )

    def stored_steps(self) -> list[StepRecord]:
        return [StepRecord(execution_id=EXECUTION_ID, position="", sequence=0, state=row) for row in self.rows.values()]


def _is_stopped(command: Command, path: str) -> bool:
    match command:
        case RunStep() | FailStep():
            return command.path == path
        case RunBatch(range):
            return range.path == path
        case _:
            return False
