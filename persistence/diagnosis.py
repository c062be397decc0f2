"""Everything that can be said of the servers before work begins: what keeps it from going on, and what weakens it."""

import asyncio
from collections.abc import Awaitable, Sequence
from datetime import timedelta

from domain.kernel.errors import Unavailable
from domain.system.records import Finding, Severity
from persistence.postgres.connections.database import Database
from persistence.postgres.connections.fitness import findings_of_postgres
from persistence.postgres.connections.probe import complaint_of_write
from persistence.postgres.migrate import pending_migrations
from persistence.redis.clients import REDIS_FAULTS
from persistence.redis.probe import findings_of_redis

_GRAVITY = list(Severity)


async def diagnose(database: Database, redis_url: str, within: timedelta) -> Sequence[Finding]:
    """All that is found of PostgreSQL, migrations and Redis, each `within` this time, the gravest first. Never raises.

    A server about which there is nothing to say has one finding, which is FINE.
    """
    parts = await asyncio.gather(
        _told("postgresql", _of_postgres(database), within),
        _told("migrations", _of_migrations(database.url), within),
        _told("redis", findings_of_redis(redis_url), within),
    )
    return sorted((finding for part in parts for finding in part), key=lambda each: -_GRAVITY.index(each.severity))


async def _told(subject: str, asked: Awaitable[Sequence[Finding]], within: timedelta) -> Sequence[Finding]:
    try:
        found = await asyncio.wait_for(asked, within.total_seconds())
    except TimeoutError:
        reason = (
            f"It does not answer within {within.total_seconds():g} s: look if it runs, and if the address is right."
        )
        return [Finding(subject=subject, severity=Severity.WAITING, detail=reason)]
    except (Unavailable, *REDIS_FAULTS) as error:
        return [Finding(subject=subject, severity=Severity.WAITING, detail=str(error) or type(error).__name__)]
    return found or [Finding(subject=subject, severity=Severity.FINE, detail="")]


async def _of_postgres(database: Database) -> Sequence[Finding]:
    found = await findings_of_postgres(database)
    if any(each.severity.stops_work for each in found):
        return found
    complaint = await complaint_of_write(database)
    if complaint is None:
        return found
    return [*found, Finding(subject="postgresql", severity=Severity.FAULT, detail=complaint)]


async def _of_migrations(url: str) -> Sequence[Finding]:
    missing = await pending_migrations(url)
    if not missing:
        return []
    detail = f"Not applied: {', '.join(missing)}. Run `stepgraph migrate`."
    return [Finding(subject="migrations", severity=Severity.WAITING, detail=detail)]
