"""Answers that one look-up gives to many callers: to those who ask meanwhile, and to those who ask soon after."""

import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Generic, TypeVar

from domain.kernel.single_flight import SingleFlight

Answer = TypeVar("Answer")

RECENT = timedelta(seconds=1)
"""The greatest age of an answer about the state of the system."""


class SharedAnswer(Generic[Answer]):
    """The answer to one question, asked at most once at a time, and not again while the last answer is `recent`.

    A caller that is cancelled leaves the look-up to the others. An error of it reaches all who wait, and is not kept.
    """

    def __init__(self, question: Callable[[], Awaitable[Answer]], recent: timedelta = RECENT) -> None:
        self._question = question
        self._recent = recent.total_seconds()
        self._asking: SingleFlight[None, Answer] = SingleFlight("shared answer")
        self._answered: tuple[float, Answer] | None = None

    async def __call__(self) -> Answer:
        """The answer, at most `recent` old."""
        if self._answered is not None and time.monotonic() - self._answered[0] < self._recent:
            return self._answered[1]
        return await self._asking(None, self._ask)

    async def _ask(self) -> Answer:
        answer = await self._question()
        self._answered = time.monotonic(), answer
        return answer
