"""Publisher and feed of changes, in memory: a published change reaches every listener at once."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from domain.executions.records import ExecutionChange
from persistence.executions.change_buffer import ChangeBuffer
from persistence.executions.status_changes import StatusChanges

_LIMIT = 64
_LIMIT_ALL = 4_096


class MemoryProgress:
    """Implements `domain.executions.progress.ProgressPublisher` and `domain.executions.progress.ProgressFeed`.

    `is_lossy = True` drops published changes, as a Redis that is away does; `wake` stands for its return.
    """

    def __init__(self) -> None:
        self._listeners: dict[UUID, list[ChangeBuffer]] = {}
        self._listeners_to_all: list[ChangeBuffer] = []
        self._statuses = StatusChanges()
        self.is_lossy = False

    @property
    def listening(self) -> int:
        """The number of listeners, those to one execution and those to all."""
        return sum(map(len, self._listeners.values())) + len(self._listeners_to_all)

    def publish(self, changes: Sequence[ExecutionChange]) -> None:
        if self.is_lossy:
            return
        for change in changes:
            if change.sequence > 0:
                for listener in self._listeners.get(change.execution_id, ()):
                    listener.put(change)
            news = self._statuses.of(change)
            if news is not None:
                for listener in self._listeners_to_all:
                    listener.put(news)

    def wake(self) -> None:
        """Make every listener ask the store."""
        for listeners in (*self._listeners.values(), self._listeners_to_all):
            for listener in listeners:
                listener.wake()

    @asynccontextmanager
    async def listen(self, execution_id: UUID) -> AsyncIterator[AsyncIterator[ExecutionChange | None]]:
        buffer = ChangeBuffer(_LIMIT)
        listeners = self._listeners.setdefault(execution_id, [])
        listeners.append(buffer)
        try:
            yield buffer
        finally:
            buffer.close()
            listeners.remove(buffer)
            if not listeners:
                del self._listeners[execution_id]

    @asynccontextmanager
    async def listen_all(self) -> AsyncIterator[ChangeBuffer]:
        buffer = ChangeBuffer(_LIMIT_ALL)
        self._listeners_to_all.append(buffer)
        try:
            yield buffer
        finally:
            buffer.close()
            self._listeners_to_all.remove(buffer)
