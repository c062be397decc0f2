"""The workloads of docs/performance.md. To add one: write how it is measured, and put it into WORKLOADS.

A workload stores its own workflows, warms up, and measures one round at a time; the caller repeats rounds. Every one is
bounded in count and in time, and checks that what it measured really happened.
"""

import asyncio
import statistics
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.executions import apply, seconds_with_progress, watching
from benchmarks.run_page import page_of_a_loop
from benchmarks.stack import Stack

Figures = Mapping[str, float]

CPU_PREFIX = "µs CPU/step "
"""The prefix of figures that give the processor time of one step in a part of the system."""

_LATENCY_SAMPLES = 200
_PROGRESS_SAMPLES = 50
_PAUSE_SECONDS = 0.01
"""Seconds between two samples of latency, so that the system is idle again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A bound for a figure: at most, or at least."""

    figure: str
    bound: float
    at_least: bool = False

    def is_met(self, value: float) -> bool:
        """True when a value reaches the target."""
        return value >= self.bound if self.at_least else value <= self.bound

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.bound:,g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A workload: `prepare` runs once, then `measure` round by round, each giving the same figures."""

    name: str
    title: str
    prepare: Callable[[Stack], Awaitable[None]]
    measure: Callable[[Stack], Awaitable[Figures]]
    targets: Sequence[Target] = field(default=())
    timeout: float = 180.0
    """Seconds that one round may take."""


def http_steps(service_url: str, count: int) -> list[dict[str, Any]]:
    """Calls in sequence, each with a templated URL, whose JSON answers are parsed and stored."""
    config = {"url": f"{service_url}/stock/{{{{ input.sku }}}}"}
    return [{"id": f"call{number}", "type": "HTTP_REQUEST", "config": config} for number in range(count)]


def transform_steps(count: int) -> list[dict[str, Any]]:
    """Transforms in sequence, each of which counts one further than the one before it."""
    sources = ["input.start", *(f"steps.count{number}.output.count" for number in range(count - 1))]
    return [
        {
            "id": f"count{number}",
            "type": "DATA_TRANSFORM",
            "config": {"output": {"count": f"{{{{ {source} + 1 }}}}", "sku": "{{ input.sku }}"}},
        }
        for number, source in enumerate(sources)
    ]


def loop_steps(items: int, step: Mapping[str, Any], *, concurrency: int) -> list[dict[str, Any]]:
    """One loop over the numbers from 1 on, each of whose items has one step."""
    config = {"items": f"[1..{items}]", "steps": [step], "maxConcurrency": concurrency}
    return [{"id": "loop", "type": "FOR_EACH", "config": config}]


def http_item_steps(service_url: str, items: int) -> list[dict[str, Any]]:
    """A loop whose items are calls."""
    call = {"url": f"{service_url}/stock/{{{{ item }}}}"}
    return loop_steps(items, {"id": "call", "type": "HTTP_REQUEST", "config": call}, concurrency=200)


def transform_item_steps(items: int) -> list[dict[str, Any]]:
    """A loop whose items are transforms."""
    shape = {"output": {"number": "{{ item }}", "double": "{{ item * 2 }}"}}
    return loop_steps(items, {"id": "shape", "type": "DATA_TRANSFORM", "config": shape}, concurrency=200)


def slow_steps(service_url: str) -> list[dict[str, Any]]:
    """One call that takes a second."""
    return [{"id": "call", "type": "HTTP_REQUEST", "config": {"url": f"{service_url}/delay/1000"}}]


async def _prepare_latency(stack: Stack) -> None:
    await apply(stack.api, "bench-latency", http_steps(stack.service_url, 1))


async def _measure_latency(stack: Stack) -> Figures:
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
        "p50 ms": _percentile(ends, 50) * 1000,
        "p99 ms": _percentile(ends, 99) * 1000,
        "executionProgress p50 ms": _percentile(progresses, 50) * 1000,
    }


def _throughput(
    *, workflow: str, executions: int, steps: int, document: Callable[[Stack], list[dict[str, Any]]]
) -> tuple[Callable[[Stack], Awaitable[None]], Callable[[Stack], Awaitable[Figures]]]:
    """Prepare and measure: `executions` of `steps` steps, started by one mutation, timed until the last end."""

    async def prepare(stack: Stack) -> None:
        await apply(stack.api, workflow, document(stack))
        async with watching(stack.api, workflow) as watch:
            await watch.seconds_for(max(executions // 5, 1))

    async def measure(stack: Stack) -> Figures:
        async with watching(stack.api, workflow) as watch:
            before = stack.cpu_seconds()
            seconds = await watch.seconds_for(executions)
            after = stack.cpu_seconds()
        per_step = {
            f"{CPU_PREFIX}{part}": (after[part] - before.get(part, 0.0)) / (executions * steps) * 1e6
            for part in after
            if part != "other"
        }
        return {"steps/s": executions * steps / seconds, "seconds": seconds, **per_step}

    return prepare, measure


def _percentile(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


_prepare_calls, _measure_calls = _throughput(
    workflow="bench-calls", executions=500, steps=10, document=lambda stack: http_steps(stack.service_url, 10)
)
_prepare_transforms, _measure_transforms = _throughput(
    workflow="bench-transforms", executions=1000, steps=10, document=lambda _: transform_steps(10)
)

_prepare_items, _measure_items = _throughput(
    workflow="bench-items", executions=1, steps=1000, document=lambda stack: http_item_steps(stack.service_url, 1000)
)
_prepare_slow, _measure_slow = _throughput(
    workflow="bench-slow", executions=1000, steps=1, document=lambda stack: slow_steps(stack.service_url)
)
_prepare_shapes, _measure_shapes = _throughput(
    workflow="bench-shapes", executions=1, steps=10_000, document=lambda _: transform_item_steps(10_000)
)
_prepare_items_page, _measure_items_page = page_of_a_loop(workflow="bench-items-page", items=10_000, steps=1)
_prepare_steps_page, _measure_steps_page = page_of_a_loop(workflow="bench-steps-page", items=1_000, steps=10)
_OF_A_PAGE = (
    Target(figure="usable ms", bound=1_500),
    *(Target(figure=f"longest frame ms, {what}", bound=50) for what in ("timeline", "table", "graph")),
    Target(figure="heap MB", bound=250),
)

WORKLOADS: Sequence[Workload] = (
    Workload(
        name="W1",
        title="latency: mutation sent to end seen over a subscription, one HTTP step, idle system",
        prepare=_prepare_latency,
        measure=_measure_latency,
        targets=(Target(figure="p50 ms", bound=5), Target(figure="p99 ms", bound=10)),
    ),
    Workload(
        name="W2",
        title="500 executions of 10 HTTP steps in sequence, one executeWorkflows, until the last end",
        prepare=_prepare_calls,
        measure=_measure_calls,
        targets=(Target(figure="steps/s", bound=2500, at_least=True),),
    ),
    Workload(
        name="W3",
        title="FOR_EACH over 1,000 HTTP items, 200 at a time",
        prepare=_prepare_items,
        measure=_measure_items,
        targets=(Target(figure="seconds", bound=0.7),),
    ),
    Workload(
        name="W3b",
        title="FOR_EACH over 10,000 transform items",
        prepare=_prepare_shapes,
        measure=_measure_shapes,
        targets=(Target(figure="seconds", bound=3),),
    ),
    Workload(
        name="W4",
        title="1,000 executions of one HTTP call that takes 1 s, one executeWorkflows, until the last end",
        prepare=_prepare_slow,
        measure=_measure_slow,
        targets=(Target(figure="seconds", bound=1.6),),
    ),
    Workload(
        name="W5",
        title="1,000 executions of 10 transforms, one executeWorkflows, until the last end",
        prepare=_prepare_transforms,
        measure=_measure_transforms,
        targets=(Target(figure="steps/s", bound=10_000, at_least=True),),
    ),
    Workload(
        name="W6",
        title="the console's page of a loop of 10,000 items: opened, scrolled, as table and as graph",
        prepare=_prepare_items_page,
        measure=_measure_items_page,
        targets=_OF_A_PAGE,
    ),
    Workload(
        name="W6b",
        title="the console's page of a loop of 1,000 items with 10 steps each, likewise",
        prepare=_prepare_steps_page,
        measure=_measure_steps_page,
        targets=_OF_A_PAGE,
    ),
)
