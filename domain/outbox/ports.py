"""The port that empties the outbox."""

from datetime import datetime
from typing import Protocol


class EventRelay(Protocol):
    """Tells what has happened: each event is counted in the metrics and queued for the webhooks that want it.

    That is one transaction with its removal from the outbox, so each is told exactly once, in the order of positions.
    """

    async def relay(self, limit: int, now: datetime) -> int:
        """Tell the oldest events, at most `limit`; returns how many. 0 while somebody else is at it."""
