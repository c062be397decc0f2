"""JSON of requests: what is acceptable, where it is not, and that looking takes no longer than reading."""

import contextlib

import pytest

from domain.kernel.json.members import MAX_MEMBERS
from graphql_api.protocol.requests import MAX_NESTING, MalformedRequest, problem_in, read_json
from tests.costs import least_seconds

LARGE = 3_900_000


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"a": ["\\u0000"]}', "a.0 contains U+0000"),
        ('{"a": {"b\\u0000": 1}}', "a has a key that contains U+0000"),
        ('"\\u0000"', "The request contains U+0000"),
        ('["\\\\u0000", {"x": [[], "y\\u0000"]}]', "1.x.1 contains U+0000"),
        ('{"x":' * 201 + "1" + "}" * 201, "x.x.x.x.x.x.x.x is nested more than 200 levels deep"),
        ("[" * 300 + "]" * 300, "0.0.0.0.0.0.0.0 is nested more than 200 levels deep"),
    ],
)
def test_what_is_not_acceptable_is_named_with_its_place(text: str, problem: str) -> None:
    assert (problem_in(text, read_json(text)) or "").startswith(problem)
    assert (problem_in(text.encode(), read_json(text.encode())) or "").startswith(problem)


@pytest.mark.parametrize(
    "text",
    [
        "[" * MAX_NESTING + "]" * MAX_NESTING,
        '["\\\\u0000"]',
        "[" + "{}," * (MAX_MEMBERS - 2) + "1]",
        '"' + "[{" * MAX_MEMBERS + '"',
        '["\\"[[[", "' + "{" * MAX_MEMBERS + '"]',
    ],
)
def test_what_is_acceptable_is_left_alone(text: str) -> None:
    assert problem_in(text, read_json(text)) is None


def repeated(begin: str, part: str, end: str) -> str:
    return begin + part * ((LARGE - len(begin) - len(end)) // len(part)) + end


HOSTILE = {
    "empty objects": repeated("[", "{},", "1]"),
    "a ping of a megabyte": repeated('{"type":"ping","payload":{"a":[', "{},", "1]}}"),
    "small lists": repeated("[", "[1],", "1]"),
    "small objects": repeated("[", '{"a":1},', "1]"),
    "deep lists": repeated("[", "[" * 150 + "]" * 150 + ",", "1]"),
    "as many as there may be": "[" + "[1]," * (MAX_MEMBERS - 2) + "1]",
    "too deep at the end": "[" + "[1]," * 100_000 + "[" * 300 + "]" * 300 + "]",
    "zeros": repeated("[", '"\\u0000",', "1]"),
    "a zero at the end": repeated("[", '"a",', '"\\u0000"]'),
    "a zero in the last key": "{" + ",".join(f'"{n}":1' for n in range(300_000)) + ',"\\u0000":1}',
    "numbers": repeated("[", "1,", "1]"),
    "brackets in text": repeated('["', "{[", '"]'),
    "quotes in a text without an end": "[" * (MAX_MEMBERS + 1) + repeated('"', '\\"', ""),
    "backslashes in a text without an end": "[" * (MAX_MEMBERS + 1) + repeated('"', "\\", ""),
    "nothing but quotes": "[" * (MAX_MEMBERS + 1) + repeated("", '"', ""),
    "braces that are never closed": repeated("", "{", ""),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_large_request_is_looked_through_in_a_moment(what: str) -> None:
    text = HOSTILE[what]

    def look_through() -> None:
        with contextlib.suppress(MalformedRequest):
            problem_in(text, read_json(text))

    # These took up to eight seconds when each value remembered its whole place.
    assert least_seconds(look_through, enough=0.5) < 0.5
