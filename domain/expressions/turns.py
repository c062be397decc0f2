"""Turns at the event loop: between expressions that cost much together, everything else goes on."""

import asyncio
import math
from collections.abc import Callable
from time import perf_counter
from typing import Final, TypeVar

LONGEST: Final = 0.05
"""Seconds for which one turn may hold the event loop, before the expression that is evaluated then has ended."""

_NEVER = math.inf

Result = TypeVar("Result")


class TurnOver(Exception):
    """An expression was not evaluated, because the turn is over: it, and what follows, is for a later one."""


class Turns:
    """The time for which one process works on expressions without letting anything else go on.

    What lies between `begin` and `end` is added up, whoever does it, until everything else that was ready has gone on.
    So however many expressions a template has, and however many steps and executions have one, the event loop is held
    for about `LONGEST` and one expression, which has a limit of its own. Those who give way go on together, in their
    order, for as long as the next turn lasts: what they do is stored together too. Used in one event loop.
    """

    __slots__ = ("_again", "_began", "_held", "_renews")

    def __init__(self) -> None:
        self._began = _NEVER
        self._held = 0.0
        self._renews = False
        self._again: asyncio.Event | None = None

    def begin(self) -> None:
        """Count the time from here on, up to `end`, before which nothing is waited for but by `give_way`."""
        if not self._renews:
            self._renews = True
            asyncio.get_running_loop().call_soon(self._renew)
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
        while self._held > LONGEST:
            if self._again is None:
                self._again = asyncio.Event()
            await self._again.wait()
        self.begin()

    def _renew(self) -> None:
        """Count from nothing, in the next round of the event loop, and let those go on who have given way."""
        self._renews = False
        self._held = 0.0
        if self._again is not None:
            self._again.set()
            self._again = None

    async def do(self, work: Callable[[], Result]) -> Result:
        """The result of `work`, done in a turn that is not over."""
        await self.enter()
        try:
            return work()
        finally:
            self.end()
