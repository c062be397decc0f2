"""Durations as text: ISO 8601 without years and months, whose length depends on the calendar."""

import re
from datetime import timedelta

MAX_DURATION = timedelta(days=3650)
EXAMPLES = "such as PT0.5S, PT5M, PT1H30M or P1D"

_SHAPE = re.compile(
    r"(?P<sign>-)?P(?=[\dT])((?P<weeks>\d+)W)?((?P<days>\d+)D)?"
    r"(T(?=\d)((?P<hours>\d+)H)?((?P<minutes>\d+)M)?((?P<seconds>\d+)(\.(?P<fraction>\d{1,6}))?S)?)?",
    re.ASCII,
)
_YEARS = re.compile(r"(-?P)(\d+)Y(?:(\d+)D)?(.*)", re.ASCII)
_DAYS_OF_A_YEAR = 365  # as those counted them who wrote `P1Y`: 365 days, whatever the calendar says


def parse_duration(text: str) -> timedelta:
    """The length that an ISO 8601 duration names, to the microsecond.

    Raises `ValueError` with a sentence for people, also for more than ten years.
    """
    found = None if len(text) > 64 else _SHAPE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text[:64]!r} is not an ISO 8601 duration {EXAMPLES}.")
    parts = {name: int(digits) for name, digits in found.groupdict().items() if digits and name in _UNITS}
    try:
        value = timedelta(**parts, microseconds=int((found["fraction"] or "0").ljust(6, "0")))
    except OverflowError:
        value = timedelta.max
    if value > MAX_DURATION:
        raise ValueError(f"{text!r} is longer than ten years.")
    return -value if found["sign"] else value


_UNITS = frozenset({"weeks", "days", "hours", "minutes", "seconds"})


def without_years(text: str) -> str:
    """The text with its years, which earlier releases stored, rewritten as 365 days each; any other text as it is.

    To be used only on stored text: nowhere else do years have a length.
    """
    found = _YEARS.fullmatch(text)
    if found is None:
        return text
    sign, years, days, rest = found.groups()
    written = f"{sign}{int(years) * _DAYS_OF_A_YEAR + int(days or 0)}D{rest}"
    return written if _SHAPE.fullmatch(written) else text


def format_duration(value: timedelta) -> str:
    """`PT1M30S` for ninety seconds, `P365D` for a year: `parse_duration` gives the same length back."""
    sign, length = ("-", -value) if value < timedelta(0) else ("", value)
    minutes, seconds = divmod(length.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{length.microseconds:06}".rstrip("0") if length.microseconds else ""
    time = f"{hours}H" if hours else ""
    time += f"{minutes}M" if minutes else ""
    time += f"{seconds}{fraction}S" if seconds or fraction else ""
    if not length:
        return "PT0S"
    return f"{sign}P{f'{length.days}D' if length.days else ''}{f'T{time}' if time else ''}"
