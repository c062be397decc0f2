"""Durations as text."""

from datetime import timedelta

import pytest

from domain.durations import format_duration, parse_duration


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


@pytest.mark.parametrize("text", ["P3651D", "PT999999999999H", "P99999999999999999999D"])
def test_more_than_ten_years_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="longer than ten years"):
        parse_duration(text)
