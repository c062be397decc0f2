"""Filters of lists of executions, read from the command line: times and labels."""

from collections.abc import Iterable
from datetime import datetime

from domain.kernel.json.text import JsonValue, loads
from domain.kernel.times import time_text
from stepgraph.cli.kit.exit_codes import Exit, fail

TIMES = ["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d"]
"""The forms of a time on the command line; without an offset it is local."""


def time_of(given: datetime | None) -> str | None:
    """A time as the API reads it."""
    return None if given is None else time_text(given)


def labels_of(texts: Iterable[str]) -> dict[str, JsonValue]:
    """Labels given as `name=value`, where a value that is a JSON number or boolean is one."""
    return dict(_label(text) for text in texts)


def _label(text: str) -> tuple[str, JsonValue]:
    name, separator, value = text.partition("=")
    if not separator or not name:
        fail(f"--label {text!r} is not name=value.", Exit.USAGE)
    try:
        parsed = loads(value)
    except ValueError:
        return name, value
    return name, parsed if isinstance(parsed, bool | int | float | str) else value
