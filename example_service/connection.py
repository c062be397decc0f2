"""HTTP/1.1 as far as the example service speaks it."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from example_service.messages import Request, json_response
from example_service.routes import ROUTES

if TYPE_CHECKING:
    from example_service.service import ExampleService

_MAX_HEAD_BYTES = 64 * 1024
_MAX_BODY_BYTES = 16 * 1024 * 1024


class Connection(asyncio.Protocol):
    """One keep-alive connection: it reads a request, answers it, and only then reads the next."""

    def __init__(self, service: "ExampleService") -> None:
        self._service = service
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._service.opened(self)

    def connection_lost(self, error: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._transport = None
        self._service.closed(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._busy:
            self._serve()

    def send(self, data: bytes, *, last: bool = True) -> None:
        """Write a part of the answer; after the last part the next request is read."""
        if self._transport is None:
            return
        self._transport.write(data)
        if last and self._busy:
            self._busy = False
            self._serve()

    def later(self, seconds: float, callback: Callable[[], None]) -> None:
        """Go on with this answer after a while, unless the connection is lost first."""
        self._timer = asyncio.get_running_loop().call_later(seconds, callback)

    def close(self) -> None:
        """Close after what was written."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()

    def _serve(self) -> None:
        while not self._busy and self._transport is not None:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                if len(self._buffer) > _MAX_HEAD_BYTES:
                    self._refuse(431, "the head is too large")
                return
            head = self._buffer[:end]
            body_end = end + 4
            mark = head.lower().find(b"\r\ncontent-length:")
            if mark >= 0:
                digits = head[mark + 17 :].split(b"\r\n", 1)[0].strip()
                if not digits.isdigit() or int(digits) > _MAX_BODY_BYTES:
                    self._refuse(413, "the body is too large")
                    return
                body_end += int(digits)
                if len(self._buffer) < body_end:
                    return
            body = self._buffer[end + 4 : body_end]
            self._buffer = self._buffer[body_end:]
            self._answer(head, body)

    def _answer(self, head: bytes, body: bytes) -> None:
        try:
            method, target, _ = head.split(b"\r\n", 1)[0].decode("ascii").split(" ")
        except ValueError:
            self._refuse(400, "not a request line")
            return
        path, _, query = target.partition("?")
        service = self._service
        service.count(path)
        segments = path.split("/")[1:]
        request = Request(service, self, method, segments, target, query, head, body)
        route = ROUTES.get((method, segments[0])) if segments else None
        self._busy = True
        try:
            answer = route(request) if route else json_response(404, {"error": f"no {method} {path}"})
        except (ValueError, LookupError) as error:
            answer = json_response(400, {"error": str(error)})
        if answer is not None:
            self._busy = False
            if self._transport is not None:
                self._transport.write(answer)

    def _refuse(self, status: int, why: str) -> None:
        self._busy = True
        self.send(json_response(status, {"error": why}), last=False)
        self.close()
