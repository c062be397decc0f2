"""Costs in processor time, which a machine that is busy with other things inflates but never shrinks.

So each of these tries several times and gives the least: a test passes as soon as one try stays within its limit.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

TRIES = 6


def least_seconds(do: Callable[[], object], *, enough: float, tries: int = TRIES) -> float:
    """The least processor time that `do` took, in seconds; it is called until it took less than `enough`."""
    least = float("inf")
    for _ in range(tries):
        began = time.process_time()
        do()
        least = min(least, time.process_time() - began)
        if least < enough:
            break
    return least


async def least_seconds_awaited(
    do: Callable[[], Awaitable[object]],
    *,
    enough: float,
    tries: int = TRIES,
    clock: Callable[[], float] = time.process_time,
) -> float:
    """`least_seconds` of a coroutine function; `clock` is of the processes whose time counts."""
    least = float("inf")
    for _ in range(tries):
        began = clock()
        await do()
        least = min(least, clock() - began)
        if least < enough:
            break
    return least


async def least_hold(do: Callable[[], Awaitable[object]], *, enough: float, tries: int = TRIES) -> float:
    """The longest time for which `do` keeps others from the event loop, of the try in which that is least.

    In seconds of processor time of this thread; `do` is called until its longest hold was shorter than `enough`.
    """
    least = float("inf")
    for _ in range(tries):
        least = min(least, await _longest_hold(do))
        if least < enough:
            break
    return least


async def _longest_hold(do: Callable[[], Awaitable[object]]) -> float:
    longest = 0.0

    async def take_turns() -> None:
        nonlocal longest
        while True:
            began = time.thread_time()
            await asyncio.sleep(0)
            longest = max(longest, time.thread_time() - began)

    watching = asyncio.create_task(take_turns())
    await asyncio.sleep(0)
    try:
        await do()
    finally:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
    return longest
