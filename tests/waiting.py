"""Waiting for a condition, so that no test ever waits for a time."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

Value = TypeVar("Value")


@overload
async def wait_until(
    predicate: Callable[[], Awaitable[Value]], description: str, timeout: float = ..., interval: float = ...
) -> Value: ...


@overload
async def wait_until(
    predicate: Callable[[], Value], description: str, timeout: float = ..., interval: float = ...
) -> Value: ...


async def wait_until(
    predicate: Callable[[], Any],
    description: str,
    timeout: float = 30.0,
    interval: float = 0.005,
) -> Any:
    """Call `predicate` (plain or async) until what it gives is truthy, and return that.

    Raises `TimeoutError` with `description` and the last value after `timeout` seconds. `interval` is in seconds.
    A timeout is no promise of ours: it only ends a test that waits in vain, on a machine that is busy as well.
    """
    deadline = time.monotonic() + timeout
    while True:
        answer = predicate()
        value = await answer if inspect.isawaitable(answer) else answer
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {timeout:g} s: {description} (last seen: {value!r})")
        await asyncio.sleep(interval)
