"""Mocks: the answers that steps give in a test instead of being run, and the search for the one of a path."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeAlias

from domain.kernel.failures import StepError
from domain.kernel.json.text import JsonValue

PATH: Final = re.compile(r"[A-Za-z_]\w*(?:\[(?:\d+|\*)\])?(?:[./][A-Za-z_]\w*(?:\[(?:\d+|\*)\])?)*", re.ASCII)
"""The paths that a mock may have: `loop[3].fetch`, `loop[*].fetch`, and `ship/label` for a step of a sub-workflow."""

_INDEX = re.compile(r"\[\d+\]")
_ANY_INDEX = re.compile(r"\[(?:\d+|\*)\]")
_NO_TIME = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class MockedOutput:
    """The output of a step that completes `after` this time."""

    value: JsonValue
    after: timedelta = _NO_TIME


@dataclass(frozen=True, slots=True, kw_only=True)
class MockedPayload:
    """The payload of the signal or the callback that comes `after` this time to the step that waits for it."""

    value: JsonValue
    after: timedelta = _NO_TIME


@dataclass(frozen=True, slots=True, kw_only=True)
class MockedFailure:
    """The error with which an attempt fails `after` this time. `retry_after`: when the service wants to be called."""

    error: StepError
    status: int | None = None
    retry_after: timedelta | None = None
    after: timedelta = _NO_TIME


MockAnswer: TypeAlias = MockedOutput | MockedPayload | MockedFailure


@dataclass(frozen=True, slots=True)
class StepMock:
    """The answers of the steps at `path`, one for each attempt; the last one goes for all further attempts."""

    path: str
    answers: Sequence[MockAnswer]

    def answer(self, attempt: int) -> MockAnswer:
        """The answer to an attempt, the first being 1."""
        return self.answers[min(attempt, len(self.answers)) - 1]


class Mocks:
    """Mocks by the paths of their steps. An index that is written out goes before `[*]`, the outer ones first.

    `unused` are the paths of those that no step has met.
    """

    def __init__(self, mocks: Iterable[StepMock] = ()) -> None:
        self._exact: dict[str, StepMock] = {}
        self._general: dict[str, list[StepMock]] = {}
        self._met: set[str] = set()
        for mock in mocks:
            self._exact[mock.path] = mock
            if "[*]" in mock.path:
                self._general.setdefault(static_path(mock.path), []).append(mock)
        for same in self._general.values():
            same.sort(key=lambda mock: [index == "[*]" for index in _ANY_INDEX.findall(mock.path)])

    def of(self, path: str) -> StepMock | None:
        """The mock of the step at this path; None where it has none."""
        found = self._exact.get(path)
        if found is None and "[" in path and self._general:
            candidates = self._general.get(static_path(path), ())
            found = next((mock for mock in candidates if _covers(mock.path, path)), None)
        if found is not None:
            self._met.add(found.path)
        return found

    @property
    def unused(self) -> Sequence[str]:
        """The paths of the mocks that no step has met, in the order in which they were given."""
        return [path for path in self._exact if path not in self._met]

    @property
    def by_path(self) -> Mapping[str, StepMock]:
        """All mocks, by their paths."""
        return self._exact


def static_path(path: str) -> str:
    """The path without what is in its brackets: `loop[].fetch` for `loop[3].fetch` and `loop[*].fetch`."""
    return _ANY_INDEX.sub("[]", path)


def _covers(pattern: str, path: str) -> bool:
    """True when two paths that are alike but for their indexes have the same ones, where the pattern has any."""
    wanted, found = _ANY_INDEX.findall(pattern), _INDEX.findall(path)
    return all(one in {"[*]", other} for one, other in zip(wanted, found, strict=True))
