"""Times and texts: right as the language says, or a failure; never another time."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.expressions.expression import ExpressionError, compile_expression
from domain.expressions.language.jsonata import EvaluationError, Program, Undefined
from domain.kernel.failures import FailureCode
from domain.kernel.json.text import JsonValue

NOW = datetime(2026, 1, 31, 8, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def evaluate(source: str, **scope: JsonValue) -> JsonValue:
    return compile_expression(source).evaluate(scope, now=NOW, seed=1)


def by_engine(source: str, **scope: JsonValue) -> "JsonValue | Undefined":
    """The value of an expression, evaluated by the engine, whatever tier it is of."""
    return Program(source).evaluate(scope, round(NOW.timestamp() * 1000), 1)


def read(text: str, picture: str) -> str:
    """The time in the text, in ISO 8601."""
    return str(evaluate("$fromMillis($toMillis(text, '" + picture + "'))", text=text))


@pytest.mark.parametrize(
    ("zone", "written"),
    [
        ("-0330", "1969-12-31T20:30:00.000-03:30"),
        ("-0030", "1969-12-31T23:30:00.000-00:30"),
        ("-0945", "1969-12-31T14:15:00.000-09:45"),
        ("-0500", "1969-12-31T19:00:00.000-05:00"),
        ("+0530", "1970-01-01T05:30:00.000+05:30"),
        ("+1400", "1970-01-01T14:00:00.000+14:00"),
        ("0000", "1970-01-01T00:00:00.000Z"),
    ],
)
def test_a_zone_is_hours_and_minutes_on_either_side_of_utc(zone: str, written: str) -> None:
    assert by_engine(f"$fromMillis(0, undefined, '{zone}')") == written
    assert evaluate(f"$fromMillis(0, '[Z]', '{zone}')") == written[23:].replace("Z", "+00:00")


@pytest.mark.parametrize(
    "zone", ["+05:00", "-03:30", "+9999", "+1401", "+0060", "+1500", "05", "+5", "", "Z", "UTC", "Europe/Oslo", "+05 0"]
)
def test_what_is_no_zone_fails(zone: str) -> None:
    for arguments in ("$now('[H01]', ", "$fromMillis(0, '[H]', ", "$fromMillis(0, undefined, "):
        with pytest.raises(EvaluationError, match="is no time zone"):
            by_engine(f"{arguments}'{zone}')")


def test_a_failure_is_one_of_the_expression() -> None:
    with pytest.raises(ExpressionError, match="is no time zone") as caught:
        evaluate("$fromMillis(0, '[H]', '+9999')")
    assert caught.value.code is FailureCode.EXPRESSION_FAILED


def test_the_present_is_written_in_a_zone() -> None:
    assert evaluate("$now()") == "2026-01-31T08:00:00.000Z"
    assert evaluate("$now('[H01]:[m01] [z]', '-0330')") == "04:30 GMT-03:30"
    assert by_engine("$now(undefined, '+0545')") == "2026-01-31T13:45:00.000+05:45"


@pytest.mark.parametrize(
    ("text", "picture", "expected"),
    [
        ("28/02/2026", "[D01]/[M01]/[Y0001]", "2026-02-28T00:00:00.000Z"),
        ("29/2/2024", "[D]/[M]/[Y]", "2024-02-29T00:00:00.000Z"),
        ("1 FEBRUARY 2026", "[D] [MNn] [Y]", "2026-02-01T00:00:00.000Z"),
        ("1 february 2026", "[D] [MN] [Y]", "2026-02-01T00:00:00.000Z"),
        ("1 FEB 2026", "[D] [MNn,3-3] [Y]", "2026-02-01T00:00:00.000Z"),
        ("monday, 5 January 2026", "[FNn], [D] [MNn] [Y]", "2026-01-05T00:00:00.000Z"),
        ("1st of March 2026", "[D1o] of [MNn] [Y]", "2026-03-01T00:00:00.000Z"),
        ("2024-366", "[Y0001]-[d001]", "2024-12-31T00:00:00.000Z"),
        ("twenty-seventh April two thousand and eight", "[Dw] [MNn] [Yw]", "2008-04-27T00:00:00.000Z"),
        ("nineteen hundred and eighty-four", "[Yw]", "1984-01-01T00:00:00.000Z"),
        ("2026-1-31 12:05 am", "[Y]-[M]-[D] [h]:[m01] [P]", "2026-01-31T00:05:00.000Z"),
        ("2026-1-31 12:05 PM", "[Y]-[M]-[D] [h]:[m01] [P]", "2026-01-31T12:05:00.000Z"),
        ("2026-01-31 23:59:59.5", "[Y0001]-[M01]-[D01] [H01]:[m01]:[s01].[f]", "2026-01-31T23:59:59.500Z"),
        ("2026-01-31 10:00 +05:30", "[Y0001]-[M01]-[D01] [H01]:[m01] [Z]", "2026-01-31T04:30:00.000Z"),
        ("2026-01-31 10:00 -03:30", "[Y0001]-[M01]-[D01] [H01]:[m01] [Z]", "2026-01-31T13:30:00.000Z"),
        ("2026-01-31 10:00 -00:30", "[Y0001]-[M01]-[D01] [H01]:[m01] [Z]", "2026-01-31T10:30:00.000Z"),
        ("2026-01-31 10:00 -0330", "[Y0001]-[M01]-[D01] [H01]:[m01] [Z0001]", "2026-01-31T13:30:00.000Z"),
        ("2026-01-31 10:00 GMT-09:30", "[Y0001]-[M01]-[D01] [H01]:[m01] [z]", "2026-01-31T19:30:00.000Z"),
        ("10:15", "[H01]:[m01]", "2026-01-31T10:15:00.000Z"),
    ],
)
def test_a_text_is_read_with_its_picture(text: str, picture: str, expected: str) -> None:
    assert read(text, picture) == expected


@pytest.mark.parametrize(
    ("text", "picture"),
    [
        ("31/02/2026", "[D01]/[M01]/[Y0001]"),
        ("29/02/2025", "[D01]/[M01]/[Y0001]"),
        ("31/04/2026", "[D01]/[M01]/[Y0001]"),
        ("00/01/2026", "[D01]/[M01]/[Y0001]"),
        ("01/13/2026", "[D01]/[M01]/[Y0001]"),
        ("01/00/2026", "[D01]/[M01]/[Y0001]"),
        ("01/01/0000", "[D01]/[M01]/[Y0001]"),
        ("01/01/12026", "[D01]/[M01]/[Y0001]"),
        ("10:75", "[H01]:[m01]"),
        ("24:00", "[H01]:[m01]"),
        ("25:00", "[H01]:[m01]"),
        ("10:00:60", "[H01]:[m01]:[s01]"),
        ("13:00 pm", "[h]:[m01] [P]"),
        ("0:00 am", "[h]:[m01] [P]"),
        ("10:00 xm", "[h]:[m01] [P]"),
        ("1 Foo 2026", "[D] [MNn] [Y]"),
        ("1 Febtober 2026", "[D] [MNn] [Y]"),
        ("1 Foo 2026", "[D] [MNn,3-3] [Y]"),
        ("Tuesday 5 January 2026", "[FNn] [D] [MNn] [Y]"),
        ("2026-366", "[Y0001]-[d001]"),
        ("2026-000", "[Y0001]-[d001]"),
        ("2026-01-01 10:00 +99:99", "[Y0001]-[M01]-[D01] [H01]:[m01] [Z]"),
        ("2026-01-01 10:00 +05:60", "[Y0001]-[M01]-[D01] [H01]:[m01] [Z]"),
        ("2026-01-01 and more", "[Y0001]-[M01]-[D01]"),
        ("twenty twenty-six", "[Yw]"),
        ("", "[Y0001]-[M01]-[D01]"),
        ("2026-W10-2", "[X0001]-W[W01]-[F1]"),
        ("9" * 600, "[Y]"),
    ],
)
def test_what_is_no_time_of_its_picture_fails(text: str, picture: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        read(text, picture)
    assert caught.value.code is FailureCode.EXPRESSION_FAILED


@pytest.mark.parametrize(
    "text",
    [
        *("2026-02-31", "2025-02-29", "1900-02-29", "2026-13-01", "2026-00-01", "2026-01-00", "2026-04-31T10:00:00Z"),
        *("2026-01-01T25:00:00Z", "2026-01-01T24:00:01Z", "2026-01-01T10:75:00Z", "2026-01-01T10:00:60Z"),
        *("2026-01-01T10:00:00-25:00", "2026-01-01T10:00:00+05:99", "12026-01-01", "2026-W01-1", "2026-01-01T10:00"),
        *("2026-1-1", "2026-01-01 10:00:00Z", "2026-01-01T10:00:00Zx", "yesterday", ""),
    ],
)
def test_what_is_no_time_of_iso_8601_fails(text: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate("$toMillis(text)", text=text)


def test_a_year_that_does_not_fit_its_four_digits_fails() -> None:
    assert evaluate("$fromMillis(253402300799999)") == "9999-12-31T23:59:59.999Z"
    for millis in (253402300800000, -62167219200001, 8_640_000_000_000_001):
        with pytest.raises(ExpressionError):
            evaluate("$fromMillis(at)", at=millis)


@settings(max_examples=300, deadline=None)
@given(
    st.integers(-58_900_000_000_000, 253_402_200_000_000),
    st.integers(-14 * 60, 14 * 60),
    st.sampled_from(["[Z]", "[Z0001]", "[z]", "[Z01:01]"]),
)
def test_every_time_is_written_and_read_in_every_zone(millis: int, minutes: int, zone_picture: str) -> None:
    zone = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}{abs(minutes) % 60:02}"
    picture = f"[Y0001]-[M01]-[D01] [H01]:[m01]:[s01].[f001] {zone_picture}"
    local = (EPOCH + timedelta(milliseconds=millis)).astimezone(timezone(timedelta(minutes=minutes)))
    written = by_engine("$fromMillis(at, picture, zone)", at=millis, picture=picture, zone=zone)
    assert str(written).startswith(f"{local.year:04}-{local:%m-%d %H:%M:%S}.{local.microsecond // 1000:03} ")
    assert by_engine("$toMillis(written, picture)", written=str(written), picture=picture) == millis
    assert by_engine("$toMillis($fromMillis(at, undefined, zone))", at=millis, zone=zone) == millis
