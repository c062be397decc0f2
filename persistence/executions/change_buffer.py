"""The changes that one listener has not read yet: in order, merged when it reads slowly, never without bound."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import islice
from uuid import UUID

from domain.executions.records import ExecutionChange, StepRecord

MAX_MERGED_STEPS = 2_000
"""The most steps of a merged change; beyond it the change travels without them, and the listener reads the store."""


def merge(older: ExecutionChange, newer: ExecutionChange) -> ExecutionChange:
    """Both changes as one: the newer execution part, the union of the steps by path, and all that both cover."""
    covers = newer.sequence - min(older.sequence - older.covers, newer.sequence - newer.covers)
    steps: tuple[StepRecord, ...] | None = None
    if older.steps is not None and newer.steps is not None:
        union = {step.state.path: step for step in older.steps}
        union.update((step.state.path, step) for step in newer.steps)
        if len(union) <= MAX_MERGED_STEPS:
            steps = tuple(union.values())
    return replace(newer, covers=covers, steps=steps)


class ChangeBuffer(AsyncIterator[ExecutionChange | None]):
    """An asynchronous iterator over the changes that are `put` into it, until it is closed.

    At most about `limit` changes wait. Above that, those of the same execution are merged; where that does not help
    (too many executions), the older half is dropped and None tells the listener to ask the store.
    """

    __slots__ = ("_changes", "_closed", "_limit", "_waiter", "_wake")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._changes: deque[ExecutionChange] = deque()
        self._wake = False
        self._closed = False
        self._waiter: asyncio.Future[None] | None = None

    def waiting(self, most: int) -> list[ExecutionChange]:
        """The next changes, at most `most`, that can be read without waiting; they stay to be read."""
        return list(islice(self._changes, most))

    def put(self, change: ExecutionChange) -> None:
        """Add a change behind the others."""
        self._changes.append(change)
        if len(self._changes) > self._limit:
            self._shrink()
        self._notify()

    def wake(self) -> None:
        """Make the listener ask the store. Several wake-ups that were not read yet count as one."""
        self._wake = True
        self._notify()

    def close(self) -> None:
        """End the iteration at once, even with unread changes."""
        self._closed = True
        self._notify()

    async def __anext__(self) -> ExecutionChange | None:
        while True:
            if self._closed:
                raise StopAsyncIteration
            if self._wake:
                self._wake = False
                return None
            if self._changes:
                return self._changes.popleft()
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None

    def _shrink(self) -> None:
        merged: dict[UUID, ExecutionChange] = {}
        for change in self._changes:
            older = merged.get(change.execution_id)
            merged[change.execution_id] = change if older is None else merge(older, change)
        self._changes = deque(merged.values())
        if len(self._changes) > self._limit // 2:
            while len(self._changes) > self._limit // 2:
                self._changes.popleft()
            self._wake = True

    def _notify(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
