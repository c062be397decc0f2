"""Memory that large requests took, given back to the machine when they are over.

Python frees it, and the C library keeps most of it for later: of pieces between which something is still in use, all.
"""

import asyncio
import ctypes
import gc
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from domain.kernel.background_tasks import running

EVERY = timedelta(seconds=2)
GROWTH = 24_000_000
"""Bytes by which the process has to grow before free memory is looked for again."""

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


@asynccontextmanager
async def trimming_memory(every: timedelta = EVERY, growth: int = GROWTH) -> AsyncIterator[None]:
    """Give back what is free while the context lasts, now and then, whenever the process has grown."""
    async with running(_keep_trimming(every.total_seconds(), growth), "returned memory"):
        yield


async def _keep_trimming(seconds: float, growth: int) -> None:
    least = resident_bytes()
    while True:
        await asyncio.sleep(seconds)
        now = resident_bytes()
        if now > least + growth:
            gc.collect()  # exceptions hold what they are about in cycles
            await asyncio.to_thread(trim_memory)  # which lets go of the interpreter's lock
            least = resident_bytes()
        else:
            least = min(least, now)
