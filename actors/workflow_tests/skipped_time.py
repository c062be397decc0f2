"""Time that is skipped: an event loop on which every wait is over at once, and a clock that says how long it was.

The loop has nothing outside of itself to wait for. When all tasks wait, the earliest timer is the next thing to happen,
so the loop's time becomes that of the timer; an hour passes in no time, and everything is in the order in which it
would be.
"""

import asyncio
import math
import selectors
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from domain.kernel.ids import IdSequence

Result = TypeVar("Result")


class NothingLeft(RuntimeError):
    """All tasks wait for each other, and no timer will wake one."""


class SkippingLoop(asyncio.SelectorEventLoop):
    """An event loop whose time stands still while something runs, and skips what is only waited for.

    What is meant for threads is done at once, as a confined process has none.
    """

    def __init__(self) -> None:
        self._skipped = _Skipping()
        super().__init__(self._skipped)
        self.set_default_executor(_AtOnce())

    def time(self) -> float:
        """The seconds that were skipped so far."""
        return self._skipped.seconds


class SkippingClock:
    """Implements `domain.kernel.clock.Clock`: the time `began`, and what the loop has skipped since."""

    def __init__(self, loop: SkippingLoop, began: datetime) -> None:
        self._loop = loop
        self._began = began
        self._from = loop.time()
        self._ids = IdSequence()

    def now(self) -> datetime:
        """The present moment."""
        return self._began + timedelta(seconds=self._loop.time() - self._from)

    def new_id(self) -> UUID:
        """A fresh UUIDv7 of the present moment."""
        return self._ids.next(self.now())


class _Skipping(selectors.BaseSelector):
    """A selector that watches nothing, and skips the time for which it is asked to wait."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return selectors.SelectorKey(fileobj, -1, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return selectors.SelectorKey(fileobj, -1, 0, None)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise NothingLeft("all tasks wait for each other")
        if timeout > 0:  # and a hair more, or a sum that is rounded down is never quite there
            self.seconds = math.nextafter(self.seconds + timeout, math.inf)
        return []

    def get_key(self, fileobj: Any) -> selectors.SelectorKey:
        raise KeyError(fileobj)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return {}


class _AtOnce(ThreadPoolExecutor):
    """Does what is submitted at once, in the thread of the caller."""

    def submit(self, fn: Callable[..., Result], /, *args: Any, **kwargs: Any) -> Future[Result]:
        future: Future[Result] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future
