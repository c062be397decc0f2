"""A clock that stands still until it is told otherwise."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain.kernel.ids import IdSequence


class ManualClock:
    """Implements `domain.kernel.clock.Clock`."""

    def __init__(self, now: datetime = datetime(2030, 1, 1, tzinfo=UTC)) -> None:
        self._now = now
        self._ids = IdSequence()

    def now(self) -> datetime:
        return self._now

    def new_id(self) -> UUID:
        return self._ids.next(self._now)

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self._now += by
