"""Circuit breakers in memory: the stored and the shared ones."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from domain.circuit_breakers.events import is_told, told
from domain.circuit_breakers.model import BreakerConfig, BreakerSnapshot, CircuitBreakerRecord
from domain.circuit_breakers.ports import BreakerNews
from domain.engine.state import WaitReason
from domain.executions.records import StepRecord
from domain.kernel.errors import NotFound, Unavailable
from domain.kernel.pages import Page
from domain.kernel.statuses import CircuitBreakerState, ExecutionStatus, StepStatus, WaitKind
from persistence.memory.tables import MemoryTables


class MemoryBreakerStore:
    """Implements `domain.circuit_breakers.ports.BreakerStore`."""

    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables
        self._rows: dict[str, CircuitBreakerRecord] = {}

    async def ensure(self, service_id: str, *, id: UUID, now: datetime) -> CircuitBreakerRecord:
        new = CircuitBreakerRecord(
            id=id, config=BreakerConfig(), snapshot=BreakerSnapshot(service_id=service_id), updated_at=now
        )
        return self._rows.setdefault(service_id, new)

    async def find(self, service_id: str) -> CircuitBreakerRecord | None:
        return self._rows.get(service_id)

    async def get(self, id: UUID) -> CircuitBreakerRecord | None:
        return next((row for row in self._rows.values() if row.id == id), None)

    async def many(self, service_ids: Collection[str]) -> Mapping[str, CircuitBreakerRecord]:
        return {name: self._rows[name] for name in service_ids if name in self._rows}

    async def page(
        self, states: Collection[CircuitBreakerState] | None, *, first: int, after: str | None
    ) -> Page[CircuitBreakerRecord]:
        found = [row for row in self._matching(states) if after is None or row.service_id > after]
        return Page(rows=tuple(found[:first]), has_next=len(found) > first)

    async def count(self, states: Collection[CircuitBreakerState] | None) -> int:
        return len(self._matching(states))

    async def configure(self, service_id: str, config: BreakerConfig, now: datetime) -> CircuitBreakerRecord:
        if service_id not in self._rows:
            raise NotFound("circuit breaker", service_id)
        row = self._rows[service_id] = replace(self._rows[service_id], config=config, updated_at=now)
        return row

    async def save(self, snapshot: BreakerSnapshot, now: datetime) -> bool:
        row = self._rows.get(snapshot.service_id)
        if row is None or row.snapshot.generation >= snapshot.generation:
            return False
        self._rows[snapshot.service_id] = replace(row, snapshot=replace(snapshot, probes={}), updated_at=now)
        if is_told(snapshot, row.snapshot.state):
            self._tables.outbox.append(told(snapshot, now))
        return True

    async def delete(self, service_id: str) -> UUID | None:
        row = self._rows.pop(service_id, None)
        return None if row is None else row.id

    async def waiting(self, service_ids: Collection[str]) -> Mapping[str, int]:
        counts = {name: len({step.execution_id for step in self._steps(name)}) for name in service_ids}
        return {name: count for name, count in counts.items() if count}

    async def release(self, service_id: str, *, now: datetime, every: timedelta, limit: int) -> Sequence[UUID]:
        tables, released = self._tables, []
        waiting = [step for step in self._steps(service_id) if self._is_free(step.execution_id)]
        waiting.sort(key=lambda step: (str(step.state.started_at), step.execution_id, step.state.path))
        sequences = {step.execution_id: tables.executions[step.execution_id].sequence + 1 for step in waiting}
        for number, step in enumerate(waiting[:limit]):
            at, id = now + number * every, step.execution_id
            if step.state.due_at is None or step.state.due_at <= at:
                continue
            reason = WaitReason(kind=WaitKind.CIRCUIT_BREAKER, until=at, detail=service_id)
            state = replace(step.state, due_at=at, waiting_for=reason)
            tables.steps[id][step.state.path] = replace(step, state=state, sequence=sequences[id])
            row = tables.executions[id]
            if row.due_at is None or at <= row.due_at:  # it waits for what its step waits for that is due first
                first = replace(reason, detail=f"{step.state.path}: {service_id}")
                row = replace(row, due_at=at, waiting_for=first)
            if id not in released:
                released.append(id)
            tables.executions[id] = replace(row, sequence=sequences[id])
        return released

    def _matching(self, states: Collection[CircuitBreakerState] | None) -> list[CircuitBreakerRecord]:
        rows = (row for row in self._rows.values() if states is None or row.snapshot.state in states)
        return sorted(rows, key=lambda row: row.service_id)

    def _steps(self, service_id: str) -> list[StepRecord]:
        return [
            step
            for steps in self._tables.steps.values()
            for step in steps.values()
            if step.state.status is StepStatus.WAITING
            and step.state.waiting_for is not None
            and step.state.waiting_for.kind is WaitKind.CIRCUIT_BREAKER
            and step.state.waiting_for.detail == service_id
        ]

    def _is_free(self, execution_id: UUID) -> bool:
        row = self._tables.executions[execution_id]
        return row.worker_id is None and row.status is ExecutionStatus.WAITING


class MemorySharedBreakers:
    """Implements `domain.circuit_breakers.ports.SharedBreakers`. While `is_away` nothing answers; see `come_back`."""

    def __init__(self) -> None:
        self.is_away = False
        self.asked = 0
        self._snapshots: dict[str, BreakerSnapshot] = {}
        self._listeners: list[asyncio.Queue[BreakerNews]] = []

    @property
    def listeners(self) -> int:
        """The number of listeners to the news."""
        return len(self._listeners)

    def come_back(self, *, forgetful: bool = False) -> None:
        """Answer again; `forgetful`: with all shared states lost."""
        self.is_away = False
        if forgetful:
            self._snapshots.clear()
        self._tell(BreakerNews(None))

    async def read(self, service_ids: Collection[str]) -> Mapping[str, BreakerSnapshot]:
        self._ask()
        return {name: self._snapshots[name] for name in service_ids if name in self._snapshots}

    async def replace(self, snapshot: BreakerSnapshot, *, after: int) -> BreakerSnapshot | None:
        self._ask()
        known = self._snapshots.get(snapshot.service_id)
        if known is not None and known.version != after:
            return known
        self._snapshots[snapshot.service_id] = snapshot
        self._tell(BreakerNews(snapshot.service_id, snapshot=snapshot))
        return None

    async def configured(self, service_id: str, config: BreakerConfig) -> None:
        self._ask()
        self._tell(BreakerNews(service_id, config=config))

    async def deleted(self, service_id: str) -> None:
        self._ask()
        self._tell(BreakerNews(service_id))

    @asynccontextmanager
    async def news(self) -> AsyncIterator[AsyncIterator[BreakerNews]]:
        queue: asyncio.Queue[BreakerNews] = asyncio.Queue()
        queue.put_nowait(BreakerNews(None))
        self._listeners.append(queue)

        async def heard() -> AsyncIterator[BreakerNews]:
            while True:
                yield await queue.get()

        try:
            yield heard()
        finally:
            self._listeners.remove(queue)

    def _ask(self) -> None:
        self.asked += 1
        if self.is_away:
            raise Unavailable("Redis is away.")

    def _tell(self, news: BreakerNews) -> None:
        for queue in self._listeners:
            queue.put_nowait(news)
