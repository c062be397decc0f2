"""The limit that the running attempt stands under: for whoever is cancelled and wants to know whether that was why."""

import asyncio
from contextvars import ContextVar

STEP_LIMIT: ContextVar[asyncio.Timeout | None] = ContextVar("step limit", default=None)
"""Set where a step has a `timeout`, for as long as its executor runs."""


def is_out_of_time() -> bool:
    """Whether the step's own timeout has just ended what runs here."""
    limit = STEP_LIMIT.get()
    return limit is not None and limit.expired()
