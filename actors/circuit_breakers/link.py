"""A process's share in the circuit breakers of all processes, for as long as Redis can be reached."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress

from domain.circuit_breakers.model import BreakerSnapshot
from domain.circuit_breakers.ports import SharedBreakers
from domain.kernel.background_tasks import BackgroundTasks
from domain.kernel.errors import Unavailable
from persistence.connections.retrying import WHILE_AWAY

logger = logging.getLogger(__name__)


class BreakerLink:
    """Takes part in what is shared, or goes on alone. The loss of Redis, and its return, are logged once each.

    `catch_up` takes part again, calls `found` when it can, and raises `Unavailable` when it cannot yet.
    """

    def __init__(self, shared: SharedBreakers, catch_up: Callable[[], Awaitable[None]]) -> None:
        self._shared = shared
        self._catch_up = catch_up
        self._is_away = False
        self.tasks = BackgroundTasks("breakers")
        """The tasks that try to take part again."""

    async def read(self, service_id: str) -> BreakerSnapshot | None:
        """The shared state of a service; None where there is none, or where Redis does not answer."""
        if self._is_away:
            return None
        try:
            return (await self._shared.read([service_id])).get(service_id)
        except Unavailable as error:
            self.lose(error)
            return None

    async def replace(self, after: BreakerSnapshot, before: BreakerSnapshot) -> BreakerSnapshot | None:
        """Put a state in the place of `before`. None where it is the state now, otherwise what somebody else made."""
        if self._is_away:
            return None
        try:
            there = await self._shared.replace(after, after=before.version)
            if there is not None and there.is_older_than(before):  # Redis has forgotten, and somebody began anew
                there = await self._shared.replace(after, after=there.version)
        except Unavailable as error:
            self.lose(error)
            return None
        return there

    def lose(self, error: Unavailable) -> None:
        """Go on alone until Redis is found again."""
        if self._is_away:
            return
        logger.warning("circuit breakers go on for this process alone: %s", error)
        self._is_away = True
        self.tasks.start(self._come_back())

    def found(self) -> None:
        """Take note that Redis answers again."""
        if self._is_away:
            logger.info("circuit breakers are shared again")
        self._is_away = False

    async def _come_back(self) -> None:
        """Try again however often that takes: one late answer need not end the connection of the news."""
        pauses = WHILE_AWAY.pauses(random.random)
        while self._is_away:
            await asyncio.sleep(next(pauses).total_seconds())
            with suppress(Unavailable):
                await self._catch_up()
