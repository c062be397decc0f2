"""The ports of health and of the installation."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from domain.system.records import ComponentRecord, OutboxBacklog, WorkProgress


class HealthProbe(Protocol):
    """Checks that the parts that Stepgraph depends on can do what the work needs of them, and that the work goes on."""

    async def components(self, timeout: timedelta) -> Sequence[ComponentRecord]:
        """PostgreSQL, Redis and the migrations, each within `timeout`. Never raises.

        Each check tries what the work needs: a part that answers but cannot do that is down, and its detail says why.
        """

    async def backlog(self, now: datetime) -> OutboxBacklog:
        """The events that wait in the outbox. Raises `Unavailable`."""

    async def progress(self) -> WorkProgress:
        """The lateness of executions and of the reconciler, by the store's clock. Raises `Unavailable`."""


class Installation(Protocol):
    """Values that this installation has generated for itself, the same for all of its processes."""

    async def key(self) -> bytes:
        """32 random bytes that never change and never leave the installation."""
