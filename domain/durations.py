"""Durations as text: ISO 8601 without years and months, whose length depends on the calendar."""

import re
from datetime import timedelta

from pydantic import TypeAdapter, ValidationError

MAX_DURATION = timedelta(days=3650)
EXAMPLES = "such as PT0.5S, PT5M, PT1H30M or P1D"

_SHAPE = re.compile(r"-?P(?=[\dT])(\d+W)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d{1,6})?S)?)?", re.ASCII)
_ADAPTER: TypeAdapter[timedelta] = TypeAdapter(timedelta)


def parse_duration(text: str) -> timedelta:
    """The length that an ISO 8601 duration names, to the microsecond.

    Raises `ValueError` with a sentence for people, also for more than ten years.
    """
    if len(text) > 64 or not _SHAPE.fullmatch(text):
        raise ValueError(f"{text[:64]!r} is not an ISO 8601 duration {EXAMPLES}.")
    try:
        value = _ADAPTER.validate_python(text)
    except ValidationError:
        value = timedelta.max
    if abs(value) > MAX_DURATION:
        raise ValueError(f"{text!r} is longer than ten years.")
    return value


def format_duration(value: timedelta) -> str:
    """`PT1M30S` for ninety seconds; `parse_duration` gives the same length back."""
    text: str = _ADAPTER.dump_python(value, mode="json")
    return text
