"""The reconciler: every second or so it looks for executions that are stuck, and repairs that.

It runs in every worker, and one at a time leads. Whatever it finds becomes a hint, never work done here: executions of
workers that have died, ones that nobody picked up because their hint was lost, and ones whose due time has come.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain.executions.ports import ExecutionQueries, ExecutionStore, Recovery
from domain.executions.progress import ProgressPublisher
from domain.kernel.errors import Unavailable
from domain.kernel.ids import new_id
from domain.system.workers import WorkQueue

logger = logging.getLogger(__name__)

_BATCH = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcilerOptions:
    """Options of a `Reconciler`. `lease`: the time without a heartbeat after which a worker counts as dead.

    `settling`: how long heartbeats are watched before the first worker is declared dead: at the start, and after the
    database was away or the machine slept. Nobody could send one then, and the living must not be taken for dead.
    `patience`: how long a hint is given to arrive before the same execution is hinted at again, and how old a new
    execution must be before its first hint counts as lost. `quarantined_after`: the number of lost workers after which
    an execution is ended as POISONED.
    """

    lease: timedelta = timedelta(seconds=8)
    settling: timedelta = timedelta(seconds=5)
    every: timedelta = timedelta(milliseconds=500)
    patience: timedelta = timedelta(seconds=3)
    quarantined_after: int = 5

    @property
    def term(self) -> timedelta:
        """The time that one leads without a sign of life: half a lease, so that others go on soon, or four rounds."""
        return max(self.lease / 2, 4 * self.every)


class Reconciler:
    """The reconciler of one worker. `run` goes on for ever; faults are logged and the next round tries again."""

    def __init__(
        self,
        *,
        recovery: Recovery,
        executions: ExecutionStore,
        queries: ExecutionQueries,
        publisher: ProgressPublisher,
        queue: WorkQueue,
        options: ReconcilerOptions,
        is_skewed: Callable[[], bool] = lambda: False,
    ) -> None:
        """`is_skewed` gives True when this machine's clock is off: then others lead, where there are any."""
        self._recovery = recovery
        self._executions = executions
        self._queries = queries
        self._publisher = publisher
        self._queue = queue
        self._options = options
        self._is_skewed = is_skewed
        self._id = new_id()
        self._epoch = 0
        self._has_worked = False
        self._hinted: dict[UUID, datetime] = {}
        self._looked_at: datetime | None = None
        self._watching_since: datetime | None = None

    async def run(self) -> None:
        """Lead when nobody else does, and reconcile while leading."""
        pause = self._options.every.total_seconds()
        try:
            while True:
                leads = False
                try:
                    leads = await self.reconcile()
                except Unavailable as error:
                    logger.warning("nothing can be reconciled: %s", error)
                    self._looked_at = None
                except Exception:
                    logger.exception("the reconciler failed; it goes on")
                    self._looked_at = None
                await asyncio.sleep(pause if leads else 2 * pause)
        finally:
            with suppress(Unavailable):
                await self._recovery.resign(self._id)

    async def reconcile(self) -> bool:
        """Do one round if this one leads and return True; otherwise do nothing and return False.

        All of a round goes by the database's time at its beginning. One that is held up in the middle of a round, and
        goes on when another leads, does no harm: every statement looks at the rows as they are.
        """
        has_worked, self._has_worked = self._has_worked, False
        stands_back = self._options.lease if self._is_skewed() else None
        term = await self._recovery.lead(
            self._id, lease=self._options.term, stands_back=stands_back, has_worked=has_worked
        )
        if term is None:
            self._looked_at = None
            return False
        if term.epoch != self._epoch:
            self._epoch = term.epoch
            logger.info("this worker's reconciler leads, in term %s", term.epoch)
        now, options = term.now, self._options
        has_settled = self._has_settled(now)
        if not await self._recovery.is_quiet(
            now=now, dead_before=now - options.lease, crashes=options.quarantined_after
        ):
            if has_settled:
                await self._bury(now)
            await self._admit(now)
            await self._hint(await self._recovery.due_executions(now=now, limit=_BATCH), now)
            await self._recovery.drop_commands(_BATCH)
        self._has_worked = True
        return True

    def _has_settled(self, now: datetime) -> bool:
        """True when heartbeats have been watched for long enough to declare workers dead."""
        settling = self._options.settling
        if self._watching_since is None or self._looked_at is None or now - self._looked_at > settling:
            self._watching_since = now
        self._looked_at = now
        return now - self._watching_since >= settling

    async def _bury(self, now: datetime) -> None:
        """Take executions over from dead workers, and end those as POISONED that workers keep dying of."""
        while released := await self._recovery.release_dead(dead_before=now - self._options.lease, limit=_BATCH):
            logger.warning("%s executions are taken over from workers that died", len(released))
            if len(released) < _BATCH:
                break
        quarantined = await self._recovery.quarantine(crashes=self._options.quarantined_after, now=now, limit=_BATCH)
        if quarantined:
            logger.error("%s executions are quarantined: their workers kept dying", len(quarantined))
            await self._announce(quarantined)

    async def _announce(self, ended: Sequence[UUID]) -> None:
        """Tell subscribers of executions that ended without a worker's commit."""
        for id, record in (await self._queries.get_many(ended, lean=True)).items():
            change = await self._queries.changes_since(id, record.sequence - 1)
            if change is not None:
                self._publisher.publish([change])

    async def _admit(self, now: datetime) -> None:
        """Give free slots to queued executions: the worker that freed a slot may have died before it could."""
        for workflow_id, limit in await self._recovery.queued_workflows():
            admitted = await self._executions.admit(workflow_id, limit, now)
            if admitted:
                await self._queue.hint(admitted)

    async def _hint(self, due: Sequence[UUID], now: datetime) -> None:
        earliest = now - self._options.patience
        self._hinted = {id: at for id, at in self._hinted.items() if at > earliest}
        # A fresh one's hint is on its way. An id from the future says nothing: it was made by a clock that was wrong.
        latest = now + self._options.patience
        lost = [id for id in due if id not in self._hinted and not earliest < _created_at(id) < latest]
        if lost:
            self._hinted.update(dict.fromkeys(lost, now))
            await self._queue.hint(lost)


def _created_at(id: UUID) -> datetime:
    """The time inside a UUIDv7: its first 48 bits are milliseconds (RFC 9562, section 5.7)."""
    return datetime.fromtimestamp((id.int >> 80) / 1000, tz=UTC)
