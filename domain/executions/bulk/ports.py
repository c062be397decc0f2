"""The port that stores bulk operations."""

from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from domain.executions.bulk.model import BulkOperation
from domain.kernel.pages import Page


class BulkOperations(Protocol):
    """Bulk operations, each carried on by one worker at a time."""

    async def add(self, operation: BulkOperation) -> None:
        """Store a new one, for any worker to carry on."""

    async def get(self, id: UUID) -> BulkOperation | None:
        """The operation with this id."""

    async def page(self, *, first: int, after: UUID | None) -> Page[BulkOperation]:
        """Operations, newest first."""

    async def count(self) -> int:
        """The number of operations."""

    async def claim(self, *, lease: timedelta) -> BulkOperation | None:
        """The oldest one that has not finished and nobody holds, held for `lease` at a new epoch; None for none."""

    async def advance(self, operation: BulkOperation) -> bool:
        """Store how far it is and let go of it; False, and nothing stored, where another has taken it over.

        One that was told to stop meanwhile stays so, unless it has finished by this.
        """

    async def stop(self, id: UUID, now: datetime) -> BulkOperation | None:
        """Have one stop that has not finished, and return it as it is then; None where there is none such."""

    async def prune(self, before: datetime, limit: int) -> int:
        """Remove operations that finished before `before`, at most `limit`; returns the number removed."""
