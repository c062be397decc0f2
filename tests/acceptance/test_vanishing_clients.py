"""Clients that vanish while they are answered: the log has nothing to say about them, and others are answered."""

import asyncio
import json
import os
import random
import signal
import socket
import struct
from collections.abc import Callable

import pytest

from tests.acceptance.conftest import Deployment
from tests.acceptance.processes import ask

CLIENTS = 300
HANDSHAKE = (
    b"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)
UPDATES = "subscription { executionUpdates { id status } }"


def message(**members: object) -> bytes:
    """A WebSocket message as clients send it: masked."""
    data, mask = json.dumps(members).encode(), os.urandom(4)
    length = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + struct.pack(">H", len(data))
    return b"\x81" + length + mask + bytes(byte ^ mask[index % 4] for index, byte in enumerate(data))


def request(path: str, query: str, accept: str = "application/json") -> bytes:
    body = json.dumps({"query": query}).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nAccept: {accept}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


GREETING = message(type="connection_init")
SUBSCRIBING = message(type="subscribe", id="1", payload={"query": UPDATES})
SAID = [
    HANDSHAKE,
    HANDSHAKE + GREETING,
    HANDSHAKE + GREETING + SUBSCRIBING,
    HANDSHAKE + GREETING + message(type="subscribe", id="1", payload={"query": "{ health { status } }"}),
    HANDSHAKE + b"\x83\xff" + bytes(range(30)),
    HANDSHAKE + b"\x81\x82\x00\x00\x00\x00\xff\xfe",  # no UTF-8
    request("/graphql", "{ executions(first: 50) { nodes { id } } }"),
    request("/graphql", "{ executions(first: 50) { nodes { id } } }")[:-5],
    request("/graphql", UPDATES, "text/event-stream"),
    request("/hooks/nobody", "{}")[:-1],
    b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
]


async def vanish(port: int, said: bytes, choose: Callable[[], float]) -> None:
    """Connect, say something, and be gone: by a reset, or politely, at once or after a moment."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(said)
    await asyncio.sleep(choose() * 0.2)
    if choose() < 0.5:
        own: socket.socket = writer.get_extra_info("socket")
        own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
    writer.close()


@pytest.mark.parametrize("format", ["console", "json"])
async def test_clients_that_vanish_leave_no_traceback_and_no_line_each(deployment: Deployment, format: str) -> None:
    deployment.extra = {"STEPGRAPH_LOG_FORMAT": format}
    supervisor = await deployment.start_api()
    [api] = supervisor.running("api-process")
    choose = random.Random(7).random
    for is_stopped in (False, True):
        if is_stopped:  # then all of them are gone before the first is answered
            os.kill(api.pid, signal.SIGSTOP)
        clients = [vanish(deployment.port, SAID[number % len(SAID)], choose) for number in range(CLIENTS)]
        await asyncio.gather(*clients)
        os.kill(api.pid, signal.SIGCONT)
        assert (await ask(deployment.url, "{ health { version } }"))["health"]

    assert await supervisor.stop(signal.SIGTERM) == 0
    said = supervisor.text()
    assert "Traceback" not in said
    assert '"exception"' not in said
    assert len(said.splitlines()) < CLIENTS / 10, said
