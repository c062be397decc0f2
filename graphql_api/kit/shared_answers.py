"""Answers that one look-up gives to many callers: to those who ask meanwhile, and to those who ask soon after."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Generic, TypeVar

from domain.kernel.shared_lookups import SharedLookups

Answer = TypeVar("Answer")

RECENT = timedelta(seconds=1)
"""The greatest age of an answer about the state of the system."""


class SharedAnswer(Generic[Answer]):
    """The answer to one question, asked at most once at a time, and not again while the last answer is `recent`.

    A caller that is cancelled leaves the look-up to the others. An error of it reaches all who wait, and is not kept.
    """

    def __init__(self, question: Callable[[], Awaitable[Answer]], recent: timedelta = RECENT) -> None:
        self._question = question
        self._answers = SharedLookups[None, Answer]("shared answer", kept_for=recent)

    async def __call__(self) -> Answer:
        """The answer, at most `recent` old."""
        return await self._answers.get(None, self._question)
