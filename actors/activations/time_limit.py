"""The time limit of the running attempt, for code that was cancelled and asks if that limit is the reason."""

import asyncio
from contextvars import ContextVar

STEP_LIMIT: ContextVar[asyncio.Timeout | None] = ContextVar("step limit", default=None)
"""Set where a step has a `timeout`, for as long as its executor runs."""


def is_out_of_time() -> bool:
    """True when the step's own timeout has just ended what runs here."""
    limit = STEP_LIMIT.get()
    return limit is not None and limit.expired()
