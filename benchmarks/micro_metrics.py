"""The cost of `metrics` over ten million executions, and of counting them: `python -m benchmarks.micro_metrics`.

A PostgreSQL of its own holds the buckets of a year of fifty workflows, as they are kept by default. The API answers in
this process, without a socket. `--data-dir` keeps the buckets for the next time.
"""

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import httpx
from rich.console import Console
from rich.table import Table

from domain.kernel.durations import format_duration
from domain.kernel.ids import IdKind, to_public
from domain.kernel.statuses import EventType, StepType
from domain.metrics.model import EVERYTHING, EXECUTIONS, Resolution, Tally
from domain.metrics.service import MetricsRetention, MetricsService
from domain.outbox.events import OutboxEvent
from graphql_api.app import create_app
from persistence.postgres.connections.database import Database
from persistence.postgres.connections.lending import Connection
from persistence.postgres.metrics.counting import count
from persistence.postgres.migrate import migrate
from stepgraph.processes.api import api_services
from stepgraph.processes.storage import EmbeddedServers
from stepgraph.settings import Settings

_EXECUTIONS = 10_000_000
_DAYS = 365
_EVERY = 10
"""A workflow has executions in one of so many minutes."""
_WORKFLOWS = [UUID(int=number) for number in range(1, 51)]
_STEP_TYPES = (StepType.HTTP_REQUEST, StepType.DATA_TRANSFORM, StepType.CONDITIONAL, StepType.FOR_EACH, StepType.WAIT)
_ROUNDS = 15
_SHARES = (0.50, 0.95, 0.99)
_RANGES = {
    "1 h": (timedelta(hours=1), timedelta(minutes=1)),
    "24 h": (timedelta(hours=24), timedelta(minutes=1), timedelta(hours=1)),
    "7 days": (timedelta(days=7), timedelta(minutes=10), timedelta(hours=1)),
    "30 days": (timedelta(days=30), timedelta(hours=1), timedelta(days=1)),
    "90 days": (timedelta(days=90), timedelta(hours=3), timedelta(days=1)),
    "1 year": (timedelta(days=365), timedelta(hours=12), timedelta(days=1)),
}
"""The ranges that are read, by name: the length of each, and the lengths of its timeline's buckets."""

_QUERY = """
query ($id: ID, $from: DateTime, $to: DateTime, $bucket: Duration! = "PT1M", $timeline: Boolean! = false) {
  metrics(workflowId: $id, from: $from, to: $to) {
    from to started completed failed cancelled running successRate
    duration { mean p50 p95 p99 }
    steps { type executions failures retries duration { mean p50 p95 p99 } }
    timeline(bucket: $bucket) @include(if: $timeline) { at started completed failed p50 p95 }
  }
}
"""
_PAGE = """
query ($from: DateTime) {
  workflows(first: 50) { nodes { name metrics(from: $from) { completed successRate duration { p50 p95 p99 } } } }
}
"""
_SHAPES = "CREATE TEMPORARY TABLE shape (LIKE orchestration_metrics, minutes int) ON COMMIT DROP"
_FILL = """
INSERT INTO orchestration_metrics
SELECT
  workflow_id, step_type, resolution, start, started, completed, failed, cancelled, retries, microseconds, durations
FROM shape CROSS JOIN LATERAL generate_series(
  shape.at, $1::timestamptz, make_interval(mins => shape.minutes)
) AS start
"""
_NAMED = """
WITH version AS (
  INSERT INTO workflow_version (id, workflow_id, version, document, created_at)
  SELECT id, id, 1, '{"name": "measured", "steps": []}', $2 FROM unnest($1::uuid[]) AS id
)
INSERT INTO workflow (id, name, status, version, definition_id, labels, created_at, updated_at)
SELECT id, 'measured-' || id, 'ACTIVE', 1, id, '{}', $2, $2 FROM unnest($1::uuid[]) AS id
"""
_ENDED = """
INSERT INTO step_execution (
  execution_id, path, sequence, position, step_id, type, status, attempts, started_at, finished_at
)
SELECT
  id, 's' || number, 1, lpad(number::text, 6, '0'), 's' || number,
  (ARRAY['HTTP_REQUEST', 'DATA_TRANSFORM'])[1 + number % 2], 'COMPLETED', '[{"number": 1}]', $2::timestamptz,
  $2::timestamptz + random() * interval '100 ms'
FROM unnest($1::uuid[]) AS id, generate_series(1, $3::int) AS number
"""


def _draw(median: float, count: int) -> Tally:
    """A tally of `count` executions with log-normal durations around a median, in microseconds."""
    tally = Tally(started=count, completed=count - count // 50, failed=count // 50)
    for _ in range(count):
        tally.add_duration(timedelta(microseconds=random.lognormvariate(0, 0.6) * median))
    return tally


def _shapes(now: datetime) -> Iterator[tuple[object, ...]]:
    """A bucket of each series and resolution, the first one's start, and how many minutes later the next one is."""
    per_day = _EXECUTIONS // _DAYS // len(_WORKFLOWS)
    counts = {
        Resolution.MINUTE: per_day * _EVERY // 1_440,
        Resolution.HOUR: per_day // 24,
        Resolution.DAY: per_day,
    }
    kept = MetricsRetention()
    ages = {Resolution.MINUTE: kept.minutes, Resolution.HOUR: kept.hours, Resolution.DAY: timedelta(days=_DAYS)}
    for resolution, per_bucket in counts.items():
        first = resolution.floor(now - min(ages[resolution], timedelta(days=_DAYS)))
        everything: dict[tuple[str, int], Tally] = {}
        for number, workflow_id in enumerate(_WORKFLOWS):
            is_minute = resolution is Resolution.MINUTE
            offset = number % _EVERY if is_minute else 0
            for kind, step_type in enumerate((EXECUTIONS, *_STEP_TYPES)):
                tally = _draw(2_000 * 1.2**number / (kind + 1), max(per_bucket, 1))
                everything.setdefault((step_type, offset), Tally()).add(tally)
                minutes = _EVERY if is_minute else resolution // 60
                yield _shape((workflow_id, step_type), resolution, first, offset, tally, minutes)
        for (step_type, offset), tally in everything.items():
            minutes = _EVERY if resolution is Resolution.MINUTE else resolution // 60
            yield _shape((EVERYTHING, step_type), resolution, first, offset, tally, minutes)


def _shape(
    series: tuple[UUID, str], resolution: Resolution, first: datetime, offset: int, tally: Tally, minutes: int
) -> tuple[object, ...]:
    return (
        *series, int(resolution), first + timedelta(minutes=offset),
        tally.started, tally.completed, tally.failed, tally.cancelled, tally.retries, tally.microseconds,
        tally.durations.packed(), minutes,
    )  # fmt: skip


async def _fill(database: Database, now: datetime) -> None:
    """Write the buckets, where they are not there yet."""
    if await database.fetch_value("SELECT EXISTS (SELECT FROM orchestration_metrics)"):
        return
    async with database.transaction() as connection:
        await connection.execute(_SHAPES)
        await connection.copy_records_to_table("shape", records=list(_shapes(now)))
        await connection.execute(_FILL, now, timeout=1_800)
        await connection.execute(_NAMED, _WORKFLOWS, now)
    async with database.connection() as connection:
        await connection.execute("VACUUM ANALYZE orchestration_metrics", timeout=600)


async def _timed(ask: Callable[[], Awaitable[object]], rounds: int = _ROUNDS) -> tuple[str, str]:
    """The median and the longest, in milliseconds."""
    lengths = []
    for _ in range(rounds):
        began = time.perf_counter()
        await ask()
        lengths.append((time.perf_counter() - began) * 1e3)
    return f"{statistics.median(lengths):.1f}", f"{max(lengths):.1f}"


@asynccontextmanager
async def _api(settings: Settings) -> AsyncIterator[tuple[MetricsService, httpx.AsyncClient]]:
    """The service that reads metrics, and the API around it."""
    services, lifespan = api_services(settings)
    app = create_app(services)
    async with (
        lifespan(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1", timeout=120) as client,
    ):
        yield services.metrics, client


async def _ask(client: httpx.AsyncClient, query: str, variables: Mapping[str, object]) -> None:
    answer = (await client.post("/graphql", json={"query": query, "variables": variables})).json()
    if "errors" in answer:
        raise RuntimeError(answer["errors"])


async def _read(
    service: MetricsService, series: UUID, start: datetime, end: datetime, bucket: timedelta | None
) -> None:
    """Call the service as the resolvers of `metrics` do."""
    covered = service.range_of(start, end)
    totals = (await service.totals([series], covered))[series]
    for tally in totals.values():
        tally.durations.quantiles(_SHARES)
    await service.running([series])
    if bucket is not None:
        for _, tally in (await service.timeline([series], covered, bucket))[series]:
            tally.durations.quantiles(_SHARES[:2])


async def _reading(service: MetricsService, client: httpx.AsyncClient, now: datetime, table: Table) -> None:
    for name, (length, *buckets) in _RANGES.items():
        for whose, series in (("all", EVERYTHING), ("one workflow", _WORKFLOWS[7])):
            for bucket in (None, *buckets):
                asked: dict[str, object] = {"from": (now - length).isoformat(), "to": now.isoformat()}
                if series != EVERYTHING:
                    asked["id"] = to_public(IdKind.WORKFLOW, series)
                if bucket is not None:
                    asked |= {"timeline": True, "bucket": format_duration(bucket)}
                table.add_row(
                    f"{name}, {whose}" + (f", by {asked['bucket']}" if bucket else ""),
                    *await _timed(partial(_read, service, series, now - length, now, bucket)),
                    *await _timed(partial(_ask, client, _QUERY, asked)),
                )
    for days in (1, 90):
        asked = {"from": (now - timedelta(days=days)).isoformat()}
        table.add_row(f"a page of 50, {days} days", "", "", *await _timed(partial(_ask, client, _PAGE, asked)))


async def _counting(database: Database, now: datetime, table: Table) -> None:
    """Measure the cost of counting, rolled back each time."""
    for executions, steps, workflows in ((1_000, 10, 1), (1_000, 10, 50), (1, 100_000, 1)):
        ids = [UUID(int=2**64 + number) for number in range(executions)]
        events = [
            OutboxEvent(
                type=type,
                at=now,
                execution_id=id,
                workflow_id=_WORKFLOWS[number % workflows],
                started_at=now - timedelta(microseconds=random.lognormvariate(0, 0.6) * 20_000),
            )
            for number, id in enumerate(ids)
            for type in (EventType.EXECUTION_STARTED, EventType.EXECUTION_COMPLETED)
        ]
        async with database.connection() as connection:
            transaction = connection.transaction()
            await transaction.start()
            try:
                await connection.execute(_ENDED, ids, now, steps, timeout=300)
                await connection.execute("ANALYZE step_execution")
                measured = await _timed(partial(_count, connection, events), rounds=5)
            finally:
                await transaction.rollback()
        table.add_row(f"counting {executions:,} of {workflows} workflows, {steps:,} steps each", *measured, "", "")


async def _count(connection: Connection, events: Sequence[OutboxEvent]) -> None:
    """Count events; what was counted before stays, as it does from one relay to the next."""
    await count(connection, list(enumerate(events)))


async def _measure(directory: Path, console: Console) -> None:
    random.seed(7)
    now = datetime.now(UTC).replace(second=30)
    async with EmbeddedServers(directory).running() as addresses:
        await migrate(addresses.database_url)
        settings = Settings(database_url=addresses.database_url, redis_url=addresses.redis_url)
        async with Database(addresses.database_url) as database, _api(settings) as (service, client):
            began = time.perf_counter()
            await _fill(database, now)
            rows, size = tuple(
                await database.fetch_row(
                    "SELECT count(*), pg_size_pretty(pg_total_relation_size('orchestration_metrics')) "
                    "FROM orchestration_metrics"
                )
                or (0, "")
            )
            console.print(f"{rows:,} buckets, {size}, written in {time.perf_counter() - began:.0f} s")
            table = Table("what", f"service, ms, median of {_ROUNDS}", "longest", "GraphQL", "longest")
            await _reading(service, client, now, table)
            await _counting(database, now, table)
            console.print(table)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.micro_metrics", description=__doc__)
    parser.add_argument("--data-dir", type=Path, help="where PostgreSQL keeps the buckets; default: nowhere")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="stepgraph-bench-") as folder:
        Path(folder).chmod(0o755)  # PostgreSQL may run as another user
        asyncio.run(_measure(options.data_dir or Path(folder) / "data", Console()))


if __name__ == "__main__":
    main()
