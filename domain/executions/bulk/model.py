"""Bulk operations as they are stored, and the statuses in which an execution can be what an operation does."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.executions.lists import statuses_of
from domain.executions.records import ExecutionFilter
from domain.executions.retries.preparation import RETRYABLE
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import TERMINAL_EXECUTION_STATUSES, ExecutionStatus

MOST_PROBLEMS = 100
"""The problems that an operation keeps; those of further executions are counted only."""
_LIVE = frozenset(ExecutionStatus) - TERMINAL_EXECUTION_STATUSES


class BulkAction(StrEnum):
    """The things that can be done with every execution that matches."""

    CANCEL = "CANCEL"
    PAUSE = "PAUSE"
    RESUME = "RESUME"
    SIGNAL = "SIGNAL"
    RETRY = "RETRY"
    DELETE = "DELETE"


STATUSES: Mapping[BulkAction, frozenset[ExecutionStatus]] = {
    BulkAction.CANCEL: _LIVE,
    BulkAction.PAUSE: _LIVE - {ExecutionStatus.PAUSED},
    BulkAction.RESUME: frozenset({ExecutionStatus.PAUSED}),
    BulkAction.SIGNAL: _LIVE,
    BulkAction.RETRY: RETRYABLE,
    BulkAction.DELETE: TERMINAL_EXECUTION_STATUSES,
}
"""The statuses that an execution may have for each action: others do not match."""


class BulkStatus(StrEnum):
    """The statuses of a bulk operation. STOPPING: it ends after the batch at hand. STOPPED: it has, before its end."""

    RUNNING = "RUNNING"
    STOPPING = "STOPPING"
    STOPPED = "STOPPED"
    FINISHED = "FINISHED"


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkProblem:
    """An execution with which it could not be done, and why not, for people."""

    execution_id: UUID
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkOperation:
    """A bulk operation. `cursor`: the execution up to which, from the newest on, all are done; None at the start.

    `arguments`: `reason` of a CANCEL, `name` and `payload` of a SIGNAL, `fromStep` and `latestVersion` of a RETRY.
    `matched`: how many it concerned when it began. `problems` are the first of the `failed`. `epoch`: how often it was
    claimed. `stopped_at`: when it was told to end before all are done; None where it was not, or was done by then.
    """

    id: UUID
    action: BulkAction
    filter: ExecutionFilter
    arguments: Mapping[str, JsonValue]
    matched: int
    created_at: datetime
    done: int = 0
    failed: int = 0
    problems: tuple[BulkProblem, ...] = ()
    cursor: UUID | None = None
    finished_at: datetime | None = None
    epoch: int = 0
    stopped_at: datetime | None = None

    @property
    def status(self) -> BulkStatus:
        """Its status, which follows from its times."""
        if self.finished_at is None:
            return BulkStatus.RUNNING if self.stopped_at is None else BulkStatus.STOPPING
        return BulkStatus.FINISHED if self.stopped_at is None else BulkStatus.STOPPED

    @property
    def left(self) -> int:
        """The number of executions that are still to come, as far as it is known."""
        return 0 if self.finished_at is not None else max(0, self.matched - self.done - self.failed)


def concerned(filter: ExecutionFilter, action: BulkAction, newest: UUID | None = None) -> ExecutionFilter:
    """The filter of the executions with which it can be done; with `newest`, without those that were created later."""
    allowed = statuses_of(filter)
    statuses = STATUSES[action] if allowed is None else STATUSES[action] & allowed
    if newest is None:
        return replace(filter, statuses=statuses)
    first, last = filter.ids or (UUID(int=0), newest)
    return replace(filter, statuses=statuses, ids=(first, min(last, newest)))


def leaves_nothing_out(filter: ExecutionFilter) -> bool:
    """True where a filter says nothing that an execution could fail to match."""
    is_any = filter.statuses is not None and len(filter.statuses) == len(ExecutionStatus)
    statuses = None if is_any else filter.statuses
    return replace(filter, statuses=statuses, labels=filter.labels or None) == ExecutionFilter()
