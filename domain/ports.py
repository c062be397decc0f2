"""What the rules need from the world: each port is a Protocol, its contract is the docstring.

Every implementation, in memory or real, passes the same suite in tests/contract/. All times are aware and in UTC.
A port raises `Unavailable` when what is behind it cannot be reached, never a driver's own error.
"""

from collections.abc import AsyncIterator, Awaitable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from domain.json_text import JsonValue
from domain.records import (
    Claim,
    ComponentRecord,
    DefinitionRecord,
    ExecutionChange,
    ExecutionDelta,
    ExecutionFilter,
    ExecutionRecord,
    NewBatch,
    NewExecution,
    Page,
    PendingCommand,
    QueueRecord,
    StepFilter,
    StepRecord,
    WorkerRecord,
    WorkflowFilter,
    WorkflowRecord,
)
from domain.statuses import CommandKind, StepStatus, WorkflowStatus


class Clock(Protocol):
    """Where the shell and the services read the time; the decider is only ever told it."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""


class Sandbox(Protocol):
    """Evaluates expressions that must not be evaluated in this process."""

    async def evaluate(
        self, source: str, data: Mapping[str, JsonValue], *, now: datetime, seed: int, owner: UUID
    ) -> JsonValue:
        """The value of an expression on `data`, the part of a scope that it reads (`Expression.pruned`).

        `data` is read before this waits for anything. `owner` is the execution it is for: what is shared is shared out
        among owners. Raises `ExpressionError` as `Expression.evaluate` does, and `Unavailable` where the sandbox itself
        does not work.
        """


class WorkflowStore(Protocol):
    """Workflows and their immutable versions. Names are unique among workflows that are not deleted."""

    async def create(
        self,
        *,
        workflow_id: UUID,
        definition_id: UUID,
        name: str,
        status: WorkflowStatus,
        document: Mapping[str, JsonValue],
        labels: Mapping[str, JsonValue],
        note: str | None,
        now: datetime,
    ) -> WorkflowRecord:
        """Store a workflow with version 1. Raises `Conflict` when the name is taken."""

    async def update(
        self,
        workflow_id: UUID,
        *,
        expected_version: int | None,
        name: str,
        status: WorkflowStatus,
        document: Mapping[str, JsonValue] | None,
        definition_id: UUID | None,
        labels: Mapping[str, JsonValue],
        note: str | None,
        now: datetime,
    ) -> WorkflowRecord:
        """Overwrite a workflow; a `document` (with its `definition_id`) becomes the next version, None adds none.

        Raises `NotFound`, or `Conflict` when the name is taken or `expected_version` is not the newest.
        """

    async def delete(self, workflow_id: UUID, now: datetime) -> None:
        """Hide a workflow and free its name; its versions and ended executions stay.

        Raises `NotFound`, or `InvalidState` while executions of it have not ended.
        """

    async def get_many(self, ids: Collection[UUID]) -> Mapping[UUID, WorkflowRecord]:
        """The workflows with these ids, deleted ones too (an old execution still shows its workflow)."""

    async def find(self, *, id: UUID | None = None, name: str | None = None) -> WorkflowRecord | None:
        """The workflow that is not deleted with this id or this name."""

    async def page(self, filter: WorkflowFilter, *, first: int, after: UUID | None) -> Page[WorkflowRecord]:
        """Workflows that are not deleted, newest first (by id)."""

    async def count(self, filter: WorkflowFilter) -> int:
        """How many `page` would show in all."""

    async def definitions(self, ids: Collection[UUID]) -> Mapping[UUID, DefinitionRecord]:
        """The stored versions with these ids."""

    async def version(self, workflow_id: UUID, version: int) -> DefinitionRecord | None:
        """One version of a workflow."""

    async def versions_page(self, workflow_id: UUID, *, first: int, after: int | None) -> Page[DefinitionRecord]:
        """The versions of a workflow, newest first; `after` is a version number."""

    async def versions_count(self, workflow_id: UUID) -> int:
        """How many versions a workflow has."""

    async def save_definition(
        self, *, definition_id: UUID, document: Mapping[str, JsonValue], digest: bytes, now: datetime
    ) -> UUID:
        """Store the steps of an orchestration once per `digest` (32 bytes over the canonical document).

        Returns the id to use: the given one, or that of the first that was stored with the same digest.
        """


class ExecutionStore(Protocol):
    """Executions and their steps, as the workers change them.

    Fencing: a claim raises the execution's `epoch`; a commit at an older epoch changes nothing. A terminal status
    never changes. Sequences are given under the row's lock, so the order of commits is the order of sequences.
    """

    async def create(self, executions: Sequence[NewExecution]) -> list[ExecutionRecord]:
        """Insert all in one transaction, and answer in order.

        Where the workflow has an execution with the same idempotency key (also earlier in the same call), the
        answer is that one and nothing is inserted: compare ids to tell.
        """

    async def claim(self, ids: Collection[UUID], *, worker_id: UUID, now: datetime) -> list[Claim]:
        """Take those of `ids` that want attention: not ended, held by nobody, and due (or with a pending command).

        So are those that `worker_id` holds already: asking again is safe when an answer was lost, and taking over from
        its own driver is the caller's to avoid. Each answer is held by `worker_id` at a new epoch. The others are left
        out without a word. PENDING becomes RUNNING only with the first commit.
        """

    async def commit(self, delta: ExecutionDelta) -> int:
        """Store a change and return its sequence, once it is durable. Raises `LeaseLost`.

        Calls that wait at the same time share one statement. Rows of one execution must not be committed by two
        calls at once. While the database is away it waits and tries again; a change whose fate is unknown is safe
        to send again, for its rows overwrite themselves.
        """

    def post(self, delta: ExecutionDelta) -> None:
        """Like `commit` without waiting: stored with the execution's next commit, or soon.

        A later `commit` of the same execution absorbs it. A lost lease is only told to the next `commit`.
        """

    async def add_command(
        self, *, command_id: UUID, execution_id: UUID, kind: CommandKind, payload: JsonValue, now: datetime
    ) -> UUID | None:
        """Store a command for an execution that has not ended; returns the worker that holds it, if any.

        Raises `NotFound`, or `InvalidState` when the execution has ended.
        """

    async def add_commands(self, commands: Sequence[PendingCommand]) -> Mapping[UUID, UUID | None]:
        """`add_command` for many in one transaction: for each execution that has not ended, the worker that holds it.

        Those that have ended or do not exist are left out without a word.
        """

    async def commands(self, execution_id: UUID, known: Collection[UUID] = ()) -> Sequence[PendingCommand]:
        """The stored commands that were not applied yet, oldest first, without those that are `known`.

        Raises `LeaseLost` when there is no such execution any more: a batch goes with its loop.
        """

    async def commanded(self, worker_id: UUID) -> Sequence[UUID]:
        """The executions that this worker holds and that have a command which was not applied yet."""

    async def holders(self, ids: Collection[UUID]) -> Mapping[UUID, UUID | None]:
        """Who holds these executions, None for nobody; those that have ended or do not exist are left out."""

    async def create_batches(self, batches: Sequence[NewBatch]) -> None:
        """Insert parts of a loop, claimable at once; those that are there already are left as they are.

        Nothing is inserted for an execution or a loop that has ended.
        """

    async def drop_batches(self, execution_id: UUID, path: str, now: datetime) -> Sequence[tuple[UUID, UUID]]:
        """Take away what is left of a loop: its batches go, and their steps that run or wait are CANCELLED.

        Returns (worker, batch) of those that a worker holds, so that it can be nudged; its commits are refused.
        """

    async def admit(self, workflow_id: UUID, limit: int, now: datetime) -> Sequence[UUID]:
        """Give free slots to queued executions of a workflow, the highest priority and then the oldest first.

        A slot is held by every execution of the workflow that has not ended and is not queued, so none can leak.
        Returns those that are now due, so that hints can be sent for them.
        """

    async def delete(self, ids: Collection[UUID]) -> Sequence[UUID]:
        """Remove executions that have ended, with their steps; returns those that were removed."""


class ExecutionQueries(Protocol):
    """Executions and their steps, as people read them."""

    async def get_many(self, ids: Collection[UUID]) -> Mapping[UUID, ExecutionRecord]:
        """The executions with these ids."""

    async def page(self, filter: ExecutionFilter, *, first: int, after: UUID | None) -> Page[ExecutionRecord]:
        """Executions, newest first (by id, which sorts by creation)."""

    async def count(self, filter: ExecutionFilter) -> int:
        """How many `page` would show in all."""

    async def steps_page(
        self, execution_id: UUID, filter: StepFilter, *, first: int, after: str | None
    ) -> Page[StepRecord]:
        """The step executions of an execution in document order; `after` is a position."""

    async def steps_count(self, execution_id: UUID, filter: StepFilter) -> int:
        """How many `steps_page` would show in all."""

    async def steps_pages(
        self, execution_ids: Collection[UUID], filter: StepFilter, *, first: int
    ) -> Mapping[UUID, Page[StepRecord]]:
        """The first page of `steps_page` for each of these executions, in one statement; every id has an answer."""

    async def steps_counts(self, execution_ids: Collection[UUID], filter: StepFilter) -> Mapping[UUID, int]:
        """`steps_count` for each of these executions, in one statement; every id has an answer."""

    async def steps_by_path(self, keys: Collection[tuple[UUID, str]]) -> Mapping[tuple[UUID, str], StepRecord]:
        """The step executions with these (execution, path) keys."""

    async def step_statuses(self, keys: Collection[tuple[UUID, str]]) -> Mapping[tuple[UUID, str], StepStatus]:
        """The status of each of these step executions that has a row, and nothing else of it."""

    async def changes_since(self, execution_id: UUID, sequence: int) -> ExecutionChange | None:
        """One change that holds all that was committed after `sequence`, of one consistent moment.

        None when there is no such execution. When nothing changed, its sequence is `sequence` and it has no steps.
        """

    async def sequences(self, ids: Collection[UUID]) -> Mapping[UUID, int]:
        """The newest sequence of each of these executions."""


class Recovery(Protocol):
    """What the reconciler asks, so that nothing is ever stuck."""

    async def lead(self) -> AbstractAsyncContextManager[bool]:
        """Whether this process is the one that reconciles, for as long as the context lasts (advisory lock)."""

    async def due_executions(self, *, now: datetime, limit: int) -> Sequence[UUID]:
        """Executions that nobody holds and that want attention: PENDING, past their due time, or with a command.

        Higher priorities come first, then what has been due for longest. Queued ones are left out (see `admit`).
        """

    async def queued_workflows(self) -> Sequence[tuple[UUID, int]]:
        """The workflows that have queued executions, each with its newest version's `maxConcurrentExecutions`.

        A workflow that has no limit any more comes with a very large one.
        """

    async def release_dead(self, *, dead_before: datetime, limit: int) -> Sequence[UUID]:
        """Take executions away from workers whose last heartbeat is older, or that are not registered at all.

        Each gets a new epoch and one more crash. Returns them; the dead workers' rows are removed.
        """

    async def fail_poisoned(self, *, crashes: int, now: datetime, limit: int) -> Sequence[UUID]:
        """End as FAILED with code POISONED those that nobody holds and that have outlived this many workers."""


class WorkerRegistry(Protocol):
    """Which worker processes live."""

    async def register(self, worker_id: UUID, *, host: str, now: datetime) -> None:
        """Announce a worker process."""

    async def heartbeat(self, worker_id: UUID, *, active_executions: int, now: datetime) -> bool:
        """Say that it lives. False: it was taken for dead, holds nothing any more, and must register anew."""

    async def unregister(self, worker_id: UUID) -> Sequence[UUID]:
        """Leave: whatever it still holds is released, and returned so that hints can be sent for it."""

    async def workers(self) -> Sequence[WorkerRecord]:
        """Every registered worker process, oldest first."""


class WorkQueue(Protocol):
    """Hints to the workers, through Dramatiq's queues. A hint says that there may be work; losing one loses nothing."""

    async def hint(self, execution_ids: Sequence[UUID]) -> None:
        """Ask some worker to look at these executions. Never raises `Unavailable`: the reconciler repeats it."""

    async def nudge(self, worker_id: UUID, execution_id: UUID) -> None:
        """Ask the worker that holds this execution to look at its commands. Never raises `Unavailable`."""

    async def queues(self) -> Sequence[QueueRecord]:
        """Every queue with its depth and its dead letters. Raises `Unavailable`."""


class ChangeStream(Protocol):
    """Changes in the order of their commits; None: some may be missing, ask the store."""

    def __aiter__(self) -> AsyncIterator[ExecutionChange | None]:
        """The changes, each when it comes."""

    def __anext__(self) -> Awaitable[ExecutionChange | None]:
        """The next one; ends only with the context."""

    def waiting(self, most: int) -> Sequence[ExecutionChange]:
        """The next changes, at most `most`, that can be read without waiting; they stay to be read."""


class ProgressFeed(Protocol):
    """Committed changes, live. One connection per process, however many listen.

    A listener is told of every change from the moment its context is entered; changes that reach it late or never
    (Redis was away) show as a gap in `sequence`. A listener that reads slowly gets changes merged: newest execution
    part, union of steps by path. A wake-up without a change (None) means: ask the store.
    """

    def listen(self, execution_id: UUID) -> "AbstractAsyncContextManager[AsyncIterator[ExecutionChange | None]]":
        """The changes of one execution."""

    def listen_all(self) -> "AbstractAsyncContextManager[ChangeStream]":
        """The changes of every execution that carry a new status (steps are left out)."""


class ProgressPublisher(Protocol):
    """Where committed changes are announced. Losing an announcement loses nothing: readers fill gaps from the store."""

    def publish(self, changes: Sequence[ExecutionChange]) -> None:
        """Announce these soon, in order. Never blocks and never raises; drops what does not fit its bounded queue."""


class HealthProbe(Protocol):
    """Whether the parts that Stepgraph depends on answer."""

    async def components(self, timeout: timedelta) -> Sequence[ComponentRecord]:
        """PostgreSQL, Redis and the migrations, each within `timeout`. Never raises."""


class Installation(Protocol):
    """What this installation has made up for itself, the same for all of its processes."""

    async def key(self) -> bytes:
        """32 random bytes that never change and never leave the installation."""
