"""WebSockets: before a client is let in it may send little, and afterwards no more than is read of it."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
import websockets
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake
from websockets.typing import Subprotocol

from tests.integration.network.attacking import Attacked, until_free

PROTOCOL = Subprotocol("graphql-transport-ws")
MANY = 1_290_000


@asynccontextmanager
async def opened(api: Attacked, *, is_let_in: bool) -> AsyncIterator[ClientConnection]:
    """A WebSocket."""
    socket = await connect(
        f"ws://127.0.0.1:{api.port}/graphql",
        subprotocols=[PROTOCOL],
        max_size=None,
        ping_interval=None,
        close_timeout=1,
    )
    try:
        if is_let_in:
            payload = {"authorization": f"Bearer {api.token}"}
            await socket.send(json.dumps({"type": "connection_init", "payload": payload}))
            assert json.loads(await socket.recv())["type"] == "connection_ack"
        yield socket
    finally:
        with suppress(CANNOT_ABORT):
            await socket.close()


CANNOT_ABORT = AttributeError
"""Raised to the client by asyncio of Python 3.11, where it aborts a transport that has closed with much unsent."""


async def sent(socket: ClientConnection, *messages: str | bytes) -> int | None:
    """The code that the connection is closed with while these are sent; None where it goes on."""
    with suppress(websockets.ConnectionClosed, CANNOT_ABORT):
        for message in messages:
            await socket.send(message)
        await socket.send('{"type":"ping","payload":{"last":1}}')
        async with asyncio.timeout(20):
            async for _ in socket:
                return None
    return socket.close_code


def large(type: str, inner: str = "{},") -> str:
    return f'{{"type":"{type}","payload":{{"a":[{inner * (3_870_000 // len(inner))}1]}}}}'


LARGE = {
    "ping": large("ping"),
    "pong": large("pong"),
    "connection_init": large("connection_init"),
    "complete": large("complete"),
    "subscribe": large("subscribe"),
    "unknown": large("nonsense"),
    "nested": large("ping", "[[[[]]]],"),
    "text": '{"type":"ping","payload":{"a":"' + "x" * 3_800_000 + '"}}',
    "zeros": large("ping", '"\\u0000",'),
    "just over": '{"type":"ping","payload":{"a":"' + "x" * 16_000 + '"}}',
    "no JSON": "[" * 3_900_000,
}


@pytest.mark.parametrize("what", LARGE)
async def test_nothing_large_is_read_before_a_client_is_let_in(api: Attacked, what: str) -> None:
    async with api.kept_responsive(cost=0.6):
        for _ in range(3):
            async with opened(api, is_let_in=False) as socket:
                assert await sent(socket, LARGE[what]) == 1009


async def test_what_comes_in_fragments_or_as_bytes_is_measured_as_a_whole(api: Attacked) -> None:
    async with opened(api, is_let_in=False) as socket:
        with suppress(websockets.ConnectionClosed, CANNOT_ABORT):
            await socket.send(["x" * 1_000 for _ in range(40)])
            await socket.wait_closed()
        assert socket.close_code == 1009
    async with opened(api, is_let_in=False) as socket:
        assert await sent(socket, b"x" * 20_000) == 1009


@pytest.mark.parametrize("what", ["ping", "pong", "complete", "unknown", "nested", "text", "zeros", "just over"])
async def test_afterwards_only_what_subscribes_may_be_large(api: Attacked, what: str) -> None:
    async with api.kept_responsive(cost=1.5), opened(api, is_let_in=True) as socket:
        assert await sent(socket, LARGE[what]) == 4400
        assert socket.close_reason


async def test_a_large_operation_is_answered(api: Attacked) -> None:
    payload = {"query": "query($x: String) { __typename }", "variables": {"x": "y" * 1_000_000}}
    async with opened(api, is_let_in=True) as socket:
        await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
        assert json.loads(await socket.recv())["id"] == "1"


@pytest.mark.parametrize("is_let_in", [False, True])
async def test_a_flood_of_messages_is_read_at_a_rate_and_holds_up_nobody(api: Attacked, is_let_in: bool) -> None:
    async with api.kept_responsive(cost=3.0), opened(api, is_let_in=is_let_in) as socket:
        await flood(socket, b'{"type":"ping"}', count=100_000)


@pytest.mark.parametrize("opcode", [0x89, 0x8A])
async def test_a_flood_of_control_frames_is_read_at_a_rate_and_holds_up_nobody(api: Attacked, opcode: int) -> None:
    async with api.kept_responsive(cost=3.0), opened(api, is_let_in=False) as socket:
        await flood_raw(socket, bytes((opcode, 0x80)) + b"mask", count=200_000)


async def test_empty_fragments_without_end_hold_up_nobody_and_end(api: Attacked) -> None:
    async with api.kept_responsive(cost=3.0), opened(api, is_let_in=False) as socket:
        socket.transport.write(b"\x01\x80mask")
        await flood_raw(socket, b"\x00\x80mask", count=200_000)


async def flood(socket: ClientConnection, text: bytes, *, count: int) -> None:
    """Send so many small messages as fast as they are taken, for two seconds at most."""
    mask = os.urandom(4)
    body = bytes(byte ^ mask[index % 4] for index, byte in enumerate(text))
    await flood_raw(socket, bytes((0x81, 0x80 | len(text))) + mask + body, count=count)


async def flood_raw(socket: ClientConnection, frame: bytes, *, count: int) -> None:
    loop = asyncio.get_running_loop()
    until = loop.time() + 2
    for _ in range(count // 1_000):
        if socket.transport.is_closing() or loop.time() > until:
            return
        if socket.transport.get_write_buffer_size() < 500_000:
            socket.transport.write(frame * 1_000)
        await asyncio.sleep(0.005)


async def test_messages_at_an_ordinary_rate_are_all_answered(api: Attacked) -> None:
    async with opened(api, is_let_in=True) as socket:
        for _ in range(500):
            await socket.send('{"type":"ping"}')
        answers = [json.loads(await asyncio.wait_for(socket.recv(), 30)) for _ in range(500)]

    assert {answer["type"] for answer in answers} == {"pong"}


async def test_hundreds_of_sockets_that_never_say_who_they_are_go_away(hasty: Attacked) -> None:
    async def silent() -> ClientConnection:
        while True:
            with suppress(InvalidHandshake):  # the machine was too busy to send its head in time
                return await connect(
                    f"ws://127.0.0.1:{hasty.port}/graphql", subprotocols=[PROTOCOL], ping_interval=None
                )

    async with hasty.kept_responsive(cost=4.0):
        sockets: list[ClientConnection] = []
        for _ in range(20):
            sockets += await asyncio.gather(*(silent() for _ in range(10)))
        await asyncio.gather(*(socket.wait_closed() for socket in sockets))
    assert {socket.close_code for socket in sockets} == {4408}
    await until_free(hasty, within=30)
