"""HTTP/1.1 as uvicorn speaks it, with the budgets of a request checked while it arrives.

The parser hands over a header when it has all of it, and joins all its pieces anew for each that arrives: so the bytes
that it holds back have a budget too, which makes the cost of any request linear in the bytes that were sent.
"""

import asyncio
from enum import IntEnum
from typing import Any, cast

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from domain.kernel.errors import ErrorCode
from domain.kernel.json.text import dumps
from graphql_api.edge.connections import ConnectionWatch, ReadingPace
from graphql_api.edge.lingering import LingeringTransport

_LONGEST_HANDSHAKE_LINE = 8_190
"""Bytes of a header of a WebSocket's handshake, which `websockets` reads a second time, by a limit of its own."""

_REASONS = {
    400: "Bad Request",
    408: "Request Timeout",
    413: "Content Too Large",
    414: "URI Too Long",
    431: "Request Header Fields Too Large",
    503: "Service Unavailable",
}


class OverBudget(Exception):
    """The request is over one of its budgets. Raised inside of the parser, to stop it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class _Phase(IntEnum):
    """The part of a request that a connection waits for."""

    REQUEST = 0
    HEAD = 1
    BODY = 2


class BudgetedHttpProtocol(HttpToolsProtocol):
    """One connection. A refused request is answered where no answer was begun; then the connection is closed."""

    _ending: LingeringTransport

    def __init__(self, *args: Any, watch: ConnectionWatch, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._watch = watch
        self._budgets = budgets = watch.budgets
        self._most_silent = budgets.max_head_bytes
        self._most_lines = budgets.max_head_lines
        self._most_body = max(budgets.max_body_bytes, budgets.max_hook_bytes) + budgets.max_head_bytes
        self._pace = ReadingPace(budgets)
        self._phase = _Phase.HEAD
        self._since = 0.0
        self._has_sent = False
        self._silent = 0  # bytes since the parser has last handed something over but a header
        self._body_bytes = self._chunks = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accept the connection, or refuse it with the reason."""
        self._ending = LingeringTransport(transport, self._budgets, self.loop.time, self._may_be_sending)
        super().connection_made(cast("asyncio.Transport", self._ending))
        address = self.client[0] if self.client else ""
        refusal = self._watch.refusal(address)
        self._since = self.loop.time()
        if refusal is not None and not self._watch.may_be_told():
            transport.abort()
            return
        self._watch.opened(self, address, self.loop)
        if refusal is not None:
            self._refuse(503, refusal)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._watch.closed(self)
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over to the WebSocket's protocol, which is watched in its own right."""
        self._watch.closed(self)
        self.transport = self._ending.inner
        super().handle_websocket_upgrade()

    def data_received(self, data: bytes) -> None:
        """Parse what has come, and refuse the request where it is over a budget."""
        if self._ending.is_lingering:
            self._ending.drop(data)
            return
        self._unset_keepalive_if_required()
        self._has_sent = True
        if self._phase is _Phase.REQUEST:
            self._phase, self._since = _Phase.HEAD, self.loop.time()
        self._silent += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            if self._should_upgrade():
                self.handle_websocket_upgrade()
        except httptools.HttpParserError as error:
            over = error.__context__
            if isinstance(over, OverBudget):
                self._refuse(over.status, str(over))
            else:
                self._refuse(400, "This is not a request of HTTP/1.1.", ErrorCode.INVALID_INPUT)
        else:
            if self._phase is _Phase.HEAD and len(self.headers or ()) > self._most_lines:
                self._refuse(431, self._too_many_lines())
            elif self._silent > self._most_silent:
                self._refuse(*self._silence())

    def on_url(self, url: bytes) -> None:
        """Take a piece of the URL."""
        super().on_url(url)
        if len(self.url) > self._budgets.max_url_bytes:
            raise OverBudget(414, f"The URL is longer than {self._budgets.max_url_bytes:,} bytes.")

    def on_headers_complete(self) -> None:
        """Begin the body of a request."""
        if len(self.headers) > self._most_lines:
            raise OverBudget(431, self._too_many_lines())
        if self._silent > self._most_silent:
            self._check_size()
        if len(self.pipeline) >= self._budgets.max_pipelined:
            raise OverBudget(400, f"More than {self._budgets.max_pipelined:,} requests wait for an answer here.")
        self._silent = self._body_bytes = self._chunks = 0
        is_handshake = self.parser.should_upgrade() and self._should_upgrade()
        if is_handshake:
            self._check_handshake()
        super().on_headers_complete()
        if not is_handshake:
            self.headers = []  # what stands behind a body is none of the request's headers
        self._phase, self._since = _Phase.BODY, self.loop.time()

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._silent = 0
        self._body_bytes += len(body)
        if self._body_bytes > self._most_body:
            raise OverBudget(413, f"The request is larger than {self._most_body:,} bytes.")
        super().on_body(body)

    def on_chunk_header(self) -> None:
        """Begin a chunk of the body."""
        self._silent = 0
        self._chunks += 1
        if self._chunks > self._budgets.max_chunks:
            raise OverBudget(413, f"The body has more than {self._budgets.max_chunks:,} chunks.")

    def on_message_complete(self) -> None:
        """End a request."""
        self._silent = 0
        self._phase = _Phase.REQUEST
        super().on_message_complete()

    def look(self, now: float) -> None:
        """Close the connection where one of its deadlines is over."""
        if self._pace.is_too_slow(self.transport.get_write_buffer_size(), now):
            self.transport.abort()
        elif self._ending.is_lingering:
            self._ending.look(now)
        elif self.transport.is_closing():
            return
        elif self.flow.read_paused:
            self._since = now  # the client could not go on: it is we who do not read
        elif self._phase is _Phase.HEAD:
            if now - self._since > self._budgets.head_timeout.total_seconds():
                self._end_waiting("head", self._budgets.head_timeout.total_seconds())
        elif self._phase is _Phase.BODY:
            self._look_at_body(now - self._since)

    def _look_at_body(self, length: float) -> None:
        budgets = self._budgets
        if length > budgets.body_timeout.total_seconds():
            self._end_waiting("body", budgets.body_timeout.total_seconds())
        elif length > budgets.body_grace.total_seconds() and self._body_bytes < budgets.min_body_rate * length:
            self._refuse(408, f"The body arrives at less than {budgets.min_body_rate:,} bytes a second.")

    def _end_waiting(self, what: str, seconds: float) -> None:
        if self._has_sent:
            self._refuse(408, f"The {what} of the request took longer than {seconds:g} seconds.")
        else:
            self.transport.close()  # browsers open connections in advance; an answer to nothing would confuse them

    def _silence(self) -> tuple[int, str]:
        """The status and the message for bytes of which the parser has handed nothing over."""
        most = f"{self._most_silent:,} bytes"
        if self._phase is _Phase.BODY:
            return 400, f"A chunk of the body has extensions or trailers of more than {most}."
        return 431, f"The head of the request is larger than {most}."

    def _check_size(self) -> None:
        """Measure a head that came with so much else that it may be too large."""
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > self._most_silent:
            raise OverBudget(431, f"The head of the request is larger than {self._most_silent:,} bytes.")

    def _too_many_lines(self) -> str:
        return f"The request has more than {self._most_lines:,} headers."

    def _check_handshake(self) -> None:
        for name, value in self.headers:
            if len(name) + len(value) + 2 > _LONGEST_HANDSHAKE_LINE:
                raise OverBudget(
                    431, f"A header of a WebSocket's handshake is longer than {_LONGEST_HANDSHAKE_LINE:,} bytes."
                )

    def _refuse(self, status: int, message: str, code: ErrorCode = ErrorCode.LIMIT_EXCEEDED) -> None:
        """Answer, where that is still possible, and read no more of what this client has to say."""
        self.logger.debug("a request is refused with %s: %s", status, message)
        self._unset_keepalive_if_required()
        is_too_late = self._is_answering_another()
        self.pipeline.clear()
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if is_too_late:
            self._ending.linger()
            return
        body = dumps({"errors": [{"message": message, "extensions": {"code": code.value}}]}).encode()
        head = (
            f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: application/json; charset=utf-8\r\n"
            f"Content-Length: {len(body)}\r\nCache-Control: no-store\r\nConnection: close\r\n"
        )
        if status == 503:
            head += "Retry-After: 5\r\n"
        self.transport.write(head.encode() + b"\r\n" + body)
        self._ending.linger()

    def _may_be_sending(self) -> bool:
        """True when a request has not arrived completely, or others may lie behind the last that was read."""
        is_within = self._phase is not _Phase.REQUEST and self._has_sent
        return is_within or bool(self.pipeline) or self.flow.read_paused

    def _is_answering_another(self) -> bool:
        """True when an answer was begun, or is due to an earlier request than the one that is refused."""
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.response_complete:
            return False
        return bool(self.pipeline) or cycle.response_started or cycle.scope is not self.scope
