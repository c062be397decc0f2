"""Holding a step while the database is away: what it asks for is asked again, as a commit is, until it is answered."""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from domain.kernel.errors import Unavailable
from persistence.connections.growing_delay import GrowingDelay

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")


async def held(ask: Callable[[], Awaitable[Answer]], what: str) -> Answer:
    """The answer, asked for with a growing back-off while `ask` raises `Unavailable`; any other error is the caller's.

    An outage is nothing that a step does wrong, so it must not use up an attempt. This ends with the call that it
    is part of: at the step's own time limit, or when the lease is lost and the driver is cancelled. `ask` must be safe
    to repeat. `what` says in the log what waits.
    """
    delay, is_told = GrowingDelay(), False
    while True:
        try:
            return await ask()
        except Unavailable as error:
            if not is_told:
                logger.warning("%s waits for the database: %s", what, error)
                is_told = True
        await delay.pause()
