"""What lists leave out of rows, in memory: rows without their large values, and those values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from domain.json_text import JsonText, dumps
from domain.large_values import LargeValue, StoredValues, ValueKind
from domain.records import ExecutionChange, ExecutionRecord, StepRecord
from persistence.large_values import PASSED_ON
from persistence.lean_rows import share_of
from persistence.memory.tables import MemoryTables
from persistence.row_codec import plain


def lean_execution(row: ExecutionRecord, rows: int) -> ExecutionRecord:
    """An execution as a list of so many shows it."""
    left_out = _left_out(row, ("input", "output", "error", "labels"), rows)
    emptied: dict[str, Any] = {name: {} if name == "labels" else None for name in left_out}
    return replace(row, signals=(), left_out=left_out, **emptied)


def lean_step(row: StepRecord, rows: int) -> StepRecord:
    """A step as a list of so many shows it."""
    left_out = _left_out(row.state, ("attempts", "input", "output", "error"), rows)
    emptied: dict[str, Any] = {name: () if name == "attempts" else None for name in left_out}
    return replace(row, state=replace(row.state, checkpoint=None, **emptied), left_out=left_out)


def lean_change(change: ExecutionChange, rows: int) -> ExecutionChange:
    """A change whose steps are so many, or fewer."""
    left_out = _left_out(change, ("output", "error"), rows)
    steps = None if change.steps is None else tuple(lean_step(step, rows) for step in change.steps)
    emptied: dict[str, Any] = dict.fromkeys(left_out)
    return replace(change, steps=steps, left_out=left_out, **emptied)


def _left_out(row: object, names: Sequence[str], rows: int) -> dict[str, int]:
    most = share_of(rows)
    sizes = {name: _size(value) for name in names if (value := getattr(row, name)) is not None}
    return {name: size for name, size in sizes.items() if size > most}


def _size(value: object) -> int:
    return len(dumps(plain(value)).encode())


class MemoryLargeValues:
    """Implements `domain.ports.LargeValues`."""

    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables
        self._kinds: Mapping[ValueKind, tuple[Callable[[LargeValue], object], str]] = {
            ValueKind.EXECUTION_INPUT: (self._execution, "input"),
            ValueKind.EXECUTION_OUTPUT: (self._execution, "output"),
            ValueKind.EXECUTION_ERROR: (self._execution, "error"),
            ValueKind.EXECUTION_LABELS: (self._execution, "labels"),
            ValueKind.STEP_INPUT: (self._step, "input"),
            ValueKind.STEP_OUTPUT: (self._step, "output"),
            ValueKind.STEP_ERROR: (self._step, "error"),
            ValueKind.STEP_ATTEMPTS: (self._step, "attempts"),
        }

    async def read(self, wanted: Sequence[LargeValue], *, max_bytes: int) -> StoredValues:
        values: dict[LargeValue, object] = {}
        sizes = 0
        for each in wanted:
            find, name = self._kinds[each.kind]
            row = find(each)
            if row is not None:
                value = getattr(row, name)
                text = dumps(plain(value))
                is_json = name in ("input", "output")
                values[each] = JsonText(text) if is_json and len(text) > PASSED_ON else value
                sizes += 0 if value is None else len(text.encode())
        return StoredValues(size=sizes, values=values if sizes <= max_bytes else {})

    def _execution(self, value: LargeValue) -> object:
        return self._tables.executions.get(value.id)

    def _step(self, value: LargeValue) -> object:
        row = self._tables.steps.get(value.id, {}).get(value.path)
        return None if row is None else row.state
