"""Storing the states of circuit breakers: the newest of each, however often that takes, beside the calls."""

import asyncio
import logging
from datetime import timedelta

from domain.circuit_breakers.model import BreakerSnapshot
from domain.circuit_breakers.ports import BreakerStore
from domain.circuit_breakers.service import RELEASED_AT_ONCE, RELEASED_EVERY
from domain.kernel.backoff import Backoff
from domain.kernel.clock import Clock
from domain.kernel.errors import Unavailable
from domain.kernel.statuses import CircuitBreakerState
from persistence.connections.retrying import until_available

logger = logging.getLogger(__name__)

STORING = Backoff(first=timedelta(seconds=0.1), cap=timedelta(seconds=10))
"""The back-off while the store is away: of each of many breakers, so it grows longer than others do."""


class BreakerSaver:
    """Stores states in the background. One that a newer one overtakes before it could be stored is left out."""

    def __init__(self, store: BreakerStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._unsaved: dict[str, BreakerSnapshot] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}
        """One task for each service whose state is being stored."""

    def save(self, snapshot: BreakerSnapshot, before: CircuitBreakerState) -> None:
        """Log a new state, have it stored, and release the executions that wait for it."""
        service_id, state = snapshot.service_id, snapshot.state
        level = logging.INFO if state is CircuitBreakerState.CLOSED else logging.WARNING
        logger.log(level, "the circuit breaker of %s was %s and is %s", service_id, before.value, state.value)
        self._unsaved[service_id] = snapshot
        if service_id not in self.tasks:
            self.tasks[service_id] = asyncio.create_task(self._save_all(service_id), name="breaker")

    def forget(self, service_id: str) -> None:
        """Drop the unsaved state of a breaker that was deleted."""
        self._unsaved.pop(service_id, None)

    async def _save_all(self, service_id: str) -> None:
        what = f"the state of the circuit breaker of {service_id}"
        while service_id in self._unsaved:
            await until_available(lambda: self._save_newest(service_id), what, backoff=STORING)
        del self.tasks[service_id]

    async def _save_newest(self, service_id: str) -> None:
        """Store the newest state of a service, unless it was forgotten meanwhile. Raises `Unavailable`."""
        snapshot = self._unsaved.get(service_id)
        if snapshot is None:
            return
        try:
            await self._save(snapshot)
        except Unavailable:
            raise
        except Exception:
            logger.exception("the state of the circuit breaker of %s was not stored", service_id)
        if self._unsaved.get(service_id) is snapshot:
            del self._unsaved[service_id]

    async def _save(self, snapshot: BreakerSnapshot) -> None:
        service_id = snapshot.service_id
        await self._store.ensure(service_id, id=self._clock.new_id(), now=self._clock.now())
        await self._store.save(snapshot, self._clock.now())
        if snapshot.state is CircuitBreakerState.CLOSED:
            await self._store.release(service_id, now=self._clock.now(), every=RELEASED_EVERY, limit=RELEASED_AT_ONCE)
