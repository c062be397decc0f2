"""Durations as text."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from domain.kernel.durations import format_duration, parse_duration, without_years


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("PT0.5S", timedelta(milliseconds=500)),
        ("PT5M", timedelta(minutes=5)),
        ("PT1H30M", timedelta(minutes=90)),
        ("P1D", timedelta(days=1)),
        ("P1W", timedelta(weeks=1)),
        ("P1DT12H", timedelta(hours=36)),
        ("PT0S", timedelta(0)),
        ("-PT5S", timedelta(seconds=-5)),
        ("PT0.000001S", timedelta(microseconds=1)),
        ("PT90S", timedelta(seconds=90)),
    ],
)
def test_an_iso_8601_duration_is_read_to_the_microsecond_and_written_back(text: str, length: timedelta) -> None:
    assert parse_duration(text) == length
    assert parse_duration(format_duration(length)) == length


def test_a_duration_is_written_in_its_shortest_form() -> None:
    assert format_duration(timedelta(seconds=90)) == "PT1M30S"


@pytest.mark.parametrize(
    "text",
    ["", "5", "5s", "P", "PT", "P1DT", "P1Y", "P1M", "PT1.5M", "pt5s", "1:00", "PT1H30", "PT0.0000001S", " PT5S"],
)
def test_what_is_no_duration_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match=r"not an ISO 8601 duration such as PT0\.5S"):
        parse_duration(text)


TEN_YEARS = timedelta(days=3650)


@given(length=st.timedeltas(-TEN_YEARS, TEN_YEARS))
def test_every_length_is_written_in_a_form_that_is_accepted(length: timedelta) -> None:
    assert parse_duration(format_duration(length)) == length


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(days=365), "P365D"),
        (timedelta(days=400), "P400D"),
        (TEN_YEARS, "P3650D"),
        (timedelta(days=364, hours=25, microseconds=500), "P365DT1H0.0005S"),
        (timedelta(seconds=-90), "-PT1M30S"),
        (timedelta(0), "PT0S"),
    ],
)
def test_a_year_is_written_in_days(length: timedelta, text: str) -> None:
    assert format_duration(length) == text


@given(length=st.timedeltas(timedelta(days=365), TEN_YEARS))
def test_what_an_earlier_release_has_written_in_years_is_read(length: timedelta) -> None:
    stored = TypeAdapter(timedelta).dump_python(length, mode="json")
    assert "Y" in stored
    assert parse_duration(without_years(stored)) == length


@pytest.mark.parametrize("text", ["P1D", "P1Y2M", "every P1Y", "P1YX", ""])
def test_what_was_not_written_so_is_left_as_it_is(text: str) -> None:
    assert without_years(text) == text


@pytest.mark.parametrize("text", ["P3651D", "PT999999999999H", "P99999999999999999999D"])
def test_more_than_ten_years_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="longer than ten years"):
        parse_duration(text)
