"""The batches of one execution's long loops: having them run, taking them away, and keeping their results."""

from collections.abc import Collection, Sequence
from uuid import UUID

from actors.activations.live_workers import LiveWorkers
from domain.engine.containers import items_in
from domain.engine.sharding import runnable_batches
from domain.engine.state import ExecutionState, ItemRange
from domain.executions.ports import ExecutionStore
from domain.executions.records import ExecutionRecord, NewBatch, PendingCommand
from domain.kernel.clock import Clock
from domain.kernel.errors import Unavailable
from domain.kernel.ids import derived_id
from domain.kernel.statuses import CommandKind
from domain.system.workers import WorkQueue
from persistence.connections.retrying import until_available


class Batches:
    """The batches of `execution`, whose results stay stored as commands until their loop ends: no crash loses them."""

    def __init__(
        self,
        execution: ExecutionRecord,
        store: ExecutionStore,
        queue: WorkQueue,
        clock: Clock,
        live_workers: LiveWorkers | None = None,
    ) -> None:
        self._live_workers = live_workers
        self._turn = execution.id.int  # not every loop begins with the same worker
        self._execution = execution
        self._store = store
        self._queue = queue
        self._clock = clock
        self._told: dict[str, list[UUID]] = {}
        self._live: dict[str, set[UUID]] = {}
        self.unapplied: set[UUID] = set()

    async def run(self, ranges: Sequence[ItemRange]) -> None:
        """Have workers run these ranges of items: in turn where several live, otherwise whichever takes the hint.

        A nudge that is lost, or that reaches a worker without a free place, becomes a hint by the reconciler.
        """
        execution = self._execution
        batches = [
            NewBatch(
                id=batch_id(execution, range.path, range.first),
                execution_id=execution.id,
                definition_id=execution.definition_id,
                priority=execution.priority,
                range=range,
                created_at=self._clock.now(),
            )
            for range in ranges
        ]
        await until_available(lambda: self._store.create_batches(batches), "a long loop's batches")
        workers = () if self._live_workers is None else await self._live_workers.worker_ids()
        for batch in batches:
            self._live.setdefault(batch.range.path, set()).add(batch.id)
            if len(workers) > 1:
                await self._queue.nudge(workers[self._turn % len(workers)], batch.id)
                self._turn += 1
            else:
                await self._queue.hint([batch.id])

    async def holders(self) -> Sequence[tuple[UUID, UUID]]:
        """The batches that some worker holds, as (worker id, batch id); none while the database is away."""
        live = [id for ids in self._live.values() for id in ids]
        if not live:
            return ()
        try:
            held = await self._store.holders(live)
        except Unavailable:
            return ()
        return [(worker_id, id) for id, worker_id in held.items() if worker_id is not None]

    async def drop(self, loop: str) -> None:
        """Remove the remaining batches of a loop, and have the workers that run them stop."""
        for worker_id, batch in await self._store.drop_batches(self._execution.id, loop, self._clock.now()):
            await self._queue.nudge(worker_id, batch)

    async def tell(self, state: ExecutionState, kind: CommandKind) -> None:
        """Pause or resume the batches that may be running."""
        now = self._clock.now()
        commands = [
            PendingCommand(
                id=self._clock.new_id(),
                execution_id=batch_id(self._execution, path, range.first),
                kind=kind,
                payload=None,
                created_at=now,
            )
            for path in sorted(state.sharded)
            for range in runnable_batches(state.containers[path], items_in(state.steps[path].checkpoint))
        ]
        for id, worker_id in (await self._store.add_commands(commands)).items():
            if worker_id is None:
                await self._queue.hint([id])
            else:
                await self._queue.nudge(worker_id, id)

    def keep(self, command: PendingCommand, state: ExecutionState) -> bool:
        """True when this command has to stay stored: it brings the result of a batch of a loop that is still open."""
        payload = command.payload
        if command.kind is not CommandKind.CHILD_ENDED or not isinstance(payload, dict) or "first" not in payload:
            return False
        path = payload.get("path")
        if not isinstance(path, str) or path not in state.containers:
            return False
        self._told.setdefault(path, []).append(command.id)
        self.unapplied.add(command.id)
        return True

    def taken(self, path: str) -> Collection[UUID]:
        """The ids of the commands that need not stay stored any longer, because the loop at `path` has ended."""
        told = self._told.pop(path, [])
        self.unapplied.difference_update(told)
        return told


def batch_id(execution: ExecutionRecord, loop: str, first: int) -> UUID:
    """The id of a batch, made from its loop and its first item, so that creating it twice creates it once."""
    return derived_id(execution.id, f"{loop}[{first}]", execution.created_at)
