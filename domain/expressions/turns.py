"""Turns at the event loop: between expressions that cost much together, everything else goes on."""

import asyncio
import math
from collections.abc import Callable
from time import perf_counter
from typing import Final, TypeVar

LONGEST: Final = 0.025
"""Seconds for which one turn may hold the event loop, before the expression that is evaluated then has ended."""

_NEVER = math.inf

Result = TypeVar("Result")


class TurnOver(Exception):
    """An expression was not evaluated, because the turn is over: it, and what follows, is for a later one."""


class Turns:
    """The time for which one process works on expressions without letting anything else go on.

    What lies between `begin` and `end` is added up, whoever does it, until somebody has given way. So however many
    expressions a template has, and however many steps and executions have one, the event loop is held for about
    `LONGEST` and one expression, which has a limit of its own. Used in one event loop.
    """

    __slots__ = ("_began", "_held", "_next")

    def __init__(self) -> None:
        self._began = _NEVER
        self._held = 0.0
        self._next = asyncio.Lock()

    def begin(self) -> None:
        """Count the time from here on, up to `end`, before which nothing is waited for but by `give_way`."""
        self._began = perf_counter() - self._held

    async def enter(self) -> None:
        """`begin`, and give way first where that is due."""
        self.begin()
        if self.is_over:
            await self.give_way()

    def end(self) -> None:
        """Count no longer."""
        if self._began != _NEVER:
            self._held = perf_counter() - self._began
            self._began = _NEVER

    @property
    def is_over(self) -> bool:
        """True when the turn that was begun has lasted for long enough."""
        return perf_counter() - self._began > LONGEST

    def require_time(self) -> None:
        """Raise `TurnOver` where the turn is over."""
        if perf_counter() - self._began > LONGEST:
            raise TurnOver

    async def give_way(self) -> None:
        """Let everything else go on, and those first who have given way before; then begin again."""
        self.end()
        async with self._next:
            if self._held > LONGEST:
                await asyncio.sleep(0)
                self._held = 0.0
        self.begin()

    async def do(self, work: Callable[[], Result]) -> Result:
        """The result of `work`, done in a turn that is not over."""
        await self.enter()
        try:
            return work()
        finally:
            self.end()
