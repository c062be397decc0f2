"""Subscriptions to lists of executions: one that can be resumed, and the counts by status."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from enum import Enum
from uuid import UUID

import strawberry

from domain.executions.records import ExecutionFilter as Filter
from graphql_api.context import Info
from graphql_api.executions.following import status_changes
from graphql_api.executions.inputs import ExecutionFilter
from graphql_api.executions.lists import ExecutionCounts, execution_counts
from graphql_api.executions.recent_changes import Place, Reader
from graphql_api.executions.types import WorkflowExecution
from graphql_api.kit.pagination import CursorKind

_COUNTED_EVERY = 2.0
"""The seconds between two counts of a subscription, at least, however much happens."""


@strawberry.enum(
    description="The kind of an event of executionListUpdates. STARTED: what happens from here on is told. CHANGED: an "
    "execution is new, or has a new status. SKIPPED: events before this one may be missing."
)
class ListUpdateKind(Enum):
    """The kind of an event of a list."""

    STARTED = "STARTED"
    CHANGED = "CHANGED"
    SKIPPED = "SKIPPED"


@strawberry.type(description="An event of a list of executions.")
class ExecutionListUpdate:
    """An event of a list of executions."""

    kind: ListUpdateKind
    cursor: str = strawberry.field(description="The place of this event: subscribe again with it as `after`.")
    execution: WorkflowExecution | None = strawberry.field(description="The execution of a CHANGED; null of others.")


def _read_place(text: str) -> Place:
    run, _, number = text.partition(".")
    if not number.isdecimal() or len(number) > 18:
        raise ValueError
    return Place(UUID(hex=run), int(number))


BY_CHANGE: CursorKind[Place] = CursorKind("change", lambda place: f"{place.run.hex}.{place.number}", _read_place)


@strawberry.type
class ExecutionListSubscriptions:
    """The part of Subscription that is about lists of executions."""

    @strawberry.subscription(
        description="executionUpdates that can be resumed: every matching execution at each new status, with a cursor. "
        "It begins with STARTED, so read the list after that. Subscribed again with the last cursor as `after` it goes "
        "on with what has happened since, for about two minutes and 10,000 changes of all executions; where that is "
        "not known any more, or not to this process, it begins with SKIPPED: read the list again."
    )
    async def execution_list_updates(
        self, info: Info, filter: ExecutionFilter | None = strawberry.UNSET, after: str | None = strawberry.UNSET
    ) -> AsyncGenerator[ExecutionListUpdate, None]:
        """The stream. No generator itself, so that a malformed argument is an error of the operation."""
        return _updates(info, ExecutionFilter.to_record(filter), BY_CHANGE.read(after))

    @strawberry.subscription(
        description="executionCounts, live: as they are, then whenever they have changed, every two seconds at most."
    )
    async def execution_count_updates(
        self, info: Info, filter: ExecutionFilter | None = strawberry.UNSET
    ) -> AsyncGenerator[ExecutionCounts, None]:
        """The stream. No generator itself, so that a malformed argument is an error of the operation."""
        return _counts(info, ExecutionFilter.to_record(filter))


async def _counts(info: Info, filter: Filter) -> AsyncGenerator[ExecutionCounts, None]:
    last: ExecutionCounts | None = None
    async with info.context.recent.reading() as reader:
        while not reader.is_over:
            counts = await execution_counts(info, filter)
            if counts != last:
                last = counts
                yield counts
            await reader.news()
            await asyncio.sleep(_COUNTED_EVERY)


async def _updates(info: Info, filter: Filter, after: Place | None) -> AsyncGenerator[ExecutionListUpdate, None]:
    services, origins, values = info.context.services, info.context.origins, info.context.large_values
    async with info.context.recent.reading(after) as reader:
        if not reader.is_resumed:
            yield _event(ListUpdateKind.STARTED if after is None else ListUpdateKind.SKIPPED, reader)
        while True:
            changes = status_changes(reader, origins, services.workflow_store, services.large_values, filter)
            async with aclosing(changes):
                async for record in changes:
                    shown = WorkflowExecution.from_record(record, values=values)
                    yield _event(ListUpdateKind.CHANGED, reader, shown)
            if reader.is_over:
                return
            yield _event(ListUpdateKind.SKIPPED, reader)


def _event(kind: ListUpdateKind, reader: Reader, execution: WorkflowExecution | None = None) -> ExecutionListUpdate:
    return ExecutionListUpdate(kind=kind, cursor=BY_CHANGE.write(reader.place), execution=execution)
