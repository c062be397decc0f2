"""Asking once for all who want the same answer at the same time."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Answer = TypeVar("Answer")


class SingleFlight(Generic[Key, Answer]):
    """Gives all who ask under a key while it is being asked one answer; nothing is kept once it is there.

    Whoever is cancelled while it waits takes the answer from nobody else. An error is raised to all who wait.
    `name` is that of the tasks.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._asking: dict[Key, asyncio.Task[Answer]] = {}

    @property
    def tasks(self) -> list[asyncio.Task[Answer]]:
        """What is under way, for whoever closes down to cancel."""
        return list(self._asking.values())

    async def __call__(self, key: Key, ask: Callable[[], Coroutine[Any, Any, Answer]]) -> Answer:
        """The answer under this key; `ask` is called where nobody else waits for it."""
        asking = self._asking.get(key)
        if asking is None:
            asking = self._asking[key] = asyncio.create_task(ask(), name=self._name)
            asking.add_done_callback(lambda done: self._answered(key, done))
        return await asyncio.shield(asking)

    def _answered(self, key: Key, done: asyncio.Task[Answer]) -> None:
        del self._asking[key]
        if not done.cancelled():
            done.exception()  # all who waited may have gone: it must not be said that nobody has looked at it
