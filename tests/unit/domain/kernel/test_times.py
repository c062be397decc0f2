"""Times as RFC 3339 text."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from domain.kernel.times import read_time, time_text

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_a_time_is_written_in_utc_to_the_microsecond() -> None:
    assert time_text(NOON) == "2026-11-22T12:00:00Z"
    assert time_text(NOON + timedelta(microseconds=250)) == "2026-11-22T12:00:00.000250Z"
    assert time_text(NOON.astimezone(timezone(timedelta(hours=-5)))) == "2026-11-22T12:00:00Z"


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T12:00:00Z",
        "2026-11-22t12:00:00z",
        "2026-11-22 12:00:00Z",
        "2026-11-22T12:00:00.000Z",
        "2026-11-22T12:00:00.0000000001Z",
        "2026-11-22T13:30:00+01:30",
        "2026-11-22T12:00:00-00:00",
    ],
)
def test_a_text_is_read_as_the_time_in_utc(text: str) -> None:
    assert read_time(text) == NOON
    assert read_time(text).utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-22",
        "2026-11-22T12:00:00",
        "2026-11-22T12:00Z",
        "20261122T120000Z",
        "2026-W47-7T12:00:00Z",
        "2026-13-22T12:00:00Z",
        "2026-11-22T25:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "2026-11-22T12:00:00+0100",
        "2026-11-22T12:00:00Z\n",
        "\uff12026-11-22T12:00:00Z",
    ],
)
def test_a_text_that_is_no_time_with_an_offset_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an RFC 3339 time with an offset"):
        read_time(text)
