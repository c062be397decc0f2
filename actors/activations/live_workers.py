"""Which worker processes live, as it was a moment ago: good enough to share work out by."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from domain.kernel.clock import Clock
from domain.kernel.errors import Unavailable
from domain.system.workers import WorkerRegistry

_KEPT = timedelta(seconds=1)


class Roster:
    """Asks the registry once a second at most. A worker counts whose last heartbeat is not older than `lease`."""

    def __init__(self, registry: WorkerRegistry, clock: Clock, *, lease: timedelta) -> None:
        self._registry = registry
        self._clock = clock
        self._lease = lease
        self._known: Sequence[UUID] = ()
        self._asked_at: datetime | None = None

    async def worker_ids(self) -> Sequence[UUID]:
        """The ids of the living, always in the same order; those of before while the database is away."""
        now = self._clock.now()
        if self._asked_at is None or now - self._asked_at > _KEPT:
            self._asked_at = now
            try:
                workers = await self._registry.workers()
            except Unavailable:
                return self._known
            self._known = tuple(sorted(each.id for each in workers if now - each.heartbeat_at <= self._lease))
        return self._known
