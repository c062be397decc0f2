"""Costs in processor time, as the reference machine has them: the only place of the tests that reads such clocks.

What else goes on can only add to a cost: another process, a machine that is slow for a while, a search through what
pytest and the tests before have left in memory. So what is within its limit at the first try is within it. What seems
to be over is tried again, with the garbage of before out of the way and the speed of the machine measured around it,
and the least of all tries counts. What the code itself allocates is collected as ever, and counted.
"""

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

TRIES = 6
REFERENCE = 0.085
"""Seconds of processor time that `slowness` measures on the reference machine: a core of a rented server of 2024, with
CPython 3.11, beside nothing else."""


def least_seconds(do: Callable[[], object], *, enough: float, tries: int = TRIES) -> float:
    """The least processor time that `do` took, in seconds of the reference machine.

    It is called until it took less than `enough`, `tries` times at most.
    """
    least = _Least(enough, tries)
    while least.is_wanted():
        least.take(_spent(do))
    return least.seconds


async def least_seconds_awaited(do: Callable[[], Awaitable[object]], *, enough: float, tries: int = TRIES) -> float:
    """`least_seconds` of a coroutine function."""
    least = _Least(enough, tries)
    while least.is_wanted():
        began = time.process_time()
        await do()
        least.take(time.process_time() - began)
    return least.seconds


async def least_hold(do: Callable[[], Awaitable[object]], *, enough: float, tries: int = TRIES) -> float:
    """The longest time for which `do` keeps others from the event loop, of the try in which that is least.

    In seconds of processor time of this thread, on the reference machine; `do` is called until its longest hold was
    shorter than `enough`.
    """
    least = _Least(enough, tries)
    while least.is_wanted():
        least.take(await _longest_hold(do))
    return least.seconds


def least_ratio(do: Callable[[], object], other: Callable[[], object], *, enough: float, tries: int = TRIES) -> float:
    """The processor time that `do` takes, in times that of `other`: the least of the one by the least of the other.

    They are called in turns until the ratio is below `enough`.
    """
    least = least_other = float("inf")
    for _ in range(tries):
        gc.collect()
        least_other = min(least_other, _spent(other))
        gc.collect()
        least = min(least, _spent(do))
        if least < enough * least_other:
            break
    return least / least_other


def as_on_the_reference_machine(seconds: float) -> float:
    """The processor time that the reference machine takes for what has taken so many `seconds` here just now."""
    return seconds / slowness_now()


def slowness() -> float:
    """The factor by which limits are raised: 1 on the reference machine and faster ones, 2 on one half as fast.

    The best of five loops is taken, so that what runs beside it counts little. Processor time, not the clock's.
    """
    return max(1.0, min(_loop() for _ in range(5)) / REFERENCE)


def slowness_now() -> float:
    """`slowness` of this moment, by one loop: it includes what slows the machine down for a while only."""
    return max(1.0, _loop() / REFERENCE)


class _Least:
    """The least of several measurements of one thing, as the reference machine has it."""

    def __init__(self, enough: float, tries: int) -> None:
        self.seconds = float("inf")
        self._enough = enough
        self._left = tries
        self._before: float | None = None

    def is_wanted(self) -> bool:
        """True when a measurement is to be made now; from the second on the garbage of before is collected."""
        if self._left == 0 or self.seconds < self._enough:
            return False
        if self._before is not None:
            gc.collect()
        self._left -= 1
        return True

    def take(self, seconds: float) -> None:
        """Take a measurement, in seconds of this machine. The speed is of no interest where they are few enough."""
        if seconds < self._enough:
            self.seconds = min(self.seconds, seconds)
            return
        after = slowness_now()
        before = after if self._before is None else self._before
        self.seconds = min(self.seconds, 2 * seconds / (before + after))
        self._before = after


def _loop() -> float:
    began = time.process_time()
    total = 0
    for number in range(1_000_000):
        total += number * number
    return time.process_time() - began


def _spent(do: Callable[[], object]) -> float:
    began = time.process_time()
    do()
    return time.process_time() - began


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
