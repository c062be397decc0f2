"""Tasks that run beside what has started them."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any, TypeVar

Answer = TypeVar("Answer")


_CANCELLED_AGAIN = 1.0
"""Seconds after which a task that has not ended is cancelled again."""


async def cancelled(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel these tasks until they have ended: a library that they are in may have swallowed a cancellation."""
    remaining = set(tasks)
    while remaining:
        for task in remaining:
            task.cancel()
        _, remaining = await asyncio.wait(remaining, timeout=_CANCELLED_AGAIN)


class BackgroundTasks:
    """Tasks that are kept until they end: the event loop itself may forget those that nobody holds.

    `name` is that of the tasks, for debugging. Iterating gives those under way.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._tasks: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def __iter__(self) -> Iterator[asyncio.Task[Any]]:
        return iter(tuple(self._tasks))

    def start(self, work: Coroutine[Any, Any, Answer], *, name: str | None = None) -> asyncio.Task[Answer]:
        """A task that does the work. Whoever wants its result awaits it, under a shield where it must go on."""
        task = asyncio.get_running_loop().create_task(work, name=name or self._name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def finish(self, within: timedelta) -> None:
        """Wait for the tasks under way and for those that they start; after this time, cancel what is left."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within.total_seconds()):
                while self._tasks:
                    await asyncio.wait(self._tasks)
        await self.cancel()

    async def cancel(self) -> None:
        """Cancel the tasks under way, and those that they start meanwhile, until all have ended."""
        while self._tasks:
            await cancelled(self._tasks)


@asynccontextmanager
async def running(work: Coroutine[Any, Any, None], name: str) -> AsyncIterator[None]:
    """Do the work beside the context. When that is left it is cancelled, and waited for."""
    tasks = BackgroundTasks(name)
    tasks.start(work)
    try:
        yield
    finally:
        await tasks.cancel()
