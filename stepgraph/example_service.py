"""The bundled example service: a small HTTP API to run workflows against, with every misbehaviour worth a test.

`python -m stepgraph.example_service --port 0` prints its URL on one line and serves until it is told to stop; tests
use `async with ExampleService() as service`. It needs the standard library alone and answers in about ten
microseconds, so that what a benchmark measures is the orchestrator.
"""

import argparse
import asyncio
import gzip
import json
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import TracebackType
from typing import Self, cast
from urllib.parse import parse_qs, unquote

_MAX_HEAD_BYTES = 64 * 1024
_MAX_BODY_BYTES = 16 * 1024 * 1024
_MAX_ANSWER_BYTES = 256 * 1024 * 1024
_MAX_COUNTED_PATHS = 100_000
_BOMB_BYTES = 64 * 1024 * 1024
_PAYMENT_FAILURES = 2

_encode = json.JSONEncoder(separators=(",", ":")).encode


class ExampleService:
    """A listening service. `port` 0 takes a free one; `url` is known once the context is entered.

    `counters` counts the requests per path (without the query). `connections` is how many are open.
    """

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.counters: Counter[str] = Counter()
        self.url = ""
        self._host = host
        self._port = port
        self._attempts: Counter[str] = Counter()
        self._open: set[_Connection] = set()
        self._server: asyncio.Server | None = None

    @property
    def connections(self) -> int:
        """How many connections are open now."""
        return len(self._open)

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Connection(self), self._host, self._port, backlog=4096, reuse_address=True
        )
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://{f'[{self._host}]' if ':' in self._host else self._host}:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
            for connection in tuple(self._open):
                connection.abort()
            await self._server.wait_closed()

    def opened(self, connection: "_Connection") -> None:
        """A connection was made."""
        self._open.add(connection)

    def closed(self, connection: "_Connection") -> None:
        """A connection is gone."""
        self._open.discard(connection)

    def count(self, path: str) -> None:
        """One more request for this path. Paths beyond a bound are counted together."""
        if len(self.counters) >= _MAX_COUNTED_PATHS and path not in self.counters:
            path = "*"
        self.counters[path] += 1

    def attempt(self, key: str) -> int:
        """Which call with this key this is, from 1. The keys are forgotten when there are too many."""
        if len(self._attempts) >= _MAX_COUNTED_PATHS:
            self._attempts.clear()
        self._attempts[key] += 1
        return self._attempts[key]


@dataclass(slots=True)
class _Request:
    """One request, and the connection to answer it on. `path` is split at its slashes."""

    service: ExampleService
    connection: "_Connection"
    method: str
    path: list[str]
    target: str
    query: str
    head: bytes
    body: bytes

    def argument(self, name: str, default: str) -> str:
        """The first value of a query parameter."""
        return parse_qs(self.query, keep_blank_values=True).get(name, [default])[0]

    def headers(self) -> dict[str, str]:
        """The headers by lower-case name, the repeated ones joined by commas."""
        found: dict[str, str] = {}
        for line in self.head.split(b"\r\n")[1:]:
            name, _, value = line.decode("latin-1").partition(":")
            key, text = name.strip().lower(), value.strip()
            found[key] = f"{found[key]}, {text}" if key in found else text
        return found


class _Connection(asyncio.Protocol):
    """One keep-alive connection: it reads a request, answers it, and only then reads the next."""

    def __init__(self, service: ExampleService) -> None:
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
        request = _Request(service, self, method, segments, target, query, head, body)
        route = _ROUTES.get((method, segments[0]))
        self._busy = True
        try:
            answer = route(request) if route else _json(404, {"error": f"no {method} {path}"})
        except (ValueError, LookupError) as error:
            answer = _json(400, {"error": str(error)})
        if answer is not None:
            self._busy = False
            if self._transport is not None:
                self._transport.write(answer)

    def _refuse(self, status: int, why: str) -> None:
        self._busy = True
        self.send(_json(status, {"error": why}), last=False)
        self.close()


def _response(status: int, body: bytes, content_type: str, extra: str = "") -> bytes:
    head = f"HTTP/1.1 {status} -\r\ncontent-type: {content_type}\r\ncontent-length: {len(body)}\r\n{extra}\r\n"
    return head.encode("latin-1") + body


def _json(status: int, value: object, extra: str = "") -> bytes:
    return _response(status, _encode(value).encode(), "application/json", extra)


def _stock(request: _Request) -> bytes:
    sku = unquote(request.path[1])
    return _json(200, {"sku": sku, "available": 42, "price": 12.5, "currency": "EUR"})


def _customer(request: _Request) -> bytes:
    key = unquote(request.path[1])
    return _json(200, {"id": key, "name": f"Customer {key}", "email": f"{key}@example.com", "tier": "gold"})


def _payment(request: _Request) -> bytes:
    key = request.headers().get("idempotency-key")
    if not key:
        return _json(400, {"error": "an Idempotency-Key is needed"})
    attempt = request.service.attempt(f"payment {key}")
    if attempt <= _PAYMENT_FAILURES:
        return _json(503, {"error": "the payment provider is busy", "attempt": attempt})
    amount = json.loads(request.body or b"null")
    return _json(201, {"paymentId": f"pay_{key}", "status": "captured", "attempt": attempt, "request": amount})


def _accepted(kind: str) -> Callable[[_Request], bytes]:
    def accept(request: _Request) -> bytes:
        key = request.headers().get("idempotency-key", "none")
        return _json(201, {f"{kind}Id": f"{kind}_{key}", "status": "accepted", "request": _body(request)})

    return accept


def _body(request: _Request) -> object:
    try:
        return json.loads(request.body) if request.body else None
    except ValueError:
        return request.body.decode("latin-1")


def _echo(request: _Request) -> bytes:
    return _json(
        200,
        {
            "method": request.method,
            "path": "/" + "/".join(request.path),
            "query": parse_qs(request.query, keep_blank_values=True),
            "headers": request.headers(),
            "body": _body(request),
        },
    )


def _delay(request: _Request) -> None:
    milliseconds = int(request.path[1])
    answer = _json(200, {"delayed": milliseconds})
    request.connection.later(milliseconds / 1000, lambda: request.connection.send(answer))


def _status(request: _Request) -> bytes:
    code = int(request.path[1])
    if not 200 <= code <= 599:
        raise ValueError("a status is 200 to 599")
    if code in (204, 304):
        return f"HTTP/1.1 {code} -\r\n\r\n".encode()
    return _json(code, {"status": code})


def _flaky(request: _Request) -> bytes:
    attempt = request.service.attempt(f"flaky {request.path[1]}")
    failures = int(request.argument("failures", "2"))
    return _json(503 if attempt <= failures else 200, {"attempt": attempt})


def _bytes(request: _Request) -> bytes:
    return _response(200, b"x" * min(int(request.path[1]), _MAX_ANSWER_BYTES), "application/octet-stream")


def _drip(request: _Request) -> None:
    left = int(request.argument("bytes", "100"))
    interval = int(request.argument("interval_ms", "100")) / 1000
    connection = request.connection
    connection.send(
        f"HTTP/1.1 200 -\r\ncontent-type: text/plain\r\ncontent-length: {left}\r\n\r\n".encode(), last=left == 0
    )

    def drop() -> None:
        nonlocal left
        left -= 1
        connection.send(b".", last=left == 0)
        if left > 0:
            connection.later(interval, drop)

    if left > 0:
        connection.later(interval, drop)


@cache
def _bomb(layers: int) -> bytes:
    body = bytes(_BOMB_BYTES)
    for _ in range(layers):
        body = gzip.compress(body, compresslevel=1)
    return body


def _gzip_bomb(request: _Request) -> bytes:
    layers = min(max(int(request.argument("layers", "1")), 1), 3)
    encoding = ", ".join(["gzip"] * layers)
    return _response(200, _bomb(layers), "text/plain", f"content-encoding: {encoding}\r\n")


def _gzip(request: _Request) -> bytes:
    body = gzip.compress(json.dumps({"compressed": True}).encode())
    return _response(200, body, "application/json", "content-encoding: gzip\r\n")


def _broken_json(request: _Request) -> bytes:
    return _response(200, b'{"half": ', "application/json")


def _garbage(request: _Request) -> None:
    request.connection.send(b"\x00\x01 this is not HTTP \xff\xfe\r\n\r\n", last=False)
    request.connection.close()


def _hang(request: _Request) -> None:
    """The connection stays busy, and nothing is ever written."""


def _close(request: _Request) -> None:
    request.connection.send(
        b"HTTP/1.1 200 -\r\ncontent-type: text/plain\r\ncontent-length: 100\r\n\r\nhalf", last=False
    )
    request.connection.close()


def _redirect(request: _Request) -> bytes:
    to = request.argument("to", "/echo")
    if not to.isprintable():
        raise ValueError("a location is printable")
    return _json(int(request.argument("status", "302")), {"to": to}, f"location: {to}\r\n")


def _loop(request: _Request) -> bytes:
    return _json(302, {"to": "/loop"}, "location: /loop\r\n")


def _retry_after(request: _Request) -> bytes:
    return _json(429, {"error": "slow down"}, f"retry-after: {unquote(request.path[1])}\r\n")


def _counters(request: _Request) -> bytes:
    return _json(200, dict(request.service.counters))


_ROUTES: dict[tuple[str, str], Callable[[_Request], bytes | None]] = {
    ("GET", "stock"): _stock,
    ("GET", "customers"): _customer,
    ("POST", "payments"): _payment,
    ("POST", "shipments"): _accepted("shipment"),
    ("POST", "notifications"): _accepted("notification"),
    ("GET", "delay"): _delay,
    ("GET", "status"): _status,
    ("GET", "flaky"): _flaky,
    ("GET", "bytes"): _bytes,
    ("GET", "drip"): _drip,
    ("GET", "gzip"): _gzip,
    ("GET", "gzip-bomb"): _gzip_bomb,
    ("GET", "broken-json"): _broken_json,
    ("GET", "garbage"): _garbage,
    ("GET", "hang"): _hang,
    ("GET", "close"): _close,
    ("GET", "redirect"): _redirect,
    ("POST", "redirect"): _redirect,
    ("GET", "loop"): _loop,
    ("GET", "retry-after"): _retry_after,
    ("GET", "counters"): _counters,
    **{(method, "echo"): _echo for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")},
}


async def _run(host: str, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with ExampleService(host=host, port=port) as service:
        print(service.url, flush=True)
        await stop.wait()


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="stepgraph.example_service", description="The bundled example service.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    arguments = parser.parse_args()
    try:
        import uvloop
    except ImportError:
        asyncio.run(_run(arguments.host, arguments.port))
    else:
        uvloop.run(_run(arguments.host, arguments.port))


if __name__ == "__main__":
    main()
