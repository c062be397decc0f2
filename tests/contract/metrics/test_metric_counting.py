"""Properties of metrics on PostgreSQL alone: an event counts once, whatever is rolled back and whoever else counts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from domain.kernel.ids import new_id
from domain.kernel.statuses import StepType
from domain.metrics.model import EVERYTHING, EXECUTIONS, ORCHESTRATIONS, Counted, Resolution, Tally, spans_of
from persistence.postgres.connections.database import Database
from persistence.postgres.metrics.counting import KNOWN, STEPS, STORE
from persistence.postgres.metrics.store import PRUNE, ROWS, RUNNING, PostgresMetricsStore
from persistence.postgres.outbox_relay import PostgresEventRelay
from tests.contract.conftest import Storage, open_real
from tests.contract.rows import NOW, SOON, claimed, delta_of, end_of, step

START = Resolution.DAY.floor(NOW)
DAY = list(spans_of(START, START + timedelta(days=1)))


@pytest.fixture
async def database(empty_postgres_url: str) -> AsyncIterator[Database]:
    async with Database(empty_postgres_url) as database:
        yield database


@pytest.fixture
async def storage(empty_postgres_url: str, empty_redis_url: str) -> AsyncIterator[Storage]:
    async with AsyncExitStack() as stack:
        yield await open_real(stack, empty_postgres_url, empty_redis_url)


class Process:
    """A worker process that relays, and adds what it has counted for Prometheus."""

    def __init__(self, database: Database) -> None:
        self._relay = PostgresEventRelay(database, self._add)
        self.executions, self.steps = Tally(), Tally()

    def _add(self, counted: Counted) -> None:
        for (_, step_type, _), tally in counted.items():
            (self.steps if step_type else self.executions).add(tally)

    async def relay(self, limit: int = 100) -> int:
        """Relay events, as the periodic job does."""
        return await self._relay.relay(limit, SOON) or 0


async def run(storage: Storage, count: int, workflow_id: UUID | None = None) -> None:
    """Start and end `count` executions of two steps."""
    for _ in range(count):
        claim = await claimed(storage, workflow_id=workflow_id)
        await storage.executions.commit(end_of(claim, step("a"), step("b"), starts=True))


async def counted_in(storage: Storage, series: UUID = EVERYTHING) -> tuple[int, int, int]:
    """The numbers of starts, ends and steps in a series."""
    found = (await storage.metrics.totals([series], DAY))[series]
    executions = found.get(EXECUTIONS, Tally())
    return executions.started, executions.completed, found.get(StepType.HTTP_REQUEST, Tally()).completed


_REFUSE = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not now'; END $$;
CREATE CONSTRAINT TRIGGER refuse AFTER INSERT OR UPDATE ON orchestration_metrics
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse();
"""


async def test_what_is_rolled_back_is_counted_by_the_next_relay_alone(storage: Storage, database: Database) -> None:
    process = Process(database)
    await run(storage, 3)
    async with database.connection() as connection:
        await connection.execute(_REFUSE)  # all goes well, until the transaction is to be committed
    for _ in range(2):
        with pytest.raises(asyncpg.RaiseError):
            await process.relay()
    assert await counted_in(storage) == (0, 0, 0)
    assert process.executions == process.steps == Tally()
    async with database.connection() as connection:
        await connection.execute("DROP TRIGGER refuse ON orchestration_metrics")
    assert await process.relay() == 6
    assert await process.relay() == 0
    assert await counted_in(storage) == (3, 3, 6)
    assert (process.executions.started, process.executions.completed, process.steps.completed) == (3, 3, 6)


async def test_processes_that_relay_at_once_count_each_event_once_together(
    storage: Storage, database: Database, empty_postgres_url: str
) -> None:
    workflow_id = new_id()
    await run(storage, 20, workflow_id)
    async with Database(empty_postgres_url) as other:
        processes = [Process(each) for each in (database, other) for _ in range(2)]

        async def until_empty(process: Process) -> None:
            while await database.fetch_value("SELECT EXISTS (SELECT FROM pending_event)"):
                await process.relay(limit=3)

        await asyncio.gather(*(until_empty(process) for process in processes))
    for series in (workflow_id, EVERYTHING):
        assert await counted_in(storage, series) == (20, 20, 40)
    assert sum(process.executions.started for process in processes) == 20
    assert sum(process.executions.completed for process in processes) == 20
    assert sum(process.steps.completed for process in processes) == 40


async def test_processes_that_prune_at_once_forget_each_bucket_once(storage: Storage, database: Database) -> None:
    for _ in range(5):
        await run(storage, 1, new_id())
    await storage.relay.relay(100, SOON)
    old = await database.fetch_value("SELECT count(*) FROM orchestration_metrics WHERE resolution < 86400")
    far = NOW + timedelta(days=1_000)

    async def prune() -> int:
        pruned = 0
        while some := await PostgresMetricsStore(database).prune(minutes_before=far, hours_before=far, limit=3):
            pruned += some
        return pruned

    *pruned, _ = await asyncio.gather(prune(), prune(), prune(), storage.relay.relay(100, SOON))
    assert sum(pruned) == old
    assert await database.fetch_value("SELECT count(*) FROM orchestration_metrics WHERE resolution < 86400") == 0
    assert await counted_in(storage) == (5, 5, 10)


async def test_steps_fall_into_the_same_bins_in_sql_as_elsewhere(storage: Storage) -> None:
    lengths = [timedelta(microseconds=n) for n in (0, 1, 2, 7, 31, 32, 33, 999, 10**6 + 1, 123_456_789, 10**12, 10**15)]
    expected = Tally(completed=len(lengths))
    for length in lengths:
        expected.add_duration(length)
    steps = [step(f"s{n}", finished_at=NOW + length) for n, length in enumerate(lengths)]
    await storage.executions.commit(end_of(await claimed(storage), *steps, starts=True))
    await storage.relay.relay(100, SOON)
    assert (await storage.metrics.totals([EVERYTHING], DAY))[EVERYTHING][StepType.HTTP_REQUEST] == expected


@pytest.mark.parametrize(
    ("statement", "arguments"),
    [
        pytest.param(STEPS, "'{}', '{}'", id="steps"),
        pytest.param(KNOWN, "'{}', '{}', '{}', '{}'", id="known buckets"),
        pytest.param(STORE, "'{}'", id="storing buckets"),
        pytest.param(ROWS, "'{}', '{}', '{}', '{}', '{}', NULL", id="a range"),
        pytest.param(RUNNING, "'00000000-0000-0000-0000-000000000000'", id="running"),
        pytest.param(PRUNE, "60, '2026-01-01', 10", id="forgetting"),
    ],
)
async def test_rows_are_found_by_index_however_large_the_tables_are(
    database: Database, statement: str, arguments: str
) -> None:
    async with database.hot_connection() as connection:
        await connection.execute("PREPARE stored AS " + statement)
        plan = await connection.fetch(f"EXPLAIN EXECUTE stored ({arguments})")
        await connection.execute("DEALLOCATE stored")
    assert "Seq Scan" not in "\n".join(row[0] for row in plan)


_ENDED = """
INSERT INTO workflow_execution
SELECT (json_populate_record(e, json_build_object('id', gen_random_uuid(), 'status', 'COMPLETED', 'worker_id', NULL))).*
FROM workflow_execution e, generate_series(1, 3000) LIMIT 3000
"""


async def test_counting_what_runs_does_not_look_at_what_has_ended(storage: Storage, database: Database) -> None:
    for _ in range(3):
        claim = await claimed(storage)
        await storage.executions.commit(delta_of(claim, starts=True))
    async with database.connection() as connection:
        await connection.execute(_ENDED)
        await connection.execute("ANALYZE workflow_execution")
        rows = await connection.fetch("EXPLAIN (ANALYZE, FORMAT TEXT) " + RUNNING, ORCHESTRATIONS)
    plan = "\n".join(row[0] for row in rows)
    assert "workflow_execution_listed" in plan, plan
    assert "Seq Scan" not in plan, plan
    assert await storage.metrics.running([EVERYTHING]) == {EVERYTHING: 3}
