"""Refused clients can read the reason, also while they go on sending; they are not listened to for long."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from graphql_api.budgets import RequestBudgets
from tests.integration.network.attacking import Attacked, status_of, until_free

SENT_LATER = b"x" * 50_000
TIMES = 40
"""Two megabytes: far more than lies in the buffers of two sockets."""

UPGRADE = (
    "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)
TEXT, CONTINUATION, BINARY = 0x01, 0x00, 0x02
FINAL = 0x80


def frame(opcode: int, data: bytes) -> bytes:
    """A frame of a client, under a mask that changes nothing."""
    return struct.pack("!BBH", opcode, 0x80 | 126, len(data)) + b"\0\0\0\0" + data


WEBSOCKET = {
    "a message that is too large": ([frame(FINAL | TEXT, b"x" * 20_000)], 1009),
    "the same in fragments": ([frame(TEXT, b"x" * 1_000), *[frame(CONTINUATION, b"x" * 1_000)] * 20], 1009),
    "the same as bytes": ([frame(FINAL | BINARY, b"x" * 20_000)], 1009),
    "more fragments than are taken": ([frame(TEXT, b""), *[frame(CONTINUATION, b"")] * 10_000], 1009),
    "an opcode that is none": ([frame(FINAL | 0x03, b"x")], 1002),
    "a fragment of nothing": ([frame(FINAL | CONTINUATION, b"x")], 1002),
    "text that is none": ([frame(FINAL | TEXT, b"\xff\xff")], 1007),
    "no message of the protocol": ([frame(FINAL | TEXT, b'{"type": "nonsense"}')], 4400),
    "an operation before the client is let in": (
        [frame(FINAL | TEXT, b'{"id": "1", "type": "subscribe", "payload": {"query": "{ __typename }"}}')],
        4401,
    ),
}


@pytest.mark.parametrize("what", WEBSOCKET)
async def test_a_websocket_is_told_the_code_though_it_goes_on_sending(api: Attacked, what: str) -> None:
    pieces, code = WEBSOCKET[what]
    async with connected(api) as (reader, writer):
        writer.write(UPGRADE.format(path="/graphql").encode())
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        await send_on(writer, frame(FINAL | BINARY, SENT_LATER[:10_000]), times=5 * TIMES)

        opcode, length = await asyncio.wait_for(reader.readexactly(2), 30)
        assert (opcode, struct.unpack("!H", (await reader.readexactly(length))[:2])) == (0x88, (code,))


def post(path: str, length: int, *headers: str) -> bytes:
    """The head of a request with such a body."""
    lines = ["Host: localhost", "Content-Type: application/json", f"Content-Length: {length}", *headers]
    return (f"POST {path} HTTP/1.1\r\n" + "\r\n".join(lines) + "\r\n\r\n").encode()


BODY = TIMES * len(SENT_LATER)
GET = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n"
HTTP = {
    "a header that is too long": (GET + b"X-Long: ", 431),
    "too many headers": (GET + b"X-A: 1\r\n" * 200, 431),
    "a URL that is too long": (b"GET /", 414),
    "no HTTP": (b"NONSENSE\r\n\r\n", 400),
    "more chunks than are taken": (
        b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Authorization: Bearer TOKEN\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 11_000,
        413,
    ),
    "a body without a key": (post("/graphql", BODY), 401),
    "a body without a key, and then the end": (post("/graphql", BODY, "Connection: close"), 401),
    "a hook's body": (post("/hooks/abc", BODY, "Connection: close"), 404),
    "a body for no such path": (post("/nothing", BODY, "Connection: close"), 404),
    "a body where none is read": (post("/livez", BODY, "Connection: close"), 405),
    "a body by HTTP/1.0": (post("/graphql", BODY).replace(b"HTTP/1.1", b"HTTP/1.0"), 401),
    "a handshake at no such path": (UPGRADE.format(path="/nothing").encode(), 403),
    "a handshake that is none": (UPGRADE.format(path="/graphql").replace("13", "12").encode(), 400),
}


@pytest.mark.parametrize("what", HTTP)
async def test_a_request_is_told_why_though_its_client_goes_on_sending(api: Attacked, what: str) -> None:
    head, status = HTTP[what]
    async with connected(api) as (reader, writer):
        writer.write(head.replace(b"TOKEN", (api.token or "").encode()))
        await send_on(writer, SENT_LATER)

        assert status_of(await asyncio.wait_for(reader.read(100_000), 30)) == status


async def test_a_body_that_is_too_large_is_told_so_to_a_client_that_sends_all_of_it_first(api: Attacked) -> None:
    async with connected(api) as (reader, writer):
        writer.write(post("/graphql", 6_000_000, "Connection: close", f"Authorization: Bearer {api.token}"))
        await send_on(writer, SENT_LATER, times=120)

        assert status_of(await asyncio.wait_for(reader.read(-1), 30)) == 413


async def test_answers_given_before_a_refusal_are_read_too(api: Attacked) -> None:
    async with connected(api) as (reader, writer):
        writer.write(GET + b"\r\n")
        assert status_of(await reader.readuntil(b"\r\n\r\n")) == 200
        writer.write((GET + b"\r\n") * 40)
        await send_on(writer, SENT_LATER)

        assert await asyncio.wait_for(reader.read(-1), 30)


@asynccontextmanager
async def connected(api: Attacked) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A raw connection, closed at the end."""
    reader, writer = await api.connect()
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def send_on(writer: asyncio.StreamWriter, data: bytes, *, times: int = TIMES) -> None:
    """Send, a piece after another. Raises `ConnectionError` where the connection is reset meanwhile."""
    for _ in range(times):
        writer.write(data)
        await writer.drain()


MOST = RequestBudgets().max_linger_bytes


@pytest.mark.parametrize(
    "head", [GET + b"X-Long: " + SENT_LATER * 2, post("/graphql", 10**12, "Connection: close"), b"NONSENSE\r\n\r\n"]
)
async def test_a_client_that_never_ends_is_listened_to_for_so_many_bytes(api: Attacked, head: bytes) -> None:
    sent = 0
    before = api.memory()
    async with api.kept_responsive(cost=1.5), connected(api) as (_, writer):
        writer.write(head)
        with suppress(ConnectionError):
            while sent < 5 * MOST:
                await send_on(writer, SENT_LATER, times=1)
                sent += len(SENT_LATER)

    assert sent < 3 * MOST  # what is dropped, and what lies in the buffers of two sockets
    assert api.memory() - before < 20_000_000


async def test_a_client_that_says_nothing_more_is_closed_for(api: Attacked) -> None:
    async with connected(api) as (reader, writer):
        writer.write(b"NONSENSE\r\n\r\n")

        assert status_of(await reader.read(-1)) == 400
        await until_free(api, within=30)
