"""Nothing stays for ever: heads, bodies, idle connections and answers that nobody reads have deadlines."""

import asyncio
import json
from contextlib import suppress
from pathlib import Path

import pytest

from tests.integration.network.attacking import Attacked, attacked, message_of, status_of, until_free
from tests.waiting import wait_until

HEAD = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n"


def graphql(api: Attacked, length: int, path: str = "/graphql") -> bytes:
    """The head of a request with a body of this length."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {api.token}\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


async def test_hundreds_of_half_sent_heads_go_away_and_others_are_answered_meanwhile(hasty: Attacked) -> None:
    async with hasty.kept_responsive(cost=3.0):
        streams = []
        for _ in range(300):
            reader, writer = await hasty.connect()
            writer.write(HEAD)  # at once: who says nothing within the time of a head is not told that it is over
            streams.append((reader, writer))
        answers = await asyncio.gather(*(reader.read(10_000) for reader, _ in streams))
    for _, writer in streams:
        writer.close()

    assert {status_of(answer) for answer in answers} == {408}
    assert "0.4 seconds" in message_of(answers[0])
    await until_free(hasty, within=30)


async def test_connections_that_say_nothing_are_closed_without_a_word(hasty: Attacked) -> None:
    assert await hasty.say() == b""


@pytest.mark.parametrize("piece", [b"X-A: 1\r\n", b"x", b"\r\n"])
async def test_a_head_in_drops_does_not_buy_more_time(hasty: Attacked, piece: bytes) -> None:
    reader, writer = await hasty.connect()
    answer = asyncio.create_task(reader.read(10_000))
    writer.write(HEAD if piece != b"\r\n" else b"\r\n")
    while not answer.done():
        writer.write(piece)
        await asyncio.sleep(0.05)
    assert status_of(await answer) == 408
    writer.close()
    await until_free(hasty, within=30)


@pytest.mark.parametrize("path", ["/graphql", "/hooks/abc", "/livez", "/nothing"])
async def test_a_body_in_drops_is_given_up(hasty: Attacked, path: str) -> None:
    reader, writer = await hasty.connect()
    writer.write(graphql(hasty, 100_000, path))
    answer = asyncio.create_task(reader.read(-1))
    while not answer.done():
        writer.write(b" ")
        await asyncio.sleep(0.05)
    assert status_of(await answer) in (401, 404, 405, 408)
    writer.close()
    await until_free(hasty, within=30)


async def test_a_body_that_stops_is_answered_408_with_the_rate(hasty: Attacked) -> None:
    answer = await hasty.say(graphql(hasty, 100_000) + b"{")

    assert status_of(answer) == 408
    assert "1,000 bytes a second" in message_of(answer)


async def test_a_body_that_takes_longer_than_all_of_its_time_is_given_up(hasty: Attacked) -> None:
    reader, writer = await hasty.connect()
    writer.write(graphql(hasty, 3_000_000))
    answer = asyncio.create_task(reader.read(-1))
    while not answer.done():
        writer.write(b" " * 1_000)
        await asyncio.sleep(0.05)
    said = await answer
    assert (status_of(said), "3 seconds" in message_of(said)) == (408, True)
    writer.close()


async def test_a_body_that_comes_steadily_is_answered(hasty: Attacked) -> None:
    body = json.dumps({"query": "{ __typename }", "variables": {"x": "y" * 30_000}}).encode()
    reader, writer = await hasty.connect()
    writer.write(graphql(hasty, len(body)).replace(b"Content-Length", b"Connection: close\r\nContent-Length"))
    for at in range(0, len(body), 3_000):
        writer.write(body[at : at + 3_000])
        await asyncio.sleep(0.1)

    assert status_of(await reader.read(-1)) == 200
    writer.close()


async def test_an_idle_connection_is_closed(hasty: Attacked) -> None:
    reader, writer = await hasty.connect()
    writer.write(HEAD + b"\r\n")

    assert status_of(await asyncio.wait_for(reader.read(-1), 30)) == 200  # up to the end, which the API sets
    writer.close()


async def test_an_answer_that_nobody_reads_is_given_up(hasty: Attacked) -> None:
    body = json.dumps({"query": "{ " + " ".join(f"a{n}: __schema {{ ...t }}" for n in range(30)) + " } " + TYPES})
    reader, writer = await asyncio.open_connection("127.0.0.1", hasty.port, limit=1_000)
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    with suppress(ConnectionError):
        for _ in range(40):
            writer.write(graphql(hasty, len(body)) + body.encode())
            await asyncio.wait_for(writer.drain(), 1)
    await until_free(hasty, within=30)
    writer.close()
    assert reader.at_eof() is False


TYPES = "fragment t on __Schema { types { name description fields { name description type { name } } } }"


async def test_a_websocket_that_does_not_read_is_not_listened_to_and_given_up(hasty: Attacked) -> None:
    reader, writer = await hasty.connect()
    writer.write(
        b"GET /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
    )
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
    before = hasty.memory()
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    ping = b"\x89\xfd" + b"mask" + b"x" * 125  # a control frame, which is answered by one of its size
    with suppress(ConnectionError, TimeoutError):
        for _ in range(400):
            writer.write(ping * 500)
            await asyncio.wait_for(writer.drain(), 2)
    await until_free(hasty, within=30)
    writer.close()

    assert hasty.memory() - before < 30_000_000


async def test_there_are_only_so_many_connections_and_others_are_told(tmp_path: Path) -> None:
    with attacked(tmp_path / "api.log", requires_keys=True, max_connections=20) as api:
        streams = [await api.connect() for _ in range(20)]
        try:
            answer = await api.say(HEAD + b"\r\n")
        finally:
            for _, writer in streams:
                writer.close()

        assert (status_of(answer), b"Retry-After" in answer) == (503, True)
        assert "20 connections" in message_of(answer)
        await wait_until(api.is_live, "there is room again")


def test_as_many_files_as_connections_are_not_promised() -> None:
    from stepgraph.composition import most_connections

    assert 0 < most_connections() <= 65_536


async def test_connections_of_one_address_are_counted_where_they_are_not_this_machines() -> None:
    from graphql_api.budgets import RequestBudgets
    from graphql_api.edge.connections import ConnectionWatch

    class Connection:
        def look(self, now: float) -> None:
            """Never due."""

    loop = asyncio.get_running_loop()
    watch = ConnectionWatch(RequestBudgets(max_connections_per_address=2))
    mine = [Connection(), Connection(), Connection()]
    watch.opened(mine[0], "2001:db8::1", loop)
    watch.opened(mine[1], "2001:db8::2", loop)
    for number in range(3):
        watch.opened(Connection(), f"127.0.0.{number}", loop)

    assert watch.refusal("2001:db8::ffff") is not None
    assert watch.refusal("2001:db8:0:1::1") is None
    assert watch.refusal("127.0.0.1") is None
    assert watch.refusal("::ffff:127.0.0.1") is None
    watch.closed(mine[0])
    assert watch.refusal("2001:db8::ffff") is None
