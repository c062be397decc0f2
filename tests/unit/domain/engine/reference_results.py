"""Values of the reference interpreter: rows, results, and blocks of which only so many run at a time."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from heapq import heappop, heappush
from typing import Any

Key = Any
"""The name of a branch, or the index of an item."""


@dataclass(frozen=True)
class Failure:
    """A failure: the code, and the path of the innermost step."""

    code: str
    path: str | None = None
    status: int | None = None

    @property
    def in_scope(self) -> dict[str, Any]:
        """`error` as expressions see it."""
        value = {"code": self.code, "path": self.path, "status": self.status}
        return {name: each for name, each in value.items() if each is not None}


@dataclass(frozen=True)
class Row:
    """A step execution. One of `statuses` is right; None among them stands for a step that was not reached."""

    path: str
    start: datetime
    end: datetime
    statuses: frozenset[str | None]

    def cut(self, at: datetime) -> "Row | None":
        """The row when everything around it is cancelled at a moment; None when it began later."""
        if self.end < at:
            return self
        if self.start > at:
            return None
        statuses = {"CANCELLED"} if self.end > at else {*self.statuses, "CANCELLED"}
        return replace(self, end=at, statuses=frozenset(statuses | ({None} if self.start == at else set())))


@dataclass
class Result:
    """The end of a step or a block: its time, and one of `failures` if it failed.

    The output of a block is a mapping of ids to what its steps gave.
    """

    end: datetime
    output: Any = None
    status: str = "COMPLETED"
    failures: frozenset[Failure] = frozenset()
    rows: list[Row] = field(default_factory=list)

    @property
    def is_failed(self) -> bool:
        """True when it failed for good."""
        return bool(self.failures)


@dataclass
class Lanes:
    """Blocks that have run. One of `deciding`, whichever was first, has ended all of them at `end`."""

    end: datetime
    results: dict[Key, Result]
    deciding: dict[Key, Result]
    last: list[Result]

    @property
    def rows(self) -> list[Row]:
        """The rows of all steps that were reached."""
        rows = [row for result in self.results.values() for row in result.rows]
        if not self.deciding:
            return rows
        if len(self.deciding) > 1:
            return cut(rows, self.end)
        [(key, only)] = self.deciding.items()
        others = [row for other, result in self.results.items() if other != key for row in result.rows]
        return only.rows + cut(others, self.end)


def failed(end: datetime, failure: Failure) -> Result:
    """A step that has failed, without anything inside."""
    return Result(end, status="FAILED", failures=frozenset({failure}))


def cut(rows: Iterable[Row], at: datetime) -> list[Row]:
    """The rows that are left when everything is cancelled at a moment."""
    return [left for row in rows if (left := row.cut(at)) is not None]


def run_lanes(
    keys: Iterable[Key],
    limit: int,
    start: datetime,
    run: Callable[[Key, datetime], Result],
    decides: Callable[[Result, int], bool],
) -> Lanes:
    """Run blocks, `limit` at a time, in order. `decides(result, failures)`: whether this end is the end of all."""
    pending = list(keys)
    running: list[tuple[datetime, int, Key, Result]] = []
    results: dict[Key, Result] = {}
    failures, end = 0, start

    def begin(at: datetime) -> None:
        key = pending.pop(0)
        result = run(key, at)
        heappush(running, (result.end, len(results) + len(running), key, result))

    while pending and len(running) < limit:
        begin(start)
    while running:
        end, _, key, result = heappop(running)
        results[key] = result
        failures += result.is_failed
        if decides(result, failures):
            deciding = {key: result}
            if limit > 1:  # what may have ended in the same moment, and before
                results |= {key: other for _, _, key, other in running}
                results |= {key: run(key, end) for key in pending}
                deciding = {
                    key: each for key, each in results.items() if each.end == end and each.is_failed == result.is_failed
                }
            return Lanes(end, results, deciding, list(deciding.values()))
        if pending:
            begin(end)
    last = list(results.values())[-1:] if limit == 1 else [each for each in results.values() if each.end == end]
    return Lanes(end, results, {}, last)
