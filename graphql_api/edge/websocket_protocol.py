"""WebSockets as uvicorn speaks them, read no faster than their budgets allow.

Thousands of frames fit into one read of the socket, and all would be taken apart in one go: here they are taken piece
by piece, with a turn of the event loop between, so that one connection never holds up the others.
"""

import asyncio
from asyncio.transports import BaseTransport, Transport
from typing import Any, cast

from uvicorn._types import ASGIReceiveEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request

from graphql_api.edge.connections import ConnectionWatch, ReadingPace
from graphql_api.edge.lingering import LingeringTransport

ACKNOWLEDGE = "stepgraph.acknowledge"
"""The extension of the ASGI scope to call when a client is let in: from then on its messages may be large."""

_PIECE = 16_000
_BURST = 10
"""Seconds' worth of frames or messages that may come at once."""


class Allowance:
    """A token bucket, which grows by `rate` a second, up to `_BURST` seconds' worth."""

    __slots__ = ("_left", "_most", "_rate", "_seen")

    def __init__(self, rate: int, now: float) -> None:
        self._rate = rate
        self._most = self._left = float(rate * _BURST)
        self._seen = now

    def take(self, count: int, now: float) -> float:
        """Take `count`, and return the seconds to wait before more is taken."""
        self._left = min(self._most, self._left + (now - self._seen) * self._rate) - count
        self._seen = now
        return 0.0 if self._left >= 0 else -self._left / self._rate


class BudgetedWebSocketProtocol(WebSocketsSansIOProtocol):
    """One WebSocket."""

    _ending: LingeringTransport

    def __init__(self, *args: Any, watch: ConnectionWatch, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._watch = watch
        budgets, now = watch.budgets, self.loop.time()
        self._pace = ReadingPace(budgets)
        self._frames_left = Allowance(budgets.max_frames_per_second, now)
        self._messages_left = Allowance(budgets.max_messages_per_second, now)
        self._most_fragments = budgets.max_frames_per_second * _BURST
        self._backlog = bytearray()
        self._is_waiting = False
        self._came_late = 0  # bytes since we have said that we close
        self._most = self.conn.max_message_size
        self.conn.max_message_size = budgets.max_init_bytes

    def connection_made(self, transport: BaseTransport) -> None:
        """Take the connection over; it was let in before its handshake."""
        self._ending = LingeringTransport(
            cast("Transport", transport), self._watch.budgets, self.loop.time, lambda: True
        )
        super().connection_made(cast("Transport", self._ending))
        self._watch.opened(self, self.client[0] if self.client else "", self.loop)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._watch.closed(self)
        self._backlog.clear()
        super().connection_lost(exc)

    def handle_connect(self, event: Request) -> None:
        """Begin the handshake."""
        super().handle_connect(event)
        if self.handshake_initiated and not self.handshake_complete:
            cast("dict[str, Any]", self.scope["extensions"])[ACKNOWLEDGE] = self._acknowledge

    def data_received(self, data: bytes) -> None:
        """Take what has come, as much of it as may be taken now; where we have closed, wait for the client's close."""
        if self._ending.is_lingering:
            self._ending.drop(data)
            return
        if self.close_sent:
            self._came_late += len(data)
            if self._came_late > self._watch.budgets.max_linger_bytes:
                self.transport.abort()
                return
        if not self.handshake_initiated:
            super().data_received(data)
            return
        self._backlog += data
        if not self._is_waiting:
            self._advance()

    def handle_events(self) -> None:
        """Count frames before they are handled."""
        frames = len(self.conn.events)
        super().handle_events()
        wait = self._frames_left.take(frames, self.loop.time())
        if wait:
            self._is_waiting = True
            self.loop.call_later(wait, self._advance)

    def handle_cont(self, event: Frame) -> None:
        """Take a fragment of a message, which may be empty and so has to be counted."""
        if len(self.frames) >= self._most_fragments:
            self.conn.fail(1009, f"more than {self._most_fragments} fragments")
            self.handle_parser_exception()
            return
        super().handle_cont(event)

    def handle_parser_exception(self) -> None:
        """End the connection; where the handshake itself could not be understood, with an answer of HTTP."""
        if self.conn.close_sent is not None:
            super().handle_parser_exception()
            return
        self.handshake_complete = self.close_sent = True
        self.transport.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        self.transport.close()

    async def receive(self) -> ASGIReceiveEvent:
        """The next message, no sooner than the rate of messages allows it."""
        message = await self.queue.get()
        if message["type"] == "websocket.receive":
            # A turn of the loop for each: where many wait, the queue itself gives none.
            await asyncio.sleep(self._messages_left.take(1, self.loop.time()))
        if self.queue.empty():
            self.read_paused = False
            if not self._is_waiting:
                self._advance()
        return message

    def resume_writing(self) -> None:
        """Resume reading too: nothing is read from a client that does not read our answers."""
        super().resume_writing()
        if not self._is_waiting:
            self._advance()

    def look(self, now: float) -> None:
        """Close the connection where its client reads too slowly."""
        if self._pace.is_too_slow(self.transport.get_write_buffer_size(), now):
            self.transport.abort()
        elif self._ending.is_lingering:
            self._ending.look(now)

    def _acknowledge(self) -> None:
        self.conn.max_message_size = self._most

    def _advance(self) -> None:
        """Take the next piece, and go on at the next turn of the loop where there is more."""
        self._is_waiting = False
        if self.transport.is_closing():
            self._backlog.clear()
            return
        if self._backlog and self._may_read():
            piece = bytes(self._backlog[:_PIECE])
            del self._backlog[:_PIECE]
            super().data_received(piece)
            if self._backlog and not self._is_waiting and self._may_read():
                self._is_waiting = True
                self.loop.call_soon(self._advance)
        if self.transport.is_closing():
            self._backlog.clear()
            return
        if self._backlog or self._is_waiting or not self._may_read():
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()

    def _may_read(self) -> bool:
        return self.writable.is_set() and not (self.read_paused and not self.close_sent)
