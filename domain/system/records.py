"""Worker processes, queues, and the health of parts, as they are stored and read."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerRecord:
    """A registered worker process. `clock_offset`: how far its clock is ahead of the database's."""

    id: UUID
    host: str
    started_at: datetime
    heartbeat_at: datetime
    active_executions: int
    clock_offset: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A turn at leading: its number, and the database's time when it began or was prolonged."""

    epoch: int
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRecord:
    """A Dramatiq queue: the messages that wait, and its dead letters."""

    name: str
    depth: int
    dead_letters: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxBacklog:
    """The number of events that wait to be relayed, and the age of the oldest."""

    pending: int
    lag: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkProgress:
    """The progress of the work.

    `since_reconciled`: the time since a reconciler last completed a whole round; None where none
    ever did. `overdue_for`: the longest time for which an execution has been due. `clock_offset`: how far
    the clock of the asking process's machine is ahead of the database's.
    """

    since_reconciled: timedelta | None
    overdue_for: timedelta
    clock_offset: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentRecord:
    """The answer of one part that Stepgraph depends on. `latency` is None when it did not answer."""

    name: str
    is_up: bool
    latency: timedelta | None = None
    detail: str | None = None


class Severity(StrEnum):
    """The weight of a finding.

    WARNING: work goes on, with less than what is promised. WAITING: it cannot go on, and may by itself.
    FAULT: it cannot go on until somebody changes something.
    """

    FINE = "FINE"
    WARNING = "WARNING"
    WAITING = "WAITING"
    FAULT = "FAULT"

    @property
    def stops_work(self) -> bool:
        """True when work cannot go on."""
        return self in (Severity.WAITING, Severity.FAULT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing about the servers that Stepgraph stands on. `detail` says what is wrong and what to try next."""

    subject: str
    severity: Severity
    detail: str
