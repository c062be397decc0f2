"""Lists of executions: their orders, the places in them, and the executions that a filter matches."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from domain.engine.state import WaitReason
from domain.executions.records import ExecutionFilter, ExecutionRecord
from domain.kernel.json.text import JsonValue, dumps
from domain.kernel.statuses import TERMINAL_EXECUTION_STATUSES, ExecutionStatus, WaitKind


class OrderBy(StrEnum):
    """The times by which executions are put in order. By ENDED and DURATION only those are listed that have ended."""

    CREATED = "CREATED"
    ENDED = "ENDED"
    DURATION = "DURATION"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionOrder:
    """The order of a list: the latest or longest first unless it is `ascending`. Ids decide between equals."""

    by: OrderBy = OrderBy.CREATED
    ascending: bool = False


NEWEST_FIRST = ExecutionOrder()


@dataclass(frozen=True, slots=True)
class Place:
    """The place of an execution in a list: its id, and the end or duration by which the list is in order."""

    id: UUID
    value: datetime | timedelta | None = None


def place_of(execution: ExecutionRecord, by: OrderBy) -> Place | None:
    """The place of an execution in lists by this time; None where it has not ended and is in none."""
    if by is OrderBy.CREATED:
        return Place(execution.id)
    if execution.finished_at is None:
        return None
    return Place(execution.id, execution.finished_at if by is OrderBy.ENDED else _duration(execution))


_STATUSES_OF_WAITS = {
    WaitKind.PAUSED: frozenset({ExecutionStatus.PAUSED}),
    WaitKind.WORKER: frozenset({ExecutionStatus.PENDING}),
    WaitKind.CONCURRENCY: frozenset({ExecutionStatus.PENDING}),
    WaitKind.TIMER: frozenset({ExecutionStatus.PENDING, ExecutionStatus.WAITING}),
}
_WAITING = frozenset({ExecutionStatus.WAITING})


def statuses_of(filter: ExecutionFilter, by: OrderBy = OrderBy.CREATED) -> frozenset[ExecutionStatus] | None:
    """The statuses that an execution may have where a filter matches it in lists by this time; None for any."""
    allowed = frozenset(ExecutionStatus) if filter.statuses is None else filter.statuses
    if by is not OrderBy.CREATED or (filter.ended_after, filter.ended_before, filter.longer_than) != (None, None, None):
        allowed &= TERMINAL_EXECUTION_STATUSES
    if filter.waiting_kind is not None:
        allowed &= _STATUSES_OF_WAITS.get(filter.waiting_kind, _WAITING)
    if filter.waiting_service is not None:
        allowed &= _WAITING
    if filter.error_code is not None or filter.failed_step is not None:
        allowed -= {ExecutionStatus.COMPLETED}
    return None if len(allowed) == len(ExecutionStatus) else allowed


def matches(execution: ExecutionRecord, filter: ExecutionFilter) -> bool:
    """True when an execution matches all of a filter but the name of its workflow and its labels."""
    allowed, error = statuses_of(filter), execution.error
    return (
        (allowed is None or execution.status in allowed)
        and _is(execution.workflow_id, filter.workflow_id)
        and _is(execution.idempotency_key, filter.idempotency_key)
        and _is(execution.trigger, filter.trigger)
        and _is(execution.trigger_id, filter.trigger_id)
        and _is(None if error is None else error.code, filter.error_code)
        and _is(None if error is None else error.path, filter.failed_step)
        and (filter.ids is None or filter.ids[0] <= execution.id <= filter.ids[1])
        and _is_between(execution.created_at, filter.created_after, filter.created_before)
        and _is_between(execution.finished_at, filter.ended_after, filter.ended_before)
        and (filter.longer_than is None or _duration(execution) > filter.longer_than)
        and _waits(execution, filter)
    )


def words_of(text: str) -> list[str]:
    """The words of a text: what is between spaces, signs and punctuation of ASCII, in lower case."""
    return [word for word in _BETWEEN_WORDS.split(text.lower()) if word]


def has_words(texts: Iterable[str], wanted: str) -> bool:
    """True when each of the wanted words begins a word in one of the texts."""
    words = [word for text in texts for word in words_of(text)]
    return all(any(word.startswith(start) for word in words) for start in words_of(wanted))


def texts_of(labels: Mapping[str, JsonValue]) -> list[str]:
    """The names and values of labels, as text."""
    return [*labels, *(value if isinstance(value, str) else dumps(value) for value in labels.values())]


_BETWEEN_WORDS = re.compile(r"[\x00-\x2f\x3a-\x60\x7b-\x7f]+")


def service_of(reason: WaitReason) -> str | None:
    """The service whose circuit breaker is waited for; an execution's detail has the path of the step before it."""
    if reason.kind is not WaitKind.CIRCUIT_BREAKER or reason.detail is None:
        return None
    return reason.detail.rpartition(": ")[2]


def _waits(execution: ExecutionRecord, filter: ExecutionFilter) -> bool:
    kind, service, reason = filter.waiting_kind, filter.waiting_service, execution.waiting_for
    if kind is not None and kind is not WaitKind.PAUSED and (reason is None or reason.kind is not kind):
        return False
    return service is None or (reason is not None and service_of(reason) == service)


def _duration(execution: ExecutionRecord) -> timedelta:
    """The time from start to end; zero for one that never began."""
    if execution.started_at is None or execution.finished_at is None:
        return timedelta(0)
    return execution.finished_at - execution.started_at


def _is(found: object, wanted: object) -> bool:
    return wanted is None or found == wanted


def _is_between(at: datetime | None, after: datetime | None, before: datetime | None) -> bool:
    if after is None and before is None:
        return True
    return at is not None and (after is None or at > after) and (before is None or at < before)


@dataclass(frozen=True, slots=True)
class Count:
    """A number of executions, counted or, where they are very many, estimated."""

    number: int
    is_estimate: bool = False
