"""The port that hands new executions to workers which have said that they have room."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from domain.executions.records import ExecutionRecord, NewExecution


class Handovers(Protocol):
    """Handovers: an execution is created as one that a worker has claimed, and told to that worker alone."""

    def worker_for(self, new: NewExecution) -> UUID | None:
        """A living worker with room for it; None: it is left to whoever comes first."""

    async def hand_over(self, executions: Sequence[ExecutionRecord]) -> Sequence[UUID]:
        """Tell workers of these, which they hold at epoch 1. Returns those whose worker does not listen any more.

        Never raises `Unavailable`: workers find later what they were not told.
        """
