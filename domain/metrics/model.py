"""Metrics of executions: counts and durations in buckets of a minute, an hour and a day, and ranges of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import NamedTuple
from uuid import UUID

from domain.kernel.statuses import EventType, StepStatus
from domain.metrics.histograms import Histogram, bin_of
from domain.outbox.events import OutboxEvent

EVERYTHING = UUID(int=2**128 - 1)
"""The series in which all executions are counted, beside that of their workflow."""
ORCHESTRATIONS = UUID(int=0)
"""The series of executions that have no workflow."""
EXECUTIONS = ""
"""The step type in the series of executions themselves."""

_MOST = 2**63 - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Resolution(IntEnum):
    """The lengths of buckets, in seconds."""

    MINUTE = 60
    HOUR = 3_600
    DAY = 86_400

    def floor(self, at: datetime) -> datetime:
        """The start of the bucket that `at` is in. Days are those of UTC."""
        return floor(at, timedelta(seconds=self))


class BucketKey(NamedTuple):
    """A bucket of a series: its resolution, and when it starts."""

    workflow_id: UUID
    step_type: str
    resolution: int
    at: datetime


class Span(NamedTuple):
    """Buckets of one resolution that start at `start` or later, and before `end`."""

    resolution: Resolution
    start: datetime
    end: datetime


@dataclass(slots=True)
class Tally:
    """The counts of one series: executions or steps, retries, and durations (microseconds in all, and a histogram).

    Executions that timed out are among `failed`. Steps have no `started`, executions no `retries`.
    """

    started: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0
    retries: int = 0
    microseconds: int = 0
    durations: Histogram = field(default_factory=Histogram)

    @property
    def ended(self) -> int:
        """The number that have ended, whichever way."""
        return self.completed + self.failed + self.cancelled

    @property
    def timed(self) -> int:
        """The number of durations."""
        return self.durations.total

    @property
    def success_rate(self) -> float:
        """The share of those that completed among those that completed or failed, 0 to 1; 1 where there are none."""
        decided = self.completed + self.failed
        return self.completed / decided if decided else 1.0

    @property
    def mean(self) -> timedelta:
        """The mean duration, exact to the microsecond; zero where there is none."""
        timed = self.timed
        return timedelta(microseconds=self.microseconds) / timed if timed else timedelta(0)

    def add_duration(self, length: timedelta) -> None:
        """Count one duration. One that the clock has made negative is ignored."""
        microseconds = max(0, length // _MICROSECOND)
        self.microseconds = min(self.microseconds + microseconds, _MOST)
        self.durations.count(bin_of(microseconds))

    def add(self, other: "Tally") -> None:
        """Add the counts of another tally."""
        self.started += other.started
        self.completed += other.completed
        self.failed += other.failed
        self.cancelled += other.cancelled
        self.retries += other.retries
        self.microseconds = min(self.microseconds + other.microseconds, _MOST)
        self.durations.add(other.durations)


class StepTally(NamedTuple):
    """Ended steps of one type, status and bin of the executions of `bucket`: their number and total microseconds.

    `bin` is None where a step has no duration.
    """

    bucket: int
    type: str
    status: str
    bin: int | None
    executed: int
    retries: int
    microseconds: int


class EndedExecutions(NamedTuple):
    """Executions that have ended: each one's id, and the number of its bucket among `buckets` (workflow, minute)."""

    ids: Sequence[UUID]
    numbers: Sequence[int]
    buckets: Sequence[tuple[UUID, datetime]]


Counted = dict[tuple[UUID, str, datetime], Tally]
"""Tallies by workflow, step type and minute."""


def floor(at: datetime, length: timedelta) -> datetime:
    """The last whole multiple of `length` since 1970 that is not after `at`."""
    return at - (at - _EPOCH) % length


def ceiling(at: datetime, length: timedelta) -> datetime:
    """The first whole multiple of `length` since 1970 that is not before `at`."""
    return at + (_EPOCH - at) % length


def executions_counted(events: Iterable[OutboxEvent]) -> tuple[Counted, EndedExecutions]:
    """The counts of executions in these events, and the executions whose steps are to be counted too."""
    counted: Counted = {}
    ids: list[UUID] = []
    numbers: list[int] = []
    buckets: dict[tuple[UUID, datetime], int] = {}
    for event in events:
        member = _COUNTED_AS.get(event.type)
        if member is None or event.execution_id is None:
            continue
        workflow_id = event.workflow_id or ORCHESTRATIONS
        at = event.at.replace(second=0, microsecond=0)
        tally = counted.setdefault((workflow_id, EXECUTIONS, at), Tally())
        setattr(tally, member, getattr(tally, member) + 1)
        if event.type is EventType.EXECUTION_STARTED:
            continue
        if event.started_at is not None:
            tally.add_duration(event.at - event.started_at)
        ids.append(event.execution_id)
        numbers.append(buckets.setdefault((workflow_id, at), len(buckets)))
    return counted, EndedExecutions(ids, numbers, list(buckets))


def add_steps(counted: Counted, ended: EndedExecutions, steps: Iterable[StepTally]) -> None:
    """Count the steps of executions that have ended, in the minutes in which those ended."""
    for step in steps:
        workflow_id, at = ended.buckets[step.bucket]
        tally = counted.setdefault((workflow_id, step.type, at), Tally())
        member = _STEPS_COUNTED_AS[StepStatus(step.status)]
        setattr(tally, member, getattr(tally, member) + step.executed)
        tally.retries += step.retries
        if step.bin is not None:
            tally.microseconds = min(tally.microseconds + step.microseconds, _MOST)
            tally.durations.count(step.bin, step.executed)


def buckets_of(counted: Mapping[tuple[UUID, str, datetime], Tally]) -> dict[BucketKey, Tally]:
    """The amounts to add to each bucket: minute, hour and day, of the workflow and of everything."""
    buckets: dict[BucketKey, Tally] = {}
    for (workflow_id, step_type, at), tally in counted.items():
        for resolution in Resolution:
            start = resolution.floor(at)
            for series in (workflow_id, EVERYTHING):
                buckets.setdefault(BucketKey(series, step_type, int(resolution), start), Tally()).add(tally)
    return buckets


def spans_of(start: datetime, end: datetime, coarsest: Resolution = Resolution.DAY) -> Iterator[Span]:
    """The fewest buckets, none longer than `coarsest`, that cover exactly this range, whose ends are whole minutes."""
    yield from _spans(start, end, [each for each in reversed(Resolution) if each <= coarsest])


def _spans(start: datetime, end: datetime, resolutions: Sequence[Resolution]) -> Iterator[Span]:
    if start >= end:
        return
    resolution, *finer = resolutions
    length = timedelta(seconds=resolution)
    first, last = ceiling(start, length), floor(end, length)
    if first >= last:
        yield from _spans(start, end, finer)
        return
    yield from _spans(start, first, finer)
    yield Span(resolution, first, last)
    yield from _spans(last, end, finer)


_COUNTED_AS = {
    EventType.EXECUTION_STARTED: "started",
    EventType.EXECUTION_COMPLETED: "completed",
    EventType.EXECUTION_FAILED: "failed",
    EventType.EXECUTION_CANCELLED: "cancelled",
    EventType.EXECUTION_TIMED_OUT: "failed",
}
_STEPS_COUNTED_AS = {
    StepStatus.COMPLETED: "completed",
    StepStatus.FAILED: "failed",
    StepStatus.CANCELLED: "cancelled",
}
