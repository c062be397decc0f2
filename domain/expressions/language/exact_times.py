"""Replacements for the engine's functions for times, which give the right result or fail.

The engine takes an unknown month for January, 31 February for 3 March, "-0330" for 4:30 and "+05:00" for five minutes.
So zones and dates are checked before it sees them, and the time it reads from a text is written with the same
picture again, which must give the same text.
"""

import re
from calendar import day_abbr, day_name, isleap, month_abbr, month_name
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final

import jlens

from domain.expressions.language.tokens import Kind, Token

_FORMATTED, _PREPARED, _CHECKED = "·formatted", "·prepared", "·checkedTime"
_OWN_NOW, _OWN_TO_MILLIS = "·ownNow", "·ownToMillis"

#: `$now` and `$toMillis` need the clock of the evaluation, which only the engine has.
PROLOGUE: Final = (
    f"${_OWN_NOW} := $now; ${_OWN_TO_MILLIS} := $toMillis; "
    f"$fromMillis := function($m, $p, $z)<n-s?s?:s> {{ ${_FORMATTED}($m, $p, $z) }}; "
    f"$now := function($p, $z)<s?s?:s> "
    f"{{ $exists($p) or $exists($z) ? ${_FORMATTED}($millis(), $p, $z) : ${_OWN_NOW}() }}; "
    f"$toMillis := function($s, $p)<s-s?:n> "
    f"{{ ${_CHECKED}(${_OWN_TO_MILLIS}(${_PREPARED}($s, $p), $p), $s, $p) }}; "
)

_DEFAULT_PICTURE = "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]"
_ZONE = re.compile(r"([+-]?)([01][0-9])([0-5][0-9])")
_ISO = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?"
    r"(?:T([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]+)?(?:Z|[+-]([0-9]{2}):?([0-9]{2}))?)?"
)
_IN_WORDS = re.compile(r"\[([A-Za-z])(w|W|Ww)\]")
_COMPONENT = re.compile(r"\[\[|\]\]|\[([^\[\]]*)\]")
_OFFSET = re.compile(r"([+-])([0-9]{1,2})(?::?([0-9]{2}))?")
_WORD = re.compile(r"[A-Za-z]+")
_NAMES: Final = frozenset(map(str, [*month_name, *month_abbr, *day_name, *day_abbr])) - {""}
_FRACTION = "\ue000"  # stands for a fraction of seconds, whose width is the text's own
_MOST_CHARACTERS = 500
_MINUTE = 60_000
_MOST_MINUTES = 14 * 60
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class TimeError(Exception):
    """A time, zone or picture that means nothing. The message is a clause that ends a sentence."""


def concerns(tokens: Sequence[Token]) -> bool:
    """True when an expression does more with times than ask for the present."""
    return any(
        token.kind is Kind.VARIABLE
        and (
            token.text in ("$fromMillis", "$toMillis")
            or (token.text == "$now" and [each.text for each in tokens[index + 1 : index + 3]] != ["(", ")"])
        )
        for index, token in enumerate(tokens)
    )


def register(expression: jlens.Expression) -> None:
    """Register the functions with an expression that begins with `PROLOGUE`, which calls them."""
    expression.register_function(_FORMATTED, formatted)
    expression.register_function(_PREPARED, prepared)
    expression.register_function(_CHECKED, checked)


def formatted(millis: float | None, picture: str | None = None, zone: str | None = None) -> str | None:
    """The value of `$fromMillis`. Raises `TimeError`."""
    if millis is None:
        return None
    minutes = 0 if zone is None else _minutes_of_zone(zone)
    if picture is None and not -62_167_219_200_000 <= millis + minutes * _MINUTE < 253_402_300_800_000:
        raise TimeError(f"{millis} is no time of the years 0 to 9999, which are written without a picture.")
    return _written(millis, _DEFAULT_PICTURE if picture is None else picture, minutes)


def prepared(text: str | None, picture: str | None = None) -> str | None:
    """A text as the engine can read it: it knows the names of months and days in one case only. Raises `TimeError`."""
    if text is None:
        return None
    if len(text) > _MOST_CHARACTERS:
        raise TimeError(f"a text of {len(text):,} characters is no time.")
    if picture is None:
        _check_iso(text)
        return text
    return _WORD.sub(lambda word: word[0].title() if word[0].title() in _NAMES else word[0], text)


def checked(millis: float | None, text: str | None, picture: str | None = None) -> float | None:
    """The time that the engine has read from a text, corrected where the text has a zone. Raises `TimeError`."""
    if millis is None or text is None or picture is None:
        return millis
    for written in _pictures(picture, millis):
        for minutes, correction in _zones_in(text, picture):
            if _is_written_as(millis + correction, text, written, minutes):
                return millis + correction
    raise TimeError(f'"{_shortened(text)}" is no time of the picture "{_shortened(picture)}".')


def _minutes_of_zone(zone: str) -> int:
    match = _ZONE.fullmatch(zone)
    minutes = 0 if match is None else int(match[2]) * 60 + int(match[3])
    if match is None or minutes > _MOST_MINUTES:
        raise TimeError(f'"{_shortened(zone)}" is no time zone: write hours and minutes, as in "+0530", up to "+1400".')
    return -minutes if match[1] == "-" else minutes


def _written(millis: float, picture: str, minutes: int) -> str:
    """A time written in a zone. The engine is only asked about zones ahead of UTC, which it has right."""
    if minutes >= 0:
        return _format(millis, picture, f"+{minutes // 60:02}{minutes % 60:02}")
    ahead = f"+{-minutes // 60:02}{-minutes % 60:02}"

    def behind(written: str) -> str:
        return _format(0, written, ahead).replace("+", "-") if written[1:].lstrip()[:1] in ("Z", "z") else written

    return _format(millis + minutes * _MINUTE, _with_components(picture, behind), "+0000")


def _with_components(picture: str, replace: Callable[[str], str]) -> str:
    return _COMPONENT.sub(lambda match: match[0] if match[1] is None else replace(match[0]), picture)


def _format(millis: float, picture: str, zone: str) -> str:
    written: str = _formatter().evaluate(None, {"m": millis, "p": picture, "z": zone})
    return written


@lru_cache(maxsize=1)
def _formatter() -> jlens.Expression:
    return jlens.Expression("$fromMillis($m, $p, $z)")


def _zones_in(text: str, picture: str) -> list[tuple[int, int]]:
    """The zones that a text may be in, in minutes, each with the engine's error in milliseconds."""
    components = [match[1].strip()[:1] for match in _COMPONENT.finditer(picture) if match[1]]
    if "Z" not in components and "z" not in components:
        return [(0, 0)]
    zones = [(0, 0)]
    for sign, hours, rest in _OFFSET.findall(text):
        minutes = int(hours) * 60 + int(rest or 0)
        if minutes <= _MOST_MINUTES and int(rest or 0) < 60:
            # The engine adds the minutes of a zone behind UTC where it should subtract them.
            zones.append((minutes, 0) if sign == "+" else (-minutes, 2 * int(rest or 0) * _MINUTE))
    return zones


def _pictures(picture: str, millis: float) -> Sequence[str]:
    """The picture, and variants of it for the other spellings in which it lets a time be said in words."""
    if _IN_WORDS.search(picture) is None:
        return [picture]
    century, rest = divmod(int(_format(millis, "[Y]", "+0000")), 100)
    hundreds = f"{_in_words(century)} hundred and {_in_words(rest)}"
    ordinal = _IN_WORDS.sub(lambda match: match[0] if match[1] == "Y" else f"[{match[1]}{match[2]}o]", picture)
    pictures = [picture, ordinal]
    return [*pictures, *(_IN_WORDS.sub(lambda m: hundreds if m[1] == "Y" else m[0], each) for each in pictures)]


@lru_cache(maxsize=200)
def _in_words(number: int) -> str:
    words: str = jlens.Expression("$formatInteger($n, 'w')").evaluate(None, {"n": number})
    return words


def _is_written_as(millis: float, text: str, picture: str, minutes: int) -> bool:
    """True when the picture gives the text, but for leading zeros, the case of letters and the width of a fraction."""
    written = _written(
        millis, _with_components(picture, lambda each: _FRACTION if each[1:].lstrip()[:1] == "f" else each), minutes
    )
    pattern = re.sub(r"0*([0-9]+)", r"0*\1", re.escape(written)).replace(_FRACTION, "([0-9]+)")
    match = re.fullmatch(pattern, text, re.IGNORECASE)
    return match is not None and all(int(each[:3].ljust(3, "0")) == millis % 1000 for each in match.groups())


def _check_iso(text: str) -> None:
    match = _ISO.fullmatch(text)
    if match is None:
        return  # the engine says what it wants
    year, month, day, hour, minute, second, zone_hours, zone_minutes = (
        None if each is None else int(each) for each in match.group(1, 2, 3, 4, 5, 6, 8, 9)
    )
    assert year is not None
    is_midnight = (hour, minute, second) == (24, 0, 0) and not (match[7] or "").strip(".0")
    if (
        (month is not None and not 1 <= month <= 12)
        or (month is not None and day is not None and not 1 <= day <= _days_of(year, month))
        or not ((hour or 0) < 24 or is_midnight)
        or (minute or 0) > 59
        or (second or 0) > 59
        or (zone_minutes or 0) > 59
        or (zone_hours or 0) * 60 + (zone_minutes or 0) > _MOST_MINUTES
    ):
        raise TimeError(f'"{text}" is no time: there is no such day, hour, minute or zone.')


def _days_of(year: int, month: int) -> int:
    return 29 if month == 2 and isleap(year) else _DAYS[month - 1]


def _shortened(text: Any) -> str:
    return text if len(text) <= 60 else f"{text[:60]}…"
