"""Answers that one look-up gives to many: to all who ask meanwhile, and to all who ask soon after."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Generic, TypeVar

Answer = TypeVar("Answer")

RECENT = timedelta(seconds=1)
"""How old an answer about the state of the system may be."""


class SharedAnswer(Generic[Answer]):
    """The answer to one question, asked at most once at a time, and not again while the last answer is `recent`.

    Whoever gives up waiting leaves the look-up to the others. What it raises is raised to all who wait, and not kept.
    """

    def __init__(self, question: Callable[[], Awaitable[Answer]], recent: timedelta = RECENT) -> None:
        self._question = question
        self._recent = recent.total_seconds()
        self._asking: asyncio.Task[Answer] | None = None
        self._answered: tuple[float, Answer] | None = None

    async def __call__(self) -> Answer:
        """The answer, at most `recent` old."""
        if self._answered is not None and time.monotonic() - self._answered[0] < self._recent:
            return self._answered[1]
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask(), name="shared answer")
            self._asking.add_done_callback(self._asked)
        return await asyncio.shield(self._asking)

    async def _ask(self) -> Answer:
        answer = await self._question()
        self._answered = time.monotonic(), answer
        return answer

    def _asked(self, task: asyncio.Task[Answer]) -> None:
        self._asking = None
        if not task.cancelled():
            task.exception()  # all who waited may have gone: it must not be said that nobody has looked at it
