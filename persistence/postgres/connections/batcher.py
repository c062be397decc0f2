"""Merging calls made at the same time: calls that gather while a batch is under way go out as the next."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from domain.kernel.background_tasks import BackgroundTasks
from domain.kernel.errors import Unavailable

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Batcher(Generic[Item, Answer]):
    """Gathers calls and hands their items over together, at most `lanes` batches at a time.

    `run` answers each item, in order. A batch that fails because of one call's data is tried again call by call, so
    that each caller gets its own answer or its own error; one that fails as `Unavailable` fails for all.
    A caller that is cancelled may still have its items handed over.
    """

    def __init__(
        self, run: Callable[[list[Item]], Awaitable[Sequence[Answer]]], *, max_items: int = 1_000, lanes: int = 2
    ) -> None:
        self._run = run
        self._max_items = max_items
        self._lanes = lanes
        self._calls: list[tuple[Sequence[Item], asyncio.Future[list[Answer]]]] = []
        self._tasks = BackgroundTasks("batch")
        self._busy_lanes = 0

    async def submit(self, items: Sequence[Item]) -> list[Answer]:
        """The answers to these items, in order; they travel together, however many they are."""
        if not items:
            return []
        future: asyncio.Future[list[Answer]] = asyncio.get_running_loop().create_future()
        self._calls.append((items, future))
        if self._busy_lanes < self._lanes:
            self._busy_lanes += 1
            self._tasks.start(self._drain())
        return await future

    async def _drain(self) -> None:
        # Counted here and not by tasks: between the last look at the calls and the end of the task there is a moment.
        try:
            while self._calls:
                await self._answer_each(self._take())
        finally:
            self._busy_lanes -= 1

    async def _answer_each(self, calls: Sequence[tuple[Sequence[Item], "asyncio.Future[list[Answer]]"]]) -> None:
        try:
            await self._answer(calls)
        except Exception as error:
            if len(calls) == 1 or isinstance(error, Unavailable):
                _fail(calls, error)
                return
            for call in calls:
                await self._answer_each([call])

    def _take(self) -> list[tuple[Sequence[Item], "asyncio.Future[list[Answer]]"]]:
        count = size = 0
        for items, _ in self._calls:
            if count and size + len(items) > self._max_items:
                break
            count, size = count + 1, size + len(items)
        taken, self._calls = self._calls[:count], self._calls[count:]
        return taken

    async def _answer(self, calls: Sequence[tuple[Sequence[Item], "asyncio.Future[list[Answer]]"]]) -> None:
        answers = await self._run([item for items, _ in calls for item in items])
        start = 0
        for items, future in calls:
            if not future.done():
                future.set_result(list(answers[start : start + len(items)]))
            start += len(items)


def _fail(calls: Sequence[tuple[Sequence[Item], "asyncio.Future[list[Answer]]"]], error: Exception) -> None:
    for _, future in calls:
        if not future.done():
            future.set_exception(error)
