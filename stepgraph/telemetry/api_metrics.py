"""The metrics that an API process exposes to Prometheus."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from domain.kernel.errors import Unavailable
from domain.kernel.statuses import CircuitBreakerState
from domain.metrics.model import EVERYTHING, Tally
from graphql_api.activity import ApiActivity
from graphql_api.context import ApiOptions, ApiServices
from stepgraph.telemetry.prometheus import (
    Cached,
    LoopLag,
    MetricsRegistry,
    SystemCollector,
    SystemFigures,
    add_histogram,
    histogram_family,
)

logger = logging.getLogger(__name__)

_MOST_BREAKERS = 200
_PATIENCE = 1.5
"""Seconds within which each figure must be read; less than all of them have together."""
_NOT_CLOSED = (CircuitBreakerState.OPEN, CircuitBreakerState.HALF_OPEN)

Answer = TypeVar("Answer")


@dataclass(slots=True, eq=False)
class OperationsCollector(Collector):
    """The operations that an API process has answered."""

    activity: ApiActivity

    def collect(self) -> Iterator[Metric]:
        total = CounterMetricFamily(
            "stepgraph_graphql_operations", "GraphQL operations that were answered.", labels=("type", "outcome")
        )
        lengths = histogram_family(
            "stepgraph_graphql_operation_duration_seconds", "Durations of GraphQL operations.", ("type",)
        )
        by_type: dict[str, Tally] = {}
        for (type, outcome), tally in self.activity.operations.items():
            total.add_metric((type, outcome), tally.completed)
            by_type.setdefault(type, Tally()).add(tally)
        for type, tally in by_type.items():
            add_histogram(lengths, (type,), tally)
        yield from (total, lengths)
        yield GaugeMetricFamily(
            "stepgraph_subscriptions_active", "Open subscriptions.", value=self.activity.subscriptions
        )


class ApiMetrics:
    """The metrics of an API process: the operations that it has answered, and the figures of the whole system."""

    def __init__(self, services: ApiServices, options: ApiOptions) -> None:
        self._services = services
        self._options = options
        self._system = SystemCollector()
        self._lag = LoopLag()
        collectors = (OperationsCollector(services.activity), self._system, self._lag)
        self._registry = MetricsRegistry(collectors, [Cached(self._read)])

    async def render(self) -> bytes:
        """The text that Prometheus reads."""
        return await self._registry.render()

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Measure the event loop's lag while the context lasts."""
        async with self._lag.watching():
            yield

    async def _read(self) -> None:
        services = self._services
        now = services.clock.now()
        progress = asyncio.create_task(_or_none(services.health.progress()))
        running, queues, backlog, workers, not_closed, closed = await asyncio.gather(
            _or_none(services.metrics.running([EVERYTHING])),
            _or_none(services.queue.queues()),
            _or_none(services.health.backlog(now)),
            _or_none(services.registry.workers()),
            _or_none(services.breaker_store.page(_NOT_CLOSED, first=_MOST_BREAKERS, after=None)),
            _or_none(services.breaker_store.page((CircuitBreakerState.CLOSED,), first=_MOST_BREAKERS, after=None)),
        )
        breakers = [*(not_closed.rows if not_closed else ()), *(closed.rows if closed else ())][:_MOST_BREAKERS]
        alive_since = now - self._options.worker_lease
        alive = None if workers is None else [each for each in workers if each.heartbeat_at > alive_since]
        offsets = [abs(each.clock_offset) for each in alive or ()]
        work = await progress
        self._system.figures = SystemFigures(
            running=None if running is None else running[EVERYTHING],
            breakers=[(each.service_id, each.snapshot.state) for each in breakers],
            queues=[(each.name, each.depth, each.dead_letters) for each in queues or ()],
            outbox_pending=None if backlog is None else backlog.pending,
            outbox_lag=None if backlog is None else backlog.lag,
            overdue=None if work is None else work.overdue_for,
            since_reconciled=None if work is None else work.since_reconciled,
            clock_offset=None if work is None else max([abs(work.clock_offset), *offsets]),
            workers=None if alive is None else len(alive),
        )


async def _or_none(question: Awaitable[Answer]) -> Answer | None:
    """The answer, or None when the server asked is away or slow: the other figures are still worth showing."""
    try:
        async with asyncio.timeout(_PATIENCE):
            return await question
    except (Unavailable, TimeoutError) as error:
        logger.debug("metrics: a value is missing, its server is not reachable: %s", error)
        return None
    except Exception:
        logger.exception("metrics: reading a value failed")
        return None
