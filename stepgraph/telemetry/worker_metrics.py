"""The metrics that a worker process exposes to Prometheus, and the counters that feed them."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from domain.executions.records import ExecutionRecord
from domain.executions.service import ExecuteRequest, ExecutionService
from domain.kernel.errors import StepgraphError
from domain.webhooks.model import Endpoint, Verdict, WebhookAttempt, WebhookEventRecord
from persistence.postgres.connections.database import Database
from persistence.postgres.webhooks.deliveries import PostgresWebhookDeliveries
from persistence.postgres.workflows import PostgresWorkflowStore
from stepgraph.settings import Settings
from stepgraph.telemetry.prometheus import Cached, CountedCollector, LoopLag, MetricsRegistry, WorkerCollector


class WorkerMetrics:
    """The metrics of a worker process: its load, and what it has counted, sent and started."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.counted = CountedCollector(PostgresWorkflowStore(database))
        self.worker = WorkerCollector(places=settings.worker_executions)
        self._settings = settings
        self._lag = LoopLag()
        collectors = (self.counted, self.worker, self._lag)
        self._registry = MetricsRegistry(collectors, [Cached(self.counted.refresh)])

    async def render(self) -> bytes:
        """The text that Prometheus reads."""
        return await self._registry.render()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[int | None]:
        """Serve the metrics while the context lasts; gives the port, None when none is set or it is taken."""
        port = self._settings.worker_metrics_port
        if port is None:
            yield None
            return
        from stepgraph.telemetry.metrics_endpoint import metrics_endpoint  # uvicorn, which other workers do without

        host = self._settings.worker_metrics_host
        async with self._lag.watching(), metrics_endpoint(self.render, host, port) as bound:
            yield bound


class CountedDeliveries(PostgresWebhookDeliveries):
    """Stores the attempts at deliveries, and counts them."""

    def __init__(self, database: Database, collector: WorkerCollector, told: Callable[[], None]) -> None:
        super().__init__(database, told)
        self._collector = collector

    async def record(
        self,
        endpoint: Endpoint,
        event: WebhookEventRecord,
        attempt: WebhookAttempt,
        verdict: Verdict,
        *,
        lease_until: datetime | None,
        now: datetime,
    ) -> None:
        await super().record(endpoint, event, attempt, verdict, lease_until=lease_until, now=now)
        self._collector.delivered(succeeded=attempt.succeeded)


class CountedStarts:
    """Starts executions for schedules, and counts them."""

    def __init__(self, executions: ExecutionService, collector: WorkerCollector) -> None:
        self._executions = executions
        self._collector = collector

    async def execute_many(self, requests: Sequence[ExecuteRequest]) -> list[ExecutionRecord | StepgraphError]:
        """Start executions; returns one answer for each request, in order."""
        answers = await self._executions.execute_many(requests)
        self._collector.schedule_starts += sum(isinstance(answer, ExecutionRecord) for answer in answers)
        return answers
