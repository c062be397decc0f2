"""Growing pauses between one try and the next, for work that is repeated until it succeeds."""

import asyncio
import random

_FIRST = 0.05  # seconds
_LONGEST = 2.0


class GrowingDelay:
    """A pause that doubles each time, up to two seconds. Chance takes up to half away, to spread many callers."""

    def __init__(self) -> None:
        self._seconds = _FIRST

    def reset(self) -> None:
        """Start again with the shortest pause, after a try has succeeded."""
        self._seconds = _FIRST

    async def pause(self) -> None:
        """Wait; the next pause is twice as long."""
        await asyncio.sleep(self._seconds * random.uniform(0.5, 1.0))
        self._seconds = min(2 * self._seconds, _LONGEST)
