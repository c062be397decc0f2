"""The workloads of docs/performance.md. To add one: write how it is measured, and put it into WORKLOADS.

A workload stores its own workflows, warms up, and measures one round at a time; the caller repeats rounds. Every one is
bounded in count and in time, and checks that what it measured really happened.
"""

from collections.abc import Sequence

from benchmarks.followers import measure_followers, prepare_followers
from benchmarks.growth import OF_GROWTH, measure_growth
from benchmarks.latency import measure_latency, prepare_latency
from benchmarks.run_page import page_of_a_loop
from benchmarks.starting import OF_START, measure_start
from benchmarks.steps import http_item_steps, slow_steps, transform_item_steps
from benchmarks.survival import measure_survival
from benchmarks.throughput import measure_calls, measure_transforms, prepare_calls, prepare_transforms, throughput
from benchmarks.workload import AnyWorkload, OwnSystemWorkload, Target, Workload

_prepare_items, _measure_items = throughput(
    workflow="bench-items", executions=1, steps=1000, document=lambda stack: http_item_steps(stack.service_url, 1000)
)
_prepare_slow, _measure_slow = throughput(
    workflow="bench-slow", executions=1000, steps=1, document=lambda stack: slow_steps(stack.service_url)
)
_prepare_shapes, _measure_shapes = throughput(
    workflow="bench-shapes", executions=1, steps=10_000, document=lambda _: transform_item_steps(10_000)
)
_prepare_items_page, _measure_items_page = page_of_a_loop(workflow="bench-items-page", items=10_000, steps=1)
_prepare_steps_page, _measure_steps_page = page_of_a_loop(workflow="bench-steps-page", items=1_000, steps=10)
_OF_A_PAGE = (
    Target(figure="usable ms", bound=1_500),
    *(Target(figure=f"longest frame ms, {what}", bound=50) for what in ("timeline", "table", "graph")),
    Target(figure="heap MB", bound=250),
)

WORKLOADS: Sequence[AnyWorkload] = (
    Workload(
        name="W1",
        title="latency: mutation sent to end seen over a subscription, one HTTP step, idle system",
        prepare=prepare_latency,
        measure=measure_latency,
        targets=(Target(figure="p50 ms", bound=5), Target(figure="p99 ms", bound=10)),
    ),
    Workload(
        name="W2",
        title="500 executions of 10 HTTP steps in sequence, one executeWorkflows, until the last end",
        prepare=prepare_calls,
        measure=measure_calls,
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
        prepare=prepare_transforms,
        measure=measure_transforms,
        targets=(Target(figure="steps/s", bound=10_000, at_least=True),),
    ),
    Workload(
        name="W6",
        title="1,000 who follow an execution each, 1,000 steps that end a second: from the end to its follower",
        prepare=prepare_followers,
        measure=measure_followers,
        targets=(Target(figure="p99 ms", bound=100), Target(figure="changes/s", bound=950, at_least=True)),
    ),
    OwnSystemWorkload(
        name="W7",
        title="a million stored executions against ten thousand: W1, W2, W5 and pages of 50 by every filter",
        measure=measure_growth,
        targets=OF_GROWTH,
        timeout=3_600,
        most_rounds=1,
    ),
    OwnSystemWorkload(
        name="W8",
        title="SIGKILL of the only worker with 1,000 executions in flight, and a new one is started",
        measure=measure_survival,
        targets=(Target(figure="first step s", bound=5),),
    ),
    OwnSystemWorkload(
        name="W9",
        title="`stepgraph dev` from nothing until it is ready, on what it left, and idle",
        measure=measure_start,
        targets=OF_START,
    ),
    Workload(
        name="W10",
        title="the console's page of a loop of 10,000 items: opened, scrolled, as table and as graph",
        prepare=_prepare_items_page,
        measure=_measure_items_page,
        targets=_OF_A_PAGE,
    ),
    Workload(
        name="W10b",
        title="the console's page of a loop of 1,000 items with 10 steps each, likewise",
        prepare=_prepare_steps_page,
        measure=_measure_steps_page,
        targets=_OF_A_PAGE,
    ),
)
