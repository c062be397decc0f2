"""The port that empties the outbox."""

from datetime import datetime
from typing import Protocol


class EventRelay(Protocol):
    """Relays events: each is counted in the metrics and queued for the webhooks that want it.

    That is one transaction with its removal from the outbox, so each is relayed exactly once, in the order of
    positions.
    """

    async def relay(self, limit: int, now: datetime) -> int | None:
        """Relay the oldest events, at most `limit`; returns how many, or None while another worker is relaying."""
