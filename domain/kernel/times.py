"""Times as text: RFC 3339, which ISO 8601 and `datetime.fromisoformat` are laxer than."""

import re
from datetime import UTC, datetime

# https://www.rfc-editor.org/rfc/rfc3339#section-5.6
_SHAPE = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def time_text(at: datetime) -> str:
    """An aware time as RFC 3339 writes it, in UTC and to the microsecond: `2026-11-22T10:00:00.250000Z`."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def read_time(text: str) -> datetime:
    """The time that an RFC 3339 text names, in UTC and to the microsecond.

    Raises `ValueError` with a part of a sentence where it names none, has no offset, or lies outside of the years 1 to
    9999.
    """
    if _SHAPE.fullmatch(text):
        try:
            return datetime.fromisoformat(text.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise ValueError("not an RFC 3339 time with an offset, such as 2026-11-22T10:00:00Z")
