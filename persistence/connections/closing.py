"""Ending a background task for certain."""

import asyncio
from collections.abc import Iterable
from typing import Any


async def cancelled(tasks: "Iterable[asyncio.Task[Any]]") -> None:
    """Cancel these tasks until they have ended: a client library that they are in may swallow a cancellation."""
    remaining = set(tasks)
    while remaining:
        for task in remaining:
            task.cancel()
        _, remaining = await asyncio.wait(remaining, timeout=0.1)
