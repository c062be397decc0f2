"""Ports to the world at large: the time, the sandbox, the health of what Stepgraph stands on."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from domain.system.records import ComponentRecord, OutboxBacklog, WorkProgress


class HealthProbe(Protocol):
    """Whether the parts that Stepgraph depends on do what the work needs of them, and whether the work goes on."""

    async def components(self, timeout: timedelta) -> Sequence[ComponentRecord]:
        """PostgreSQL, Redis and the migrations, each within `timeout`. Never raises.

        What the work does is tried: a part that answers and could not do it is down, and its detail says why.
        """

    async def backlog(self, now: datetime) -> OutboxBacklog:
        """What waits in the outbox. Raises `Unavailable`."""

    async def progress(self) -> WorkProgress:
        """How late executions are, and those who look after them, by the store's clock. Raises `Unavailable`."""


class Installation(Protocol):
    """What this installation has made up for itself, the same for all of its processes."""

    async def key(self) -> bytes:
        """32 random bytes that never change and never leave the installation."""
