"""The index along which a list is walked: chosen by the filter, so that a page costs the same in a large table.

The planner is given no other way: values of the columns in front are compared as a row with the place in the list, and
ordered by, though they are all the same. Written as equalities it takes the primary key, and skips what does not match.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from domain.executions.lists import ExecutionOrder, OrderBy, Place, statuses_of
from domain.executions.records import ExecutionFilter
from domain.kernel.statuses import TERMINAL_EXECUTION_STATUSES, ExecutionStatus, TriggerKind, WaitKind
from persistence.postgres.columns.conditions import Conditions
from persistence.postgres.executions.lists.conditions import (
    CODE,
    DURATION,
    FIRST_ID,
    LAST_ID,
    PATH,
    SERVICE,
    WAIT,
    id_range,
)

_KEYS: dict[OrderBy, tuple[str, ...]] = {
    OrderBy.CREATED: ("e.id",),
    OrderBy.ENDED: ("e.finished_at", "e.id"),
    OrderBy.DURATION: (DURATION, "e.id"),
}
_CASTS: dict[OrderBy, tuple[str, ...]] = {
    OrderBy.CREATED: ("uuid",),
    OrderBy.ENDED: ("timestamptz", "uuid"),
    OrderBy.DURATION: ("interval", "uuid"),
}
_LEAST: dict[OrderBy, Any] = {
    OrderBy.ENDED: datetime(1, 1, 2, tzinfo=UTC),
    OrderBy.DURATION: timedelta(days=-1_000_000),
}
_MOST: dict[OrderBy, Any] = {
    OrderBy.ENDED: datetime(9999, 12, 30, tzinfo=UTC),
    OrderBy.DURATION: timedelta(days=1_000_000),
}
_UNINDEXED = frozenset({WaitKind.PAUSED, WaitKind.WORKER, WaitKind.CONCURRENCY, WaitKind.TIMER})
"""Kinds of waits that are PENDING or PAUSED, or also that: the index has those that are WAITING."""


@dataclass(frozen=True, slots=True)
class Walk:
    """Columns in front of an index, the places of their values, what those come from, and what it needs beside them.

    `answers`: the parts of the filter that need no further condition. `merges`: the values of the last column, each
    with a walk of its own, that are to be merged; no other index has the order that these walks have together.
    """

    columns: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    answers: frozenset[str] = frozenset()
    merges: tuple[str, ...] = ()


def key_of(by: OrderBy) -> str:
    """The expression of what a list is in order by, before the id."""
    return _KEYS[by][0]


def walk_of(filter: ExecutionFilter, named: Sequence[UUID] | None, by: OrderBy, arguments: Conditions) -> Walk:
    """The index that leads to what matches with the fewest others between; values are added to `arguments`.

    `named`: the workflows of the name that is asked for.
    """
    walk = _by_error(filter, named, by, arguments)
    if walk is None and by is OrderBy.CREATED:
        walk = _by_reason(filter, arguments)
    return walk or _by_status(filter, named, by, arguments)


def _by_error(filter: ExecutionFilter, named: Sequence[UUID] | None, by: OrderBy, arguments: Conditions) -> Walk | None:
    path, code, statuses = filter.failed_step, filter.error_code, statuses_of(filter, by)
    if statuses is not None and not statuses & TERMINAL_EXECUTION_STATUSES:
        return None  # those that have not ended are few
    of_workflow = filter.workflow_id is not None or filter.workflow_name is not None
    needs = ("e.error IS NOT NULL",)
    if path is not None and (of_workflow or by is OrderBy.CREATED):
        workflow = _workflow(filter, named, arguments)
        return _joined(workflow, PATH, arguments.argument(path[:500]), needs, "path" if len(path) < 500 else "")
    if code is not None:
        workflow = _workflow(filter, named, arguments)
        return _joined(workflow, CODE, arguments.argument(code), needs, "code")
    return None


def _by_reason(filter: ExecutionFilter, arguments: Conditions) -> Walk | None:
    """By what started it or what it waits for, by creation only."""
    if filter.trigger_id is not None:
        value = arguments.argument(filter.trigger_id)
        return _joined(Walk(), "e.trigger_id", value, ("e.trigger_id IS NOT NULL",), "trigger_id")
    if filter.waiting_service is not None:
        value = arguments.argument(filter.waiting_service[:500])
        needs = ("e.status = 'WAITING'", "e.waiting_for ->> 'kind' = 'CIRCUIT_BREAKER'")
        return _joined(Walk(), SERVICE, value, needs, "service")
    if filter.waiting_kind is not None and filter.waiting_kind not in _UNINDEXED:
        value = arguments.argument(filter.waiting_kind.value)
        return _joined(Walk(answers=frozenset({"statuses"})), WAIT, value, ("e.status = 'WAITING'",), "waiting")
    if filter.trigger not in (None, TriggerKind.API) and filter.workflow_id is None and filter.workflow_name is None:
        value = arguments.argument(filter.trigger.value)
        return _joined(Walk(), "e.trigger", value, ("e.trigger <> 'API'",), "trigger")
    return None


def _by_status(filter: ExecutionFilter, named: Sequence[UUID] | None, by: OrderBy, arguments: Conditions) -> Walk:
    workflow, statuses = _workflow(filter, named, arguments), statuses_of(filter, by)
    is_implied = filter.statuses is None and filter.waiting_kind is None
    if statuses is None or (is_implied and by is OrderBy.CREATED):
        return workflow  # what follows from an end or an error is looked at on the way
    if len(statuses) == 1:
        return _joined(workflow, "e.status", arguments.argument(*statuses), (), "statuses")
    walk = _joined(workflow, "e.status", "s.status", (), "statuses")
    if by is not OrderBy.CREATED and not workflow.sources:
        return replace(walk, merges=tuple(f"{arguments.argument(each)}::text" for each in sorted(statuses)))
    return replace(walk, sources=(*walk.sources, _each(statuses, arguments)))


def walk_of_each(
    filter: ExecutionFilter,
    named: Sequence[UUID] | None,
    statuses: Collection[ExecutionStatus],
    arguments: Conditions,
) -> Walk:
    """The walks through the executions of each of these statuses, of the workflow that is asked for."""
    workflow = _workflow(filter, named, arguments)
    walk = _joined(workflow, "e.status", "s.status", (), "statuses")
    return replace(walk, sources=(*walk.sources, _each(statuses, arguments)))


def _each(statuses: Collection[ExecutionStatus], arguments: Conditions) -> str:
    return f"unnest({arguments.argument(sorted(statuses))}::text[]) s (status)"


def _workflow(filter: ExecutionFilter, named: Sequence[UUID] | None, arguments: Conditions) -> Walk:
    ids = named
    if filter.workflow_id is not None and (named is None or filter.workflow_id in named):
        ids = [filter.workflow_id]
    elif filter.workflow_id is not None:
        ids = []
    if ids is None:
        return Walk()
    if len(ids) == 1:
        value, sources = f"{arguments.argument(ids[0])}::uuid", []
    else:
        value, sources = "w.id", [f"unnest({arguments.argument(list(ids))}::uuid[]) w (id)"]
    return Walk(("e.workflow_id",), (value,), tuple(sources), ("e.workflow_id IS NOT NULL",), frozenset({"workflow"}))


def _joined(walk: Walk, column: str, value: str, needs: tuple[str, ...], answer: str) -> Walk:
    return Walk(
        columns=(*walk.columns, column),
        values=(*walk.values, f"{value}::uuid" if column == "e.trigger_id" else f"{value}::text"),
        sources=walk.sources,
        needs=(*walk.needs, *needs),
        answers=walk.answers | {answer},
    )


def bounds(
    walk: Walk, filter: ExecutionFilter, order: ExecutionOrder, after: Place | None, arguments: Conditions
) -> str:
    """The part of the walk's index that is between the ends of the filter's ranges and behind a place."""
    by = order.by
    low, high = _ends(filter, by)
    here: tuple[Any, ...] | None = None
    if after is not None:
        here = (after.id,) if by is OrderBy.CREATED else (after.value, after.id)
    if here is not None and order.ascending:
        low = max(low, here)
    elif here is not None:
        high = min(high, here)
    columns, values = (*walk.columns, *_KEYS[by]), ", ".join(walk.values)

    def row(key: tuple[object, ...]) -> str:
        places = [f"{arguments.argument(part)}::{cast}" for part, cast in zip(key, _CASTS[by], strict=True)]
        return ", ".join([values, *places] if values else places)

    left = ", ".join(columns)
    return f"({left}) > ({row(low)}) AND ({left}) < ({row(high)})"


def _ends(filter: ExecutionFilter, by: OrderBy) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """The keys that are just outside of the ranges of a filter, at either end."""
    if by is OrderBy.CREATED:
        first, last = id_range(filter)
        return (_next(first, -1),), (_next(last, 1),)
    if by is OrderBy.ENDED:
        since = max(filter.ended_after or _LEAST[by], filter.created_after or _LEAST[by])
        return (since, LAST_ID), (filter.ended_before or _MOST[by], FIRST_ID)
    return (_LEAST[by] if filter.longer_than is None else filter.longer_than, LAST_ID), (_MOST[by], FIRST_ID)


def order_by(walk: Walk, order: ExecutionOrder) -> str:
    """The ORDER BY of a walk: that of its index, forwards or backwards."""
    direction = "ASC" if order.ascending else "DESC"
    return ", ".join(f"{column} {direction}" for column in (*walk.columns, *_KEYS[order.by]))


def _next(id: UUID, step: int) -> UUID:
    return UUID(int=min(max(id.int + step, FIRST_ID.int), LAST_ID.int))


def unanswered(walk: Walk, filter: ExecutionFilter, by: OrderBy) -> bool:
    """True when something of the filter is neither in the columns in front of the index nor a range of it."""
    asked = {
        "labels": filter.labels,
        "label_text": filter.label_text,
        "key": filter.idempotency_key,
        "code": filter.error_code,
        "path": filter.failed_step,
        "waiting": None if filter.waiting_kind is WaitKind.PAUSED else filter.waiting_kind,
        "service": filter.waiting_service,
        "trigger": filter.trigger,
        "trigger_id": filter.trigger_id,
        "statuses": filter.statuses,
        "longer_than": None if by is OrderBy.DURATION else filter.longer_than,
        "ended": None if by is OrderBy.ENDED else filter.ended_after or filter.ended_before,
        "created": None if by is OrderBy.CREATED else filter.created_after or filter.created_before,
        "ids": None if by is OrderBy.CREATED else filter.ids,
        "workflow": filter.workflow_id or filter.workflow_name,
    }
    return any(value is not None and name not in walk.answers for name, value in asked.items())
