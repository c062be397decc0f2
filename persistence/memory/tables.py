"""The rows that the in-memory ports share, and the queries that more than one of them needs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

from domain.engine.state import CarriedStep, ItemRange, StepState
from domain.executions.records import ExecutionRecord, NewExecution, PendingCommand, Progress, StepChange, StepRecord
from domain.kernel.json.text import JsonValue
from domain.kernel.pages import Page
from domain.kernel.statuses import CommandKind, StepStatus
from domain.metrics.model import BucketKey, Tally
from domain.outbox.events import OutboxEvent
from domain.schedules.model import ScheduleRecord
from domain.system.records import WorkerRecord
from domain.transformation_rules.model import RuleRecord
from domain.webhooks.model import WebhookEventRecord, WebhookRecord
from domain.workflow_templates.model import TemplateRecord
from domain.workflows.records import DefinitionRecord, WorkflowRecord
from persistence.executions.changes import sum_of

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointState:
    """The lease on an outbound webhook, and the state of its deliveries."""

    lease_id: UUID | None = None
    lease_until: datetime | None = None
    failures: int = 0
    paused_until: datetime | None = None
    throttled_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRow:
    """A schedule, its epoch, and the time until which it is claimed."""

    schedule: ScheduleRecord
    epoch: int = 0
    claimed_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class LeadershipRow:
    """The reconciler that leads, and the time until which it does."""

    holder_id: UUID
    epoch: int
    expires_at: datetime
    worked_at: datetime


def _system_time() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class MemoryTables:
    """The tables, a dictionary each. Rows are frozen, so handing them out is safe. `now` is the store's own clock."""

    now: Callable[[], datetime] = _system_time
    leadership: LeadershipRow | None = None

    workflows: dict[UUID, WorkflowRecord] = field(default_factory=dict)
    deleted_workflows: set[UUID] = field(default_factory=set)
    definitions: dict[UUID, DefinitionRecord] = field(default_factory=dict)
    definitions_by_digest: dict[bytes, UUID] = field(default_factory=dict)
    rules: dict[str, RuleRecord] = field(default_factory=dict)
    templates: dict[str, TemplateRecord] = field(default_factory=dict)
    executions: dict[UUID, ExecutionRecord] = field(default_factory=dict)
    executions_by_key: dict[tuple[UUID | None, str], UUID] = field(default_factory=dict)
    steps: dict[UUID, dict[str, StepRecord]] = field(default_factory=dict)
    carried: dict[UUID, tuple[CarriedStep, ...]] = field(default_factory=dict)
    commands: dict[UUID, PendingCommand] = field(default_factory=dict)
    workers: dict[UUID, WorkerRecord] = field(default_factory=dict)
    outbox: list[OutboxEvent] = field(default_factory=list)
    relayed: int = 0
    """The number of events that have left the outbox; the positions of later ones go on from it."""
    webhooks: dict[UUID, WebhookRecord] = field(default_factory=dict)
    webhook_events: dict[UUID, WebhookEventRecord] = field(default_factory=dict)
    endpoints: dict[UUID, EndpointState] = field(default_factory=dict)
    schedules: dict[UUID, ScheduleRow] = field(default_factory=dict)
    metrics: dict[BucketKey, Tally] = field(default_factory=dict)
    families: dict[UUID, int] = field(default_factory=dict)
    items: dict[UUID, Progress] = field(default_factory=dict)
    """The counts of the batches of each execution: a part of its row's progress."""

    def commands_of(self, execution_id: UUID) -> tuple[PendingCommand, ...]:
        """The commands of an execution that were not applied yet, oldest first."""
        found = [command for command in self.commands.values() if command.execution_id == execution_id]
        return tuple(sorted(found, key=lambda command: command.id))

    def wants_attention(self, execution: ExecutionRecord, now: datetime) -> bool:
        """True when nobody holds it and it is due, or has a command. A due time not after its creation is always due.

        For a queued one only the command to cancel it counts.
        """
        if execution.status.is_terminal or execution.worker_id is not None:
            return False
        told = [command.kind for command in self.commands.values() if command.execution_id == execution.id]
        if execution.is_queued:
            return CommandKind.CANCEL in told
        if execution.due_at is not None and (execution.due_at <= now or execution.due_at <= execution.created_at):
            return True
        return bool(told)

    def batches_of(self, execution_id: UUID, path: str | None = None) -> list[ExecutionRecord]:
        """The batches of an execution, or of one of its loops."""
        return [
            row
            for row in self.executions.values()
            if row.is_batch and row.parent_id == execution_id and path in (None, row.parent_path)
        ]

    def active_parent_of(self, batch: ExecutionRecord) -> ExecutionRecord | None:
        """The execution that a batch belongs to; None if it has ended."""
        parent = None if batch.parent_id is None else self.executions.get(batch.parent_id)
        return None if parent is None or parent.status.is_terminal else parent

    def steps_outside(self, execution_id: UUID) -> tuple[StepRecord, ...]:
        """The steps of an execution without those in loops that have batches."""
        loops = tuple(f"{batch.parent_path}[" for batch in self.batches_of(execution_id))
        return tuple(row for path, row in self.steps.get(execution_id, {}).items() if not path.startswith(loops))

    def count_items(self, execution_id: UUID, change: Progress) -> None:
        """Add to the counts of the batches of an execution."""
        row = self.executions[execution_id]
        self.items[execution_id] = sum_of(self.items.get(execution_id, NOTHING), change)
        self.executions[execution_id] = replace(row, progress=sum_of(row.progress, change))

    def put_steps(self, execution_id: UUID, sequence: int, steps: Iterable[StepChange]) -> None:
        """Insert or overwrite steps."""
        rows = self.steps.setdefault(execution_id, {})
        for step in steps:
            rows[step.state.path] = StepRecord(
                execution_id=execution_id, position=step.position, sequence=sequence, state=step.state
            )

    def drop_batches(
        self, execution_id: UUID, path: str | None, sequence: int, now: datetime | None
    ) -> tuple[list[ExecutionRecord], list[StepRecord]]:
        """Remove batches of an execution (of one loop, or all with None), and cancel their steps; returns both."""
        batches = self.batches_of(execution_id, path)
        if path is None and not batches:
            return [], []
        for batch in batches:
            self.remove(batch.id)
        loops = tuple(f"{loop}[" for loop in ({batch.parent_path for batch in batches} if path is None else {path}))
        stopped = self.stop_steps(execution_id, loops, sequence, now)
        running = sum(batch.progress.running for batch in batches)
        self.count_items(execution_id, replace(NOTHING, running=-running))
        return batches, stopped

    def stop_steps(
        self, execution_id: UUID, prefixes: tuple[str, ...], sequence: int, now: datetime | None
    ) -> list[StepRecord]:
        """Cancel the steps that are not done and whose paths begin with one of these; returns them."""
        steps = self.steps.get(execution_id, {})
        stopped = [
            replace(step, sequence=sequence, state=_cancelled(step.state, now))
            for step in steps.values()
            if step.state.path.startswith(prefixes) and not step.state.status.is_terminal
        ]
        steps.update((step.state.path, step) for step in stopped)
        return stopped

    def tell(self, notice: PendingCommand | None) -> None:
        """Store the notice of an end for the parent, unless that has ended itself."""
        parent = None if notice is None else self.executions.get(notice.execution_id)
        if notice is not None and parent is not None and not parent.status.is_terminal:
            self.commands.setdefault(notice.id, notice)

    def has_no_room(self, new: NewExecution) -> bool:
        """True when the family that an execution would join is full."""
        if new.root_id is None or new.max_family is None:
            return False
        return self.families.get(new.root_id, 1) >= new.max_family

    def count_family(self, new: NewExecution) -> None:
        """Count one more execution in its family."""
        if new.root_id is not None:
            self.families[new.root_id] = self.families.get(new.root_id, 1) + 1

    def remove(self, execution_id: UUID) -> None:
        """Remove an execution or a batch, with its commands."""
        execution = self.executions.pop(execution_id)
        if execution.idempotency_key is not None:
            self.executions_by_key.pop((execution.workflow_id, execution.idempotency_key), None)
        self.carried.pop(execution_id, None)
        self.families.pop(execution_id, None)
        for command in self.commands_of(execution_id):
            del self.commands[command.id]


def item_prefixes(batch: ExecutionRecord) -> tuple[str, ...]:
    """The prefixes of the paths of the steps of a batch's items."""
    assert isinstance(batch.input, dict)
    part = ItemRange.from_json(batch.input)
    return tuple(f"{part.path}[{part.first + number}]." for number in range(len(part.items)))


NOTHING = Progress(total=0, completed=0, failed=0, running=0, ended=0)


def _cancelled(state: StepState, now: datetime | None) -> StepState:
    """The step, cancelled at `now`."""
    return replace(state, status=StepStatus.CANCELLED, waiting_for=None, due_at=None, finished_at=now)


def contains(labels: Mapping[str, JsonValue], wanted: Mapping[str, JsonValue] | None) -> bool:
    """True when `labels` contains `wanted`, as PostgreSQL's `@>` has it for flat objects."""
    return wanted is None or all(name in labels and labels[name] == value for name, value in wanted.items())


def page_of(rows: Sequence[Row], first: int) -> Page[Row]:
    """The first rows of the rest of a list, and whether more follow."""
    return Page(rows=tuple(rows[:first]), has_next=len(rows) > first)
