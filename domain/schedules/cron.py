"""Cron expressions in a time zone: their problems and the moments at which they fire, also when the clock changes.

The grammar and the calendar are cronsim's, which follows Debian's cron; it is only ever asked about local times. The
moment of a local time on a day on which the clock changes is decided here, so that it holds for shifts of half an hour
and from any moment on:

* A *fixed* expression (neither its minutes nor its hours begin with `*`) fires once. Where its time does not exist, it
  fires at the first moment that does; where its time exists twice, it fires at the first of the two.
* Any other follows the clock on the wall. It does not fire at times that do not exist, and fires twice at those that
  exist twice.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from functools import lru_cache
from itertools import islice, takewhile
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from cronsim import CronSim, CronSimError

from domain.kernel.errors import InvalidInput, Problem
from domain.schedules.cron_steps import FIELDS, CronField, either_day, uneven_steps, unmeant_steps

MAX_CHARACTERS = 200
MAX_YEARS = 50
"""The years ahead that are looked through for moments at which an expression fires."""
EXAMPLE = "For example `0 9 * * MON-FRI`: minute, hour, day of the month, month, day of the week."

NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * SUN",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
}

_EXAMPLES = (
    ("0 to 59", "0, */10, 0-30/5"),
    ("0 to 59", "0, */15, 10,40"),
    ("0 to 23", "9, */2, 8-18"),
    ("1 to 31", "1, */2, L for the last, LW for the last from Monday to Friday"),
    ("1 to 12 or JAN to DEC", "1, 1-6, JAN,JUL"),
    ("0 to 7 or SUN to SAT", "MON-FRI, MON#1 for the first Monday, 5L for the last Friday"),
)
_NEVER = "Does the month have that day? `L` is the last one of every month."
_MINUTE = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)


class Cron:
    """The times of a schedule: a cron expression in a time zone. Moments are aware and in UTC."""

    def __init__(self, expression: str, timezone: str = "UTC") -> None:
        """Parse five fields, six with seconds in front, or a nickname. Raises `InvalidInput` for anything else."""
        problems = cron_problems(expression, timezone, is_stored=True)
        if problems:
            raise InvalidInput(problems)
        self._expression = _expanded(expression)
        self._zone = _zone(timezone)
        *_, minutes, hours, _, _, _ = self._expression.split()
        self._is_fixed = not minutes.startswith("*") and not hours.startswith("*")

    def after(self, moment: datetime) -> Iterator[datetime]:
        """The moments at which it fires after a moment, ascending; ends after 50 years without one."""
        last = moment
        for instant in self._instants(moment):
            if instant > last:
                yield instant
                last = instant

    def next_after(self, moment: datetime) -> datetime | None:
        """The first moment after `moment` at which it fires; None where it fires no more."""
        return next(self.after(moment), None)

    def upcoming(self, moment: datetime, count: int) -> list[datetime]:
        """The first `count` moments after `moment`, and none that are more than `MAX_YEARS` later."""
        latest = moment + timedelta(days=MAX_YEARS * 365.25)  # a leap day in a hundred ticks is four centuries away
        return list(islice(takewhile(lambda instant: instant <= latest, self.after(moment)), count))

    def between(self, first: datetime, last: datetime, most: int) -> tuple[list[datetime], bool]:
        """The newest moments from `first` to `last`, both included, at most `most`; and True when those are all."""
        found = self._run(first - _SECOND, last, first, most + 1)
        if len(found) <= most:
            return list(found), True
        # Too many to walk through all of them: count back in local time, which is all that can be walked backwards.
        back = islice(CronSim(self._expression, self._local(last + _SECOND), reverse=True), most + 1)
        *_, earliest = back
        start = max(first, self._instant_of(earliest)[0] - timedelta(hours=3))
        newest = deque(takewhile(lambda instant: instant <= last, self.after(start - _SECOND)), maxlen=most)
        return list(newest), False

    def _run(self, after: datetime, last: datetime, first: datetime, most: int) -> list[datetime]:
        ticks = (instant for instant in self.after(after) if instant >= first)
        return list(islice(takewhile(lambda instant: instant <= last, ticks), most))

    def _instants(self, moment: datetime) -> Iterator[datetime]:
        """The moments after `moment`, perhaps some before; in order but for some at the start; with repetitions."""
        seconds: deque[datetime] = deque()  # the second passes of local times that were met already
        for local in CronSim(self._expression, self._start(moment)):
            first, second = self._instant_of(local)
            while seconds and seconds[0] < first:
                yield seconds.popleft()
            if second is None:
                yield first
            elif second > first:
                yield first
                if not self._is_fixed:
                    seconds.append(second)
            elif self._is_fixed:
                yield self._end_of_gap(local)
        yield from seconds

    def _start(self, moment: datetime) -> datetime:
        """The local time to begin after: in the first of two passes, the second is still to come from its beginning."""
        local = self._local(moment)
        first, second = self._instant_of(local)
        if second is None or moment.astimezone(self._zone).fold:
            return local
        return local - abs(second - first) - _SECOND

    def _local(self, moment: datetime) -> datetime:
        return moment.astimezone(self._zone).replace(tzinfo=None, fold=0)

    def _instant_of(self, local: datetime) -> tuple[datetime, datetime | None]:
        """The moment of a local time; and where it is not the only one, a later one, or, in a gap, an earlier one."""
        before = local.replace(tzinfo=self._zone).utcoffset() or timedelta(0)
        after = local.replace(tzinfo=self._zone, fold=1).utcoffset() or timedelta(0)
        aware = local.replace(tzinfo=UTC)
        return aware - before, None if before == after else aware - after

    def _end_of_gap(self, local: datetime) -> datetime:
        """The first moment after the gap that a local time is in."""
        local = local.replace(second=0)
        while True:
            local += _MINUTE
            first, second = self._instant_of(local)
            if second is None or second > first:
                return first


@lru_cache(maxsize=10_000)
def cron_of(expression: str, timezone: str) -> Cron:
    """A cached `Cron`. Raises `InvalidInput`."""
    return Cron(expression, timezone)


def cron_problems(expression: str, timezone: str, *, is_stored: bool = False) -> list[Problem]:
    """The problems of an expression (`cron`) and a time zone (`timezone`).

    Steps that are never taken are wrong in a new expression, not in one that `is_stored`: that must go on firing.
    """
    problems = _unreadable(expression)
    if not problems and not is_stored:
        fields = _fields_of(expression)
        problems = [_problem(message, hint) for text, field in fields for message, hint in unmeant_steps(text, field)]
    return [*problems, *_timezone_problems(timezone)]


def cron_warnings(expression: str) -> list[str]:
    """Sentences about parts of a valid expression that may not mean what they seem to say."""
    fields = _fields_of(expression)
    steps = [warning for text, field in fields for warning in uneven_steps(text, field)]
    return [*steps, *either_day(fields[-3][0], fields[-1][0])]


def _fields_of(expression: str) -> list[tuple[str, CronField]]:
    """The fields of an expression that can be read."""
    texts = _expanded(expression).split()
    return list(zip(texts, FIELDS[-len(texts) :], strict=True))


def _unreadable(expression: str) -> list[Problem]:
    if len(expression) > MAX_CHARACTERS:
        return [_problem(f"An expression has at most {MAX_CHARACTERS} characters.", EXAMPLE)]
    if expression.strip().startswith("@") and expression.strip().lower() not in NICKNAMES:
        return [_problem(f"{expression.strip()!r} is not known.", f"There are {', '.join(NICKNAMES)}.")]
    fields = _expanded(expression).split()
    if len(fields) not in (5, 6):
        return [_problem(f"An expression has five fields, or six with seconds in front, not {len(fields)}.", EXAMPLE)]
    count = len(fields)
    problems = []
    for number, (text, field, (values, examples)) in enumerate(
        zip(fields, FIELDS[-count:], _EXAMPLES[-count:], strict=True)
    ):
        alone = ["*"] * count
        alone[number] = text
        if not _is_readable(" ".join(alone)):
            message = f"{text!r} is not right for the {field.name}."
            problems.append(_problem(message, f"It takes {values} and *, as in {examples}."))
    if not problems and not _fires(expression):
        problems.append(_problem("This never fires: no such day comes in fifty years.", _NEVER))
    return problems


def _is_readable(expression: str) -> bool:
    try:
        CronSim(expression, datetime(2000, 1, 1))  # noqa: DTZ001 - it is only asked about local times
    except (CronSimError, AssertionError):
        return False
    return True


def _fires(expression: str) -> bool:
    with suppress(CronSimError):  # a day that none of the months has
        return next(CronSim(_expanded(expression), datetime(2000, 1, 1)), None) is not None  # noqa: DTZ001
    return False


def _timezone_problems(timezone: str) -> list[Problem]:
    if _is_zone(timezone):
        return []
    close = get_close_matches(timezone[:64].strip().replace(" ", "_"), _known_zones(), n=3)
    hint = f"Is it {' or '.join(close)}?" if close else "It is an IANA name, such as Europe/Berlin or UTC."
    return [Problem(path=("timezone",), message=f"There is no time zone {timezone[:64]!r}.", hint=hint)]


def _is_zone(timezone: str) -> bool:
    if len(timezone) > 64 or timezone.startswith(("posix", "right", "localtime")):  # what only some machines have
        return False
    try:
        _zone(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


@lru_cache(maxsize=1)
def _known_zones() -> frozenset[str]:
    return frozenset(available_timezones())


@lru_cache
def _zone(timezone: str) -> ZoneInfo:
    return ZoneInfo(timezone)


def _expanded(expression: str) -> str:
    return NICKNAMES.get(expression.strip().lower(), expression)


def _problem(message: str, hint: str) -> Problem:
    return Problem(path=("cron",), message=message, hint=hint)
