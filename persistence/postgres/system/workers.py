"""Live worker processes in PostgreSQL: one row and one heartbeat a process, however many executions it holds."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from domain.kernel.errors import Unavailable
from domain.system.records import WorkerRecord
from persistence.postgres.connections.clock import DatabaseClock
from persistence.postgres.connections.database import Database
from persistence.postgres.executions.recovery import RELEASE_OF_ENDED, RELEASE_OF_WORKER, RELEASE_STRAY

_REGISTER = """
INSERT INTO worker_process (id, host, started_at, heartbeat_at, active_executions) VALUES ($1, $2, $3, $3, 0)
ON CONFLICT (id) DO UPDATE SET host = excluded.host, started_at = $3, heartbeat_at = $3, active_executions = 0
"""
_HEARTBEAT = """
UPDATE worker_process SET heartbeat_at = clock_timestamp(), active_executions = $2, clock_offset = $3
WHERE id = $1 RETURNING heartbeat_at
"""
_HOLDINGS = "SELECT id, epoch FROM workflow_execution WHERE worker_id = $1"
_EVERYTHING = 1_000_000_000


class PostgresWorkerRegistry:
    """Implements `domain.system.workers.WorkerRegistry`."""

    def __init__(
        self, database: Database, clock: DatabaseClock | None = None, *, answer_within: timedelta = timedelta(seconds=2)
    ) -> None:
        """`clock` is set by each heartbeat. One that is not answered within `answer_within` raises `Unavailable`."""
        self._database = database
        self._clock = clock or DatabaseClock()
        self._answer_within = answer_within.total_seconds()

    async def register(self, worker_id: UUID, *, host: str, now: datetime) -> None:
        await self._database.fetch(_REGISTER, worker_id, host, now)

    async def heartbeat(self, worker_id: UUID, *, active_executions: int) -> bool:
        clock = self._clock
        try:
            async with asyncio.timeout(self._answer_within), self._database.hot_connection() as connection:
                asked = clock.asked()
                offset = clock.offset.total_seconds()
                answer = await connection.fetchval(_HEARTBEAT, worker_id, active_executions, offset)
        except TimeoutError as error:
            # A connection that is silent and open is the likely reason: the next heartbeat has a new one.
            self._database.distrust_connections()
            raise Unavailable(f"A heartbeat was not answered within {self._answer_within:g} s.") from error
        if answer is None:
            return False
        clock.measured(asked, answer)
        return True

    async def unregister(self, worker_id: UUID) -> Sequence[UUID]:
        async with self._database.transaction() as connection:
            rows = await connection.fetch(RELEASE_OF_WORKER, worker_id, _EVERYTHING)
            await connection.execute("DELETE FROM worker_process WHERE id = $1", worker_id)
        return [row["id"] for row in rows]

    async def holdings(self, worker_id: UUID) -> Mapping[UUID, int]:
        return {row["id"]: row["epoch"] for row in await self._database.fetch(_HOLDINGS, worker_id)}

    async def release(self, worker_id: UUID, holdings: Mapping[UUID, int]) -> Sequence[UUID]:
        ids, epochs = list(holdings), list(holdings.values())
        rows = await self._database.fetch(RELEASE_STRAY, worker_id, _EVERYTHING, ids, epochs)
        return [row["id"] for row in rows]

    async def release_ended(self, worker_ids: Collection[UUID], *, crashes: int) -> Sequence[UUID]:
        if not worker_ids:
            return []
        ids = list(worker_ids)
        async with self._database.transaction() as connection:
            rows = await connection.fetch(RELEASE_OF_ENDED, ids, _EVERYTHING, crashes)
            await connection.execute("DELETE FROM worker_process WHERE id = ANY ($1::uuid[])", ids)
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
                clock_offset=timedelta(seconds=row["clock_offset"]),
            )
            for row in rows
        ]
