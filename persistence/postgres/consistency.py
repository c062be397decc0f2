"""Looking through the rows for what must never be: work that is stuck, lost or counted wrong. It reads, and no more.

Each check is a statement that gives the ids of what is wrong. What happened a moment ago counts for nothing: it may be
on its way. Where there is much, the newest executions are looked at.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from asyncpg import QueryCanceledError

from domain.kernel.ids import IdKind, to_public
from domain.system.records import Finding, Severity
from persistence.postgres.connections.database import Database

RECENT = 10_000
"""The newest ended executions whose steps are counted."""
_MOST = 100
_SHOWN = 3
_PATIENCE = 20_000
"""The milliseconds that one check may take."""
_ENDED = "('COMPLETED', 'FAILED', 'CANCELLED')"
_OPEN = "('PENDING', 'RUNNING', 'WAITING', 'PAUSED')"
_LATE = "(clock_timestamp() - $1::interval)"
_A_WHILE = timedelta(minutes=1)
_RECENT = f"""
SELECT e.* FROM workflow_execution e
WHERE e.status IN {_ENDED} AND NOT e.is_batch AND e.finished_at < {_LATE} ORDER BY e.id DESC LIMIT {RECENT}
"""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must never be. `fault` says it of the number of what was found; `statement` gives their ids.

    $1: the time for which it has been so at least.
    """

    fault: str
    statement: str
    kind: IdKind = IdKind.EXECUTION


CHECKS: Mapping[str, Check] = {
    "held by nobody": Check(
        "executions are held by a worker that lives no more",
        f"""
        SELECT e.id FROM workflow_execution e LEFT JOIN worker_process w ON w.id = e.worker_id
        WHERE e.worker_id IS NOT NULL AND COALESCE(w.heartbeat_at < {_LATE}, true)
          AND COALESCE(e.started_at, e.created_at) < {_LATE}
        """,
    ),
    "overdue": Check(
        "executions are due, and nobody takes them",
        f"""
        SELECT e.id FROM workflow_execution e
        WHERE e.due_at < {_LATE} AND NOT e.is_queued AND (e.due_at > e.created_at OR e.epoch = 0)
        """,
    ),
    "ended and held": Check(
        "executions have ended, and are still held, due or queued",
        f"""
        SELECT e.id FROM workflow_execution e
        WHERE (e.worker_id IS NOT NULL OR e.due_at IS NOT NULL OR e.is_queued) AND e.finished_at < {_LATE}
        """,
    ),
    "status and end": Check(
        "executions have a status that does not agree with their time of end",
        f"""
        SELECT e.id FROM workflow_execution e WHERE e.status IN {_OPEN} AND e.finished_at < {_LATE}
        UNION ALL
        SELECT e.id FROM (
          SELECT id, status, finished_at FROM workflow_execution ORDER BY id DESC LIMIT {RECENT}
        ) e WHERE e.status IN {_ENDED} AND e.finished_at IS NULL
        """,
    ),
    "open steps": Check(
        "executions have ended, and steps of theirs have not",
        f"""
        SELECT DISTINCT e.id FROM ({_RECENT}) e JOIN step_execution s ON s.execution_id = e.id
        WHERE s.status IN ('PENDING', 'RUNNING', 'WAITING')
        """,
    ),
    "counts": Check(
        "executions count other numbers of completed and failed steps than there are",
        f"""
        SELECT e.id FROM ({_RECENT}) e CROSS JOIN LATERAL (
          SELECT count(*) FILTER (WHERE s.status = 'COMPLETED') AS completed,
            count(*) FILTER (WHERE s.status = 'FAILED') AS failed
          FROM step_execution s WHERE s.execution_id = e.id
        ) s WHERE s.completed <> e.steps_completed + e.items_completed OR s.failed <> e.steps_failed + e.items_failed
        """,
    ),
    "sequence": Check(
        "executions have steps that changed after the last change that they tell of",
        f"""
        SELECT DISTINCT e.id FROM ({_RECENT}) e JOIN step_execution s ON s.execution_id = e.id
        WHERE s.sequence > e.sequence
        """,
    ),
    "commands left": Check(
        "executions have ended or are gone, and commands to them are left",
        f"""
        SELECT DISTINCT c.execution_id FROM execution_command c LEFT JOIN workflow_execution e ON e.id = c.execution_id
        WHERE c.created_at < {_LATE} AND (e.id IS NULL OR e.finished_at < {_LATE})
        """,
    ),
    "commands unheard": Check(
        "executions wait, and commands to them are not acted on",
        f"""
        SELECT DISTINCT c.execution_id FROM execution_command c JOIN workflow_execution e ON e.id = c.execution_id
        WHERE c.created_at < {_LATE} AND e.status = 'WAITING' AND e.worker_id IS NULL AND e.due_at IS NULL
          AND c.kind <> 'SIGNAL'
        """,
    ),
    "batches left": Check(
        "parts of loops are open, whose executions have ended or are gone",
        f"""
        SELECT DISTINCT b.parent_id FROM workflow_execution b LEFT JOIN workflow_execution e ON e.id = b.parent_id
        WHERE b.is_batch AND b.status IN {_OPEN} AND (e.id IS NULL OR e.finished_at < {_LATE})
        """,
    ),
    "steps left": Check(
        "executions are gone, and steps of theirs are left",
        f"""
        SELECT DISTINCT s.execution_id FROM (
          SELECT execution_id, COALESCE(finished_at, started_at) AS at FROM step_execution
          ORDER BY execution_id DESC LIMIT {5 * RECENT}
        ) s LEFT JOIN workflow_execution e ON e.id = s.execution_id
        WHERE e.id IS NULL AND COALESCE(s.at < {_LATE}, true)
        """,
    ),
    "ended children": Check(
        "executions wait for a child that has ended",
        f"""
        SELECT DISTINCT e.id FROM workflow_execution e
        JOIN workflow_execution c ON c.parent_id = e.id AND NOT c.is_batch AND c.finished_at < {_LATE}
        JOIN step_execution s ON s.execution_id = e.id AND s.path = c.parent_path
        WHERE e.status = 'WAITING' AND e.worker_id IS NULL AND e.due_at IS NULL AND NOT e.is_batch
          AND s.status = 'WAITING' AND s.due_at IS NULL
          AND NOT EXISTS (SELECT FROM execution_command m WHERE m.execution_id = e.id)
          AND NOT EXISTS (
            SELECT FROM workflow_execution o
            WHERE o.parent_id = e.id AND o.parent_path = c.parent_path AND o.finished_at IS NULL
          )
        """,
    ),
    "queued with room": Check(
        "executions are queued, though nothing else of their workflow goes on",
        f"""
        SELECT e.id FROM workflow_execution e
        WHERE e.is_queued AND e.workflow_id IS NOT NULL AND e.created_at < {_LATE}
          AND COALESCE(e.start_at, e.created_at) < {_LATE} AND e.paused_at IS NULL
          AND NOT EXISTS (
            SELECT FROM workflow_execution a WHERE a.workflow_id = e.workflow_id AND NOT a.is_queued
              AND a.status IN {_OPEN}
          )
        """,
    ),
    "late schedules": Check(
        "schedules should have started their workflow",
        f"SELECT s.id FROM schedule s WHERE s.enabled AND s.next_run_at < {_LATE}",
        IdKind.SCHEDULE,
    ),
    "late events": Check(
        "executions have events that metrics and webhooks are not told of",
        f"SELECT DISTINCT p.execution_id FROM pending_event p WHERE p.at < {_LATE} AND p.execution_id IS NOT NULL",
    ),
}


async def inconsistencies(database: Database, *, for_at_least: timedelta = _A_WHILE) -> Sequence[Finding]:
    """All that is wrong in the rows, and was `for_at_least` this time, with some ids. Raises `Unavailable`."""
    checked = [await _checked(database, name, check, for_at_least) for name, check in CHECKS.items()]
    return [finding for finding in checked if finding is not None]


async def _checked(database: Database, name: str, check: Check, for_at_least: timedelta) -> Finding | None:
    async with database.transaction() as connection:
        await connection.execute(f"SET LOCAL transaction_read_only TO on; SET LOCAL statement_timeout TO {_PATIENCE}")
        try:
            rows = await connection.fetch(
                f"SELECT * FROM ({check.statement}) found (id) LIMIT {_MOST + 1}", for_at_least
            )
        except QueryCanceledError:
            detail = f"This was not looked at to the end: it took longer than {_PATIENCE // 1000} s."
            return Finding(subject=name, severity=Severity.WARNING, detail=detail)
    return None if not rows else _finding(name, check, [row["id"] for row in rows])


def _finding(name: str, check: Check, ids: Sequence[UUID]) -> Finding:
    number = f"More than {_MOST}" if len(ids) > _MOST else str(len(ids))
    shown = ", ".join(to_public(check.kind, id) for id in ids[:_SHOWN])
    more = ", …" if len(ids) > _SHOWN else ""
    return Finding(subject=name, severity=Severity.FAULT, detail=f"{number} {check.fault}: {shown}{more}.")
