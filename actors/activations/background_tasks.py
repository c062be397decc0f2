"""Background tasks, which nobody waits for: the process finishes them, and tries again while the database is away."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from persistence.connections.retrying import until_available

logger = logging.getLogger(__name__)


class BackgroundTasks:
    """The background tasks of a process. Each is tried until the database answers; `finish` waits for those under way.

    One that is lost with the process delays something: the reconciler finds most of what was left undone.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do the work soon. It is called again while it raises `Unavailable`, so it must be safe to repeat."""
        task = asyncio.get_running_loop().create_task(_see_through(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish(self, within: float) -> None:
        """Wait up to `within` seconds for the tasks under way, then cancel them."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=within)
            for task in late:
                task.cancel()


async def _see_through(work: Callable[[], Awaitable[None]]) -> None:
    try:
        await until_available(work, "a background task")
    except Exception:
        logger.warning("a background task was given up; the reconciler will find what it has left", exc_info=True)
