"""The differences between a run and what is expected of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from domain.kernel.json.text import dumps
from stepgraph.cli.workflow_tests.case_files import Expectation

_NOTHING = object()
_MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Difference:
    """One place in which a run is not as expected, with both values as texts."""

    place: str
    expected: str
    found: str


def differences(expected: Expectation, run: Mapping[str, Any]) -> list[Difference]:
    """All that differs. `run` is an answer of `testWorkflow`."""
    return list(_differences(expected, run))


def _differences(expected: Expectation, run: Mapping[str, Any]) -> Iterator[Difference]:
    problems = run["problems"]
    if expected.problems is not None:
        yield from _of_values("problems", expected.problems, problems)
        return
    if problems:
        told = "; ".join(f"{'.'.join(each['path'])}: {each['message']}" for each in problems)
        yield Difference("problems", "none", told)
        return
    execution = run["execution"]
    status = expected.status
    if status is not None and execution["status"] != status.value:
        yield Difference("status", status.value, f"{execution['status']}{_why(execution)}")
    if "output" in expected.model_fields_set:
        yield from _of_values("output", expected.output, execution["output"])
    if expected.error is not None:
        yield from _of_values("error", expected.error, execution["error"])
    yield from _of_steps(expected, execution)
    yield from _of_calls(expected, run["calls"])
    if run["unusedMocks"]:
        yield Difference("mocks", "all met by a step", f"no step has met {', '.join(run['unusedMocks'])}")


def _of_steps(expected: Expectation, execution: Mapping[str, Any]) -> Iterator[Difference]:
    found = {step["path"]: step["status"] for step in execution["steps"]["nodes"]}
    for path, status in expected.steps.items():
        if found.get(path) != status.value:
            yield Difference(f"steps {path}", status.value, found.get(path, "it was not reached"))


def _of_calls(expected: Expectation, calls: list[dict[str, Any]]) -> Iterator[Difference]:
    made: dict[str, list[Any]] = defaultdict(list)
    for call in calls:
        made[call["path"]].append(call["request"])
        if call["mock"] is None and call["path"] not in expected.calls:
            yield Difference(f"calls {call['path']}", "mocked", "no mock answers it")
    for path, wanted in expected.calls.items():
        if isinstance(wanted, int):
            if len(made[path]) != wanted:
                yield Difference(f"calls {path}", _times(wanted), _times(len(made[path])))
        else:
            yield from _of_values(f"calls {path}", wanted, made[path])


def _of_values(place: str, expected: Any, found: Any) -> Iterator[Difference]:
    """The differences between two values: members of objects that are not expected may be anything."""
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        for name, value in expected.items():
            yield from _of_values(f"{place}.{name}", value, found.get(name, _NOTHING))
    elif isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            yield Difference(place, f"{_items(expected)}: {_text(expected)}", f"{_items(found)}: {_text(found)}")
            return
        for index, (one, other) in enumerate(zip(expected, found, strict=True)):
            yield from _of_values(f"{place}[{index}]", one, other)
    elif not _is_same(expected, found):
        yield Difference(place, _text(expected), "nothing" if found is _NOTHING else _text(found))


def _is_same(one: Any, other: Any) -> bool:
    """True for equal values; 1 is not `true`, and 1 is 1.0."""
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _why(execution: Mapping[str, Any]) -> str:
    error = execution["error"]
    if not error:
        return ""
    at = f" at {error['path']}" if error["path"] else ""
    return f"{at}: {error['code']}: {error['message']}"


def _text(value: Any) -> str:
    text = dumps(value)
    return text if len(text) <= _MOST_SHOWN else text[: _MOST_SHOWN - 1] + "…"


def _times(count: int) -> str:
    return "1 time" if count == 1 else f"{count:,} times"


def _items(values: list[Any]) -> str:
    return "1 item" if len(values) == 1 else f"{len(values):,} items"
