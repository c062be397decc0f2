"""Work for other executions, which nobody waits for: it is tried again while the database is away."""

import logging
from collections.abc import Awaitable, Callable

from persistence.connections.retrying import until_available

logger = logging.getLogger(__name__)


async def seen_through(work: Callable[[], Awaitable[None]]) -> None:
    """Do the work, again while it raises `Unavailable`, so it must be safe to repeat. Other errors are logged.

    Work that is lost with the process delays something: the reconciler finds most of what was left undone.
    """
    try:
        await until_available(work, "a background task")
    except Exception:
        logger.warning("a background task was given up; the reconciler will find what it has left", exc_info=True)
