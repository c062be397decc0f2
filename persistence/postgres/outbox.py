"""The outbox in PostgreSQL: events are put there in the transaction in which they happen."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg

from domain.kernel.json.text import loads
from domain.kernel.statuses import EventType
from domain.outbox.events import OutboxEvent
from domain.system.records import OutboxBacklog
from persistence.postgres.columns.json_columns import json_column
from persistence.postgres.connections.database import Database
from persistence.postgres.connections.lending import Connection

_ADD = """
INSERT INTO pending_event (type, at, execution_id, workflow_id, started_at, data) VALUES ($1, $2, $3, $4, $5, $6)
"""

# The oldest first. Whoever takes holds the one lock for it, so that what is told is told in this order.
_TAKE = """
DELETE FROM pending_event WHERE position IN (SELECT position FROM pending_event ORDER BY position LIMIT $1)
RETURNING *
"""

_COUNTED = 100_000
"""The most waiting events that are counted."""

_BACKLOG = """
SELECT count(*) AS pending, min(at) AS oldest FROM (SELECT at FROM pending_event ORDER BY position LIMIT $1) e
"""


async def add(connection: Connection, events: Sequence[OutboxEvent]) -> None:
    """Put events into the outbox, in the transaction of the connection."""
    await connection.executemany(
        _ADD,
        [
            (event.type, event.at, event.execution_id, event.workflow_id, event.started_at, json_column(event.data))
            for event in events
        ],
    )


async def take(connection: Connection, limit: int) -> list[tuple[int, OutboxEvent]]:
    """Take the oldest events out, as (position, event), in the transaction that relays them."""
    rows = await connection.fetch(_TAKE, limit)
    return sorted(((row["position"], _event_of(row)) for row in rows), key=lambda taken: taken[0])


async def backlog(database: Database, now: datetime) -> OutboxBacklog:
    """The number of events that wait to be relayed, and the age of the oldest. Raises `Unavailable`."""
    row = await database.fetch_row(_BACKLOG, _COUNTED)
    assert row is not None
    lag = timedelta(0) if row["oldest"] is None else max(timedelta(0), now - row["oldest"])
    return OutboxBacklog(pending=row["pending"], lag=lag)


def _event_of(row: asyncpg.Record) -> OutboxEvent:
    return OutboxEvent(
        type=EventType(row["type"]),
        at=row["at"],
        execution_id=row["execution_id"],
        workflow_id=row["workflow_id"],
        started_at=row["started_at"],
        data=None if row["data"] is None else loads(row["data"]),
    )
