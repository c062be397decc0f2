"""Group commit: the changes that gather while one statement is under way go out as the next one.

A commit alone costs a round trip and a flush to disk; a commit among three hundred costs a three-hundredth of that.

It gathers as `Batcher` does and is not built on it. A batch here is chosen anew for each statement, of merged changes,
by rows and bytes, without executions that are under way, and halved where its data is refused. To make these rules
parameters would cost calls for each change, on the path that everything waits for.
"""

import asyncio
import logging
import random
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias
from uuid import UUID

from domain.executions.progress import ProgressPublisher
from domain.executions.records import ExecutionChange, ExecutionDelta
from domain.kernel.background_tasks import BackgroundTasks
from domain.kernel.errors import InvalidInput, LeaseLost, Problem, Unavailable
from persistence.connections.retrying import WHILE_AWAY
from persistence.executions.changes import Stored, changes_of
from persistence.executions.delta_merge import merge_deltas
from persistence.postgres.executions.rows.composite import DeltaRows, delta_rows

logger = logging.getLogger(__name__)

MAX_BYTES = 8 * 1024 * 1024
"""The most bytes of a statement's JSON text, about. One change that is larger goes alone."""

_WORTH_SHARING = 32
"""The fewest changes that are spread over two statements: below, a statement's own cost is more than is won."""

_CLOSED = "The store was closed before the database answered."


class Refused(Exception):
    """The error of a batch with data that the database refuses (raised `from` its own error)."""


StoreBatch: TypeAlias = Callable[[Sequence[DeltaRows], Sequence[UUID], bool], Awaitable[dict[int, Stored]]]
"""Stores rows and removes applied commands; the third argument says that an earlier try may have succeeded.

Returns the stored changes by ordinal; missing ones have lost their lease. Raises `Unavailable`, or `Refused`.
"""


@dataclass(slots=True)
class _Entry:
    """A waiting change, and the future that callers wait on; `delta` is merged of all that they gave."""

    delta: ExecutionDelta
    waiter: "asyncio.Future[int] | None" = None
    rows: DeltaRows | None = None


class GroupCommitter:
    """Collects changes of many executions and stores them a batch at a time, never two of one execution at once.

    While the database is away changes wait, and are sent again until it is back. A change whose data is refused fails
    alone, as `InvalidInput`.
    """

    def __init__(
        self,
        store: StoreBatch,
        publisher: ProgressPublisher,
        *,
        announced: Callable[[Sequence[tuple[ExecutionDelta, Stored]]], Sequence[ExecutionChange]] = changes_of,
        lanes: int = 2,
        max_rows: int = 1_000,
        post_delay: float = 0.01,
    ) -> None:
        """`lanes` is the number of statements under way at a time.

        `announced` makes the published changes of a stored batch. `post_delay` is how many seconds a posted change
        waits for a commit.
        """
        self._store = store
        self._publisher = publisher
        self._announced = announced
        self._lanes = lanes
        self._max_rows = max_rows
        self._post_delay = post_delay
        self._waiting: dict[UUID, _Entry] = {}
        self._posted: dict[UUID, _Entry] = {}
        self._posted_at: deque[tuple[float, UUID]] = deque()
        self._post_timer: asyncio.TimerHandle | None = None
        self._in_flight: set[UUID] = set()
        self._tasks = BackgroundTasks("group commit")
        self._busy_lanes = 0
        self._under_way = 0

    async def commit(self, delta: ExecutionDelta) -> int:
        """Store a change with whatever else is there; returns its sequence. Raises `LeaseLost`."""
        entry = self._merge(delta, self._posted.pop(delta.execution_id, None))
        if entry.waiter is None or entry.waiter.done():
            entry.waiter = asyncio.get_running_loop().create_future()
        self._waiting[delta.execution_id] = entry
        self._start_lane()
        return await entry.waiter

    def post(self, delta: ExecutionDelta) -> None:
        """Store a change with the next commit of its execution, or soon."""
        id = delta.execution_id
        if id in self._waiting:
            self._waiting[id] = self._merge(delta, None)
            return
        known = self._posted.pop(id, None)
        self._posted[id] = self._merge(delta, known)
        if known is None:
            loop = asyncio.get_running_loop()
            self._posted_at.append((loop.time() + self._post_delay, id))
            if self._post_timer is None:
                self._post_timer = loop.call_later(self._post_delay, self._release_posted)

    async def drain(self, timeout: float) -> None:
        """Store all waiting changes, within `timeout` seconds; the rest is given up, as in a crash."""
        if self._post_timer is not None:
            self._post_timer.cancel()
            self._post_timer = None
        self._posted_at.clear()
        for id, entry in self._posted.items():
            self._waiting.setdefault(id, entry)
        self._posted.clear()
        self._start_lane()
        await self._tasks.finish(timedelta(seconds=timeout))
        for entry in self._waiting.values():
            _settle(entry, Unavailable(_CLOSED))
        self._waiting.clear()

    def _merge(self, delta: ExecutionDelta, posted: _Entry | None) -> _Entry:
        """The change merged with the waiting one of the same execution, if both are of the same epoch."""
        entry = posted or self._waiting.get(delta.execution_id)
        if entry is None:
            return _Entry(delta)
        if entry.delta.epoch != delta.epoch:
            # The execution was lost and claimed again: whoever waits at the older epoch has no lease any more.
            _settle(entry, LeaseLost(delta.execution_id, entry.delta.epoch))
            return _Entry(delta)
        entry.delta = merge_deltas(entry.delta, delta)
        return entry

    def _release_posted(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        self._post_timer = None
        while self._posted_at and self._posted_at[0][0] <= now:
            id = self._posted_at.popleft()[1]
            entry = self._posted.pop(id, None)
            if entry is not None:
                self._waiting[id] = entry
        if self._posted_at:
            self._post_timer = loop.call_at(self._posted_at[0][0], self._release_posted)
        self._start_lane()

    def _start_lane(self) -> None:
        if self._waiting and self._busy_lanes < self._lanes:
            self._busy_lanes += 1
            self._tasks.start(self._run_lane())

    async def _run_lane(self) -> None:
        # Counted here and not by tasks: between the last look at what waits and the end of the task there is a moment.
        try:
            while batch := self._take():
                self._start_lane()
                self._under_way += 1
                try:
                    await self._store_all(batch)
                except asyncio.CancelledError:
                    for entry in batch:
                        _settle(entry, Unavailable(_CLOSED))
                    raise
                finally:
                    self._under_way -= 1
                    self._in_flight.difference_update(entry.delta.execution_id for entry in batch)
        finally:
            self._busy_lanes -= 1

    def _take(self) -> list[_Entry]:
        """The next batch: none of its executions is under way, and together they are not too large."""
        batch: list[_Entry] = []
        rows = size = 0
        # Were one lane to take everything, all callers would wait for one statement, and then the database for them.
        share = -(-len(self._waiting) // (self._lanes - self._under_way))
        limit = max(share, _WORTH_SHARING)
        for id, entry in list(self._waiting.items()):
            if len(batch) == limit:
                break
            if id in self._in_flight:
                continue
            try:
                entry.rows = delta_rows(entry.delta, len(batch))
            except ValueError as error:
                del self._waiting[id]
                _settle(entry, _refused(error))
                continue
            rows += 1 + len(entry.rows.steps)
            size += entry.rows.size
            if batch and (rows > self._max_rows or size > MAX_BYTES):
                break
            del self._waiting[id]
            batch.append(entry)
        self._in_flight.update(entry.delta.execution_id for entry in batch)
        return batch

    async def _store_all(self, batch: Sequence[_Entry]) -> None:
        """Store a batch, however often it takes; where the data of one change is refused, all others are stored."""
        try:
            stored = await self._insist(batch)
        except Refused as refusal:
            if len(batch) == 1:
                _settle(batch[0], _refused(refusal.__cause__ or refusal))
                return
            half = len(batch) // 2
            for part in (batch[:half], batch[half:]):
                for ordinal, entry in enumerate(part):
                    entry.rows = delta_rows(entry.delta, ordinal)
                await self._store_all(part)
            return
        except Exception as error:
            for entry in batch:
                _settle(entry, error)
            return
        self._announce(batch, stored)

    async def _insist(self, batch: Sequence[_Entry]) -> dict[int, Stored]:
        rows = [entry.rows for entry in batch if entry.rows is not None]
        commands = [id for entry in batch for id in entry.delta.applied_commands]
        pauses, is_repeated = WHILE_AWAY.pauses(random.random), False
        while True:
            try:
                return await self._store(rows, commands, is_repeated)
            except Unavailable as error:
                if not is_repeated:
                    logger.warning("%s changes wait for the database: %s", len(batch), error)
                is_repeated = True
                await asyncio.sleep(next(pauses).total_seconds())

    def _announce(self, batch: Sequence[_Entry], stored: dict[int, Stored]) -> None:
        done: list[tuple[ExecutionDelta, Stored]] = []
        for ordinal, entry in enumerate(batch):
            answer, delta = stored.get(ordinal), entry.delta
            if answer is None:
                _settle(entry, LeaseLost(delta.execution_id, delta.epoch))
                continue
            done.append((delta, answer))
            if entry.waiter is not None and not entry.waiter.done():
                entry.waiter.set_result(answer.sequence)
        if done:
            self._publisher.publish(self._announced(done))


def _refused(error: BaseException) -> InvalidInput:
    return InvalidInput([Problem(path=(), message=f"cannot be stored: {error}")])


def _settle(entry: _Entry, error: BaseException) -> None:
    """Raise `error` for the caller that waits. Without one, a lost lease is left to the next commit, others logged."""
    if entry.waiter is not None:
        if not entry.waiter.done():
            entry.waiter.set_exception(error)
            # A caller that was cancelled in the meantime does not fetch it.
            entry.waiter.exception()
    elif not isinstance(error, LeaseLost):
        logger.error("a posted change of execution %s was refused", entry.delta.execution_id, exc_info=error)
