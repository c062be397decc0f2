"""Turns with the executions of a test: whatever is hinted at is claimed and driven, until nothing is left to do."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from actors.activations.activation import Activation
from actors.activations.context import ActivationContext
from domain.executions.records import Claim
from domain.kernel.background_tasks import BackgroundTasks
from domain.kernel.ids import new_id
from domain.system.records import QueueRecord
from domain.workflows.definitions.cache import DefinitionCache


class Turns:
    """Implements `domain.system.workers.WorkQueue`: the queue and the one worker of a test, for one event loop."""

    def __init__(self, definitions: DefinitionCache) -> None:
        self._definitions = definitions
        self._worker = new_id()
        self._held: dict[UUID, Activation | None] = {}
        self._again: set[UUID] = set()
        self._tasks = BackgroundTasks("execution of a test")
        self._parts: ActivationContext | None = None
        self._failure: asyncio.Future[None] | None = None

    def fail(self, error: BaseException) -> None:
        """Have `run` raise this, whatever still runs."""
        if self._failure is not None and not self._failure.done():
            self._failure.set_exception(error)

    async def hint(self, execution_ids: Sequence[UUID]) -> None:
        """Drive these executions, beside the caller."""
        for id in execution_ids:
            self._take(id)

    async def nudge(self, worker_id: UUID, execution_id: UUID) -> None:
        """Have an execution look at its commands."""
        self._take(execution_id)

    async def queues(self) -> Sequence[QueueRecord]:
        """None: nothing ever waits here."""
        return ()

    async def run(self, first: UUID, parts: ActivationContext) -> None:
        """Drive an execution, and all that come from it, until nothing runs any more. Raises what a turn raises."""
        self._parts = parts
        self._failure = asyncio.get_running_loop().create_future()
        self._take(first)
        while waiting := {*self._tasks, *parts.background_tasks}:
            done, _ = await asyncio.wait({*waiting, self._failure}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()

    def _take(self, id: UUID) -> None:
        held = self._held.get(id)
        if held is not None:
            held.nudge()
        elif id in self._held:
            self._again.add(id)  # it is being claimed
        else:
            self._held[id] = None
            self._tasks.start(self._drive(id))

    async def _drive(self, id: UUID) -> None:
        parts = self._parts
        assert parts is not None
        activation: Activation | None = None
        for claim in await parts.store.claim([id], worker_id=self._worker, now=parts.clock.now()):
            activation = await self._activation(claim, parts)
            await activation.run()
        del self._held[id]
        is_wanted = activation is not None and activation.is_nudged and not activation.has_ended
        if is_wanted or id in self._again:
            self._again.discard(id)
            self._take(id)

    async def _activation(self, claim: Claim, parts: ActivationContext) -> Activation:
        definition = await self._definitions.get(claim.execution.definition_id)
        activation = Activation(claim, definition, parts)
        self._held[claim.execution.id] = activation
        if claim.execution.id in self._again:
            self._again.discard(claim.execution.id)
            activation.nudge()
        return activation
