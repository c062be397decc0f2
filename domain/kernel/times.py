"""Times as text."""

from datetime import UTC, datetime


def time_text(at: datetime) -> str:
    """An aware time as RFC 3339 writes it, in UTC and to the microsecond: `2026-11-22T10:00:00.250000Z`."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
