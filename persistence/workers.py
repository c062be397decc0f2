"""Which worker processes live, in PostgreSQL: one row and one heartbeat a process, however many executions it holds."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from domain.records import WorkerRecord
from persistence.database import Database
from persistence.recovery import RELEASE_OF_WORKER

_REGISTER = """
INSERT INTO worker_process (id, host, started_at, heartbeat_at, active_executions) VALUES ($1, $2, $3, $3, 0)
ON CONFLICT (id) DO UPDATE SET host = excluded.host, started_at = $3, heartbeat_at = $3, active_executions = 0
"""
_HEARTBEAT = """
UPDATE worker_process SET heartbeat_at = $3, active_executions = $2 WHERE id = $1 RETURNING id
"""
_EVERYTHING = 1_000_000_000


class PostgresWorkerRegistry:
    """Implements `domain.ports.WorkerRegistry`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def register(self, worker_id: UUID, *, host: str, now: datetime) -> None:
        await self._database.fetch(_REGISTER, worker_id, host, now)

    async def heartbeat(self, worker_id: UUID, *, active_executions: int, now: datetime) -> bool:
        row = await self._database.fetch_row(_HEARTBEAT, worker_id, active_executions, now)
        return row is not None

    async def unregister(self, worker_id: UUID) -> Sequence[UUID]:
        async with self._database.transaction() as connection:
            rows = await connection.fetch(RELEASE_OF_WORKER, worker_id, _EVERYTHING)
            await connection.execute("DELETE FROM worker_process WHERE id = $1", worker_id)
        return [row["id"] for row in rows]

    async def workers(self) -> Sequence[WorkerRecord]:
        rows = await self._database.fetch("SELECT * FROM worker_process ORDER BY started_at, id")
        return [
            WorkerRecord(
                id=row["id"],
                host=row["host"],
                started_at=row["started_at"],
                heartbeat_at=row["heartbeat_at"],
                active_executions=row["active_executions"],
            )
            for row in rows
        ]
