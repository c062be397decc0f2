"""The time for which a service asks to be left alone, in every form that services use."""

from datetime import UTC, datetime, timedelta

import pytest

from actors.http.retry_after import retry_after_of

NOW = datetime(2026, 1, 31, 8, 0, tzinfo=UTC)
UNIX = int(NOW.timestamp())
WEEK = timedelta(days=7)


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("7", timedelta(seconds=7)),
        (" 7 ", timedelta(seconds=7)),
        ("1.5", timedelta(seconds=1.5)),
        ("0", timedelta(0)),
        ("86400", timedelta(days=1)),
        ("864000", WEEK),
        ("999999999", WEEK),
        (f"{UNIX + 30}", timedelta(seconds=30)),
        (f"{UNIX + 30}.5", timedelta(seconds=30.5)),
        (f"{UNIX + 30}000", timedelta(seconds=30)),
        (f"{UNIX - 30}", timedelta(0)),
        (f"{UNIX + 10_000_000}", WEEK),
        ("99999999999999", WEEK),
        ("999999999999999", WEEK),
        ("Sat, 31 Jan 2026 08:01:00 GMT", timedelta(minutes=1)),
        ("Sat, 31 Jan 2026 07:00:00 GMT", timedelta(0)),
        ("Sat, 31 Jan 2026 09:01:00 +0100", timedelta(minutes=1)),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1e9", None),
        ("7 seconds", None),
        ("\u0667", None),
    ],
)
def test_seconds_dates_and_unix_times_are_read(value: str, wait: timedelta | None) -> None:
    assert retry_after_of(503, {"retry-after": value}, NOW) == wait


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize("prefix", ["x-ratelimit", "ratelimit"])
@pytest.mark.parametrize("reset", [f"{UNIX + 90}", "90"])
def test_a_limit_that_is_used_up_says_when_it_is_over(status: int, prefix: str, reset: str) -> None:
    headers = {f"{prefix}-remaining": "0", f"{prefix}-reset": reset}

    assert retry_after_of(status, headers, NOW) == timedelta(seconds=90)
    assert retry_after_of(404, headers, NOW) is None
    assert retry_after_of(status, {**headers, f"{prefix}-remaining": "12"}, NOW) is None
    assert retry_after_of(status, {**headers, "retry-after": "5"}, NOW) == timedelta(seconds=5)
