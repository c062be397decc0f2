"""Memory that large requests took, given back to the machine when they are over.

Python frees it, and the C library keeps most of it for later: of pieces between which something is still in use, all.
"""

import asyncio
import ctypes
import gc
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from domain.kernel.background_tasks import running

EVERY = timedelta(seconds=2)
GROWTH = 24_000_000
"""Bytes by which the process has to grow before free memory is looked for again."""
_GROWTH_BEFORE_REST = 4_000_000
"""The same for a process that has nothing to do: then looking holds up nobody."""

_MOST_AT_THE_END = 8_000_000
"""Bytes that the C library may keep at the end of each thread's memory, which no trimming reaches.

By itself it keeps up to 64 MB there for each thread, once large blocks were freed.
"""
_LEAST_OF_ITS_OWN = 4_000_000
"""Bytes from which a block is asked of the system, and returned to it when it is freed."""
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
"""Parameters of glibc's mallopt."""

_STATM = Path("/proc/self/statm")


def resident_bytes() -> int:
    """The bytes of this process that are in memory; 0 on systems without /proc."""
    try:
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def trim_memory() -> None:
    """Give back what is free: the pages of the C library (glibc's malloc_trim; others keep less)."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


def bound_free_memory() -> None:
    """Let the C library keep no more free memory than trimming reaches. Does nothing where it is not glibc."""
    set_option = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if set_option is not None:
        set_option(_M_MMAP_THRESHOLD, _LEAST_OF_ITS_OWN)
        set_option(_M_TRIM_THRESHOLD, _MOST_AT_THE_END)


@asynccontextmanager
async def trimming_memory(
    every: timedelta = EVERY, growth: int = GROWTH, *, is_idle: Callable[[], bool] = lambda: False
) -> AsyncIterator[None]:
    """Give back what is free while the context lasts, now and then, whenever the process has grown.

    `is_idle` tells when it has nothing to do: then a little growth is enough.
    """
    bound_free_memory()
    first = _Memory.now()  # here, for what begins inside may grow before the task has its first turn
    async with running(_keep_trimming(every.total_seconds(), growth, is_idle, first), "returned memory"):
        yield


@dataclass(frozen=True, slots=True)
class _Memory:
    """Bytes of this process: those in memory, and those in use by way of the C library (0 where it does not tell).

    The rest (code, Python's own, and what is free) says something by its growth only: bytes that were freed.
    """

    resident: int
    used: int

    @classmethod
    def now(cls) -> "_Memory":
        info = _malloc_info()
        if info is None:
            return cls(resident_bytes(), 0)
        counted = info()
        return cls(resident_bytes(), int(counted.used + counted.mapped))

    @property
    def rest(self) -> int:
        return self.resident - self.used


async def _keep_trimming(seconds: float, growth: int, is_idle: Callable[[], bool], first: _Memory) -> None:
    """Trim when the process has grown since it was smallest, and when that much is free of what the C library holds.

    The second is what a request leaves that was under way at the last trimming: the process does not grow by it. What
    was freed while the trimming ran may have come too late for it, and counts as growth at the next look.
    """
    least, least_rest = first.resident, first.rest
    while True:
        await asyncio.sleep(seconds)
        now = _Memory.now()
        most = min(growth, _GROWTH_BEFORE_REST) if is_idle() else growth
        if now.resident > least + most or now.rest > least_rest + most:
            gc.collect()  # exceptions hold what they are about in cycles
            before = _Memory.now()
            await asyncio.to_thread(trim_memory)  # which lets go of the interpreter's lock
            after = _Memory.now()
            least, least_rest = after.resident, after.resident - max(before.used, after.used)
        else:
            least, least_rest = min(least, now.resident), min(least_rest, now.rest)


class _MallocInfo(ctypes.Structure):
    """`struct mallinfo2` of glibc 2.33 and newer, over all threads: sizes in bytes."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "free_chunks", "fast_chunks", "mapped_regions", "mapped", "unused"),
            *("fast_free", "used", "free", "trimmable"),
        )
    ]


@cache
def _malloc_info() -> Callable[[], Any] | None:
    """The function of the C library that counts what is allocated, or None."""
    function = getattr(ctypes.CDLL(None), "mallinfo2", None) if sys.platform == "linux" else None
    if function is not None:
        function.restype = _MallocInfo
    return function
