"""Worker processes, queues, and the health of parts, as they are stored and read."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerRecord:
    """A worker process that has registered itself. `clock_offset`: how far its clock is ahead of the database's."""

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
    """A Dramatiq queue: messages that wait, and messages that were given up."""

    name: str
    depth: int
    dead_letters: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxBacklog:
    """How many events wait to be told, and for how long the oldest of them has."""

    pending: int
    lag: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkProgress:
    """How the work goes on.

    `since_reconciled`: since somebody was last through a whole round of looking after executions; None where nobody
    ever was. `overdue_for`: how long the execution has been due that has been so for longest. `clock_offset`: how far
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
