"""Twins of the circuit breakers' stores that are slow, or away, when a test says so."""

import asyncio
from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from domain.circuit_breakers.model import BreakerSnapshot, CircuitBreakerRecord
from domain.kernel.errors import Unavailable
from persistence.memory.circuit_breakers import MemoryBreakerStore, MemorySharedBreakers
from persistence.memory.tables import MemoryTables


class SlowShared(MemorySharedBreakers):
    """Takes a new state, or answers what it knows, only when it is let, after it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.gate, self.answers = asyncio.Event(), asyncio.Event()
        self.gate.set()
        self.answers.set()
        self.replacing = 0

    async def read(self, service_ids: Collection[str]) -> Mapping[str, BreakerSnapshot]:
        found = await super().read(service_ids)
        await self.answers.wait()
        return found

    async def replace(self, snapshot: BreakerSnapshot, *, after: int) -> BreakerSnapshot | None:
        self.replacing += 1
        await self.gate.wait()
        return await super().replace(snapshot, after=after)


class FragileStore(MemoryBreakerStore):
    """A store that can be away, and knows how often it was asked for a breaker."""

    def __init__(self, tables: MemoryTables) -> None:
        super().__init__(tables)
        self.is_away = False
        self.ensured = 0

    async def ensure(self, service_id: str, *, id: UUID, now: datetime) -> CircuitBreakerRecord:
        self.ensured += 1
        self._answer()
        await asyncio.sleep(0)
        return await super().ensure(service_id, id=id, now=now)

    async def many(self, service_ids: Collection[str]) -> Mapping[str, CircuitBreakerRecord]:
        self._answer()
        return await super().many(service_ids)

    def _answer(self) -> None:
        if self.is_away:
            raise Unavailable("PostgreSQL is away.")
