"""Circuit breakers as operators see and change them."""

from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from domain.circuit_breakers.model import (
    MAX_SERVICE_ID,
    BreakerChanges,
    BreakerConfig,
    BreakerSnapshot,
    CircuitBreakerRecord,
    is_service_id,
)
from domain.circuit_breakers.ports import BreakerStore, SharedBreakers
from domain.kernel.changes import given
from domain.kernel.clock import Clock
from domain.kernel.errors import InvalidInput, NotFound, Problem, Unavailable
from domain.kernel.pages import Page
from domain.kernel.statuses import CircuitBreakerState

RELEASED_EVERY = timedelta(milliseconds=5)
"""The time between two steps that are released when a breaker closes: 200 a second."""
RELEASED_AT_ONCE = 10_000
"""The most steps that are released when a breaker closes; the rest runs at the times that were set before."""

_TRIES = 20


class BreakerService:
    """Use cases of circuit breakers. They show the stored or the shared state, whichever is newer."""

    def __init__(self, *, store: BreakerStore, shared: SharedBreakers, clock: Clock) -> None:
        self._store = store
        self._shared = shared
        self._clock = clock

    async def find(self, service_id: str) -> CircuitBreakerRecord | None:
        """The breaker of a service."""
        record = await self._stored(service_id)
        return None if record is None else (await self.current([record]))[0]

    async def get(self, id: UUID) -> CircuitBreakerRecord | None:
        """The breaker with this id."""
        record = await self._store.get(id)
        return None if record is None else (await self.current([record]))[0]

    async def page(
        self, states: Collection[CircuitBreakerState] | None, *, first: int, after: str | None
    ) -> Page[CircuitBreakerRecord]:
        """A page of breakers by service id; `states` filters by the stored state."""
        page = await self._store.page(states, first=first, after=after)
        return Page(rows=tuple(await self.current(page.rows)), has_next=page.has_next)

    async def current(self, records: Collection[CircuitBreakerRecord]) -> list[CircuitBreakerRecord]:
        """These records with the newest states that are known."""
        shared: Mapping[str, BreakerSnapshot] = {}
        if records:
            with suppress(Unavailable):
                shared = await self._shared.read([record.service_id for record in records])
        return [record.at(shared.get(record.service_id)) for record in records]

    async def configure(self, service_id: str, changes: BreakerChanges) -> CircuitBreakerRecord:
        """Change a breaker's configuration, also that of a service that was never called yet. Raises `InvalidInput`."""
        if not is_service_id(service_id):
            message = f"must be 1 to {MAX_SERVICE_ID} characters that can be seen, such as api.example.com:443."
            raise InvalidInput([Problem(path=("serviceId",), message=message)])
        now = self._clock.now()
        known = await self._store.find(service_id)
        config = replace(BreakerConfig() if known is None else known.config, **given(changes)).checked()
        await self._store.ensure(service_id, id=self._clock.new_id(), now=now)
        record = await self._store.configure(service_id, config, now)
        with suppress(Unavailable):  # workers read it when Redis is back
            await self._shared.configured(service_id, config)
        return (await self.current([record]))[0]

    async def reset(self, service_id: str) -> CircuitBreakerRecord:
        """Close a breaker by hand, and release the steps that wait for it. Raises `NotFound`."""
        record, now = await self._known(service_id), self._clock.now()
        found = await self._newest(record.snapshot)
        record = record.at(found) if found.is_healthy else await self._closed(record, found, now)
        await self._store.release(service_id, now=now, every=RELEASED_EVERY, limit=RELEASED_AT_ONCE)
        return record

    async def delete(self, service_id: str) -> CircuitBreakerRecord:
        """Forget a breaker; the next call of its service begins a new one.

        It is closed first, so that a decision that a worker makes at the same moment does not bring its old state back.
        Raises `NotFound`, or `Unavailable` while no worker can be told: each would go on with what it knows.
        """
        await self._known(service_id)
        await self._shared.read([service_id])
        record = await self.reset(service_id)
        await self._store.delete(service_id)
        await self._shared.deleted(service_id)
        return record

    async def updates(self, service_id: str | None) -> AsyncGenerator[CircuitBreakerRecord, None]:
        """Each change of one service's breaker (None: of all) from now on; after Redis was away, the present states."""
        told: dict[str, CircuitBreakerRecord] = {}
        if service_id is not None:
            told |= {record.service_id: record for record in await self._read([service_id])}
        async with self._shared.news() as news:
            async for each in news:
                if each.service_id is None:
                    changed = await self._read(list(told))
                elif service_id in (None, each.service_id):
                    changed = await self._read([each.service_id], each.snapshot)
                else:
                    continue
                for record in changed:
                    if record != told.get(record.service_id):
                        told[record.service_id] = record
                        yield record

    async def _stored(self, service_id: str) -> CircuitBreakerRecord | None:
        return await self._store.find(service_id) if is_service_id(service_id) else None

    async def _known(self, service_id: str) -> CircuitBreakerRecord:
        record = await self._stored(service_id)
        if record is None:
            raise NotFound("circuit breaker", service_id)
        return record

    async def _closed(
        self, record: CircuitBreakerRecord, found: BreakerSnapshot, now: datetime
    ) -> CircuitBreakerRecord:
        """The breaker, closed in the store and in all workers, also against changes made at the same moment."""
        closed = await self._shared_closed(found)
        for _ in range(_TRIES):
            if await self._store.save(closed, now):
                break
            # A worker has stored a newer state since this was looked at.
            record = await self._stored(record.service_id) or record
            closed = await self._shared_closed(await self._newest(record.snapshot))
        return replace(record, snapshot=closed, updated_at=now)

    async def _read(self, names: list[str], told: BreakerSnapshot | None = None) -> list[CircuitBreakerRecord]:
        """The present records of these services; with `told`, that state, so that each change is seen by itself."""
        names = [name for name in names if is_service_id(name)]
        if not names:
            return []
        try:
            records = list((await self._store.many(names)).values())
            return await self.current(records) if told is None else [replace(each, snapshot=told) for each in records]
        except Unavailable:
            return []

    async def _shared_closed(self, snapshot: BreakerSnapshot) -> BreakerSnapshot:
        """The breaker closed, for all workers that can be reached."""
        closed = snapshot.closed()
        for _ in range(_TRIES):
            try:
                newer = await self._shared.replace(closed, after=closed.version - 1)
            except Unavailable:
                break
            if newer is None:
                break
            closed = newer.closed()
        return closed

    async def _newest(self, snapshot: BreakerSnapshot) -> BreakerSnapshot:
        """The newer of the stored and the shared state."""
        try:
            shared = (await self._shared.read([snapshot.service_id])).get(snapshot.service_id)
        except Unavailable:
            return snapshot
        return snapshot if shared is None or not snapshot.is_older_than(shared) else shared
