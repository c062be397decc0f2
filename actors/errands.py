"""Small jobs that nobody waits for: the process sees them through, and tries again while the database is away."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

logger = logging.getLogger(__name__)


class Errands:
    """Losing one loses nothing: the reconciler finds whatever was left undone. `finish` waits for those under way."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it soon."""
        task = asyncio.get_running_loop().create_task(_see_through(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish(self, within: float) -> None:
        """Wait for what is under way, `within` seconds; then it is given up."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=within)
            for task in late:
                task.cancel()


async def _see_through(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception:
        logger.warning("an errand was given up; the reconciler will find what it has left", exc_info=True)
