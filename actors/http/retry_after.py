"""The time for which a service asks to be left alone: in seconds, by a date, or until its rate limit is reset."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from actors.http.headers import ResponseHeaders, header_text

_LONGEST = timedelta(days=7)
_SECONDS = re.compile(r"(\d{1,15})(\.\d{1,9})?", re.ASCII)
_FIRST_UNIX_TIME = 1_000_000_000
_FIRST_UNIX_MILLISECONDS = 1_000_000_000_000
_LIMITED = frozenset({403, 429})


def retry_after_of(status: int, headers: ResponseHeaders, now: datetime) -> timedelta | None:
    """The time that the next call has to wait, a week at most; None where the service does not say.

    `Retry-After` (RFC 9110, section 10.2.3) is seconds or a date. A number that would be thirty years or more is the
    Unix time that some services send. Where it is missing and the answer says that a limit is used up (403 or 429, with
    nothing in `X-RateLimit-Remaining` or `RateLimit-Remaining`), the limit's reset counts.
    """
    text = header_text(headers, "retry-after")
    if text is not None:
        return _wait(text.strip(), now)
    if status not in _LIMITED:
        return None
    for prefix in ("x-ratelimit", "ratelimit"):
        remaining, reset = header_text(headers, f"{prefix}-remaining"), header_text(headers, f"{prefix}-reset")
        if remaining is not None and reset is not None and remaining.strip() == "0":
            return _wait(reset.strip(), now)
    return None


def _wait(text: str, now: datetime) -> timedelta | None:
    number = _SECONDS.fullmatch(text)
    if number is None:
        moment = _date(text)
    elif (seconds := float(text)) < _FIRST_UNIX_TIME:
        return timedelta(seconds=min(seconds, _LONGEST.total_seconds()))
    else:
        moment = _unix_time(seconds / 1000 if seconds >= _FIRST_UNIX_MILLISECONDS else seconds)
    return None if moment is None else min(max(moment - now, timedelta(0)), _LONGEST)


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else None


def _unix_time(seconds: float) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.max.replace(tzinfo=UTC)
