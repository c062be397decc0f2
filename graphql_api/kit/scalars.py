"""The scalars of the schema: how DateTime, Duration, JSON and Expression are read and written."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

from domain.kernel.durations import format_duration, parse_duration
from domain.kernel.times import read_time, time_text

JSON = NewType("JSON", object)
"""A JSON value in Python's own types; integers keep every digit, objects keep their order."""

Expression = NewType("Expression", str)
"""The source of an expression. It is checked where it is stored or evaluated, with everything else."""


def _read_date_time(value: object) -> datetime:
    if not isinstance(value, str):
        raise ValueError("a time is a string, such as 2026-11-22T10:00:00Z")
    return read_time(value)


def read_duration(value: object) -> timedelta:
    """The length of an ISO 8601 duration of weeks, days and smaller, zero included. Raises `ValueError`."""
    if not isinstance(value, str):
        raise ValueError("a duration is a string, such as PT1.5S")
    length = parse_duration(value)
    if length < timedelta(0):
        raise ValueError("a duration here is not negative")
    return length


def _read_expression(value: object) -> str:
    if isinstance(value, str):
        return value
    raise ValueError("an expression is a string")


def _same(value: Any) -> Any:
    return value


SCALARS: Mapping[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="A moment as RFC 3339 text. Answers are always in UTC and end in Z; inputs must carry an offset.",
        specified_by_url="https://scalars.graphql.org/andimarek/date-time",
        serialize=time_text,
        parse_value=_read_date_time,
    ),
    timedelta: strawberry.scalar(
        name="Duration",
        description="A length of time as ISO 8601 text: PT0.5S, PT5M, P1D. Years and months are not accepted.",
        serialize=format_duration,
        parse_value=read_duration,
    ),
    JSON: strawberry.scalar(
        name="JSON",
        description="Any JSON value. Integers of any size and the order of keys are kept as they were sent.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc8259",
        serialize=_same,
        parse_value=_same,
    ),
    Expression: strawberry.scalar(
        name="Expression",
        description="An expression in JSONata, without braces: steps.fetch.output.body.total > 10.",
        serialize=_same,
        parse_value=_read_expression,
    ),
}
