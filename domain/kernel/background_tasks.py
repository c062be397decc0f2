"""Tasks that run beside what has started them."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any, TypeVar

Answer = TypeVar("Answer")


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
        """Cancel the tasks under way, each once, and wait until all have ended."""
        asked: set[asyncio.Task[Any]] = set()
        while self._tasks:
            for task in self._tasks - asked:
                task.cancel()
            asked |= self._tasks
            await asyncio.wait(self._tasks)


@asynccontextmanager
async def running(work: Coroutine[Any, Any, None], name: str) -> AsyncIterator[None]:
    """Do the work beside the context. When that is left it is cancelled, and waited for."""
    tasks = BackgroundTasks(name)
    tasks.start(work)
    try:
        yield
    finally:
        await tasks.cancel()
