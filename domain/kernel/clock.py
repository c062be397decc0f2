"""The port of the clock."""

from datetime import datetime
from typing import Protocol
from uuid import UUID


class Clock(Protocol):
    """The source of the time for the shell and the services; the decider is only ever told it."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""

    def new_id(self) -> UUID:
        """A fresh UUIDv7 of the present moment; those of one clock sort in the order in which they were made."""
