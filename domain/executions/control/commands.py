"""Sending of commands to executions: a row first, then a nudge of the worker that holds it, or a hint to any."""

from collections.abc import Callable, Sequence
from uuid import UUID

from domain.executions.ports import ExecutionStore
from domain.executions.records import PendingCommand
from domain.kernel.clock import Clock
from domain.kernel.errors import NotFound
from domain.kernel.ids import IdKind, new_id, to_public
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import CommandKind
from domain.system.workers import WorkQueue


class CommandSender:
    """Stores and announces commands. A lost nudge or hint loses nothing: the reconciler finds the row."""

    def __init__(
        self,
        *,
        executions: ExecutionStore,
        queue: WorkQueue,
        clock: Clock,
        new_id: Callable[[], UUID] = new_id,
    ) -> None:
        self._executions = executions
        self._queue = queue
        self._clock = clock
        self._new_id = new_id

    async def send(self, execution_id: UUID, kind: CommandKind, payload: JsonValue = None) -> None:
        """Send a command to one execution. Raises `NotFound`, or `InvalidState` when it has ended."""
        try:
            worker_id = await self._executions.add_command(
                PendingCommand(
                    id=self._new_id(),
                    execution_id=execution_id,
                    kind=kind,
                    payload=payload,
                    created_at=self._clock.now(),
                )
            )
        except NotFound as error:
            raise NotFound("execution", to_public(IdKind.EXECUTION, execution_id)) from error
        if worker_id is None:
            await self._queue.hint([execution_id])
        else:
            await self._queue.nudge(worker_id, execution_id)

    async def send_all(self, execution_ids: Sequence[UUID], kind: CommandKind, payload: JsonValue = None) -> int:
        """Send a command to many in one commit; those that have ended are passed over. Returns the number told."""
        now = self._clock.now()
        commands = [
            PendingCommand(id=self._new_id(), execution_id=id, kind=kind, payload=payload, created_at=now)
            for id in execution_ids
        ]
        if not commands:
            return 0
        holders = await self._executions.add_commands(commands)
        free = [id for id, worker_id in holders.items() if worker_id is None]
        if free:
            await self._queue.hint(free)
        for id, worker_id in holders.items():
            if worker_id is not None:
                await self._queue.nudge(worker_id, id)
        return len(holders)
