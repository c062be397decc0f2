"""Stored records of executions: one frozen record for each kind of row, in Python's own types."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from domain.engine.state import CarriedStep, ItemRange, Signal, StepState, WaitReason
from domain.kernel.failures import StepError
from domain.kernel.fast_values import fast_init
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import CommandKind, ExecutionStatus, StepStatus, TriggerKind, WaitKind


@dataclass(frozen=True, slots=True, kw_only=True)
class NewExecution:
    """The row that `ExecutionStore.create` inserts. `start_at` in the future makes it wait until then.

    `idempotency_key` is unique within the workflow (or within all orchestrations, where `workflow_id` is None).
    `parent_id` and `parent_path`: the step that started it. `retried_from_id`: the execution that it is a
    retry of; it begins with `steps`, copies of the steps already done, `carried`, state of other steps, and `ended`,
    how much of it is done (see `Progress`).
    `max_concurrent`: it gets a slot among the executions of its workflow, at once or when one is free (`is_queued`
    until then).
    `trigger` and `trigger_id`: what has started it, where that is no other execution.
    `root_id`: the execution from which it comes in the end; with it, `max_family` may come from that one in all.
    `worker_id`: the worker that it is handed to. It is claimed from the first, at epoch 1, if that worker lives.
    `expected`: its workflow as it was looked up a while ago; it is inserted where the workflow is that still. None: it
    was looked up just now. It stands beside neither a limit, a family nor steps to begin with.
    """

    id: UUID
    definition_id: UUID
    workflow_id: UUID | None
    workflow_version: int | None
    input: JsonValue
    labels: Mapping[str, JsonValue]
    priority: int
    total_steps: int
    created_at: datetime
    idempotency_key: str | None = None
    start_at: datetime | None = None
    parent_id: UUID | None = None
    parent_path: str | None = None
    retried_from_id: UUID | None = None
    steps: "tuple[StepChange, ...]" = ()
    carried: tuple[CarriedStep, ...] = ()
    ended: int = 0
    max_concurrent: int | None = None
    root_id: UUID | None = None
    max_family: int | None = None
    trigger: TriggerKind = TriggerKind.API
    trigger_id: UUID | None = None
    worker_id: UUID | None = None
    expected: "ExpectedWorkflow | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedWorkflow:
    """A workflow that is not deleted, is ACTIVE, and has this name and newest version."""

    name: str
    version: int


WHOLE = 1_000_000_000
"""The whole of an execution, as `Progress.ended` counts it."""

_NEARLY = 99.99


@fast_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The progress of an execution. All but `ended` count step executions; `total` are all that are known.

    A container's are known when it is opened, all items of a loop at once. `ended` is the part of the whole that has
    ended, in billionths (`WHOLE`): it only grows, see domain/engine/shares.py.
    """

    total: int
    completed: int
    failed: int
    running: int
    ended: int

    @property
    def percent(self) -> float:
        """The share that has ended, in percent from 0 to 99.99: only a COMPLETED execution counts as 100."""
        return min(_NEARLY, math.floor(10_000 * self.ended / WHOLE) / 100)


@fast_init
@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionRecord:
    """An execution as it is stored. `sequence` grows by one with every committed change; 0 is the bare start.

    `due_at`: when an execution that nobody holds wants attention. `worker_id` and `epoch`: its holder, and how often it
    was claimed or taken away. `crashes`: how many workers have died holding it since a step of it last ended.

    `parent_path`: the step of the parent that waits for it. `is_batch`: no execution of its own, but a part of a loop
    of its parent; its `input` is an `ItemRange`, its steps are rows of the parent, and no list shows it. `signals`:
    those sent and not consumed yet. `paused_at`: since when it is PAUSED. `is_queued`: it waits for a slot
    (`maxConcurrentExecutions`). An `error` before the end: the one it ends with once `onFailure` has run.

    `left_out`: the fields that were not read because they are large, with the fewest bytes that each has as JSON.
    `trigger` and `trigger_id`: what has started it, and the id of that schedule, webhook, parent or retried execution.
    """

    id: UUID
    definition_id: UUID
    workflow_id: UUID | None
    workflow_version: int | None
    status: ExecutionStatus
    input: JsonValue
    output: JsonValue
    error: StepError | None
    labels: Mapping[str, JsonValue]
    priority: int
    idempotency_key: str | None
    parent_id: UUID | None
    retried_from_id: UUID | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    deadline_at: datetime | None
    sequence: int
    progress: Progress
    waiting_for: WaitReason | None = None
    due_at: datetime | None = None
    worker_id: UUID | None = None
    epoch: int = 0
    crashes: int = 0
    parent_path: str | None = None
    is_batch: bool = False
    is_queued: bool = False
    paused_at: datetime | None = None
    signals: tuple[Signal, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    trigger: TriggerKind = TriggerKind.API
    trigger_id: UUID | None = None

    @property
    def is_ending(self) -> bool:
        """True when it has failed, though `onFailure` may still run."""
        return self.error is not None or "error" in self.left_out


@fast_init
@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecord:
    """A step execution as it is stored: its state, whose it is, and the execution's sequence that last touched it.

    `left_out`: the fields of its state that were not read, as of an `ExecutionRecord`.
    """

    execution_id: UUID
    position: str
    sequence: int
    state: StepState
    left_out: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingCommand:
    """A command to an execution, stored and not applied yet: see `CommandKind` for kinds and payloads."""

    id: UUID
    execution_id: UUID
    kind: CommandKind
    payload: JsonValue
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBatch:
    """A part of a loop's items that some worker is to run: an activation of its own, claimed and fenced like one.

    `id` is the same whenever the same part is asked for. `definition_id` and `priority` are the parent's.
    """

    id: UUID
    execution_id: UUID
    definition_id: UUID
    priority: int
    range: ItemRange
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """An execution that this worker now holds, with everything needed to go on with it.

    `steps` is empty for one that never ran, and has none of loops that batches run. `commands` are applied first. For
    a batch, `steps` are those of its own items, `parent` is the execution that it belongs to, and `outer` that one's
    steps outside of such loops. `carried` are the steps that a retry has carried over; of a batch, of those
    in its loop.
    """

    execution: ExecutionRecord
    steps: tuple[StepRecord, ...]
    commands: tuple[PendingCommand, ...]
    parent: ExecutionRecord | None = None
    outer: tuple[StepRecord, ...] = ()
    carried: tuple[CarriedStep, ...] = ()


@fast_init
@dataclass(frozen=True, slots=True, kw_only=True)
class StepChange:
    """A step row as it is to be: inserted, or overwritten when the path has one."""

    position: str
    state: StepState


@fast_init
@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionDelta:
    """One activation's change of one execution, to be committed whole or not at all.

    Every field of the execution is its value after the change. `release`: the worker lets go; `due_at` is then when
    the execution wants attention again (None: only when a command comes). `applied_commands` are removed in the same
    transaction. A terminal `status` releases by itself and sets `finished_at`; it takes the execution's batches with
    it, and `notify`, a command for the parent, is stored in the same transaction. The steps of a batch are stored as
    the parent's, at the parent's next sequence. `starts`: it has started, and the event may not have been
    stored yet; a store puts it into the outbox with the first such change, and the end with the last.
    """

    execution_id: UUID
    epoch: int
    status: ExecutionStatus
    progress: Progress
    steps: tuple[StepChange, ...]
    started_at: datetime | None = None
    finished_at: datetime | None = None
    deadline_at: datetime | None = None
    output: JsonValue = None
    error: StepError | None = None
    waiting_for: WaitReason | None = None
    due_at: datetime | None = None
    release: bool = False
    applied_commands: tuple[UUID, ...] = ()
    paused_at: datetime | None = None
    signals: tuple[Signal, ...] = ()
    notify: PendingCommand | None = None
    starts: bool = False


@fast_init
@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionChange:
    """A committed change, as it travels to subscribers: the changing part of an execution and the steps it touched.

    `steps` is None where the change was too large to travel: read it from the store, from `sequence - 1` on.
    `covers` is how many sequences it stands for, more than one where changes were merged: it follows on from
    `sequence - covers`. `left_out`: the fields that were not read, as of an `ExecutionRecord`.
    """

    execution_id: UUID
    workflow_id: UUID | None
    sequence: int
    status: ExecutionStatus
    progress: Progress
    started_at: datetime | None
    finished_at: datetime | None
    output: JsonValue
    error: StepError | None
    waiting_for: WaitReason | None
    steps: tuple[StepRecord, ...] | None
    covers: int = 1
    left_out: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionFilter:
    """The filter of a list of executions or a subscription. All given parts must match; labels match by containment.

    `ids`: the first and the last id that match. `label_text`: words, each of which begins a word in the names or values
    of labels. `failed_step`: the path in its error. `waiting_service`: the service whose circuit breaker it waits for.
    `longer_than` and the range of ends match only what has ended. `domain.executions.lists` has what follows from it.
    """

    workflow_id: UUID | None = None
    workflow_name: str | None = None
    statuses: frozenset[ExecutionStatus] | None = None
    labels: Mapping[str, JsonValue] | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    ended_after: datetime | None = None
    ended_before: datetime | None = None
    ids: tuple[UUID, UUID] | None = None
    idempotency_key: str | None = None
    label_text: str | None = None
    error_code: str | None = None
    failed_step: str | None = None
    waiting_kind: WaitKind | None = None
    waiting_service: str | None = None
    longer_than: timedelta | None = None
    trigger: TriggerKind | None = None
    trigger_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFilter:
    """The filter of a list of step executions."""

    statuses: frozenset[StepStatus] | None = None
    types: frozenset[str] | None = None
    path_prefix: str | None = None
