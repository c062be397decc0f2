"""Whether PostgreSQL, Redis and the migrations are as they should be, each asked at once and within a time limit."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from domain.records import ComponentRecord, OutboxBacklog
from persistence.database import Database
from persistence.migrate import pending_migrations
from persistence.outbox import backlog

_RECENT = 30.0
"""Seconds for which complete migrations need no second look: no process takes them back."""


class SystemHealthProbe:
    """Implements `domain.ports.HealthProbe`."""

    def __init__(self, database: Database, redis_url: str) -> None:
        self._database = database
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

    async def _ask_postgres(self) -> str | None:
        await self._database.fetch_value("SELECT 1")
        return None

    async def _ask_redis(self) -> str | None:
        # The client's own limits too: cancelled while it connects, it may go on.
        async with Redis.from_url(
            self._redis_url, socket_timeout=5, socket_connect_timeout=5, retry=Retry(NoBackoff(), 0)
        ) as client:
            await client.ping()
        return None

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
    """`ask` gives None, or what is wrong; whatever it raises is the detail of a component that is down."""
    started = time.perf_counter()
    try:
        complaint = await asyncio.wait_for(ask(), timeout.total_seconds())
    except TimeoutError:
        return ComponentRecord(name=name, is_up=False, detail=f"no answer within {timeout.total_seconds():g} s")
    except Exception as error:
        return ComponentRecord(name=name, is_up=False, detail=str(error) or type(error).__name__)
    latency = timedelta(seconds=time.perf_counter() - started)
    return ComponentRecord(name=name, is_up=complaint is None, latency=latency, detail=complaint)
