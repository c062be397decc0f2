"""Schedules in PostgreSQL. One statement claims due schedules, and another stores the outcomes."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from domain.kernel.errors import Conflict, NotFound
from domain.kernel.ids import IdKind, to_public
from domain.kernel.pages import Page
from domain.kernel.statuses import OverlapPolicy
from domain.schedules.model import ScheduleClaim, ScheduleOutcome, ScheduleRecord, ScheduleSettings, tick_keys, tick_of
from persistence.postgres.columns.json_columns import json_column, json_value
from persistence.postgres.connections.database import Database
from persistence.postgres.executions.rows.lean import fields, lean_columns, left_out_of, most_of

_CREATE = """
INSERT INTO schedule (
  id, name, workflow_id, cron, timezone, input, overlap, catch_up_window, enabled, revision, created_at, updated_at,
  next_run_at, epoch
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0)
"""

_UPDATE = """
UPDATE schedule SET
  name = $3, workflow_id = $4, cron = $5, timezone = $6, input = $7,
  buffered_at = CASE WHEN $13 AND overlap = $8 THEN buffered_at END,
  overlap = $8, catch_up_window = $9, enabled = $10, revision = $11, updated_at = $12, last_error = NULL,
  next_run_at = CASE WHEN $13 THEN next_run_at ELSE $14 END,
  epoch = epoch + 1, claimed_until = NULL
WHERE id = $1 AND revision = $2
RETURNING *
"""

_FIELDS = fields("input")
_COLUMNS = """
  s.id, s.name, s.workflow_id, s.cron, s.timezone, s.overlap, s.catch_up_window, s.enabled, s.revision, s.created_at,
  s.updated_at, s.next_run_at, s.buffered_at, s.last_run_at, s.last_execution_id, s.last_error
"""
_PAGE = f"""
SELECT {_COLUMNS}, {lean_columns("s", *_FIELDS, most="$4::int")} FROM schedule s
WHERE ($1::uuid IS NULL OR s.workflow_id = $1) AND ($2::text IS NULL OR s.name > $2) ORDER BY s.name LIMIT $3
"""
_BY_IDS = f"""
SELECT {_COLUMNS}, {lean_columns("s", *_FIELDS, most="$2::int")} FROM schedule s WHERE s.id = ANY ($1::uuid[])
"""
_BY_NAME = f"SELECT {_COLUMNS}, {lean_columns('s', *_FIELDS, most='$2::int')} FROM schedule s WHERE s.name = $1"

_RUNNING = """
EXISTS (
  SELECT FROM workflow_execution e
  WHERE e.id = s.last_execution_id AND e.status IN ('PENDING', 'RUNNING', 'WAITING', 'PAUSED')
)
"""

# Two workers that ask at once get different ones: what one of them has locked, the other passes over.
_UNPROVEN = "(s.last_error IS NOT NULL OR s.last_run_at IS NULL OR s.last_run_at < s.updated_at)"

_CLAIM = f"""
WITH due AS (
  SELECT s.id, s.claimed_until IS NOT NULL AS is_unfinished FROM schedule s
  WHERE s.enabled AND s.next_run_at <= $1 AND (s.claimed_until IS NULL OR s.claimed_until <= $1)
    AND COALESCE({_UNPROVEN} = $4::boolean, true)
  ORDER BY s.next_run_at LIMIT $3 FOR UPDATE SKIP LOCKED
), buffered AS (
  SELECT s.id, s.claimed_until IS NOT NULL AS is_unfinished FROM schedule s
  WHERE s.enabled AND s.buffered_at IS NOT NULL AND (s.claimed_until IS NULL OR s.claimed_until <= $1)
    AND COALESCE({_UNPROVEN} = $4::boolean, true) AND NOT {_RUNNING}
  ORDER BY s.buffered_at LIMIT $3 FOR UPDATE SKIP LOCKED
)
UPDATE schedule s SET epoch = s.epoch + 1, claimed_until = $2
FROM (SELECT * FROM due UNION SELECT * FROM buffered LIMIT $3) found
WHERE s.id = found.id
RETURNING s.*, {_RUNNING} AS is_running, found.is_unfinished
"""

# Two looks at the ends of indexes. Those that were claimed come too early here, and are looked at again until then.
_NEXT_DUE = """
SELECT LEAST(
  (SELECT next_run_at FROM schedule WHERE enabled AND next_run_at IS NOT NULL ORDER BY next_run_at LIMIT 1),
  (SELECT $1::timestamptz FROM schedule WHERE enabled AND buffered_at IS NOT NULL LIMIT 1)
)
"""

# The keys of a schedule are neighbours in the index of all keys, the newest tick last.
_STARTED = """
SELECT s.id, e.id AS execution_id, e.idempotency_key,
  e.status IN ('PENDING', 'RUNNING', 'WAITING', 'PAUSED') AS is_running
FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS s (id, workflow_id, keys)
CROSS JOIN LATERAL (
  SELECT e.id, e.idempotency_key, e.status FROM workflow_execution e
  WHERE coalesce(e.workflow_id, '00000000-0000-0000-0000-000000000000'::uuid) = s.workflow_id
    AND e.idempotency_key >= s.keys AND e.idempotency_key < s.keys || 'Z'
  ORDER BY e.idempotency_key DESC LIMIT 1
) e
"""

# Rows are locked in one order, so that two who finish the same never wait for each other in a circle.
_FINISH = """
UPDATE schedule s SET
  last_run_at = CASE WHEN o.last_run_at > coalesce(s.last_run_at, '-infinity') THEN o.last_run_at
    ELSE s.last_run_at END,
  last_execution_id = CASE WHEN o.last_run_at > coalesce(s.last_run_at, '-infinity') THEN o.last_execution_id
    ELSE s.last_execution_id END,
  last_error = CASE WHEN s.epoch = o.epoch THEN o.last_error ELSE s.last_error END,
  next_run_at = CASE WHEN s.epoch = o.epoch THEN o.next_run_at ELSE s.next_run_at END,
  buffered_at = CASE WHEN s.epoch = o.epoch THEN o.buffered_at ELSE s.buffered_at END,
  claimed_until = CASE WHEN s.epoch = o.epoch THEN NULL ELSE s.claimed_until END,
  enabled = s.enabled AND NOT (s.epoch = o.epoch AND o.stops)
FROM unnest(
  $1::uuid[], $2::int[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[], $6::uuid[], $7::text[], $8::boolean[]
) AS o (id, epoch, next_run_at, buffered_at, last_run_at, last_execution_id, last_error, stops)
JOIN (SELECT id FROM schedule WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE) locked ON locked.id = o.id
WHERE s.id = o.id
"""


class PostgresScheduleStore:
    """Implements `domain.schedules.ports.ScheduleStore`."""

    def __init__(self, database: Database, woken: Callable[[], None] = lambda: None) -> None:
        """`woken` is called when a schedule was stored or changed, and may be due soon."""
        self._database = database
        self._woken = woken

    async def create(self, schedule: ScheduleRecord) -> None:
        async with self._database.connection() as connection:
            try:
                await connection.execute(
                    _CREATE,
                    schedule.id,
                    *_settings_row(schedule.settings),
                    schedule.revision,
                    schedule.created_at,
                    schedule.updated_at,
                    schedule.next_run_at,
                )
            except asyncpg.UniqueViolationError as error:
                raise _taken(schedule.settings.name) from error
        self._woken()

    async def update(self, schedule: ScheduleRecord, *, expected_revision: int, keeps_next_run: bool) -> ScheduleRecord:
        async with self._database.connection() as connection:
            try:
                row = await connection.fetchrow(
                    _UPDATE,
                    schedule.id,
                    expected_revision,
                    *_settings_row(schedule.settings),
                    schedule.revision,
                    schedule.updated_at,
                    keeps_next_run,
                    schedule.next_run_at,
                )
            except asyncpg.UniqueViolationError as error:
                raise _taken(schedule.settings.name) from error
            if row is not None:
                self._woken()
                return _record_of(row)
            if await connection.fetchval("SELECT 1 FROM schedule WHERE id = $1", schedule.id) is None:
                raise NotFound("schedule", to_public(IdKind.SCHEDULE, schedule.id))
            raise Conflict(f"The schedule {schedule.settings.name!r} has been changed: read it again.")

    async def delete(self, schedule_id: UUID) -> bool:
        return (
            await self._database.fetch_value("DELETE FROM schedule WHERE id = $1 RETURNING id", schedule_id) is not None
        )

    async def get_many(self, ids: Collection[UUID], *, lean: bool = False) -> Mapping[UUID, ScheduleRecord]:
        rows = await self._database.fetch(_BY_IDS, list(ids), most_of(len(ids), lean=lean))
        return {row["id"]: _lean_record_of(row) for row in rows}

    async def find(self, name: str, *, lean: bool = False) -> ScheduleRecord | None:
        row = await self._database.fetch_row(_BY_NAME, name, most_of(1, lean=lean))
        return None if row is None else _lean_record_of(row)

    async def page(
        self, workflow_id: UUID | None, *, first: int, after: str | None, lean: bool = False
    ) -> Page[ScheduleRecord]:
        rows = await self._database.fetch(_PAGE, workflow_id, after, first + 1, most_of(first, lean=lean))
        return Page(rows=tuple(_lean_record_of(row) for row in rows[:first]), has_next=len(rows) > first)

    async def count(self, workflow_id: UUID | None) -> int:
        statement = "SELECT count(*) FROM schedule WHERE $1::uuid IS NULL OR workflow_id = $1"
        number: int = await self._database.fetch_value(statement, workflow_id)
        return number

    async def claim(
        self, *, now: datetime, until: datetime, limit: int, unproven: bool | None = None
    ) -> Sequence[ScheduleClaim]:
        rows = await self._database.fetch(_CLAIM, now, until, limit, unproven)
        claims = {
            row["id"]: ScheduleClaim(schedule=_record_of(row), epoch=row["epoch"], is_running=row["is_running"])
            for row in rows
        }
        unfinished = [row for row in rows if row["is_unfinished"]]
        if unfinished:
            claims |= await self._with_what_was_started(claims[row["id"]] for row in unfinished)
        return list(claims.values())

    async def _with_what_was_started(self, claims: Iterable[ScheduleClaim]) -> Mapping[UUID, ScheduleClaim]:
        """These claims, completed with executions that an earlier claim started but did not record."""
        known = {claim.schedule.id: claim for claim in claims}
        workflows = [claim.schedule.settings.workflow_id for claim in known.values()]
        rows = await self._database.fetch(_STARTED, list(known), workflows, [tick_keys(id) for id in known])
        for row in rows:
            claim = known[row["id"]]
            tick = tick_of(row["idempotency_key"])
            schedule = replace(claim.schedule, last_run_at=tick, last_execution_id=row["execution_id"])
            known[row["id"]] = replace(claim, schedule=schedule, is_running=row["is_running"])
        return known

    async def next_due(self, now: datetime) -> datetime | None:
        found: datetime | None = await self._database.fetch_value(_NEXT_DUE, now)
        return found

    async def finish(self, outcomes: Sequence[ScheduleOutcome]) -> None:
        if not outcomes:
            return
        async with self._database.connection() as connection:
            await connection.execute(
                _FINISH,
                [outcome.schedule_id for outcome in outcomes],
                [outcome.epoch for outcome in outcomes],
                [outcome.next_run_at for outcome in outcomes],
                [outcome.buffered_at for outcome in outcomes],
                [outcome.last_run_at for outcome in outcomes],
                [outcome.last_execution_id for outcome in outcomes],
                [outcome.last_error for outcome in outcomes],
                [outcome.stops for outcome in outcomes],
            )


def _settings_row(settings: ScheduleSettings) -> tuple[Any, ...]:
    """The settings in the order of the statements' parameters."""
    return (
        settings.name,
        settings.workflow_id,
        settings.cron,
        settings.timezone,
        json_column(settings.input),
        settings.overlap,
        settings.catch_up_window // timedelta(microseconds=1),
        settings.enabled,
    )


def _lean_record_of(row: asyncpg.Record) -> ScheduleRecord:
    left_out = left_out_of(row, _FIELDS)
    return replace(_record_of(row), left_out=left_out) if left_out else _record_of(row)


def _record_of(row: asyncpg.Record) -> ScheduleRecord:
    return ScheduleRecord(
        id=row["id"],
        settings=ScheduleSettings(
            name=row["name"],
            workflow_id=row["workflow_id"],
            cron=row["cron"],
            timezone=row["timezone"],
            input=json_value(row["input"]),
            overlap=OverlapPolicy(row["overlap"]),
            catch_up_window=timedelta(microseconds=row["catch_up_window"]),
            enabled=row["enabled"],
        ),
        revision=row["revision"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        next_run_at=row["next_run_at"],
        buffered_at=row["buffered_at"],
        last_run_at=row["last_run_at"],
        last_execution_id=row["last_execution_id"],
        last_error=row["last_error"],
    )


def _taken(name: str) -> Conflict:
    return Conflict(f"There is a schedule called {name!r} already.")
