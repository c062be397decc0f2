"""Lists of executions as connections: paged both ways, in three orders; and their numbers by status."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import strawberry

from domain.executions.lists import Count, ExecutionOrder, OrderBy, Place, place_of
from domain.executions.records import ExecutionFilter, ExecutionRecord
from domain.kernel.errors import InvalidInput, Problem
from domain.kernel.ids import IdKind
from domain.kernel.statuses import ExecutionStatus
from graphql_api.context import Info
from graphql_api.executions.loaders import ExecutionLoaders
from graphql_api.executions.types import WorkflowExecution
from graphql_api.kit.enums import ExecutionStatus as Status
from graphql_api.kit.ids import read_id
from graphql_api.kit.pagination import Connection, CursorKind, connection, page_size

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a list that is asked for, as the arguments of a connection say it; UNSET is as good as None."""

    first: int | None
    after: str | None
    last: int | None = None
    before: str | None = None

    @property
    def is_backwards(self) -> bool:
        """True when the rows before a cursor, or the last of all, are asked for."""
        return any(each is not None and each is not strawberry.UNSET for each in (self.last, self.before))


def _end(text: str) -> Place:
    time, _, id = text.partition("~")
    return Place(UUID(id), _EPOCH + int(time) * _MICROSECOND)


def _length(text: str) -> Place:
    time, _, id = text.partition("~")
    return Place(UUID(id), int(time) * _MICROSECOND)


def _written(place: Place) -> str:
    value = place.value
    assert value is not None
    micros = (value if isinstance(value, timedelta) else value - _EPOCH) // _MICROSECOND
    return f"{micros}~{place.id.hex}"


_CURSORS = {
    OrderBy.CREATED: CursorKind("execution", lambda place: place.id.hex, lambda text: Place(UUID(text))),
    OrderBy.ENDED: CursorKind("executionEnd", _written, _end),
    OrderBy.DURATION: CursorKind("executionDuration", _written, _length),
}


async def execution_page(
    info: Info, filter: ExecutionFilter, order: ExecutionOrder, window: Window
) -> Connection[WorkflowExecution]:
    """One page of the executions that match, in this order."""
    size, place = await _read(info, window, order)
    info.context.spend_rows(size)
    queries, now = info.context.services.execution_queries, info.context.services.clock.now()
    walked = replace(order, ascending=order.ascending is not window.is_backwards)
    page = await queries.page(filter, first=size, after=place, order=walked, lean=True)
    values = info.context.large_values
    return connection(
        page,
        item=lambda record: WorkflowExecution.from_record(record, now, values),
        key=lambda record: _place(record, order.by),
        cursors=_CURSORS[order.by],
        is_first=place is None,
        is_backwards=window.is_backwards,
        count=lambda: queries.count(filter, order.by),
    )


async def _read(info: Info, window: Window, order: ExecutionOrder) -> tuple[int, Place | None]:
    """The number of rows that are asked for, and the place that they follow or, backwards, precede."""
    if not window.is_backwards:
        return page_size(window.first), await _read_place(info, window.after, "after", order.by)
    if window.after is not None and window.after is not strawberry.UNSET:
        message = "`after` goes with `first`, and `before` with `last`: give one pair of them."
        raise InvalidInput([Problem(path=("after",), message=message)])
    return page_size(window.last, name="last"), await _read_place(info, window.before, "before", order.by)


async def _read_place(info: Info, cursor: str | None, name: str, by: OrderBy) -> Place | None:
    """The place that a cursor names, or an execution's id. Raises `InvalidInput`."""
    if not cursor or not cursor.startswith(f"{IdKind.EXECUTION.value}_"):
        return _read_cursor(cursor, name, by)
    record = await info.context.shared(ExecutionLoaders).by_id.load(read_id(cursor, IdKind.EXECUTION, name))
    place = None if record is None else place_of(record, by)
    if place is None:
        reason = "There is no such execution" if record is None else "The execution has not ended"
        raise InvalidInput([Problem(path=(name,), message=f"{reason}, so it has no place in this list.")])
    return place


def _read_cursor(cursor: str | None, name: str, by: OrderBy) -> Place | None:
    try:
        return _CURSORS[by].read(cursor, name)
    except OverflowError:
        return _CURSORS[by].read("-", name)


def _place(record: ExecutionRecord, by: OrderBy) -> Place:
    place = place_of(record, by)
    assert place is not None
    return place


@strawberry.type(description="The number of executions of a status.")
class StatusCount:
    """The number of executions of a status."""

    status: Status
    count: int
    is_estimate: bool = strawberry.field(
        description="True beyond 10,000, and of fewer where counting takes long: the number is then about right."
    )


@strawberry.type(description="The numbers of executions that match a filter.")
class ExecutionCounts:
    """The numbers of executions that match a filter."""

    total: int
    is_estimate: bool = strawberry.field(description="True where the number of a status is an estimate.")
    statuses: list[StatusCount] = strawberry.field(
        description="One for each status that the filter allows, in the order of ExecutionStatus."
    )


async def execution_counts(info: Info, filter: ExecutionFilter) -> ExecutionCounts:
    """The numbers of executions that match, by status."""
    found = await info.context.services.execution_queries.counts(filter)
    listed: list[tuple[ExecutionStatus, Count]] = [(each, found[each]) for each in ExecutionStatus if each in found]
    return ExecutionCounts(
        total=sum(count.number for _, count in listed),
        is_estimate=any(count.is_estimate for _, count in listed),
        statuses=[
            StatusCount(status=each, count=count.number, is_estimate=count.is_estimate) for each, count in listed
        ],
    )
