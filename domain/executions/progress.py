"""The ports through which committed changes travel to subscribers."""

from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol
from uuid import UUID

from domain.executions.records import ExecutionChange


class ChangeStream(Protocol):
    """Changes in the order of their commits. None means that some may be missing: ask the store."""

    def __aiter__(self) -> AsyncIterator[ExecutionChange | None]:
        """The changes, each as it comes."""

    def __anext__(self) -> Awaitable[ExecutionChange | None]:
        """The next change; ends only with the context."""

    def waiting(self, most: int) -> Sequence[ExecutionChange]:
        """The next changes, at most `most`, that can be read without waiting; they stay to be read."""


class StatusFeed(Protocol):
    """Changes that carry a new status, live."""

    def listen_all(self) -> AbstractAsyncContextManager[ChangeStream]:
        """The changes of every execution that carry a new status (steps are left out)."""


class ProgressFeed(StatusFeed, Protocol):
    """Committed changes, live. One connection per process, for any number of listeners.

    A listener gets every change from the moment its context is entered; changes that reach it late or never
    (Redis was away) show as a gap in `sequence`. A listener that reads slowly gets changes merged: newest execution
    part, union of steps by path. A wake-up without a change (None) means: ask the store.
    """

    def listen(self, execution_id: UUID) -> AbstractAsyncContextManager[AsyncIterator[ExecutionChange | None]]:
        """The changes of one execution."""


class ProgressPublisher(Protocol):
    """Announces committed changes. Losing an announcement loses nothing: readers fill gaps from the store."""

    def publish(self, changes: Sequence[ExecutionChange]) -> None:
        """Announce these soon, in order. Never blocks and never raises; drops changes when its queue is full."""
