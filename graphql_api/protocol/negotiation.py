"""The media type and the status of an answer, as GraphQL over HTTP and RFC 9110 say.

Spec: https://graphql.github.io/graphql-over-http/draft/ as its audit suite (npm graphql-http) tests it: 400 for what
was never executed, in the new media type; 200 for all that is well-formed, in the old one. The draft is moving to 422
and 294; `status_of` is the one place to follow it.

`Accept` is RFC 9110, section 12.5.1: the most specific range that covers a type gives its quality, the highest quality
wins, and of equal ones the range that was written first. What cannot be read as a range counts as not
written, and a header without any range counts as none at all: anything will do.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

JSON_TYPE = "application/json"
GRAPHQL_TYPE = "application/graphql-response+json"
EVENT_STREAM_TYPE = "text/event-stream"

_ANSWERS = (JSON_TYPE, GRAPHQL_TYPE, EVENT_STREAM_TYPE)
"""Media types that a query can be answered in; of equally preferred ones the first."""

_KEPT_CHARACTERS = 1_000
_MOST_RANGES = 100
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_QUALITY = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The media types in which a client can be answered.

    `answer`: the media type that it likes best for a query or a mutation; None where it takes none that there is.
    `error`: the JSON type for what never became an operation. `streams`: it has named event streams, the one way in
    which a subscription can be answered over HTTP; a mere `*/*` names nothing.
    """

    answer: str | None
    error: str
    streams: bool


def acceptance_of(headers: Sequence[str]) -> Acceptance:
    """The media types that a request's `Accept` headers, of which there may be several, allow."""
    written = ", ".join(headers)
    return _remembered(written) if len(written) <= _KEPT_CHARACTERS else _read(written)


def status_of(media_type: str, *, was_executed: bool) -> int:
    """The status of an answer that is well-formed GraphQL: `was_executed` says whether it has `data`."""
    return 200 if was_executed or media_type == JSON_TYPE else 400


@dataclass(frozen=True, slots=True)
class _Range:
    """A media range. `parameters` has those that narrow it; `place` is where in the header it stands."""

    type: str
    subtype: str
    parameters: tuple[tuple[str, str], ...]
    quality: float
    place: int

    @property
    def specificity(self) -> tuple[int, int]:
        return (self.type != "*") + (self.subtype != "*"), len(self.parameters)

    def covers(self, media_type: str) -> bool:
        """True when the type is in the range. All types here come in UTF-8, and with no other parameter."""
        type, _, subtype = media_type.partition("/")
        return (
            self.type in ("*", type)
            and self.subtype in ("*", subtype)
            and all(name == "charset" and value in ("utf-8", "utf8") for name, value in self.parameters)
        )


def _read(written: str) -> Acceptance:
    ranges = list(_ranges(written))
    if not ranges:
        return Acceptance(JSON_TYPE, JSON_TYPE, streams=False)
    stream = _best_range(EVENT_STREAM_TYPE, ranges)
    return Acceptance(
        answer=_liked_best(_ANSWERS, ranges),
        error=_liked_best((JSON_TYPE, GRAPHQL_TYPE), ranges) or JSON_TYPE,
        streams=stream is not None and stream.quality > 0 and stream.type != "*",
    )


_remembered = lru_cache(maxsize=128)(_read)


def _liked_best(offered: Sequence[str], ranges: Sequence[_Range]) -> str | None:
    liked = []
    for order, media_type in enumerate(offered):
        found = _best_range(media_type, ranges)
        if found is not None and found.quality > 0:
            liked.append((-found.quality, found.place, order, media_type))
    return min(liked)[-1] if liked else None


def _best_range(media_type: str, ranges: Sequence[_Range]) -> _Range | None:
    """The most specific range that covers a type, which gives its quality; of equal ones the first."""
    covering = [each for each in ranges if each.covers(media_type)]
    return max(covering, key=lambda each: each.specificity, default=None)


def _ranges(written: str) -> Iterator[_Range]:
    """The ranges that can be read, of the first hundred that are written."""
    for place, element in enumerate(_split(written, ",", most=_MOST_RANGES)):
        name, *pieces = (piece.strip(" \t").lower() for piece in _split(element, ";", most=_MOST_RANGES))
        type, _, subtype = name.partition("/")
        parameters = [(key, value) for key, _, value in (piece.partition("=") for piece in pieces if piece)]
        is_readable = (
            _TOKEN.fullmatch(type)
            and _TOKEN.fullmatch(subtype)
            and not (type == "*" and subtype != "*")
            and all(_TOKEN.fullmatch(key) and _is_value(value) for key, value in parameters)
        )
        quality = next((value for key, value in parameters if key == "q"), "1")
        if is_readable and _QUALITY.fullmatch(quality):
            narrowing = tuple((key, value.strip('"')) for key, value in parameters if key != "q")
            yield _Range(type, subtype, narrowing, float(quality), place)


def _is_value(text: str) -> bool:
    is_quoted = len(text) > 1 and text[0] == text[-1] == '"'
    return is_quoted or _TOKEN.fullmatch(text) is not None


def _split(text: str, separator: str, *, most: int) -> list[str]:
    """The first `most` parts between separators, those inside of quotes left alone. Takes time linear in the text."""
    if '"' not in text:
        return text.split(separator, most)[:most]
    parts, begin, is_quoted, is_escaped = [], 0, False, False
    for place, character in enumerate(text):
        if is_escaped:
            is_escaped = False
        elif character == "\\" and is_quoted:
            is_escaped = True
        elif character == '"':
            is_quoted = not is_quoted
        elif character == separator and not is_quoted:
            parts.append(text[begin:place])
            begin = place + 1
    return [*parts, text[begin:]][:most]
