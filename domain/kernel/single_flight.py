"""Sharing of one answer among all who ask for the same at the same time."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Answer = TypeVar("Answer")


class SingleFlight(Generic[Key, Answer]):
    """Gives one answer to all who ask under a key while the first is still waiting for it; answers are not kept.

    A caller that is cancelled while it waits does not affect the others. An error is raised to all who wait.
    `name` is that of the tasks.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._asking: dict[Key, asyncio.Task[Answer]] = {}

    @property
    def tasks(self) -> list[asyncio.Task[Answer]]:
        """The tasks that are under way, to be cancelled at a shutdown."""
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
