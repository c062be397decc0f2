"""The changes of executions since a sequence, in PostgreSQL: whoever asks at the same time shares a statement.

Everybody who begins to follow an execution asks once. A statement for each, of a thousand who come at once, keeps all
connections busy for as long as nobody else is answered either.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from uuid import UUID

import asyncpg

from domain.executions.records import ExecutionChange, StepRecord
from domain.kernel.json.text import loads
from domain.kernel.statuses import ExecutionStatus
from persistence.executions.changes import check_changed
from persistence.executions.json_codec import error_of, wait_reason_of
from persistence.executions.large_values import share_of
from persistence.postgres.columns.json_columns import json_value
from persistence.postgres.connections.batcher import Batcher
from persistence.postgres.connections.database import Database
from persistence.postgres.executions.rows.codec import PROGRESS_COLUMNS, STEP_COLUMNS, progress_of, step_of
from persistence.postgres.executions.rows.lean import (
    CHANGE_FIELDS,
    lean_columns,
    lean_step_columns,
    lean_step_of,
    left_out_of,
)

_EXECUTION = """
  e.workflow_id AS e_workflow_id, e.sequence AS e_sequence, e.status AS e_status, e.started_at AS e_started_at,
  e.finished_at AS e_finished_at, e.waiting_for AS e_waiting_for
"""
# One statement is one snapshot. The output comes with the first row only: it may be large, and the steps many.
_ALONE = f"""
SELECT {_EXECUTION}, {{columns}}
FROM workflow_execution e LEFT JOIN step_execution s ON s.execution_id = e.id AND s.sequence > $2 AND {{steps}}
WHERE e.id = $1
ORDER BY s.sequence, s.position LIMIT {{most}}::bigint + 1
"""
_WHOLE = _ALONE.format(
    most="$3",
    steps="$4",
    columns=f"""{PROGRESS_COLUMNS}, e.error AS e_error,
  CASE WHEN row_number() OVER (ORDER BY s.sequence, s.position) = 1 THEN e.output END AS e_output, {STEP_COLUMNS}""",
)


def _lean(most: str) -> str:
    small = lean_columns("e", *CHANGE_FIELDS, most=most, prefix="e_")
    return f"{PROGRESS_COLUMNS}, {small}, {lean_step_columns(most)}"


_LEAN = _ALONE.format(most="$4", steps="$5", columns=_lean("$3::int"))
_LEAN_OF_MANY = f"""
SELECT w.ordinal, {_EXECUTION}, {_lean("$4::int")}
FROM unnest($1::uuid[], $2::bigint[], $3::boolean[]) WITH ORDINALITY w (id, since, steps, ordinal)
JOIN workflow_execution e ON e.id = w.id
LEFT JOIN LATERAL (
  SELECT * FROM step_execution changed
  WHERE changed.execution_id = e.id AND changed.sequence > w.since AND w.steps
  ORDER BY changed.sequence, changed.position LIMIT $5
) s ON true
ORDER BY w.ordinal, s.sequence, s.position
"""

_USUAL = 100
"""The number of changed steps that is assumed where it is not known."""
_TOGETHER = 64
_FEW = 64
"""The most steps of one that is read together with others. One with more is read alone, and holds up nobody."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    execution_id: UUID
    since: int
    most: int | None
    steps: bool


class _Many(Enum):
    """The answer for an execution of which more has changed than is read together with others."""

    MANY = "MANY"


class ChangesSince:
    """The changes of executions since a sequence, each of one consistent moment."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._reads: Batcher[_Wanted, ExecutionChange | _Many | None] = Batcher(self._read, max_items=_TOGETHER)

    async def whole(self, execution_id: UUID, since: int, *, most: int | None, steps: bool) -> ExecutionChange | None:
        """The changes of one execution, with all values; None where there is none. Raises `LimitExceeded`."""
        rows = await self._database.fetch(_WHOLE, execution_id, since, most, steps)
        return _checked(_change_of(execution_id, since, rows, step_of, {}) if rows else None, most)

    async def lean(self, execution_id: UUID, since: int, *, most: int | None, steps: bool) -> ExecutionChange | None:
        """The changes of one execution, without large values; None where there is none. Raises `LimitExceeded`."""
        wanted = _Wanted(execution_id, since, most, steps)
        (found,) = await self._reads.submit([wanted])
        return _checked(await self._read_alone(wanted) if isinstance(found, _Many) else found, most)

    async def _read(self, wanted: Sequence[_Wanted]) -> Sequence[ExecutionChange | _Many | None]:
        if len(wanted) == 1:
            return [await self._read_alone(wanted[0])]
        rows = await self._database.fetch(
            _LEAN_OF_MANY,
            [each.execution_id for each in wanted],
            [each.since for each in wanted],
            [each.steps for each in wanted],
            share_of(_USUAL),
            _FEW + 1,
        )
        found: list[list[asyncpg.Record]] = [[] for _ in wanted]
        for row in rows:
            found[row["ordinal"] - 1].append(row)
        return [
            _Many.MANY if len(own) > _FEW else _lean_change_of(each, own)
            for each, own in zip(wanted, found, strict=True)
        ]

    async def _read_alone(self, wanted: _Wanted) -> ExecutionChange | None:
        rows = await self._database.fetch(
            _LEAN, wanted.execution_id, wanted.since, share_of(_USUAL), wanted.most, wanted.steps
        )
        return _lean_change_of(wanted, rows)


def _checked(change: ExecutionChange | None, most: int | None) -> ExecutionChange | None:
    if change is not None:
        check_changed(len(change.steps or ()), most)
    return change


def _lean_change_of(wanted: _Wanted, rows: Sequence[asyncpg.Record]) -> ExecutionChange | None:
    if not rows:
        return None
    left_out = left_out_of(rows[0], CHANGE_FIELDS, prefix="e_")
    return _change_of(wanted.execution_id, wanted.since, rows, lean_step_of, left_out)


def _change_of(
    execution_id: UUID,
    since: int,
    rows: Sequence[asyncpg.Record],
    read_step: Callable[[asyncpg.Record], StepRecord],
    left_out: Mapping[str, int],
) -> ExecutionChange:
    first = rows[0]
    error, waiting_for = first["e_error"], first["e_waiting_for"]
    sequence = max(since, first["e_sequence"])
    return ExecutionChange(
        execution_id=execution_id,
        workflow_id=first["e_workflow_id"],
        sequence=sequence,
        status=ExecutionStatus(first["e_status"]),
        progress=progress_of(first),
        started_at=first["e_started_at"],
        finished_at=first["e_finished_at"],
        output=json_value(first["e_output"]),
        error=None if error is None else error_of(loads(error)),
        waiting_for=None if waiting_for is None else wait_reason_of(loads(waiting_for)),
        steps=tuple(read_step(row) for row in rows if row["path"] is not None),
        covers=sequence - since,
        left_out=left_out,
    )
