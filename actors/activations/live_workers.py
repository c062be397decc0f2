"""The live workers, as they were a moment ago: good enough to share work out by."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from domain.kernel.clock import Clock
from domain.kernel.errors import Unavailable
from domain.kernel.shared_lookups import SharedLookups
from domain.system.workers import WorkerRegistry

_KEPT = timedelta(seconds=1)


class LiveWorkers:
    """The live workers, read once a second at most. A worker lives while its last heartbeat is within `lease`."""

    def __init__(self, registry: WorkerRegistry, clock: Clock, *, lease: timedelta) -> None:
        self._registry = registry
        self._clock = clock
        self._lease = lease
        self._known: Sequence[UUID] = ()
        self._looking = SharedLookups[None, Sequence[UUID]]("live workers", kept_for=_KEPT)

    async def worker_ids(self) -> Sequence[UUID]:
        """The ids of the live workers, in ascending order; the last known ones while the database is away."""
        return await self._looking.get(None, self._read)

    async def _read(self) -> Sequence[UUID]:
        now = self._clock.now()
        with suppress(Unavailable):
            workers = await self._registry.workers()
            self._known = tuple(sorted(each.id for each in workers if now - each.heartbeat_at <= self._lease))
        return self._known
