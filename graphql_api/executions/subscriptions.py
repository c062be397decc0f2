"""Subscriptions to executions."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from enum import Enum

import strawberry

from domain.executions.pending import pending_steps
from domain.executions.records import ExecutionRecord
from domain.kernel.errors import InvalidInput, NotFound, Problem
from domain.kernel.ids import IdKind
from graphql_api.context import Info
from graphql_api.executions.following import Follower, Update, status_changes
from graphql_api.executions.inputs import ExecutionFilter
from graphql_api.executions.loaders import ExecutionLoaders
from graphql_api.executions.selections import may_select
from graphql_api.executions.steps import StepExecution
from graphql_api.executions.types import WorkflowExecution
from graphql_api.kit.ids import read_id
from graphql_api.kit.large_values import LargeValueLoader
from graphql_api.kit.stream_position import StreamPosition


@strawberry.enum(description="The kind of an update: SNAPSHOT holds everything, DELTA only what changed.")
class UpdateKind(Enum):
    """The kind of an update: it holds everything, or only what changed."""

    SNAPSHOT = "SNAPSHOT"
    DELTA = "DELTA"


@strawberry.type(description="The execution as it is at a sequence, and the steps that changed on the way there.")
class ExecutionUpdate:
    """One event of executionProgress."""

    kind: UpdateKind
    sequence: int
    execution: WorkflowExecution
    steps: list[StepExecution] = strawberry.field(
        description="In a DELTA the steps that changed. In a SNAPSHOT all of them, in the order of the document, as "
        "`execution.steps` lists them: those that were not reached yet are PENDING and have no attempt; items of loops "
        "are there once they have begun, and steps inside a container once it is open."
    )

    @classmethod
    def from_update(cls, update: Update, values: LargeValueLoader | None = None) -> "ExecutionUpdate":
        """The update as clients see it; `values` reads what its records have left out."""
        return cls(
            kind=UpdateKind.SNAPSHOT if update.is_snapshot else UpdateKind.DELTA,
            sequence=update.execution.sequence,
            execution=WorkflowExecution.from_record(update.execution, values=values),
            steps=[StepExecution.from_record(step, values) for step in update.steps],
        )


@strawberry.type
class ExecutionSubscriptions:
    """The part of Subscription that is about executions."""

    @strawberry.subscription(
        description="First the state as it is (or what changed since afterSequence), then every change: none lost, "
        "none twice, in order. Ends when the execution has ended."
    )
    async def execution_progress(
        self, info: Info, id: strawberry.ID, after_sequence: int | None = strawberry.UNSET
    ) -> AsyncGenerator[ExecutionUpdate, None]:
        """The stream. No generator itself, so that an unknown execution is an error of the operation, not an event."""
        execution_id = read_id(id, IdKind.EXECUTION)
        if after_sequence is strawberry.UNSET:
            after_sequence = None
        if after_sequence is not None and after_sequence < 0:
            raise InvalidInput([Problem(path=("afterSequence",), message="A sequence is never negative.")])
        position = info.context.position
        if position.seen is not None:  # an EventSource comes again with the same arguments, and says this beside them
            after_sequence = position.seen
        services = info.context.services
        if after_sequence is None:
            origin = await info.context.origins.get(execution_id)
        else:
            origin = await info.context.shared(ExecutionLoaders).by_id.load(
                execution_id
            )  # how far it is now matters here
        if origin is None or origin.is_batch:
            raise NotFound("execution", id)
        if after_sequence is not None and after_sequence > origin.sequence:
            after_sequence = None  # a sequence that was never reached: start with a snapshot
        most, steps = info.context.options.max_rows, may_select(info, "steps")
        follower = Follower(services.execution_queries, services.feed, origin, most=most, steps=steps)
        return _updates(info, follower, after_sequence, position, steps=steps)

    @strawberry.subscription(
        description="Every matching execution at each new status, from now on. executionListUpdates is the same with "
        "cursors, by which it can be resumed."
    )
    async def execution_updates(
        self, info: Info, filter: ExecutionFilter | None = strawberry.UNSET
    ) -> AsyncGenerator[WorkflowExecution, None]:
        services, origins = info.context.services, info.context.origins
        wanted = ExecutionFilter.to_record(filter)
        matching = status_changes(services.feed, origins, services.workflow_store, services.large_values, wanted)
        return _executions(matching, info.context.large_values)


async def _updates(
    info: Info, follower: Follower, after_sequence: int | None, position: StreamPosition, *, steps: bool
) -> AsyncGenerator[ExecutionUpdate, None]:
    async with aclosing(follower.updates(after_sequence)) as updates:
        async for update in updates:
            position.sent = update.execution.sequence
            whole = await _with_pending_steps(info, update) if update.is_snapshot and steps else update
            yield ExecutionUpdate.from_update(whole, info.context.large_values)


async def _with_pending_steps(info: Info, snapshot: Update) -> Update:
    """A snapshot with the steps that may still be reached: no row says so, and no statement is needed."""
    execution, services = snapshot.execution, info.context.services
    if execution.status.is_terminal:
        return snapshot
    definition = (await services.definitions.many([execution.definition_id])).get(execution.definition_id)
    if definition is None:
        return snapshot
    statuses = {record.state.path: record.state.status for record in snapshot.steps}
    pending = pending_steps(definition, execution, statuses, services.clock.now())
    steps = sorted((*snapshot.steps, *pending), key=lambda record: record.position)
    return replace(snapshot, steps=tuple(steps))


async def _executions(
    records: AsyncGenerator[ExecutionRecord, None], values: LargeValueLoader
) -> AsyncGenerator[WorkflowExecution, None]:
    async with aclosing(records):
        async for record in records:
            yield WorkflowExecution.from_record(record, values=values)
