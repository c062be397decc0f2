"""Every filter that a console offers has an index: a page costs the same among ten times as many executions."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any, cast
from uuid import UUID

import asyncpg
import pytest

from domain.executions.lists import Count, ExecutionOrder, OrderBy
from domain.executions.records import ExecutionFilter
from domain.kernel.statuses import ExecutionStatus, TriggerKind, WaitKind
from persistence.postgres.connections.database import Database
from persistence.postgres.executions.lists.conditions import conditions_of
from persistence.postgres.executions.lists.counts import counts
from persistence.postgres.executions.lists.pages import page_rows

FEW, MANY = 1_500, 12_000
PAGE = 21
START = datetime(2026, 3, 1, tzinfo=UTC)
WORKFLOW = UUID(int=1 << 64)
SCHEDULE = UUID(int=2 << 64)

# Every second one, with an id of its time. All that a filter asks for is spread evenly over the others.
FILL = """
INSERT INTO workflow_execution (
  id, definition_id, workflow_id, workflow_version, status, labels, priority, created_at, started_at, finished_at,
  sequence, steps_total, steps_completed, steps_failed, steps_running, steps_ended, epoch, crashes, error, waiting_for,
  trigger, trigger_id
)
SELECT
  (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7000' || lpad(to_hex(n), 16, '8'))::uuid,
  gen_random_uuid(), $3::uuid, 1, status, jsonb_build_object('region', CASE n / 5 % 3 WHEN 0 THEN 'eu' ELSE 'us' END),
  0, at, at, CASE WHEN status IN ('COMPLETED', 'FAILED') THEN at + n % 700 * interval '1 s' END,
  1, 1, 1, 0, 0, 0, 1, 0,
  CASE WHEN status = 'FAILED' THEN json_build_object(
    'code', CASE n / 5 % 2 WHEN 0 THEN 'TIMEOUT' ELSE 'INTERNAL' END, 'path', 'step' || n / 10 % 2
  ) END,
  CASE WHEN status = 'WAITING' THEN json_build_object('kind', 'CIRCUIT_BREAKER', 'detail', 'step: svc:443') END,
  CASE n / 5 % 4 WHEN 0 THEN 'SCHEDULE' ELSE 'API' END, CASE n / 5 % 4 WHEN 0 THEN $4::uuid END
FROM (
  SELECT n, timestamptz '2026-03-01Z' + n * interval '1 s' AS at,
    (ARRAY['COMPLETED', 'COMPLETED', 'FAILED', 'RUNNING', 'WAITING'])[1 + n % 5] AS status
  FROM generate_series($1::int, $2::int - 1) n
) e
"""

FAILED = frozenset({ExecutionStatus.FAILED})
ALONE: dict[str, dict[str, Any]] = {
    "nothing": {},
    "status": {"statuses": FAILED},
    "RUNNING": {"statuses": frozenset({ExecutionStatus.RUNNING})},
    "code": {"error_code": "TIMEOUT"},
    "code, status": {"error_code": "TIMEOUT", "statuses": FAILED},
    "step, status": {"failed_step": "step1", "statuses": FAILED},
    "label": {"labels": {"region": "eu"}},
    "label, status": {"labels": {"region": "eu"}, "statuses": FAILED},
    "text, status": {"label_text": "EU", "statuses": FAILED},
    "kind": {"waiting_kind": WaitKind.CIRCUIT_BREAKER},
    "service": {"waiting_service": "svc:443"},
    "trigger": {"trigger": TriggerKind.SCHEDULE},
    "trigger's id": {"trigger_id": SCHEDULE},
    "trigger, status": {"trigger": TriggerKind.SCHEDULE, "statuses": FAILED},
    "created": {"created_after": START, "created_before": START + timedelta(seconds=1_000)},
    "ended, status": {"ended_before": START + timedelta(seconds=1_000), "statuses": FAILED},
    "longer, status": {"longer_than": timedelta(seconds=300), "statuses": FAILED},
    "rare label": {"labels": {"region": "nowhere"}},
}
OF_WORKFLOW = {
    f"workflow, {name}": parts | {"workflow_id": WORKFLOW} for name, parts in ALONE.items() if name != "rare label"
}


class Reading(Database):
    """A database that counts the pages of 8 kB that its statements touch."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.touched = 0

    async def fetch(self, statement: str, *arguments: Any) -> Sequence[asyncpg.Record]:
        async with super().transaction() as connection:
            return await self.explained(connection, statement, *arguments)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        async with super().transaction() as connection:
            yield _Explaining(self, connection)

    async def explained(self, connection: Any, statement: str, *arguments: Any) -> Sequence[asyncpg.Record]:
        if statement.startswith("EXPLAIN"):
            return cast("Sequence[asyncpg.Record]", await connection.fetch(statement, *arguments))
        [[plan]] = await connection.fetch(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", *arguments)
        top = json.loads(plan)[0]["Plan"]
        self.touched += top["Shared Hit Blocks"] + top["Shared Read Blocks"]
        return cast("Sequence[asyncpg.Record]", await connection.fetch(statement, *arguments))


class _Explaining:
    def __init__(self, database: Reading, connection: Any) -> None:
        self._database, self._connection = database, connection

    async def execute(self, statement: str) -> None:
        await self._connection.execute(statement)

    async def fetch(self, statement: str, *arguments: Any) -> Sequence[asyncpg.Record]:
        return await self._database.explained(self._connection, statement, *arguments)


async def costs(database: Reading) -> dict[tuple[str, OrderBy], tuple[int, int]]:
    """For each filter and order the pages that are touched, and the executions that are found."""
    found = {}
    for (name, parts), by in product((ALONE | OF_WORKFLOW).items(), OrderBy):
        database.touched = 0
        rows = await page_rows(database, ExecutionFilter(**parts), ExecutionOrder(by=by), None, limit=PAGE, lean=True)
        found[name, by] = (database.touched, len(rows))
    return found


async def test_a_page_costs_the_same_among_ten_times_as_many_executions(empty_postgres_url: str) -> None:
    connection = await asyncpg.connect(empty_postgres_url)
    try:
        async with Reading(empty_postgres_url) as database:
            await connection.execute(FILL, 0, FEW, WORKFLOW, SCHEDULE)
            await connection.execute("VACUUM ANALYZE workflow_execution")
            before = await costs(database)
            await connection.execute(FILL, FEW, MANY, WORKFLOW, SCHEDULE)
            await connection.execute("VACUUM ANALYZE workflow_execution")
            after = await costs(database)
    finally:
        await connection.close()
    dearer = {key: (before[key], after[key]) for key in after if after[key][0] > most(key, before[key][0])}
    assert not dearer, "\n".join(f"{key}: {cost}" for key, cost in dearer.items())


@pytest.mark.parametrize("by", [OrderBy.CREATED, OrderBy.ENDED])
async def test_the_many_that_match_are_not_gathered_where_the_newest_do_not(
    empty_postgres_url: str, by: OrderBy
) -> None:
    """The walk goes on: 3,000 others were created after 30,000 of which a third matches."""
    connection = await asyncpg.connect(empty_postgres_url)
    try:
        await connection.execute(FILL, 0, 33_000, WORKFLOW, SCHEDULE)
        newest = "UPDATE workflow_execution SET labels = '{}' WHERE created_at >= $1"
        await connection.execute(newest, START + timedelta(seconds=30_000))
        await connection.execute("VACUUM FULL ANALYZE workflow_execution")
    finally:
        await connection.close()
    async with Reading(empty_postgres_url) as database:
        wanted = ExecutionFilter(labels={"region": "eu"})
        rows = await page_rows(database, wanted, ExecutionOrder(by=by), None, limit=PAGE, lean=True)
        assert len(rows) == PAGE
        assert database.touched < 7_000, "a row and an entry of each of those that were looked at, and no more"


def most(key: tuple[str, OrderBy], before: int) -> float:
    """The most that a page may touch: half as much again and what its rows lie on, or what a look at others touches."""
    name, by = key
    own = {"created": OrderBy.CREATED, "ended": OrderBy.ENDED, "longer": OrderBy.DURATION}
    crosses = any(part in name and by is not order for part, order in own.items())
    return 2_500 if crosses or "rare" in name else 1.5 * before + 4 * PAGE


async def test_great_numbers_are_told_as_estimates_and_others_exactly(empty_postgres_url: str) -> None:
    """By statistics of the planner's and by a look at the newest of each status: both are there at once."""
    connection = await asyncpg.connect(empty_postgres_url)
    try:
        await connection.execute(FILL, 0, 30_000, WORKFLOW, SCHEDULE)
        await connection.execute("ANALYZE workflow_execution")
    finally:
        await connection.close()
    async with Database(empty_postgres_url) as database:
        found = await counts(database, ExecutionFilter(workflow_id=WORKFLOW))
        assert found[ExecutionStatus.FAILED] == Count(6_000)
        assert found[ExecutionStatus.COMPLETED].is_estimate
        for name, parts in (ALONE | OF_WORKFLOW).items():
            wanted = ExecutionFilter(**parts)
            there = await counted(database, wanted)
            for status, told in (await counts(database, wanted)).items():
                number = there.get(status, 0)
                assert told == Count(number) or (told.is_estimate and near(told.number, number)), (name, status, told)


async def counted(database: Database, filter: ExecutionFilter) -> dict[ExecutionStatus, int]:
    """The number of each status that matches, by looking at all."""
    conditions = conditions_of(filter)
    rows = await database.fetch(
        f"SELECT status, count(*) AS found FROM workflow_execution e WHERE {conditions} GROUP BY status",
        *conditions.arguments,
    )
    return {ExecutionStatus(row["status"]): row["found"] for row in rows}


def near(told: int, number: int) -> bool:
    """True when an estimate is a sixth off at most; of few, a hundred."""
    return abs(told - number) <= max(number / 6, 100)
