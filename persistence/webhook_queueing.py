"""Queueing what has happened for the webhooks that want to know, in the transaction that takes it from the outbox."""

from collections.abc import Sequence
from datetime import datetime

from domain.outbox import OutboxEvent
from persistence.database import Connection


async def enqueue(connection: Connection, taken: Sequence[tuple[int, OutboxEvent]], now: datetime) -> None:
    """Make an event for each webhook that wants one of these, each with its position in the outbox."""
