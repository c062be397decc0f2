"""Use cases around bulk operations: what one would do, beginning one, and carrying on with it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import cast
from uuid import UUID

from domain.executions.bulk.model import (
    MOST_PROBLEMS,
    BulkAction,
    BulkOperation,
    BulkProblem,
    concerned,
    leaves_nothing_out,
)
from domain.executions.bulk.ports import BulkOperations
from domain.executions.control.service import ExecutionControl
from domain.executions.lists import Place
from domain.executions.ports import ExecutionQueries
from domain.executions.records import ExecutionFilter, ExecutionRecord
from domain.executions.retries.service import ExecutionRetries, RetryRequest
from domain.kernel.clock import Clock
from domain.kernel.errors import InvalidInput, InvalidState, LimitExceeded, NotFound, Problem
from domain.kernel.ids import IdKind, new_id, to_public
from domain.kernel.json.text import JsonValue

SAMPLE = 10
_BATCH = 50
_LEASE = timedelta(minutes=1)
_REFUSALS = (NotFound, InvalidInput, InvalidState, LimitExceeded)


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkPreview:
    """The number of executions that an operation would concern, and the newest of them."""

    matched: int
    sample: Sequence[ExecutionRecord]


class BulkService:
    """Begins bulk operations. A worker carries them on: see `BulkRunner`."""

    def __init__(
        self,
        *,
        operations: BulkOperations,
        queries: ExecutionQueries,
        control: ExecutionControl,
        clock: Clock,
        new_id: Callable[[], UUID] = new_id,
    ) -> None:
        self._operations = operations
        self._queries = queries
        self._control = control
        self._clock = clock
        self._new_id = new_id

    async def preview(self, action: BulkAction, filter: ExecutionFilter) -> BulkPreview:
        """The operation as it would be, with nothing done. Raises `InvalidInput` for an empty filter."""
        _check(filter)
        wanted = concerned(filter, action)
        page = await self._queries.page(wanted, first=SAMPLE, after=None, lean=True)
        return BulkPreview(matched=await self._queries.count(wanted), sample=page.rows)

    async def begin(
        self, action: BulkAction, filter: ExecutionFilter, arguments: Mapping[str, JsonValue]
    ) -> BulkOperation:
        """Store an operation, and answer at once. Raises `InvalidInput` for an empty filter or wrong arguments."""
        _check(filter)
        match action:
            case BulkAction.CANCEL:
                self._control.check_reason(cast("str | None", arguments.get("reason")))
            case BulkAction.SIGNAL:
                self._control.check_signal(str(arguments["name"]), arguments.get("payload"))
        id = self._new_id()
        wanted = concerned(filter, action, id)
        operation = BulkOperation(
            id=id,
            action=action,
            filter=wanted,
            arguments=arguments,
            matched=await self._queries.count(wanted),
            created_at=self._clock.now(),
        )
        await self._operations.add(operation)
        return operation

    async def stop(self, id: UUID) -> BulkOperation:
        """Have an operation end after the batch at hand; what is done stays done.

        Raises `NotFound`, or `InvalidState` where it has ended.
        """
        stopped = await self._operations.stop(id, self._clock.now())
        if stopped is not None:
            return stopped
        ended = await self._operations.get(id)
        if ended is None:
            raise NotFound("bulk operation", to_public(IdKind.BULK_OPERATION, id))
        raise InvalidState("The bulk operation has ended: there is nothing left to stop.", ended.status.value)


class BulkRunner:
    """Carries on with bulk operations, a batch of executions at a time.

    A batch that a dying worker has begun is done again. An execution that was retried, cancelled, paused, resumed or
    deleted by then is passed over; one that was sent a signal may get it twice.
    """

    def __init__(
        self,
        *,
        operations: BulkOperations,
        queries: ExecutionQueries,
        control: ExecutionControl,
        retries: ExecutionRetries,
        clock: Clock,
    ) -> None:
        self._operations = operations
        self._queries = queries
        self._control = control
        self._retries = retries
        self._clock = clock

    async def run(self) -> bool:
        """Do the next batch of the oldest operation that nobody holds; False where there is none."""
        operation = await self._operations.claim(lease=_LEASE)
        if operation is None:
            return False
        if operation.stopped_at is not None:
            await self._operations.advance(replace(operation, finished_at=self._clock.now()))
            return True
        after = None if operation.cursor is None else Place(operation.cursor)
        page = await self._queries.page(operation.filter, first=_BATCH, after=after, lean=True)
        retried = await self._retried(operation, page.rows)
        problems = list(operation.problems)
        done, failed = operation.done, operation.failed
        for execution in page.rows:
            try:
                if execution.id not in retried:
                    await self._do(operation, execution.id)
                done += 1
            except _REFUSALS as error:
                failed += 1
                if len(problems) < MOST_PROBLEMS:
                    problems.append(BulkProblem(execution_id=execution.id, message=str(error)))
        advanced = replace(
            operation,
            done=done,
            failed=failed,
            problems=tuple(problems),
            cursor=page.rows[-1].id if page.rows else operation.cursor,
            finished_at=None if page.has_next else self._clock.now(),
        )
        await self._operations.advance(advanced)
        return True

    async def _retried(self, operation: BulkOperation, executions: Sequence[ExecutionRecord]) -> set[UUID]:
        """Those of which there is a retry already that is younger than the operation."""
        if operation.action is not BulkAction.RETRY:
            return set()
        newest = await self._queries.newest_retries([each.id for each in executions])
        return {id for id, retry in newest.items() if retry.id > operation.id}

    async def _do(self, operation: BulkOperation, execution_id: UUID) -> None:
        arguments = operation.arguments
        match operation.action:
            case BulkAction.CANCEL:
                await self._control.cancel(execution_id, cast("str | None", arguments.get("reason")))
            case BulkAction.PAUSE:
                await self._control.pause(execution_id)
            case BulkAction.RESUME:
                await self._control.resume(execution_id)
            case BulkAction.SIGNAL:
                await self._control.signal(execution_id, str(arguments["name"]), arguments.get("payload"))
            case BulkAction.RETRY:
                from_step, latest = cast("str | None", arguments.get("fromStep")), bool(arguments.get("latestVersion"))
                await self._retries.retry(execution_id, RetryRequest(from_step=from_step, latest_version=latest))
            case BulkAction.DELETE:
                await self._control.delete(execution_id)


def _check(filter: ExecutionFilter) -> None:
    """Raise `InvalidInput` for a filter that leaves nothing out."""
    if leaves_nothing_out(filter):
        message = "The filter leaves nothing out: every execution there is would be meant."
        hint = "Say which are meant, by `workflowName` or `createdAfter` for instance."
        raise InvalidInput([Problem(path=("filter",), message=message, hint=hint)])
