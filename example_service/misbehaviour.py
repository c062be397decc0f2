"""Every misbehaviour worth a test: slow, flaky, endless, broken and oversized answers."""

import gzip
import json
from functools import cache
from urllib.parse import parse_qs, unquote

from example_service.messages import Request, Routes, json_response, response

_MAX_ANSWER_BYTES = 256 * 1024 * 1024
_BOMB_BYTES = 64 * 1024 * 1024


def _echo(request: Request) -> bytes:
    return json_response(
        200,
        {
            "method": request.method,
            "path": "/" + "/".join(request.path),
            "query": parse_qs(request.query, keep_blank_values=True),
            "headers": request.headers(),
            "body": request.content(),
        },
    )


def _delay(request: Request) -> None:
    milliseconds = int(request.path[1])
    answer = json_response(200, {"delayed": milliseconds})
    request.connection.later(milliseconds / 1000, lambda: request.connection.send(answer))


def _status(request: Request) -> bytes:
    code = int(request.path[1])
    if not 200 <= code <= 599:
        raise ValueError("a status is 200 to 599")
    if code in (204, 304):
        return f"HTTP/1.1 {code} -\r\n\r\n".encode()
    return json_response(code, {"status": code})


def _flaky(request: Request) -> bytes:
    attempt = request.service.attempt(f"flaky {request.path[1]}")
    failures = int(request.argument("failures", "2"))
    return json_response(503 if attempt <= failures else 200, {"attempt": attempt})


def _bytes(request: Request) -> bytes:
    return response(200, b"x" * min(int(request.path[1]), _MAX_ANSWER_BYTES), "application/octet-stream")


def _drip(request: Request) -> None:
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


def _gzip_bomb(request: Request) -> bytes:
    layers = min(max(int(request.argument("layers", "1")), 1), 3)
    encoding = ", ".join(["gzip"] * layers)
    return response(200, _bomb(layers), "text/plain", f"content-encoding: {encoding}\r\n")


def _gzip(request: Request) -> bytes:
    body = gzip.compress(json.dumps({"compressed": True}).encode())
    return response(200, body, "application/json", "content-encoding: gzip\r\n")


def _broken_json(request: Request) -> bytes:
    return response(200, b'{"half": ', "application/json")


def _garbage(request: Request) -> None:
    request.connection.send(b"\x00\x01 this is not HTTP \xff\xfe\r\n\r\n", last=False)
    request.connection.close()


def _hang(request: Request) -> None:
    """Keep the connection busy, and never write anything."""


def _close(request: Request) -> None:
    request.connection.send(
        b"HTTP/1.1 200 -\r\ncontent-type: text/plain\r\ncontent-length: 100\r\n\r\nhalf", last=False
    )
    request.connection.close()


def _redirect(request: Request) -> bytes:
    to = request.argument("to", "/echo")
    if not to.isprintable():
        raise ValueError("a location is printable")
    return json_response(int(request.argument("status", "302")), {"to": to}, f"location: {to}\r\n")


def _loop(request: Request) -> bytes:
    return json_response(302, {"to": "/loop"}, "location: /loop\r\n")


def _retry_after(request: Request) -> bytes:
    return json_response(429, {"error": "slow down"}, f"retry-after: {unquote(request.path[1])}\r\n")


def _counters(request: Request) -> bytes:
    return json_response(200, dict(request.service.counters))


MISBEHAVIOUR: Routes = {
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
