"""The work queue, in memory: it remembers every hint and nudge, and lets a test wait for them."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from domain.system.records import QueueRecord


class MemoryWorkQueue:
    """Implements `domain.system.workers.WorkQueue`. `hints` and `nudges` are all that was ever sent, oldest first.

    `is_lossy = True` drops them, as a Redis that is away does.
    """

    def __init__(self) -> None:
        self.hints: list[UUID] = []
        self.nudges: list[tuple[UUID, UUID]] = []
        self.is_lossy = False
        self.dead_letters = 0
        self._waiting: asyncio.Queue[UUID] = asyncio.Queue()

    async def hint(self, execution_ids: Sequence[UUID]) -> None:
        if self.is_lossy:
            return
        for id in execution_ids:
            self.hints.append(id)
            self._waiting.put_nowait(id)

    async def nudge(self, worker_id: UUID, execution_id: UUID) -> None:
        if not self.is_lossy:
            self.nudges.append((worker_id, execution_id))

    async def queues(self) -> Sequence[QueueRecord]:
        return [QueueRecord(name="executions", depth=self._waiting.qsize(), dead_letters=self.dead_letters)]

    async def next_hint(self) -> UUID:
        """Take the oldest hint that was not taken yet, waiting for one."""
        return await self._waiting.get()
