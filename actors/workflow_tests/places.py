"""The places for tests: how many run at a time, and who waits for one."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

from domain.kernel.errors import LimitExceeded


class Places:
    """Places of one event loop, whose waiting owners take turns.

    `most` tests run at a time; `waiting` wait, `waiting_of_one` of the same owner, and none for `longest` or more.
    """

    def __init__(self, *, most: int, waiting: int, waiting_of_one: int, longest: timedelta) -> None:
        self._free = most
        self._most_waiting = waiting
        self._most_of_one = waiting_of_one
        self._longest = longest
        self._owners: dict[UUID, deque[asyncio.Future[None]]] = {}

    @asynccontextmanager
    async def taken(self, owner: UUID) -> AsyncIterator[None]:
        """A place, while the context lasts. Raises `LimitExceeded` where too many wait, or waiting takes too long."""
        await self._take(owner)
        try:
            yield
        finally:
            self._give_back()

    async def _take(self, owner: UUID) -> None:
        if self._free > 0:
            self._free -= 1
            return
        mine = self._owners.setdefault(owner, deque())
        if len(mine) >= self._most_of_one or sum(map(len, self._owners.values())) >= self._most_waiting:
            if not mine:
                del self._owners[owner]
            raise _too_many(f"{self._most_of_one} of one key may wait")
        turn = asyncio.get_running_loop().create_future()
        mine.append(turn)
        try:
            async with asyncio.timeout(self._longest.total_seconds()):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self._give_back()  # it came in the moment of giving up
            else:
                self._leave(owner, turn)
            if isinstance(error, TimeoutError):
                raise _too_many("this one has waited for too long") from error
            raise

    def _leave(self, owner: UUID, turn: "asyncio.Future[None]") -> None:
        mine = self._owners.get(owner)
        if mine is not None and turn in mine:
            mine.remove(turn)
            if not mine:
                del self._owners[owner]

    def _give_back(self) -> None:
        """Pass the place on to the owner that has waited since its last turn for longest."""
        while self._owners:
            owner = next(iter(self._owners))
            mine = self._owners.pop(owner)
            turn = mine.popleft()
            if mine:
                self._owners[owner] = mine
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


def _too_many(reason: str) -> LimitExceeded:
    return LimitExceeded(f"Too many workflows are being tested at once, and {reason}: try again in a few seconds.")
