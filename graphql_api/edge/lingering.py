"""The end of a connection whose client may still be sending: it gets a moment to read what it was told last.

A socket that is closed while something lies unread in it, or still arrives, is reset, and whatever its client has not
read by then is lost (RFC 9112, section 9.6). So we end our side alone, and read and drop what comes for a while.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from graphql_api.budgets import RequestBudgets


class LingeringTransport:
    """A transport whose `close` lingers where `may_be_sending` says so; all else it hands on.

    Its owner gives it what arrives from then on (`drop`), and lets it look at its deadlines (`look`).
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        budgets: RequestBudgets,
        now: Callable[[], float],
        may_be_sending: Callable[[], bool],
    ) -> None:
        self.inner = transport
        self.is_lingering = False
        self.write: Callable[[bytes], None] = transport.write
        self._now = now
        self._may_be_sending = may_be_sending
        self._longest = budgets.linger_timeout.total_seconds()
        self._longest_silence = budgets.linger_silence.total_seconds()
        self._most_dropped = budgets.max_linger_bytes
        self._began = self._heard = 0.0
        self._dropped = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def is_closing(self) -> bool:
        """True when nothing more can be sent."""
        return self.is_lingering or self.inner.is_closing()

    def pause_reading(self) -> None:
        """Read nothing for now, unless it would be dropped anyway."""
        if not self.is_lingering:
            self.inner.pause_reading()

    def close(self) -> None:
        """Close once everything is sent, and the client has had the time to read it."""
        if self.is_closing():
            return
        if self._may_be_sending():
            self.linger()
        else:
            self.inner.close()

    def linger(self) -> None:
        """End our side, and wait for the client to end its own."""
        if self.is_closing():
            return
        self.is_lingering = True
        self.write = _say_nothing
        self._began = self._heard = self._now()
        if self.inner.can_write_eof():
            self.inner.write_eof()
        self.inner.resume_reading()

    def drop(self, data: bytes) -> None:
        """Count and discard what arrives while the connection lingers."""
        self._heard = self._now()
        self._dropped += len(data)
        if self._dropped > self._most_dropped:
            self.inner.abort()

    def look(self, now: float) -> None:
        """End the lingering where it has taken too long, not counting the time in which the last answer is sent."""
        if self.inner.get_write_buffer_size():
            self._began = self._heard = now
        elif now - self._began > self._longest or now - self._heard > self._longest_silence:
            self.inner.abort()


def _say_nothing(_data: bytes) -> None:
    """Takes the place of `write` once our side has ended."""
