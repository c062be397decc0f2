"""Bulk operations as clients see them: mutations that begin them, and queries that follow them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, TypeAlias
from uuid import UUID

import strawberry

from domain.executions.bulk import model
from domain.executions.bulk.model import BulkAction, BulkStatus
from domain.kernel.ids import IdKind
from domain.kernel.json.text import JsonValue
from graphql_api.context import Info
from graphql_api.executions.inputs import ExecutionFilter, RetryExecutionInput
from graphql_api.executions.types import WorkflowExecution
from graphql_api.kit.errors import InvalidStateError, NotFoundError, ValidationError
from graphql_api.kit.ids import Node, public_id, read_id
from graphql_api.kit.json_input import json_value
from graphql_api.kit.pagination import Connection, CursorKind, connection, page_size
from graphql_api.kit.scalars import JSON

BY_OPERATION: CursorKind[UUID] = CursorKind("bulkOperation", lambda key: key.hex, UUID)

strawberry.enum(BulkAction, description="What is done with every execution that matches.")
strawberry.enum(
    BulkStatus,
    description="The status of a bulk operation. STOPPING: it ends after the batch at hand. STOPPED: it has ended "
    "before all were done.",
)


@strawberry.type(description="An execution with which it could not be done, and why not.")
class BulkFailure:
    """An execution with which it could not be done."""

    execution_id: strawberry.ID
    message: str


@strawberry.type(description="Something that is done with every execution that matches, in the background.")
class BulkOperation(Node):
    """Something that is done with every execution that matches."""

    action: BulkAction
    status: BulkStatus
    matched: int = strawberry.field(
        description="The number of executions that it concerned when it began; later ones never match."
    )
    done: int
    failed: int
    left: int = strawberry.field(
        description="The number of those that are still to come; 0 once it has finished, or was stopped."
    )
    failures: list[BulkFailure] = strawberry.field(description="The first 100 of those that failed.")
    created_at: datetime
    finished_at: datetime | None

    @classmethod
    def from_record(cls, record: model.BulkOperation) -> "BulkOperation":
        """The operation as clients see it."""
        return cls(
            id=public_id(IdKind.BULK_OPERATION, record.id),
            action=record.action,
            status=record.status,
            matched=record.matched,
            done=record.done,
            failed=record.failed,
            left=record.left,
            failures=[
                BulkFailure(execution_id=public_id(IdKind.EXECUTION, each.execution_id), message=each.message)
                for each in record.problems
            ],
            created_at=record.created_at,
            finished_at=record.finished_at,
        )


@strawberry.type(description="What a bulk operation would do, with nothing done.")
class BulkPreview:
    """The executions that a bulk operation would concern."""

    action: BulkAction
    matched: int = strawberry.field(
        description="The number of executions that match, in a state in which it can be done."
    )
    sample: list[WorkflowExecution] = strawberry.field(description="The newest ten of them.")


BulkOperationResult: TypeAlias = Annotated[
    BulkOperation | BulkPreview | ValidationError | NotFoundError | InvalidStateError,
    strawberry.union("BulkOperationResult", description="The operation, what it would do, or why not."),
]

_DRY = "With dryRun it answers how many match and shows ten. A filter that leaves nothing out is refused."


@strawberry.type
class BulkMutations:
    """The part of Mutation that does something with every execution that matches."""

    @strawberry.mutation(
        description=f"cancelExecution for every matching execution that has not ended, in the background. {_DRY}"
    )
    async def bulk_cancel_executions(
        self, info: Info, filter: ExecutionFilter, reason: str | None = strawberry.UNSET, dry_run: bool = False
    ) -> BulkOperationResult:
        return await _begin(info, BulkAction.CANCEL, filter, dry_run, {"reason": reason or None})

    @strawberry.mutation(
        description=f"pauseExecution for every matching execution that runs or waits, in the background. {_DRY}"
    )
    async def bulk_pause_executions(
        self, info: Info, filter: ExecutionFilter, dry_run: bool = False
    ) -> BulkOperationResult:
        return await _begin(info, BulkAction.PAUSE, filter, dry_run, {})

    @strawberry.mutation(
        description=f"resumeExecution for every matching execution that is PAUSED, in the background. {_DRY}"
    )
    async def bulk_resume_executions(
        self, info: Info, filter: ExecutionFilter, dry_run: bool = False
    ) -> BulkOperationResult:
        return await _begin(info, BulkAction.RESUME, filter, dry_run, {})

    @strawberry.mutation(
        description=f"signalExecution for every matching execution that has not ended, in the background. {_DRY}"
    )
    async def bulk_signal_executions(
        self,
        info: Info,
        filter: ExecutionFilter,
        name: str,
        payload: JSON | None = strawberry.UNSET,
        dry_run: bool = False,
    ) -> BulkOperationResult:
        value = None if payload is strawberry.UNSET else json_value(payload)
        return await _begin(info, BulkAction.SIGNAL, filter, dry_run, {"name": name, "payload": value})

    @strawberry.mutation(
        description=f"retryExecution for every matching execution whose state allows it, in the background. {_DRY}"
    )
    async def bulk_retry_executions(
        self,
        info: Info,
        filter: ExecutionFilter,
        input: RetryExecutionInput | None = strawberry.UNSET,
        dry_run: bool = False,
    ) -> BulkOperationResult:
        request = RetryExecutionInput.to_request(input)
        request.check_for_many()
        arguments: Mapping[str, JsonValue] = {"fromStep": request.from_step, "latestVersion": request.latest_version}
        return await _begin(info, BulkAction.RETRY, filter, dry_run, arguments)

    @strawberry.mutation(
        description=f"deleteExecution for every matching execution that has ended, in the background. {_DRY}"
    )
    async def bulk_delete_executions(
        self, info: Info, filter: ExecutionFilter, dry_run: bool = False
    ) -> BulkOperationResult:
        return await _begin(info, BulkAction.DELETE, filter, dry_run, {})

    @strawberry.mutation(
        description="Have a bulk operation end after the batch at hand. What it has done stays done; refused once it "
        "has ended."
    )
    async def stop_bulk_operation(self, info: Info, id: strawberry.ID) -> BulkOperationResult:
        return BulkOperation.from_record(await info.context.services.bulk.stop(read_id(id, IdKind.BULK_OPERATION)))


@strawberry.type
class BulkQueries:
    """The part of Query that is about bulk operations."""

    @strawberry.field(description="A bulk operation, and how far it is; null where there is none with this id.")
    async def bulk_operation(self, info: Info, id: strawberry.ID) -> BulkOperation | None:
        return await load_operation(info, read_id(id, IdKind.BULK_OPERATION))

    @strawberry.field(description="Bulk operations, newest first.")
    async def bulk_operations(
        self, info: Info, first: int | None = 20, after: str | None = strawberry.UNSET
    ) -> Connection[BulkOperation]:
        size, key = page_size(first), BY_OPERATION.read(after)
        info.context.spend_rows(size)
        operations = info.context.services.bulk_operations
        return connection(
            await operations.page(first=size, after=key),
            item=BulkOperation.from_record,
            key=lambda record: record.id,
            cursors=BY_OPERATION,
            is_first=key is None,
            count=operations.count,
        )


async def load_operation(info: Info, id: UUID) -> BulkOperation | None:
    """One bulk operation; None where there is none."""
    record = await info.context.services.bulk_operations.get(id)
    return None if record is None else BulkOperation.from_record(record)


async def _begin(
    info: Info, action: BulkAction, filter: ExecutionFilter, dry_run: bool, arguments: Mapping[str, JsonValue]
) -> BulkOperationResult:
    bulk, wanted = info.context.services.bulk, ExecutionFilter.to_record(filter)
    if not dry_run:
        return BulkOperation.from_record(await bulk.begin(action, wanted, arguments))
    preview, now, values = (
        await bulk.preview(action, wanted),
        info.context.services.clock.now(),
        info.context.large_values,
    )
    sample = [WorkflowExecution.from_record(record, now, values) for record in preview.sample]
    return BulkPreview(action=action, matched=preview.matched, sample=sample)
