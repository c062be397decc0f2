"""Counting what has happened into the buckets of metrics, in the transaction that takes it from the outbox."""

from collections.abc import Sequence

from domain.outbox import OutboxEvent
from persistence.database import Connection


async def count(connection: Connection, taken: Sequence[tuple[int, OutboxEvent]]) -> None:
    """Add these events, each with its position in the outbox, to the buckets."""
