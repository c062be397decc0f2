"""Indexes that are built while everything goes on, and not with the migration that they belong to.

One that is built in a transaction keeps all others from writing until it is done, for minutes where there are millions
of executions. These are for lists: until they are there, some filters take longer.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from persistence.postgres.connections.sessions import Session, SessionOpener

_LOCK = 0x5357_0004
"""The advisory lock of whoever builds: any number, the same for all processes of one database."""
_TRY = f"SELECT WHERE pg_try_advisory_xact_lock({_LOCK})"
"""Answered with the number of rows. As text alone: a prepared one leaves its snapshot open, which building awaits."""
_LOOK_AGAIN = 0.2
"""Seconds."""

_DURATION = "COALESCE(finished_at - started_at, interval '0')"
_CODE = "left(error ->> 'code', 64)"
_PATH = "left(error ->> 'path', 500)"
_SERVICE = "left(regexp_replace(waiting_for ->> 'detail', '^.*: ', ''), 500)"
_ENDED = "finished_at IS NOT NULL AND NOT is_batch"
_FAILED = "error IS NOT NULL AND NOT is_batch"
_FAILED_AND_ENDED = f"{_FAILED} AND finished_at IS NOT NULL"
_ENDED_OF_WORKFLOW = f"{_ENDED} AND workflow_id IS NOT NULL"
_WAITING = "status = 'WAITING' AND NOT is_batch"
_WAITING_FOR_SERVICE = f"{_WAITING} AND waiting_for ->> 'kind' = 'CIRCUIT_BREAKER'"

# Ids sort by creation. A list of ends or durations has only what has ended, so those indexes get one entry an execution
# and no more, and the ones of errors, waits and triggers hold few executions.
LISTS = {
    "listed": "(status, id) WHERE NOT is_batch",
    "workflow_status": "(workflow_id, status, id) WHERE workflow_id IS NOT NULL AND NOT is_batch",
    "ended": f"(status, finished_at, id) WHERE {_ENDED}",
    "workflow_ended": f"(workflow_id, status, finished_at, id) WHERE {_ENDED_OF_WORKFLOW}",
    "duration": f"(status, {_DURATION}, id) WHERE {_ENDED}",
    "workflow_duration": f"(workflow_id, status, {_DURATION}, id) WHERE {_ENDED_OF_WORKFLOW}",
    "code": f"(({_CODE}), id) WHERE {_FAILED}",
    "code_ended": f"(({_CODE}), finished_at, id) WHERE {_FAILED_AND_ENDED}",
    "code_duration": f"(({_CODE}), {_DURATION}, id) WHERE {_FAILED_AND_ENDED}",
    "workflow_code": f"(workflow_id, ({_CODE}), id) WHERE {_FAILED}",
    "workflow_code_ended": f"(workflow_id, ({_CODE}), finished_at, id) WHERE {_FAILED_AND_ENDED}",
    "workflow_code_duration": f"(workflow_id, ({_CODE}), {_DURATION}, id) WHERE {_FAILED_AND_ENDED}",
    "path": f"(({_PATH}), id) WHERE {_FAILED}",
    "workflow_path": f"(workflow_id, ({_PATH}), id) WHERE {_FAILED}",
    "workflow_path_ended": f"(workflow_id, ({_PATH}), finished_at, id) WHERE {_FAILED_AND_ENDED}",
    "workflow_path_duration": f"(workflow_id, ({_PATH}), {_DURATION}, id) WHERE {_FAILED_AND_ENDED}",
    "waiting": f"((waiting_for ->> 'kind'), id) WHERE {_WAITING}",
    "waiting_service": f"(({_SERVICE}), id) WHERE {_WAITING_FOR_SERVICE}",
    "trigger": "(trigger, id) WHERE trigger <> 'API' AND NOT is_batch",
    "triggered": "(trigger_id, id) WHERE trigger_id IS NOT NULL",
    "label_words": "USING gin (label_words(labels)) WHERE labels <> '{}'::jsonb",
}
"""The indexes of lists of executions, each with its name behind that of the table: see `executions/lists/walks.py`."""
EVENTS = {"troubled": "(webhook_id, status, id) WHERE status IN ('FAILED', 'REJECTED')"}
"""The indexes of lists of webhooks' events: of few, for most are delivered."""
_TABLES = {"workflow_execution": LISTS, "webhook_event": EVENTS}
_OBSOLETE = ("workflow_execution_status",)

_THERE = """
SELECT c.relname AS name, i.indisvalid AS is_valid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = ANY ($1::text[]::regclass[])
"""


def statements() -> list[str]:
    """All that `build` does to a table without rows, where nothing needs to go on meanwhile."""
    dropped = [f"DROP INDEX IF EXISTS {name}" for name in _OBSOLETE]
    return [f"CREATE INDEX {name} ON {place}" for name, place in _wanted().items()] + dropped


def _wanted() -> dict[str, str]:
    return {f"{table}_{name}": f"{table} {columns}" for table, of in _TABLES.items() for name, columns in of.items()}


async def build(sessions: SessionOpener) -> list[str]:
    """Build the indexes that are missing or were left half built, and drop those that they replace; their names.

    Outside of any transaction. Processes that call this at the same time build in turn: whoever does holds a lock in a
    transaction of another session. Nobody waits with a statement that is open, as building waits for all that were
    open when it began.
    """
    async with _session(sessions) as holder, _session(sessions) as connection, holder.transaction():
        await holder.execute("SET LOCAL idle_in_transaction_session_timeout TO 0")
        while await holder.execute(_TRY) == "SELECT 0":  # noqa: ASYNC110 - of other processes
            await asyncio.sleep(_LOOK_AGAIN)
        return await _build(connection)


async def _build(connection: Session) -> list[str]:
    there = {row["name"]: row["is_valid"] for row in await connection.fetch(_THERE, list(_TABLES))}
    wanted = _wanted()
    missing = [name for name in wanted if not there.get(name)]
    for name in missing:
        if name in there:
            await connection.execute(f"DROP INDEX CONCURRENTLY {name}")
        await connection.execute(f"CREATE INDEX CONCURRENTLY {name} ON {wanted[name]}")
    for name in _OBSOLETE:
        if name in there:
            await connection.execute(f"DROP INDEX CONCURRENTLY {name}")
    return missing


@asynccontextmanager
async def _session(sessions: SessionOpener) -> AsyncIterator[Session]:
    session = await sessions.open()
    try:
        yield session
    finally:
        await session.close()
