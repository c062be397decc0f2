"""Cron expressions in zones that change their clocks in every way there has been, against plain counting.

The expectation walks through the days around a change minute by minute, and knows nothing of cron or of calendars.
"""

from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from domain.schedules.cron import Cron

MINUTE = timedelta(minutes=1)

CHANGES = {
    "Berlin in spring": ("Europe/Berlin", "2026-03-29"),
    "Berlin in autumn": ("Europe/Berlin", "2026-10-25"),
    "New York in spring": ("America/New_York", "2026-03-08"),
    "New York in autumn": ("America/New_York", "2026-11-01"),
    "half an hour forward": ("Australia/Lord_Howe", "2026-10-04"),
    "half an hour back": ("Australia/Lord_Howe", "2026-04-05"),
    "a zone of quarters, forward": ("Pacific/Chatham", "2026-09-27"),
    "a zone of quarters, back": ("Pacific/Chatham", "2026-04-05"),
    "two hours forward": ("Antarctica/Troll", "2026-03-29"),
    "two hours back": ("Antarctica/Troll", "2026-10-25"),
    "no midnight": ("America/Havana", "2026-03-08"),
    "midnight twice": ("America/Havana", "2026-11-01"),
    "back for a month of fasting": ("Africa/Casablanca", "2024-03-10"),
    "and forward again": ("Africa/Casablanca", "2024-04-14"),
    "a day that never was": ("Pacific/Apia", "2011-12-30"),
    "a zone moved by half an hour at night": ("Asia/Pyongyang", "2018-05-04"),
    "another one": ("America/Caracas", "2016-05-01"),
    "back for good, and one hour off the zone": ("Europe/Moscow", "2014-10-26"),
    "summer time that was kept": ("Europe/Istanbul", "2016-10-30"),
    "nothing changes": ("Asia/Kathmandu", "2026-03-29"),
}

ALL = range(60)
EVERY = range(24)
FIXED = {
    "0 2 * * *": ((0,), (2,)),
    "30 2 * * *": ((30,), (2,)),
    "0 0 * * *": ((0,), (0,)),
    "15,45 0-3,23 * * *": ((15, 45), (0, 1, 2, 3, 23)),
}
FOLLOWING = {
    "*/30 * * * *": ((0, 30), EVERY),
    "* * * * *": (ALL, EVERY),
    "0 * * * *": ((0,), EVERY),
    "*/20 2 * * *": ((0, 20, 40), (2,)),
    "10 */2 * * *": ((10,), range(0, 24, 2)),
}


@cache
def clock(zone: str, day: str) -> list[tuple[datetime, datetime]]:
    """Every minute of the five days around a day: the moment, and what the clock on the wall shows."""
    start = datetime.fromisoformat(day).replace(tzinfo=UTC) - timedelta(days=2)
    moments = [start + number * MINUTE for number in range(5 * 24 * 60)]
    return [(moment, moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)) for moment in moments]


def fired(expression: str, zone: str, day: str) -> list[datetime]:
    """The moments at which a cron expression fires in these days, without their first minute."""
    minutes = clock(zone, day)
    ticks, is_all = Cron(expression, zone).between(minutes[1][0], minutes[-1][0], 10_000)
    assert is_all
    return ticks


@pytest.mark.parametrize(("zone", "day"), CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("expression", FOLLOWING)
def test_what_follows_the_clock_fires_whenever_the_clock_shows_it(expression: str, zone: str, day: str) -> None:
    minutes, hours = FOLLOWING[expression]
    expected = [moment for moment, wall in clock(zone, day)[1:] if wall.minute in minutes and wall.hour in hours]

    assert fired(expression, zone, day) == expected


@pytest.mark.parametrize(("zone", "day"), CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("expression", FIXED)
def test_what_is_fixed_fires_once_at_the_first_or_after_the_gap(expression: str, zone: str, day: str) -> None:
    minutes, hours = FIXED[expression]
    expected, shown = set(), set()
    for (_, before), (moment, wall) in pairwise(clock(zone, day)):
        # All that the clock has come past with this minute: one time of day, but after a gap.
        passed = [before + number * MINUTE for number in range(1, (wall - before) // MINUTE + 1)] or [wall]
        for time in passed:
            if time not in shown and time.minute in minutes and time.hour in hours:
                expected.add(moment)
            shown.add(time)

    assert fired(expression, zone, day) == sorted(expected)
