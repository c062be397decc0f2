"""Holding a step while the database is away: its question is asked again until it is answered."""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from domain.kernel.errors import Unavailable
from persistence.connections.growing_delay import GrowingDelay

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")


async def held(ask: Callable[[], Awaitable[Answer]], what: str) -> Answer:
    """The answer of `ask`, called again with a growing back-off while it raises `Unavailable`; other errors are raised.

    An outage is not the step's fault, so it must not use up an attempt. Waiting ends with the call that it is part of:
    at the step's own time limit, or when the lease is lost and the activation is cancelled. `ask` must be safe to
    repeat. `what` names the waiting question in the log.
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
