"""Cron expressions: their moments, also on days on which the clock changes, and the messages for wrong ones."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest

from domain.kernel.errors import InvalidInput
from domain.schedules.cron import NICKNAMES, Cron, cron_problems, cron_warnings

BERLIN, NEW_YORK, LORD_HOWE, HAVANA = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Havana"

# expression, time zone, after this moment, then the next moments: all in UTC, worked out by hand.
TABLE = {
    # Berlin: 29 March 2026 02:00 → 03:00 (01:00 UTC), 25 October 2026 03:00 → 02:00 (01:00 UTC), 28 March 2027.
    "a time that does not exist is the first that does": (
        "30 2 * * *",
        BERLIN,
        "2026-03-28T12:00",
        ["2026-03-29T01:00", "2026-03-30T00:30", "2026-03-31T00:30"],
    ),
    "the same a year later": (
        "30 2 * * *",
        BERLIN,
        "2027-03-27T12:00",
        ["2027-03-28T01:00", "2027-03-29T00:30"],
    ),
    "two such times are one, also with that of the first that does": (
        "0,30 2,3 * * *",
        BERLIN,
        "2026-03-28T12:00",
        ["2026-03-29T01:00", "2026-03-29T01:30", "2026-03-30T00:00", "2026-03-30T00:30", "2026-03-30T01:00"],
    ),
    "a time that exists twice is the first of the two": (
        "30 2 * * *",
        BERLIN,
        "2026-10-24T12:00",
        ["2026-10-25T00:30", "2026-10-26T01:30", "2026-10-27T01:30"],
    ),
    "the same, asked between the two": (
        "30 2 * * *",
        BERLIN,
        "2026-10-25T00:30",
        ["2026-10-26T01:30"],
    ),
    "the same, asked in the second hour": (
        "30 2 * * *",
        BERLIN,
        "2026-10-25T01:15",
        ["2026-10-26T01:30"],
    ),
    "every quarter of an hour goes on through the gap": (
        "*/15 * * * *",
        BERLIN,
        "2026-03-29T00:40",
        ["2026-03-29T00:45", "2026-03-29T01:00", "2026-03-29T01:15"],
    ),
    "every quarter of an hour goes on through both hours": (
        "*/15 * * * *",
        BERLIN,
        "2026-10-25T00:40",
        ["2026-10-25T00:45", "2026-10-25T01:00", "2026-10-25T01:15", "2026-10-25T01:30"],
    ),
    "some minutes of an hour that does not exist are left out": (
        "*/30 2 * * *",
        BERLIN,
        "2026-03-28T12:00",
        ["2026-03-30T00:00", "2026-03-30T00:30"],
    ),
    "some minutes of an hour that exists twice come twice": (
        "*/30 2 * * *",
        BERLIN,
        "2026-10-24T12:00",
        ["2026-10-25T00:00", "2026-10-25T00:30", "2026-10-25T01:00", "2026-10-25T01:30", "2026-10-26T01:00"],
    ),
    "the same minutes, asked between the two": (
        "*/30 2 * * *",
        BERLIN,
        "2026-10-25T00:30",
        ["2026-10-25T01:00", "2026-10-25T01:30", "2026-10-26T01:00"],
    ),
    "every hour that the clock shows": (
        "0 * * * *",
        BERLIN,
        "2026-10-24T23:30",
        ["2026-10-25T00:00", "2026-10-25T01:00", "2026-10-25T02:00"],
    ),
    "hours that are named come once each": (
        "0 1-3 * * *",
        BERLIN,
        "2026-10-24T12:00",
        ["2026-10-24T23:00", "2026-10-25T00:00", "2026-10-25T02:00", "2026-10-26T00:00"],
    ),
    "seconds do not change any of it": (
        "15 30 2 * * *",
        BERLIN,
        "2026-10-24T12:00",
        ["2026-10-25T00:30:15", "2026-10-26T01:30:15"],
    ),
    "seconds in a gap": (
        "15 30 2 * * *",
        BERLIN,
        "2026-03-28T12:00",
        ["2026-03-29T01:00", "2026-03-30T00:30:15"],
    ),
    # New York: 8 March 2026 02:00 → 03:00 (07:00 UTC), 1 November 2026 02:00 → 01:00 (06:00 UTC), 14 March 2027.
    "New York in spring": (
        "30 2 * * *",
        NEW_YORK,
        "2026-03-07T12:00",
        ["2026-03-08T07:00", "2026-03-09T06:30"],
    ),
    "New York in the spring after": (
        "30 2 * * *",
        NEW_YORK,
        "2027-03-13T12:00",
        ["2027-03-14T07:00", "2027-03-15T06:30"],
    ),
    "New York in autumn": (
        "30 1 * * *",
        NEW_YORK,
        "2026-10-31T12:00",
        ["2026-11-01T05:30", "2026-11-02T06:30"],
    ),
    "New York in autumn, every half of an hour": (
        "*/30 1 * * *",
        NEW_YORK,
        "2026-10-31T12:00",
        ["2026-11-01T05:00", "2026-11-01T05:30", "2026-11-01T06:00", "2026-11-01T06:30", "2026-11-02T06:00"],
    ),
    "weekdays at nine in New York, over the change": (
        "0 9 * * MON-FRI",
        NEW_YORK,
        "2026-10-29T20:00",
        ["2026-10-30T13:00", "2026-11-02T14:00"],
    ),
    # Lord Howe shifts by half an hour: 5 April 2026 02:00 → 01:30 (4 April 15:00 UTC), 4 October 2026 02:00 → 02:30
    # (3 October 15:30 UTC); +11:00 in summer, +10:30 in winter.
    "Lord Howe in spring": (
        "15 2 * * *",
        LORD_HOWE,
        "2026-10-02T12:00",
        ["2026-10-02T15:45", "2026-10-03T15:30", "2026-10-04T15:15"],
    ),
    "Lord Howe in spring, every quarter of an hour": (
        "*/15 * * * *",
        LORD_HOWE,
        "2026-10-03T14:50",
        ["2026-10-03T15:00", "2026-10-03T15:15", "2026-10-03T15:30", "2026-10-03T15:45"],
    ),
    "Lord Howe in autumn": (
        "45 1 * * *",
        LORD_HOWE,
        "2026-04-04T12:00",
        ["2026-04-04T14:45", "2026-04-05T15:15"],
    ),
    "Lord Howe in autumn, every quarter of an hour": (
        "*/15 * * * *",
        LORD_HOWE,
        "2026-04-04T14:20",
        ["2026-04-04T14:30", "2026-04-04T14:45", "2026-04-04T15:00", "2026-04-04T15:15", "2026-04-04T15:30"],
    ),
    "Lord Howe in autumn, every hour that the clock shows": (
        "0 * * * *",
        LORD_HOWE,
        "2026-04-04T13:30",
        ["2026-04-04T14:00", "2026-04-04T15:30", "2026-04-04T16:30"],
    ),
    "Lord Howe in autumn, in the hour after the change": (
        "*/20 3 * * *",
        LORD_HOWE,
        "2026-04-04T12:00",
        ["2026-04-04T16:30", "2026-04-04T16:50", "2026-04-04T17:10", "2026-04-05T16:30"],
    ),
    "Lord Howe in the spring of 2027": (
        "15 2 * * *",
        LORD_HOWE,
        "2027-10-02T12:00",
        ["2027-10-02T15:30", "2027-10-03T15:15"],
    ),
    # Havana loses its midnight: 8 March 2026 00:00 → 01:00 (05:00 UTC).
    "midnight where there is none": (
        "0 0 * * *",
        HAVANA,
        "2026-03-07T12:00",
        ["2026-03-08T05:00", "2026-03-09T04:00"],
    ),
}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)
def test_it_fires_as_the_table_says_on_days_on_which_the_clock_changes(row: tuple[str, str, str, list[str]]) -> None:
    expression, timezone, after, expected = row

    assert list(islice(Cron(expression, timezone).after(utc(after)), len(expected))) == [utc(each) for each in expected]


@pytest.mark.parametrize("timezone", [BERLIN, NEW_YORK, LORD_HOWE, HAVANA, "UTC"])
@pytest.mark.parametrize(
    "expression", ["*/15 * * * *", "30 2 * * *", "0,30 0-4 * * *", "*/20 1-3 * * *", "0 */2 * * *"]
)
def test_from_wherever_it_is_asked_the_moments_are_the_same(expression: str, timezone: str) -> None:
    """The moments after one of the sequence are the rest of it: none is lost or told twice."""
    cron, start = Cron(expression, timezone), utc("2026-03-01T00:00")
    for begin in (start, utc("2026-10-01T00:00")):
        known = list(islice(cron.after(begin), 150))
        assert all(one < other for one, other in pairwise(known))
        for number in range(149):
            assert cron.next_after(known[number]) == known[number + 1]
            assert cron.next_after(known[number + 1] - timedelta(microseconds=1)) == known[number + 1]


@pytest.mark.parametrize("timezone", [BERLIN, LORD_HOWE])
def test_every_minute_fires_every_minute_over_both_changes(timezone: str) -> None:
    for begin in ("2026-03-28T22:00", "2026-10-24T22:00", "2026-04-04T12:00", "2026-10-03T12:00"):
        moments = islice(Cron("* * * * *", timezone).after(utc(begin)), 600)
        assert list(moments) == [utc(begin) + timedelta(minutes=number) for number in range(1, 601)]


def test_moments_are_in_utc() -> None:
    moment = Cron("0 9 * * *", BERLIN).next_after(utc("2026-06-01T00:00"))

    assert moment is not None
    assert moment.tzinfo is UTC
    assert moment.astimezone(ZoneInfo(BERLIN)).hour == 9


@pytest.mark.parametrize(
    ("expression", "first"),
    [
        ("@hourly", "2026-05-05T13:00"),
        ("@daily", "2026-05-06T00:00"),
        ("@weekly", "2026-05-10T00:00"),
        ("@monthly", "2026-06-01T00:00"),
        (" @Yearly ", "2027-01-01T00:00"),
        ("0 0 L * *", "2026-05-31T00:00"),
        ("0 0 LW * *", "2026-05-29T00:00"),
        ("0 0 * * MON#2", "2026-05-11T00:00"),
        ("0 0 * * 5L", "2026-05-29T00:00"),
        ("0 0 13 * FRI", "2026-05-08T00:00"),  # a day of the month or one of the week, as cron has it
        ("0 0 29 2 *", "2028-02-29T00:00"),
        ("*/10 * * * * *", "2026-05-05T12:30:10"),
    ],
)
def test_nicknames_and_extensions(expression: str, first: str) -> None:
    assert Cron(expression).next_after(utc("2026-05-05T12:30")) == utc(first)
    assert len(NICKNAMES) == 5


def test_between_gives_what_was_missed_both_ends_included() -> None:
    cron = Cron("0 * * * *")

    assert cron.between(utc("2026-01-01T01:00"), utc("2026-01-01T03:00"), 5) == (
        [utc("2026-01-01T01:00"), utc("2026-01-01T02:00"), utc("2026-01-01T03:00")],
        True,
    )
    assert cron.between(utc("2026-01-01T01:01"), utc("2026-01-01T01:59"), 5) == ([], True)


@pytest.mark.parametrize("timezone", ["UTC", BERLIN])
def test_of_a_year_of_minutes_the_newest_are_given_without_a_walk_through_all(timezone: str) -> None:
    last = utc("2026-10-25T01:30")

    ticks, is_all = Cron("* * * * *", timezone).between(utc("2025-10-01T00:00"), last, 1_000)

    assert not is_all
    assert ticks == [last - timedelta(minutes=number) for number in reversed(range(1_000))]


@pytest.mark.parametrize(
    ("expression", "part"),
    [
        ("61 * * * *", "'61' is not right for the minute."),
        ("* 24 * * *", "'24' is not right for the hour."),
        ("* * 0 * *", "'0' is not right for the day of the month."),
        ("* * * JANUARY *", "'JANUARY' is not right for the month."),
        ("* * * * 8", "'8' is not right for the day of the week."),
        ("60 * * * * *", "'60' is not right for the second."),
        ("*/0 * * * *", "'*/0' is not right for the minute."),
        ("5-1 * * * *", "'5-1' is not right for the minute."),
        ("*/90 * * * *", "'*/90' is not every 90 minutes"),
        ("*/60 * * * *", "'*/60' is not every 60 minutes"),
        ("*/60 * * * * *", "'*/60' is not every 60 seconds"),
        ("0 */48 * * *", "'*/48' is not every 48 hours"),
        ("0 */24 * * *", "'*/24' is not every 24 hours"),
        ("0 0 */31 * *", "'*/31' is not every 31 day"),
        ("0 0 1 */12 *", "'*/12' is not every 12 months"),
        ("0 0 * * */7", "'*/7' is not every 7 day"),
        ("0 0 * * MON/2", "'MON/2' is not every 2 weeks"),
        ("0 0 * * 1/2", "'1/2' is not every 2 weeks"),
        ("0 0 * * MON,THU/2", "'THU/2' is not every 2 weeks"),
        ("0 0 L/2 * *", "L is one day"),
        ("0 0 LW/2 * *", "LW is one day"),
        ("1-5/10 * * * *", "'1-5/10' has a step that is never taken"),
        ("0 0 * * MON-WED/3", "'MON-WED/3' has a step that is never taken"),
        ("50/15 * * * *", "'50/15' has a step that is never taken"),
        ("0 0 1 NOV/3 *", "'NOV/3' has a step that is never taken"),
        ("", "five fields"),
        ("* * * *", "not 4"),
        ("* * * * * * *", "not 7"),
        ("@fortnightly", "'@fortnightly' is not known."),
        ("0 0 30 2 *", "This never fires"),
        ("0 0 31 4,6,9,11 *", "This never fires"),
        ("* * */20 * 1L", "This never fires"),
        ("0," * 101 + "0 * * * *", "at most 200 characters"),
    ],
)
def test_a_wrong_expression_is_said_to_be_with_a_way_out(expression: str, part: str) -> None:
    [problem] = cron_problems(expression, "UTC")

    assert problem.path == ("cron",)
    assert part in problem.message
    assert problem.hint


def test_every_wrong_field_and_the_time_zone_are_told_at_once() -> None:
    problems = cron_problems("61 25 * * *", "Europe/Berln")

    assert [problem.path for problem in problems] == [("cron",), ("cron",), ("timezone",)]
    assert "Europe/Berlin" in (problems[2].hint or "")
    with pytest.raises(InvalidInput) as raised:
        Cron("61 25 * * *", "Europe/Berln")
    assert raised.value.problems == tuple(problems)


@pytest.mark.parametrize("timezone", ["", "Europe", "../UTC", "/etc/localtime", "UTC\0", "localtime", "right/UTC", "ä"])
def test_what_is_no_time_zone_everywhere_is_none(timezone: str) -> None:
    [problem] = cron_problems("@daily", timezone)

    assert problem.path == ("timezone",)
    assert problem.hint


@pytest.mark.parametrize(
    "expression",
    [
        "* * * * *",
        "*/15 * * * *",
        "5/15 * * * *",
        "1-59/2 * * * *",
        "59-59 * * * *",
        "*/30 * * * * *",
        "0 */6 * * *",
        "0 9-17/4 * * *",
        "0 0 1 */3 *",
        "0 0 1 JAN/3 *",
        "0 0 * * MON-FRI/2",
        "0 0 * * 1-7/3",
        "@daily",
    ],
)
def test_an_expression_that_means_what_it_says_has_neither_problem_nor_warning(expression: str) -> None:
    assert cron_problems(expression, "UTC") == []
    assert cron_warnings(expression) == []


@pytest.mark.parametrize(
    ("expression", "part"),
    [
        ("*/45 * * * *", "starts anew with each hour: it fires at 0, 45."),
        ("*/40 * * * * *", "starts anew with each minute: it fires at 0, 40."),
        ("0 */7 * * *", "starts anew with each day: it fires at 0, 7, 14, 21."),
        ("0 0 */2 * *", "starts anew on the 1st of each month."),
        ("0 0 1 */5 *", "starts anew with each year: it fires at 1, 6, 11."),
        ("0 0 * * */2", "starts anew with each week: it fires at 0, 2, 4, 6."),
        ("0-59/45 * * * *", "starts anew with each hour: it fires at 0, 45."),
        ("0 0-23/5 * * *", "starts anew with each day: it fires at 0, 5, 10, 15, 20."),
        ("0,30/7 * * * *", "starts anew with each hour: it fires at 30, 37, 44, 51, 58."),
        ("0 0 1-31/2 * *", "starts anew on the 1st of each month."),
        ("0 0 2/3 * *", "starts anew on the 2nd of each month."),
        ("0 0 1 1-12/5 *", "starts anew with each year: it fires at 1, 6, 11."),
        ("0 0 13 * FRI", "either day is right: 13 of the month, or FRI of the week."),
    ],
)
def test_an_expression_that_may_be_misread_has_a_warning(expression: str, part: str) -> None:
    assert cron_problems(expression, "UTC") == []
    [warning] = cron_warnings(expression)
    assert part in warning


@pytest.mark.parametrize("expression", ["5/10 * * * *", "0-30/7 * * * *", "0 8-18/3 * * *", "0 0 * * MON-FRI/2"])
def test_an_even_step_or_one_within_a_part_has_no_warning(expression: str) -> None:
    assert cron_problems(expression, "UTC") == []
    assert cron_warnings(expression) == []


@pytest.mark.parametrize("expression", ["*/90 * * * *", "0 */48 * * *", "0 0 * * MON/2"])
def test_a_stored_schedule_with_a_step_that_is_refused_today_goes_on_firing(expression: str) -> None:
    assert cron_problems(expression, "UTC")
    assert Cron(expression).next_after(utc("2026-05-05T12:30")) is not None
