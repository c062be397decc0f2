"""Pauses between one try and the next, for what goes on trying until it succeeds."""

import asyncio
import random

_FIRST = 0.05  # seconds
_LONGEST = 2.0


class GrowingDelay:
    """Doubles with each pause, up to two seconds. Chance takes up to half away, so that many do not come at once."""

    def __init__(self) -> None:
        self._seconds = _FIRST

    def reset(self) -> None:
        """Begin anew: the last try has succeeded."""
        self._seconds = _FIRST

    async def pause(self) -> None:
        """Wait, the next time for twice as long."""
        await asyncio.sleep(self._seconds * random.uniform(0.5, 1.0))
        self._seconds = min(2 * self._seconds, _LONGEST)
