"""The health of PostgreSQL, Redis and the migrations, each tried out at once and within a time limit."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from domain.system.records import ComponentRecord, OutboxBacklog, WorkProgress
from persistence.postgres.connections.clock import DatabaseClock
from persistence.postgres.connections.database import Database
from persistence.postgres.connections.probe import complaint_of_postgres
from persistence.postgres.executions.recovery import EACH_PRIORITY
from persistence.postgres.migrate import pending_migrations
from persistence.postgres.outbox import backlog
from persistence.redis.probe import complaint_of_redis

_RECENT = 30.0
"""The seconds for which complete migrations are not checked again: no process takes them back."""


# Of each priority, the execution that has been due for longest. What was taken over from a dead worker is due "at
# once", which says nothing of how long it has waited.
_PROGRESS = f"""{EACH_PRIORITY}SELECT
  (SELECT clock_timestamp() - worked_at FROM leadership WHERE role = 'reconciler') AS since_reconciled,
  (
    SELECT clock_timestamp() - min(due.at) FROM level CROSS JOIN LATERAL (
      SELECT e.due_at AS at FROM workflow_execution e
      WHERE e.priority = level.priority AND e.due_at <= now() AND NOT e.is_queued
        AND (e.due_at > e.created_at OR e.epoch = 0)
      ORDER BY e.due_at LIMIT 1
    ) due
  ) AS overdue_for
"""


class SystemHealthProbe:
    """Implements `domain.system.ports.HealthProbe`."""

    def __init__(self, database: Database, redis_url: str, clock: DatabaseClock | None = None) -> None:
        """`clock`: this process's own, if its offset is to be reported."""
        self._database = database
        self._clock = clock
        self._redis_url = redis_url
        self._migrated_at: float | None = None

    async def components(self, timeout: timedelta) -> Sequence[ComponentRecord]:
        return await asyncio.gather(
            _probe("postgresql", self._ask_postgres, timeout),
            _probe("redis", self._ask_redis, timeout),
            _probe("migrations", self._ask_migrations, timeout),
        )

    async def backlog(self, now: datetime) -> OutboxBacklog:
        return await backlog(self._database, now)

    async def progress(self) -> WorkProgress:
        row = await self._database.fetch_row(_PROGRESS)
        assert row is not None
        return WorkProgress(
            since_reconciled=row["since_reconciled"],
            overdue_for=row["overdue_for"] or timedelta(0),
            clock_offset=timedelta(0) if self._clock is None else self._clock.offset,
        )

    async def _ask_postgres(self) -> str | None:
        return await complaint_of_postgres(self._database)

    async def _ask_redis(self) -> str | None:
        return await complaint_of_redis(self._redis_url)

    async def _ask_migrations(self) -> str | None:
        if self._migrated_at is not None and time.monotonic() - self._migrated_at < _RECENT:
            return None
        missing = await pending_migrations(self._database.url)
        if missing:
            self._migrated_at = None
            return f"not applied: {', '.join(missing)}; run stepgraph migrate"
        self._migrated_at = time.monotonic()
        return None


async def _probe(name: str, ask: Callable[[], Awaitable[str | None]], timeout: timedelta) -> ComponentRecord:
    """The state of a component. `ask` gives None or a complaint; one that raises is down, with the error as detail."""
    started = time.perf_counter()
    try:
        complaint = await asyncio.wait_for(ask(), timeout.total_seconds())
    except TimeoutError:
        return ComponentRecord(name=name, is_up=False, detail=f"no answer within {timeout.total_seconds():g} s")
    except Exception as error:
        return ComponentRecord(name=name, is_up=False, detail=str(error) or type(error).__name__)
    latency = timedelta(seconds=time.perf_counter() - started)
    return ComponentRecord(name=name, is_up=complaint is None, latency=latency, detail=complaint)
