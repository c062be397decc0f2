"""The time from a mutation to the end that its client sees, of one execution at a time."""

import asyncio
import statistics
from collections.abc import Sequence

from benchmarks.executions import apply, seconds_with_progress, watching
from benchmarks.stack import Stack
from benchmarks.steps import http_steps
from benchmarks.workload import Figures

_LATENCY_SAMPLES = 200
_PROGRESS_SAMPLES = 50
_PAUSE_SECONDS = 0.01
"""Seconds between two samples of latency, so that the system is idle again."""


async def prepare_latency(stack: Stack) -> None:
    """Store the workflow: one call."""
    await apply(stack.api, "bench-latency", http_steps(stack.service_url, 1))


async def measure_latency(stack: Stack) -> Figures:
    """Start one after the other, and see the ends over `executionUpdates`, then over `executionProgress`."""
    ends: list[float] = []
    progresses: list[float] = []
    async with watching(stack.api, "bench-latency") as watch:
        for _ in range(_LATENCY_SAMPLES):
            ends.append(await watch.seconds_for_one())
            await asyncio.sleep(_PAUSE_SECONDS)
    async with stack.api.connect() as subscriptions:
        for _ in range(_PROGRESS_SAMPLES):
            progresses.append(await seconds_with_progress(stack.api, subscriptions, "bench-latency"))
            await asyncio.sleep(_PAUSE_SECONDS)
    return {
        "p50 ms": percentile(ends, 50) * 1000,
        "p99 ms": percentile(ends, 99) * 1000,
        "executionProgress p50 ms": percentile(progresses, 50) * 1000,
    }


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that so many percent of these do not exceed."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
