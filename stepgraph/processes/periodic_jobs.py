"""The periodic jobs of a worker process: relaying events and removing old rows, each with its interval."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import partial

from actors.periodic.jobs import PeriodicJob
from actors.periodic.relaying import relaying_job
from actors.periodic.wake_ups import WakeUps
from domain.access.ports import AuditLog
from domain.executions.bulk.ports import BulkOperations
from domain.executions.ports import ExecutionStore
from domain.kernel.clock import Clock
from domain.metrics.model import Counted
from domain.metrics.ports import MetricsStore
from domain.system.workers import Chore
from persistence.postgres.access.audit import PostgresAuditLog
from persistence.postgres.connections.database import Database
from persistence.postgres.executions.bulk import PostgresBulkOperations
from persistence.postgres.metrics.store import PostgresMetricsStore
from persistence.postgres.outbox_relay import PostgresEventRelay
from stepgraph.settings import Settings

_PRUNED = 1_000
"""Old rows removed by one statement."""
_PRUNED_EXECUTIONS = 200
"""Executions removed by one statement. Each goes with its steps, of which there may be thousands."""
_SPARE = timedelta(days=1)
"""Time that buckets are kept beyond their retention: a range may begin in the middle of a longer bucket."""


def periodic_jobs_of(
    database: Database,
    executions: ExecutionStore,
    clock: Clock,
    settings: Settings,
    wake_ups: WakeUps,
    counted: Callable[[Counted], None] | None = None,
) -> Sequence[PeriodicJob]:
    """The periodic jobs of a worker process. `counted` is called with what was counted from the outbox."""
    relay = PostgresEventRelay(database, counted, queued=partial(wake_ups.wake, Chore.DELIVERIES))
    return (
        relaying_job(relay, clock, wake_ups),
        _pruning_audit(PostgresAuditLog(database), clock, settings.audit_retention),
        _pruning_metrics(PostgresMetricsStore(database), clock, settings),
        _pruning_bulk_operations(PostgresBulkOperations(database), clock, settings.bulk_retention),
        *_pruning_executions(executions, clock, settings.execution_retention),
    )


def _pruning_executions(executions: ExecutionStore, clock: Clock, retention: timedelta | None) -> Iterator[PeriodicJob]:
    if retention is None:
        return

    async def run() -> bool:
        return await executions.prune(clock.now() - retention, _PRUNED_EXECUTIONS) == _PRUNED_EXECUTIONS

    yield PeriodicJob(name="forgetting old executions", every=timedelta(minutes=1), run=run)


def _pruning_bulk_operations(operations: BulkOperations, clock: Clock, retention: timedelta) -> PeriodicJob:
    async def run() -> bool:
        return await operations.prune(clock.now() - retention, _PRUNED) == _PRUNED

    return PeriodicJob(name="forgetting old bulk operations", every=timedelta(minutes=10), run=run)


def _pruning_audit(audit: AuditLog, clock: Clock, retention: timedelta) -> PeriodicJob:
    async def run() -> bool:
        return await audit.prune(clock.now() - retention, _PRUNED) == _PRUNED

    return PeriodicJob(name="forgetting old entries of the audit", every=timedelta(minutes=10), run=run)


def _pruning_metrics(metrics: MetricsStore, clock: Clock, settings: Settings) -> PeriodicJob:
    async def run() -> bool:
        now = clock.now()
        pruned = await metrics.prune(
            minutes_before=now - settings.metrics_minutes_retention - _SPARE,
            hours_before=now - settings.metrics_hours_retention - _SPARE,
            limit=_PRUNED,
        )
        return pruned == _PRUNED

    return PeriodicJob(name="forgetting old buckets of metrics", every=timedelta(minutes=10), run=run)
