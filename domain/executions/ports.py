"""The ports that store executions: for the workers, for readers, and for the reconciler."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from domain.engine.state import CarriedStep
from domain.executions.lists import NEWEST_FIRST, Count, ExecutionOrder, OrderBy, Place
from domain.executions.records import (
    Claim,
    ExecutionChange,
    ExecutionDelta,
    ExecutionFilter,
    ExecutionRecord,
    NewBatch,
    NewExecution,
    PendingCommand,
    StepFilter,
    StepRecord,
)
from domain.kernel.pages import Page
from domain.kernel.statuses import ExecutionStatus, StepStatus
from domain.system.records import Term


class ExecutionStore(Protocol):
    """Executions and their steps, as the workers change them.

    Fencing: a claim raises the execution's `epoch`; a commit at an older epoch changes nothing. A terminal status
    never changes. Sequences are given under the row's lock, so the order of commits is the order of sequences.
    """

    async def create(self, executions: Sequence[NewExecution]) -> list[ExecutionRecord]:
        """Insert all in one transaction; the answers are in the order of the arguments.

        Where the workflow has an execution with the same idempotency key (also earlier in the same call), the
        answer is that one and nothing is inserted: compare ids to tell. Raises `LimitExceeded` where a
        family has no room for one of them; those that it has room for are inserted. Raises `WorkflowChanged` where one
        is not inserted for what it expects of it, or because its key is known beside that; the others are inserted.
        """

    async def claim(
        self, ids: Collection[UUID], *, worker_id: UUID, now: datetime, watched: Collection[UUID] = ()
    ) -> list[Claim]:
        """Take those of `ids` that want attention: not ended, held by nobody, and due (or with a pending command).

        So are those that `worker_id` holds already: asking again is safe when an answer was lost, and the caller must
        not take over from its own activation. Each answer is held by `worker_id` at a new epoch. The others are
        silently left out. PENDING becomes RUNNING only with the first commit.

        Of suspects (see `domain.executions.suspects`) one is taken, that which has lost the fewest workers, and none
        where `worker_id` holds one that is not among `watched`: those have been watched for long enough.
        """

    async def take_back(self, ids: Collection[UUID]) -> Sequence[UUID]:
        """Take executions back that were handed over and of which nothing has begun. Returns those that are due now."""

    async def commit(self, delta: ExecutionDelta) -> int:
        """Store a change and return its sequence, once it is durable. Raises `LeaseLost`.

        Calls that wait at the same time share one statement. Rows of one execution must not be committed by two
        calls at once. While the database is away it waits and tries again; a change whose fate is unknown is safe
        to send again, for its rows overwrite themselves.
        """

    def post(self, delta: ExecutionDelta) -> None:
        """Like `commit` without waiting: stored with the execution's next commit, or soon.

        A later `commit` of the same execution absorbs it. A lost lease is only reported by the next `commit`.
        """

    async def add_command(self, command: PendingCommand) -> UUID | None:
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
        """The worker that holds each execution, None for nobody; those that have ended or do not exist are left out."""

    async def create_batches(self, batches: Sequence[NewBatch]) -> None:
        """Insert parts of a loop, claimable at once; those that are there already are left as they are.

        Nothing is inserted for an execution or a loop that has ended.
        """

    async def drop_batches(self, execution_id: UUID, path: str, now: datetime) -> Sequence[tuple[UUID, UUID]]:
        """Remove the rest of a loop: its batches are deleted, and their steps that run or wait are CANCELLED.

        Returns (worker, batch) of those that a worker holds, so that it can be nudged; its commits are refused.
        """

    async def admit(self, workflow_id: UUID, limit: int, now: datetime) -> Sequence[UUID]:
        """Give free slots to queued executions of a workflow, the highest priority and then the oldest first.

        A slot is held by every execution of the workflow that has not ended and is not queued, so none can leak.
        Returns those that are now due, so that hints can be sent for them.
        """

    async def delete(self, ids: Collection[UUID]) -> Sequence[UUID]:
        """Remove executions that have ended, with their steps; returns those that were removed."""

    async def prune(self, before: datetime, limit: int) -> int:
        """Remove the oldest executions that ended before `before`, with their steps, at most `limit`; returns how many.

        One whose parent has not ended stays: the parent may not have read its output yet. Calls at the same time each
        remove others.
        """


class ExecutionQueries(Protocol):
    """Executions and their steps, as people read them.

    Records read `lean` are without large values, which `left_out` names (see `LargeValues`), and without fields
    only for activations: signals, and checkpoints of steps.
    """

    async def get_many(self, ids: Collection[UUID], *, lean: bool = False) -> Mapping[UUID, ExecutionRecord]:
        """The executions with these ids."""

    async def page(
        self,
        filter: ExecutionFilter,
        *,
        first: int,
        after: Place | None,
        order: ExecutionOrder = NEWEST_FIRST,
        lean: bool = False,
    ) -> Page[ExecutionRecord]:
        """Executions in this order behind a place: newest first, by id, which sorts by creation, or as `order` says."""

    async def count(self, filter: ExecutionFilter, by: OrderBy = OrderBy.CREATED) -> int:
        """The number of executions that match, in a list by this time."""

    async def counts(self, filter: ExecutionFilter) -> Mapping[ExecutionStatus, Count]:
        """The number of those that match by status, for each that the filter allows; a great one is an estimate."""

    async def steps_page(
        self, execution_id: UUID, filter: StepFilter, *, first: int, after: str | None, lean: bool = False
    ) -> Page[StepRecord]:
        """The step executions of an execution in document order; `after` is a position."""

    async def steps_pages(
        self, execution_ids: Collection[UUID], filter: StepFilter, *, first: int, lean: bool = False
    ) -> Mapping[UUID, Page[StepRecord]]:
        """The first page of `steps_page` for each of these executions, in one statement; every id has an answer."""

    async def steps_counts(self, execution_ids: Collection[UUID], filter: StepFilter) -> Mapping[UUID, int]:
        """The number of matching step executions of each of these executions; every id has an answer."""

    async def steps_by_path(
        self, keys: Collection[tuple[UUID, str]], *, lean: bool = False
    ) -> Mapping[tuple[UUID, str], StepRecord]:
        """The step executions with these (execution, path) keys."""

    async def step_statuses(self, keys: Collection[tuple[UUID, str]]) -> Mapping[tuple[UUID, str], StepStatus]:
        """The status of each of these step executions that has a row, and nothing else of it."""

    async def changes_since(
        self, execution_id: UUID, sequence: int, *, lean: bool = False, most: int | None = None, steps: bool = True
    ) -> ExecutionChange | None:
        """One change that holds all that was committed after `sequence`, of one consistent moment.

        None when there is no such execution. When nothing changed, its sequence is `sequence` and it has no steps.
        Raises `LimitExceeded` where more than `most` steps have changed, before they are read. Without `steps` it has
        none, however many have changed, and none is read.
        """

    async def sequences(self, ids: Collection[UUID]) -> Mapping[UUID, int]:
        """The newest sequence of each of these executions."""

    async def carried(self, ids: Collection[UUID]) -> Mapping[UUID, Sequence[CarriedStep]]:
        """The steps that each of these retries carries over; executions without any are left out."""

    async def children_at(self, parent_ids: Collection[UUID], path: str) -> Sequence[ExecutionRecord]:
        """The executions that the step at this path of any of these has started, and all retries of them, by id."""

    async def newest_retries(self, ids: Collection[UUID]) -> Mapping[UUID, ExecutionRecord]:
        """The newest of the retries of each, and of theirs; itself where it has none. Unknown ids are left out."""


class Recovery(Protocol):
    """The queries of the reconciler, so that no execution is ever stuck."""

    async def lead(
        self, candidate: UUID, *, lease: timedelta, stands_back: timedelta | None = None, has_worked: bool = False
    ) -> Term | None:
        """Become or remain the leading reconciler for `lease` from now on by the store's clock; None where another is.

        One that `stands_back` takes over only when nobody has led for that long, and lets any candidate go first that
        does not. `has_worked`: since it last asked, it has been through a whole round.
        """

    async def resign(self, candidate: UUID) -> None:
        """Give up the lead at once, so that another can take it; no effect where this one does not lead."""

    async def is_quiet(self, *, now: datetime, dead_before: datetime, crashes: int) -> bool:
        """True when every other query here, with these arguments, would find nothing and change nothing.

        Commands that are on their way to a worker may make it False.
        """

    async def due_executions(self, *, now: datetime, limit: int) -> Sequence[UUID]:
        """Executions that nobody holds and that want attention: PENDING, past their due time, or with a command.

        Higher priorities come first, then those that have been due for longest. Queued ones are left out (see `admit`).
        """

    async def queued_workflows(self) -> Sequence[tuple[UUID, int]]:
        """The workflows that have queued executions, each with its newest version's `maxConcurrentExecutions`.

        A workflow that has no limit any more comes with a very large one.
        """

    async def release_dead(self, *, dead_before: datetime, limit: int) -> Sequence[UUID]:
        """Take executions away from workers whose last heartbeat is older, or that are not registered at all.

        `dead_before` is by the clock that heartbeats go by, so a caller that was stopped in the meantime takes away
        less and never more: no term needs to be checked.

        Each gets a new epoch and one more crash. Returns them; the dead workers' rows are removed.
        """

    async def quarantine(self, *, crashes: int, now: datetime, limit: int) -> Sequence[UUID]:
        """End as FAILED with code POISONED those that nobody holds and that have outlived this many workers."""

    async def drop_commands(self, limit: int) -> int:
        """Remove commands of executions that have ended or are gone, at most `limit`; returns the number removed.

        Nobody will apply them: they came in the moment of the end, or the end was not a worker's doing.
        """
