"""`stepgraph doctor --deep`: each thing that must never be is found in rows that were made so, and nothing else is."""

from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from domain.system.records import Severity
from persistence.postgres.connections.database import Database
from persistence.postgres.consistency import CHECKS, inconsistencies

_LATER = timedelta(0)

# Three executions of one workflow: one has ended with two steps, one waits for a signal, one is worked on. With them
# all that may lie beside: a worker, a schedule, a signal that nobody waits for yet, an event that was just stored.
SOUND = """
INSERT INTO worker_process (id, host, started_at, heartbeat_at, active_executions)
VALUES ('00000000-0000-7000-8000-00000000000a', 'here', now(), now() + interval '1 hour', 1);
INSERT INTO workflow_execution (
  id, definition_id, workflow_id, workflow_version, status, labels, priority, created_at, started_at, finished_at,
  sequence, steps_total, steps_completed, steps_failed, steps_running, steps_ended, epoch, crashes, waiting_for,
  worker_id
)
SELECT ('00000000-0000-7000-8000-00000000000' || n)::uuid, gen_random_uuid(), '00000000-0000-7000-8000-0000000000ff', 1,
  status, '{}', 0, now() - interval '1 hour', now() - interval '1 hour', finished_at, 5, 2, completed, 0, running,
  completed, 1, 0, CASE status WHEN 'WAITING' THEN '{"kind": "SIGNAL"}'::json END, worker::uuid
FROM (VALUES
  (1, 'COMPLETED', now() - interval '1 hour', 2, 0, NULL),
  (2, 'WAITING', NULL, 1, 0, NULL),
  (3, 'RUNNING', NULL, 1, 1, '00000000-0000-7000-8000-00000000000a')
) e (n, status, finished_at, completed, running, worker);
INSERT INTO step_execution (execution_id, path, sequence, position, step_id, type, status, attempts)
SELECT ('00000000-0000-7000-8000-00000000000' || n)::uuid, path, sequence, path, path, 'DATA_TRANSFORM', status, '[]'
FROM (VALUES
  (1, 'a', 2, 'COMPLETED'), (1, 'b', 4, 'COMPLETED'), (2, 'a', 2, 'COMPLETED'), (2, 'b', 4, 'WAITING'),
  (3, 'a', 2, 'COMPLETED'), (3, 'b', 4, 'RUNNING')
) s (n, path, sequence, status);
INSERT INTO execution_command (id, execution_id, kind, created_at)
VALUES (gen_random_uuid(), '00000000-0000-7000-8000-000000000002', 'SIGNAL', now() - interval '1 hour');
"""
ENDED, WAITING, RUNNING = (f"id = '00000000-0000-7000-8000-00000000000{number}'" for number in (1, 2, 3))
_CHILD = """
INSERT INTO workflow_execution (
  id, definition_id, status, labels, priority, created_at, started_at, finished_at, sequence, steps_total,
  steps_completed, steps_failed, steps_running, steps_ended, epoch, crashes, parent_id, parent_path, is_batch
) VALUES (
  '00000000-0000-7000-8000-000000000004', gen_random_uuid(), '{status}', '{{}}', 0, now() - interval '1 hour', now(),
  {finished_at}, 1, 0, 0, 0, 0, 0, 1, 0, '00000000-0000-7000-8000-00000000000{parent}', 'b', {is_batch}
)
"""
WRONG = {
    "held by nobody": "UPDATE worker_process SET heartbeat_at = now() - interval '1 hour'",
    "overdue": f"UPDATE workflow_execution SET due_at = now() - interval '1 minute' WHERE {WAITING}",
    "ended and held": f"UPDATE workflow_execution SET due_at = now() + interval '1 hour' WHERE {ENDED}",
    "status and end": f"UPDATE workflow_execution SET finished_at = NULL WHERE {ENDED}",
    "open steps": f"UPDATE step_execution SET status = 'RUNNING' WHERE path = 'b' AND execution_{ENDED};"
    f"UPDATE workflow_execution SET steps_completed = 1 WHERE {ENDED}",
    "counts": f"UPDATE workflow_execution SET steps_completed = 3 WHERE {ENDED}",
    "sequence": f"UPDATE step_execution SET sequence = 9 WHERE path = 'b' AND execution_{ENDED}",
    "commands left": f"UPDATE execution_command SET execution_{ENDED}",
    "commands unheard": "UPDATE execution_command SET kind = 'CANCEL'",
    "batches left": _CHILD.format(status="WAITING", finished_at="NULL", parent=1, is_batch="true"),
    "steps left": f"DELETE FROM workflow_execution WHERE {RUNNING}",
    "ended children": _CHILD.format(status="COMPLETED", finished_at="now()", parent=2, is_batch="false")
    + "; DELETE FROM execution_command",
    "queued with room": f"UPDATE workflow_execution SET is_queued = true, status = 'PENDING' WHERE {WAITING};"
    f"UPDATE workflow_execution SET workflow_id = NULL WHERE {RUNNING}",
    "late schedules": "INSERT INTO schedule (id, name, workflow_id, cron, timezone, overlap, catch_up_window, enabled,"
    " revision, created_at, updated_at, next_run_at, epoch) VALUES (gen_random_uuid(), 's', gen_random_uuid(), '* * * *"
    " *', 'UTC', 'SKIP', 60, true, 1, now(), now(), now(), 1)",
    "late events": "INSERT INTO pending_event (type, at, execution_id) VALUES ('EXECUTION_STARTED', now(),"
    " gen_random_uuid())",
}


@pytest.fixture
async def database(empty_postgres_url: str) -> AsyncIterator[Database]:
    connection = await asyncpg.connect(empty_postgres_url)
    try:
        await connection.execute(SOUND)
    finally:
        await connection.close()
    async with Database(empty_postgres_url, pool_size=2) as database:
        yield database


def test_every_check_is_tried() -> None:
    assert WRONG.keys() == CHECKS.keys()


async def test_nothing_is_said_of_rows_that_are_as_they_should_be(database: Database) -> None:
    assert await inconsistencies(database, for_at_least=_LATER) == []


@pytest.mark.parametrize("name", CHECKS)
async def test_it_is_found_and_nothing_else(database: Database, name: str) -> None:
    async with database.connection() as connection:
        await connection.execute(WRONG[name])
    found = await inconsistencies(database, for_at_least=_LATER)
    assert [each.subject for each in found] == [name], found
    assert found[0].severity is Severity.FAULT
    assert CHECKS[name].fault in found[0].detail


async def test_it_may_be_on_its_way(database: Database) -> None:
    async with database.connection() as connection:
        await connection.execute(f"UPDATE workflow_execution SET due_at = now() WHERE {WAITING}")
    assert await inconsistencies(database) == []


async def test_of_many_the_number_is_told_and_some(database: Database) -> None:
    async with database.connection() as connection:
        await connection.execute(
            "INSERT INTO pending_event (type, at, execution_id)"
            " SELECT 'EXECUTION_STARTED', now(), gen_random_uuid() FROM generate_series(1, 500)"
        )
    (found,) = await inconsistencies(database, for_at_least=_LATER)
    assert found.detail.startswith("More than 100 executions have events")
    assert found.detail.count("ex_") == 3
