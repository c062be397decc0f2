"""Metrics for Prometheus: collectors over plain counts, rendered when they are asked for."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from domain.kernel.background_tasks import running
from domain.kernel.errors import Unavailable
from domain.kernel.shared_lookups import SharedLookups
from domain.kernel.statuses import CircuitBreakerState
from domain.metrics.histograms import bin_of
from domain.metrics.model import EVERYTHING, EXECUTIONS, ORCHESTRATIONS, Counted, Tally

logger = logging.getLogger(__name__)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_MOST_WORKFLOWS = 300
_OTHERS = EVERYTHING
"""The id under which all workflows beyond the most are counted together."""
_OTHER = "other"
_EVERY = timedelta(seconds=5)
_TIMEOUT = timedelta(seconds=2)
_LAG_INTERVAL = 0.5
_LAG_REMEMBERED = 60.0
_STEPS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 3_600, 86_400)
"""The upper ends of the buckets of every histogram, in seconds."""
_LAST_BINS = [bin_of(round(end * 1e6)) for end in _STEPS]
_STATES = {CircuitBreakerState.CLOSED: 0, CircuitBreakerState.HALF_OPEN: 1, CircuitBreakerState.OPEN: 2}
_ENDED_AS = (("COMPLETED", "completed"), ("FAILED", "failed"), ("CANCELLED", "cancelled"))


class MetricsRegistry:
    """The registry of a process. `refresh` are calls, which never fail, that read figures before each rendering."""

    def __init__(self, collectors: Sequence[Collector], refresh: Sequence[Callable[[], Awaitable[None]]] = ()) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        for collector in collectors:
            self._registry.register(collector)
        for collector_class in (ProcessCollector, PlatformCollector, GCCollector):
            collector_class(registry=self._registry)
        self._refresh = refresh

    async def render(self) -> bytes:
        """The text that Prometheus reads."""
        await asyncio.gather(*(refresh() for refresh in self._refresh))
        # Read here, where nobody counts meanwhile; it is the text that takes its time.
        collected = CollectorRegistry(auto_describe=False)
        collected.register(_Collected(list(self._registry.collect())))
        return await asyncio.to_thread(generate_latest, collected)


@dataclass(frozen=True, slots=True, eq=False)
class _Collected(Collector):
    """The metrics that collectors gave at one moment."""

    metrics: Sequence[Metric]

    def collect(self) -> Iterator[Metric]:
        return iter(self.metrics)


class Cached:
    """Calls `fetch` at most once in five seconds; a failure, or a call of more than two, is logged and ignored."""

    def __init__(self, fetch: Callable[[], Awaitable[None]]) -> None:
        self._fetch = fetch
        self._fetches = SharedLookups[None, None]("figures for Prometheus", kept_for=_EVERY)

    async def __call__(self) -> None:
        await self._fetches.get(None, self._try)

    async def _try(self) -> None:
        try:
            await asyncio.wait_for(self._fetch(), _TIMEOUT.total_seconds())
        except (Unavailable, TimeoutError) as error:
            logger.debug("metrics: not refreshed: %s", error)
        except Exception:
            logger.exception("metrics: refreshing failed")


class WorkflowNames(Protocol):
    """The part of `WorkflowStore` that finds the names of workflows."""

    async def get_many(self, ids: Collection[UUID], /) -> Mapping[UUID, object]:
        """The workflows with these ids."""


@dataclass(slots=True, eq=False)
class CountedCollector(Collector):
    """Executions and steps that this process has counted from the outbox (each is counted by one worker only).

    A workflow is left out until its name is known, so that no count ever moves from one label to another; those that
    come when there are a few hundred are counted together.
    """

    workflows: WorkflowNames
    executions: dict[UUID, Tally] = field(default_factory=dict)
    durations: Tally = field(default_factory=Tally)
    steps: dict[str, Tally] = field(default_factory=dict)
    names: dict[UUID, str] = field(default_factory=lambda: {ORCHESTRATIONS: "", _OTHERS: _OTHER})

    def add(self, counted: Counted) -> None:
        """Take over what was counted and committed."""
        for (workflow_id, step_type, _), tally in counted.items():
            if step_type == EXECUTIONS:
                is_one_of_many = workflow_id not in self.executions and len(self.executions) >= _MOST_WORKFLOWS
                self.executions.setdefault(_OTHERS if is_one_of_many else workflow_id, Tally()).add(tally)
                self.durations.add(tally)
            else:
                self.steps.setdefault(step_type, Tally()).add(tally)

    async def refresh(self) -> None:
        """Look up the names of the workflows that were not counted before."""
        unknown = self.executions.keys() - self.names.keys()
        if unknown:
            found = await self.workflows.get_many(unknown)
            self.names.update({id: str(getattr(found.get(id), "name", _OTHER)) for id in unknown})

    def collect(self) -> Iterator[Metric]:
        yield from self._executions()
        yield from self._steps()

    def _executions(self) -> Iterator[Metric]:
        counts: dict[tuple[str, str], int] = {}
        for id, tally in self.executions.items():
            name = self.names.get(id)
            if name is not None:
                for status, count in (("STARTED", tally.started), *_ends(tally)):
                    counts[name, status] = counts.get((name, status), 0) + count
        family = CounterMetricFamily(
            "stepgraph_executions", "Executions that started or ended, by status.", labels=("workflow", "status")
        )
        for labels, count in counts.items():
            family.add_metric(labels, count)
        durations = histogram_family(
            "stepgraph_execution_duration_seconds", "Durations of executions from start to end.", ()
        )
        add_histogram(durations, (), self.durations)
        yield from (family, durations)

    def _steps(self) -> Iterator[Metric]:
        steps = CounterMetricFamily(
            "stepgraph_steps", "Steps of ended executions, by status.", labels=("type", "status")
        )
        lengths = histogram_family("stepgraph_step_duration_seconds", "Durations of steps.", ("type",))
        retries = CounterMetricFamily(
            "stepgraph_step_retries", "Retries of steps: attempts after the first.", labels=("type",)
        )
        for type, tally in self.steps.items():
            for status, count in _ends(tally):
                steps.add_metric((type, status), count)
            add_histogram(lengths, (type,), tally)
            retries.add_metric((type,), tally.retries)
        yield from (steps, lengths, retries)


@dataclass(slots=True, eq=False)
class WorkerCollector(Collector):
    """The load of a worker process: `active` of its `places`, and the deliveries and starts that it has made."""

    places: int
    active: Callable[[], int] = lambda: 0
    deliveries: dict[str, int] = field(default_factory=dict)
    schedule_starts: int = 0

    def delivered(self, *, succeeded: bool) -> None:
        """Count an attempt to deliver to a webhook."""
        outcome = "succeeded" if succeeded else "failed"
        self.deliveries[outcome] = self.deliveries.get(outcome, 0) + 1

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily(
            "stepgraph_worker_places", "Executions that the worker may hold at a time.", value=self.places
        )
        yield GaugeMetricFamily(
            "stepgraph_worker_places_used", "Executions that the worker holds.", value=self.active()
        )
        sent = CounterMetricFamily(
            "stepgraph_webhook_deliveries", "Attempts to deliver to webhooks, by outcome.", labels=("outcome",)
        )
        for outcome in ("succeeded", "failed"):
            sent.add_metric((outcome,), self.deliveries.get(outcome, 0))
        yield sent
        yield CounterMetricFamily(
            "stepgraph_schedule_starts", "Executions started by schedules.", value=self.schedule_starts
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemFigures:
    """The figures of the whole system, the same in every process; None for one that could not be read."""

    running: int | None = None
    breakers: Sequence[tuple[str, str]] = ()
    queues: Sequence[tuple[str, int, int]] = ()
    outbox_pending: int | None = None
    outbox_lag: timedelta | None = None
    overdue: timedelta | None = None
    since_reconciled: timedelta | None = None
    clock_offset: timedelta | None = None
    workers: int | None = None


@dataclass(slots=True, eq=False)
class SystemCollector(Collector):
    """The figures of the whole system, as they were read last. Those that could not be read are left out."""

    figures: SystemFigures = field(default_factory=SystemFigures)

    def collect(self) -> Iterator[Metric]:
        figures = self.figures
        if figures.running is not None:
            yield GaugeMetricFamily("stepgraph_executions_running", "Running executions.", value=figures.running)
        if figures.workers is not None:
            yield GaugeMetricFamily("stepgraph_workers", "Live worker processes.", value=figures.workers)
        if figures.outbox_pending is not None and figures.outbox_lag is not None:
            yield GaugeMetricFamily("stepgraph_outbox_pending", "Events in the outbox.", value=figures.outbox_pending)
            yield GaugeMetricFamily(
                "stepgraph_outbox_lag_seconds",
                "Age of the oldest event in the outbox.",
                value=figures.outbox_lag.total_seconds(),
            )
        if figures.overdue is not None:
            yield GaugeMetricFamily(
                "stepgraph_overdue_seconds",
                "Longest time for which an execution has been due and not started.",
                value=figures.overdue.total_seconds(),
            )
        if figures.since_reconciled is not None:
            yield GaugeMetricFamily(
                "stepgraph_reconciler_lag_seconds",
                "Time since the reconciler last went through all executions.",
                value=figures.since_reconciled.total_seconds(),
            )
        if figures.clock_offset is not None:
            yield GaugeMetricFamily(
                "stepgraph_clock_offset_seconds",
                "Largest difference between a machine's clock and the database's.",
                value=figures.clock_offset.total_seconds(),
            )
        breakers = GaugeMetricFamily(
            "stepgraph_breaker_state", "State of a circuit breaker: 0 closed, 1 half open, 2 open.", labels=("service",)
        )
        for service, state in figures.breakers:
            breakers.add_metric((service,), _STATES[CircuitBreakerState(state)])
        yield breakers
        depth = GaugeMetricFamily("stepgraph_queue_depth", "Messages waiting in the queue.", labels=("queue",))
        dead = GaugeMetricFamily("stepgraph_dead_letters", "Messages in the dead-letter queue.", labels=("queue",))
        for name, waiting, given_up in figures.queues:
            depth.add_metric((name,), waiting)
            dead.add_metric((name,), given_up)
        yield from (depth, dead)


class LoopLag(Collector):
    """Longest delay of the event loop in the last minute."""

    def __init__(self) -> None:
        self._lags: deque[float] = deque([0.0], maxlen=round(_LAG_REMEMBERED / _LAG_INTERVAL))

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Measure the event loop's lag while the context lasts."""
        async with running(self._watch(), "event loop lag"):
            yield

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(_LAG_INTERVAL)
            self._lags.append(max(0.0, loop.time() - before - _LAG_INTERVAL))

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily(
            "stepgraph_event_loop_lag_seconds",
            "Longest delay of the event loop in the last minute.",
            value=max(self._lags),
        )


def _ends(tally: Tally) -> Iterator[tuple[str, int]]:
    return ((status, getattr(tally, member)) for status, member in _ENDED_AS)


def histogram_family(name: str, documentation: str, labels: Sequence[str]) -> HistogramMetricFamily:
    """A histogram without values yet."""
    return HistogramMetricFamily(name, documentation, labels=labels)


def add_histogram(family: HistogramMetricFamily, labels: Sequence[str], tally: Tally) -> None:
    """Add a tally to a histogram, its fine bins summed into the buckets of Prometheus.

    A bin that contains a bucket's upper end counts as below it.
    """
    counts = tally.durations.below(_LAST_BINS)
    buckets = [(f"{end:g}", float(count)) for end, count in zip(_STEPS, counts, strict=True)]
    buckets.append(("+Inf", float(tally.timed)))
    family.add_metric(labels, buckets, sum_value=tally.microseconds / 1e6)
