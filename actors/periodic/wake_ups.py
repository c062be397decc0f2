"""Wake-ups: who leaves work behind for a periodic job ends the job's rest."""

import asyncio
from collections import defaultdict

from domain.system.workers import Chore


class WakeUps:
    """The wake-ups of one process, for its event loop's thread. Those for which nothing rests are forgotten."""

    def __init__(self) -> None:
        self._rests: defaultdict[Chore, list[asyncio.Event]] = defaultdict(list)

    def of(self, chore: Chore) -> asyncio.Event:
        """A new event that is set by each wake-up for this chore; whoever rests on it clears it."""
        event = asyncio.Event()
        self._rests[chore].append(event)
        return event

    def wake(self, chore: Chore | None) -> None:
        """Have the chore looked at soon; None: all, as some wake-ups may have been missed."""
        for each in self._rests if chore is None else (chore,):
            for event in self._rests[each]:
                event.set()
