"""The newest status changes of all executions, kept for the subscriptions of this process, so that one can be resumed.

They are kept once, however many listen: while somebody does, and for a while after, for who comes again. A reader has a
place among them. What is no longer kept, or was never heard, is told to it as a gap.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Self
from uuid import UUID, uuid4

from domain.executions.progress import ProgressFeed
from domain.executions.records import ExecutionChange
from domain.kernel.background_tasks import BackgroundTasks

_MOST_KEPT = 10_000
_LINGER = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Place:
    """A place among the changes that were heard in one `run` of listening: behind that many of them."""

    run: UUID
    number: int


class RecentChanges:
    """The `most` newest status changes; it listens while there are readers, and for `linger` after the last."""

    def __init__(self, feed: ProgressFeed, *, most: int = _MOST_KEPT, linger: timedelta = _LINGER) -> None:
        self._feed = feed
        self._linger = linger
        self._kept: deque[ExecutionChange | None] = deque(maxlen=most)
        self._tasks = BackgroundTasks("recent changes")
        self._listener: asyncio.Task[None] | None = None
        self._run: UUID | None = None
        self._heard = 0
        self._news = asyncio.Event()
        self._readers = 0
        self._rest: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def reading(self, after: Place | None = None) -> "AsyncIterator[Reader]":
        """A reader of what comes after a place, or from now on."""
        self._readers += 1
        if self._rest is not None:
            self._rest.cancel()
        try:
            run = await self._listening()
            is_known = after is not None and after.run == run and self._heard - len(self._kept) <= after.number
            if after is None or not is_known or after.number > self._heard:
                yield Reader(self, Place(run, self._heard), is_resumed=False)
            else:
                yield Reader(self, after, is_resumed=True)
        finally:
            self._readers -= 1
            if not self._readers:
                loop = asyncio.get_running_loop()
                self._rest = loop.call_later(self._linger.total_seconds(), self._stop)

    async def close(self) -> None:
        """Stop listening at once; every reader ends."""
        if self._rest is not None:
            self._rest.cancel()
        await self._tasks.cancel()

    def is_over(self, run: UUID) -> bool:
        """True when nothing more comes in this run."""
        return run != self._run

    @property
    def heard(self) -> int:
        """The number of changes that were heard in this run, and gaps between them."""
        return self._heard

    @property
    def news(self) -> asyncio.Event:
        """An event that is set when the next change is heard, or the run is over."""
        return self._news

    def behind(self, number: int, most: int) -> Sequence[ExecutionChange | None] | None:
        """The changes behind a place, at most `most`, None for a gap; None where they are no longer kept."""
        first = number - (self._heard - len(self._kept))
        return None if first < 0 else [self._kept[index] for index in range(first, min(first + most, len(self._kept)))]

    async def _listening(self) -> UUID:
        """The present run, which is begun where there is none."""
        while self._run is None:
            if self._listener is None:
                self._listener = self._tasks.start(self._listen())
                self._listener.add_done_callback(self._ended)
            await self._news.wait()
        return self._run

    async def _listen(self) -> None:
        try:
            async with self._feed.listen_all() as changes:
                self._run = uuid4()
                self._heard = 0
                self._tell()
                async for change in changes:
                    self._kept.append(None if change is None else _light(change))
                    self._heard += 1
                    self._tell()
        finally:
            self._run = None

    def _ended(self, _: asyncio.Task[None]) -> None:
        """Let those who wait for a run begin the next one. Called when the listener is over, however it ended."""
        self._run = self._listener = None
        self._kept.clear()
        self._tell()

    def _stop(self) -> None:
        if not self._readers and self._listener is not None:
            self._run = None
            self._listener.cancel()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


class Reader:
    """One reader at its `place`. `is_resumed`: nothing is missing since the place that it was asked to go on from."""

    def __init__(self, recent: RecentChanges, place: Place, *, is_resumed: bool) -> None:
        self._recent = recent
        self.place = place
        self.is_resumed = is_resumed

    @property
    def is_over(self) -> bool:
        """True when nothing more will come."""
        return self._recent.is_over(self.place.run)

    @asynccontextmanager
    async def listen_all(self) -> "AsyncGenerator[Self, None]":
        """The changes from here to the next gap, in the form in which a feed gives them."""
        yield self

    def __aiter__(self) -> AsyncIterator[ExecutionChange | None]:
        return self

    async def __anext__(self) -> ExecutionChange | None:
        """The next change. Ends at a gap, which is then behind the reader, and when nothing more will come."""
        while not self.is_over:
            news = self._recent.news
            found = self._recent.behind(self.place.number, 1)
            if found is None:
                self.place = replace(self.place, number=self._recent.heard)
                break
            if found:
                self.place = replace(self.place, number=self.place.number + 1)
                if found[0] is None:
                    break
                return found[0]
            await news.wait()
        raise StopAsyncIteration

    async def news(self) -> None:
        """Wait until something has been heard that is ahead of the reader; it is behind it then."""
        while not self.is_over:
            news = self._recent.news
            if self._recent.heard > self.place.number:
                self.place = replace(self.place, number=self._recent.heard)
                return
            await news.wait()

    def waiting(self, most: int) -> Sequence[ExecutionChange]:
        """The next changes, at most `most`, that can be read without waiting; they stay to be read."""
        found = self._recent.behind(self.place.number, most) or ()
        return [change for change in found if change is not None]


def _light(change: ExecutionChange) -> ExecutionChange:
    """A change without its output, which is read when it is selected."""
    if change.output is None:
        return change
    return replace(change, output=None, left_out={**change.left_out, "output": 0})
