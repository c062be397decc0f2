"""Filters of executions as JSON, and back: a bulk operation goes on after the process that began it."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import timedelta
from typing import Any
from uuid import UUID

from domain.executions.records import ExecutionFilter
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import ExecutionStatus, TriggerKind, WaitKind
from domain.kernel.times import read_time, time_text

_MICROSECOND = timedelta(microseconds=1)

Both = tuple[Callable[[Any], JsonValue], Callable[[Any], Any]]

_SAME: Both = (lambda value: value, lambda value: value)
_ID: Both = (str, UUID)
_TIME: Both = (time_text, read_time)
_FORMS: Mapping[str, Both] = {
    "workflow_id": _ID,
    "statuses": (sorted, lambda names: frozenset(ExecutionStatus(name) for name in names)),
    "labels": (dict, dict),
    "created_after": _TIME,
    "created_before": _TIME,
    "ended_after": _TIME,
    "ended_before": _TIME,
    "ids": (lambda ends: [str(id) for id in ends], lambda ends: (UUID(ends[0]), UUID(ends[1]))),
    "waiting_kind": (str, WaitKind),
    "longer_than": (lambda value: value // _MICROSECOND, lambda micros: micros * _MICROSECOND),
    "trigger": (str, TriggerKind),
    "trigger_id": _ID,
}


def filter_to_json(filter: ExecutionFilter) -> dict[str, JsonValue]:
    """The parts of a filter that are given."""
    given = ((part.name, getattr(filter, part.name)) for part in fields(filter))
    return {name: _FORMS.get(name, _SAME)[0](value) for name, value in given if value is not None}


def filter_of_json(stored: Mapping[str, Any]) -> ExecutionFilter:
    """The filter that `filter_to_json` wrote."""
    return ExecutionFilter(**{name: _FORMS.get(name, _SAME)[1](value) for name, value in stored.items()})
