"""The ports that register worker processes and send them hints, and the chores that they are woken for."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from domain.system.records import QueueRecord, WorkerRecord


class Chore(StrEnum):
    """A kind of work that every worker does beside executions. Who leaves some behind wakes the workers for it."""

    OUTBOX = "OUTBOX"
    DELIVERIES = "DELIVERIES"
    SCHEDULES = "SCHEDULES"
    BULK_OPERATIONS = "BULK_OPERATIONS"


class WorkerRegistry(Protocol):
    """The live worker processes."""

    async def register(self, worker_id: UUID, *, host: str, now: datetime) -> None:
        """Announce a worker process. `now` is by the clock that heartbeats go by."""

    async def heartbeat(self, worker_id: UUID, *, active_executions: int) -> bool:
        """Say that it lives, by the store's clock and not by the caller's. Raises `Unavailable`, soon.

        False: it was taken for dead, holds nothing any more, and must register anew.
        """

    async def unregister(self, worker_id: UUID) -> Sequence[UUID]:
        """Leave; executions that it still holds are released, and returned so that hints can be sent for them."""

    async def holdings(self, worker_id: UUID) -> Mapping[UUID, int]:
        """The executions and batches that a worker holds according to the store, each with its epoch."""

    async def release(self, worker_id: UUID, holdings: Mapping[UUID, int]) -> Sequence[UUID]:
        """Release those of these that it still holds at this epoch, and return them; each counts as a crash."""

    async def release_ended(self, worker_ids: Collection[UUID], *, crashes: int) -> Sequence[UUID]:
        """Release what these workers held, whose processes are known to have ended, and forget them.

        Returns the executions, so that hints can be sent for them; each counts as a crash. Those with so many `crashes`
        then are left to the reconciler, which knows that nobody holds them: it ends those that are poisoned before
        anybody can claim them.
        """

    async def workers(self) -> Sequence[WorkerRecord]:
        """Every registered worker process, oldest first."""


class WorkQueue(Protocol):
    """Hints to the workers, through Dramatiq's queues. A hint says that there may be work; losing one loses nothing."""

    async def hint(self, execution_ids: Sequence[UUID]) -> None:
        """Ask some worker to look at these executions. Never raises `Unavailable`: the reconciler repeats it."""

    async def nudge(self, worker_id: UUID, execution_id: UUID) -> None:
        """Ask the worker that holds this execution to look at its commands. Never raises `Unavailable`."""

    async def queues(self) -> Sequence[QueueRecord]:
        """Every queue with its depth and its dead letters. Raises `Unavailable`."""
