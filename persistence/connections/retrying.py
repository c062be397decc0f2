"""Trying again while a server is away, for as long as that takes."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from domain.kernel.backoff import Backoff
from domain.kernel.errors import Unavailable

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")

WHILE_AWAY = Backoff(first=timedelta(milliseconds=50), cap=timedelta(seconds=2))
"""The back-off of those who wait for PostgreSQL or Redis to come back."""


async def until_available(ask: Callable[[], Awaitable[Answer]], what: str, *, backoff: Backoff = WHILE_AWAY) -> Answer:
    """The answer of `ask`, called again after a back-off while it raises `Unavailable`; other errors are raised.

    `ask` must be safe to repeat. `what` names the waiting question in the log, once.

    A step that waits here uses up no attempt: an outage is not its fault. Waiting ends with the call that it is part
    of: at the step's own time limit, or when the lease is lost and the activation is cancelled.
    """
    pauses, is_told = backoff.pauses(random.random), False
    while True:
        try:
            return await ask()
        except Unavailable as error:
            if not is_told:
                logger.warning("%s waits for the database: %s", what, error)
                is_told = True
        await asyncio.sleep(next(pauses).total_seconds())
