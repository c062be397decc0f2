"""The time until `stepgraph dev` is ready, and what it costs while nothing happens."""

import asyncio
import time

from benchmarks.stack import Stack, benchmark_folder, stack_in
from benchmarks.workload import Figures, OwnSystem, Target

_SETTLE_SECONDS = 5
_IDLE_SECONDS = 15
_PARTS = ("API", "worker")
OF_START = (
    Target(figure="from nothing s", bound=3),
    Target(figure="existing folder s", bound=1.5),
    *(Target(figure=f"{part} idle %", bound=1) for part in _PARTS),
    *(Target(figure=f"{part} MB", bound=150) for part in _PARTS),
)


async def measure_start(system: OwnSystem) -> Figures:
    """Start it with one worker in an empty folder, leave it alone, stop it, and start it once more."""
    with benchmark_folder() as folder:
        async with stack_in(folder, workers=1, log=system.log) as stack:
            from_nothing = stack.start_seconds
            idle = await _idle(stack)
        async with stack_in(folder, workers=1, log=system.log) as stack:
            return {"from nothing s": from_nothing, "existing folder s": stack.start_seconds, **idle}


async def _idle(stack: Stack) -> Figures:
    """The share of a core that each part takes while nothing happens, and the memory of its largest process."""
    await asyncio.sleep(_SETTLE_SECONDS)
    before, began = stack.cpu_seconds(), time.perf_counter()
    await asyncio.sleep(_IDLE_SECONDS)
    after, seconds = stack.cpu_seconds(), time.perf_counter() - began
    shares = {f"{part} idle %": (after[part] - before[part]) / seconds * 100 for part in _PARTS}
    largest = {part: max(process.resident_bytes for process in stack.processes(part)) for part in _PARTS}
    return {**shares, **{f"{part} MB": bytes / 1e6 for part, bytes in largest.items()}}
