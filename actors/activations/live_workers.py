"""The live workers, as they were a moment ago: good enough to share work out by."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from domain.kernel.clock import Clock
from domain.kernel.errors import Unavailable
from domain.system.workers import WorkerRegistry

_KEPT = timedelta(seconds=1)


class LiveWorkers:
    """The live workers, read once a second at most. A worker lives while its last heartbeat is within `lease`."""

    def __init__(self, registry: WorkerRegistry, clock: Clock, *, lease: timedelta) -> None:
        self._registry = registry
        self._clock = clock
        self._lease = lease
        self._known: Sequence[UUID] = ()
        self._asked_at: datetime | None = None

    async def worker_ids(self) -> Sequence[UUID]:
        """The ids of the live workers, in ascending order; the last known ones while the database is away."""
        now = self._clock.now()
        if self._asked_at is None or now - self._asked_at > _KEPT:
            self._asked_at = now
            try:
                workers = await self._registry.workers()
            except Unavailable:
                return self._known
            self._known = tuple(sorted(each.id for each in workers if now - each.heartbeat_at <= self._lease))
        return self._known
