"""Storing the states of circuit breakers: the newest of each, however often that takes, beside the calls."""

import asyncio
import logging

from domain.circuit_breakers.model import BreakerSnapshot
from domain.circuit_breakers.ports import BreakerStore
from domain.circuit_breakers.service import RELEASED_AT_ONCE, RELEASED_EVERY
from domain.kernel.clock import Clock
from domain.kernel.errors import Unavailable
from domain.kernel.statuses import CircuitBreakerState

logger = logging.getLogger(__name__)

SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 10.0
"""The seconds between two tries while the store is away: at first, and the most that they grow to."""


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
        pause = SHORTEST_PAUSE
        while (snapshot := self._unsaved.get(service_id)) is not None:
            try:
                await self._save(snapshot)
            except Unavailable:
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
                continue
            except Exception:
                logger.exception("the state of the circuit breaker of %s was not stored", service_id)
            if self._unsaved.get(service_id) is snapshot:
                del self._unsaved[service_id]
        del self.tasks[service_id]

    async def _save(self, snapshot: BreakerSnapshot) -> None:
        service_id = snapshot.service_id
        await self._store.ensure(service_id, id=self._clock.new_id(), now=self._clock.now())
        await self._store.save(snapshot, self._clock.now())
        if snapshot.state is CircuitBreakerState.CLOSED:
            await self._store.release(service_id, now=self._clock.now(), every=RELEASED_EVERY, limit=RELEASED_AT_ONCE)
