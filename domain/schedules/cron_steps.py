"""Cron fields that mean something else than they seem to: steps that are never taken, and steps that start anew."""

from collections.abc import Iterator
from dataclasses import dataclass

_NAMES = {
    name: number
    for names, first in (("SUN MON TUE WED THU FRI SAT", 0), ("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC", 1))
    for number, name in enumerate(names.split(), first)
}


@dataclass(frozen=True, slots=True)
class CronField:
    """One of the fields: its name, its values from `first` to `last`, and the unit in which it starts anew."""

    name: str
    names: str
    first: int
    last: int
    within: str

    @property
    def size(self) -> int:
        """The number of its values."""
        return self.last - self.first + 1


SECOND = CronField("second", "seconds", 0, 59, "minute")
MINUTE = CronField("minute", "minutes", 0, 59, "hour")
HOUR = CronField("hour", "hours", 0, 23, "day")
DAY = CronField("day of the month", "days", 1, 31, "month")
MONTH = CronField("month", "months", 1, 12, "year")
WEEKDAY = CronField("day of the week", "days", 0, 6, "week")
FIELDS = (SECOND, MINUTE, HOUR, DAY, MONTH, WEEKDAY)


def unmeant_steps(text: str, field: CronField) -> Iterator[tuple[str, str]]:
    """A message and a hint for each step of a readable field that is never taken."""
    for term in text.split(","):
        base, slash, step_text = term.partition("/")
        if not slash or not step_text.isdecimal():
            continue
        step = int(step_text)
        if base in ("L", "LW"):
            yield f"{term!r} has a step that is never taken: {base} is one day.", f"Write {base}."
        elif base == "*" and step >= field.size:
            message = f"{term!r} is not every {step} {field.names}: the count starts anew with each {field.within}."
            yield message, f"Write {field.first} for once a {field.within}, and give what is longer to the next field."
        elif "-" in base and step > _width(base):
            yield (
                f"{term!r} has a step that is never taken: it is longer than the range.",
                f"Write {base} or {base[0]}.",
            )
        elif base != "*" and "-" not in base and field is WEEKDAY:
            message = (
                f"{term!r} is not every {step} weeks: a step after one day counts the days to the end of the week."
            )
            yield message, f"Write {base} for every week, or a range such as MON-FRI/2."
        elif base != "*" and "-" not in base and step > field.last - _value(base):
            message = f"{term!r} has a step that is never taken: there is nothing after it in the {field.within}."
            yield message, f"Write {base}."


def uneven_steps(text: str, field: CronField) -> Iterator[str]:
    """A sentence for each step that does not divide its unit, about the values at which it fires instead of evenly."""
    for term in text.split(","):
        base, _, step_text = term.partition("/")
        start = _start(base, field)
        step = int(step_text) if step_text.isdecimal() else 1
        if step == 1 or start is None:
            continue
        values = range(start, field.last + 1, step)
        if field is DAY:
            yield f"{term} in the day of the month starts anew on the {_ordinal(start)} of each month."
        elif start + field.size - values[-1] != step:
            fires = ", ".join(map(str, values))
            yield f"{term} in the {field.name} starts anew with each {field.within}: it fires at {fires}."


def either_day(days: str, weekdays: str) -> Iterator[str]:
    """A sentence that a day of the month and one of the week are each enough, where both are given."""
    if not days.startswith("*") and not weekdays.startswith("*"):
        yield f"It fires when either day is right: {days} of the month, or {weekdays} of the week."


def _start(base: str, field: CronField) -> int | None:
    """The first value of `*`, of one value, or of a range to the end of the field; None for a part that ends before."""
    if base == "*":
        return field.first
    first, dash, last = base.partition("-")
    try:
        if dash and _value(last) != field.last:
            return None
        return _value(first)
    except ValueError:  # L and its like
        return None


def _ordinal(day: int) -> str:
    ending = "th" if day in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{ending}"


def _width(span: str) -> int:
    """The number of steps of one from the first to the last value of a range."""
    first, _, last = span.partition("-")
    return _value(last) - _value(first)


def _value(text: str) -> int:
    return _NAMES[text] if text in _NAMES else int(text)
