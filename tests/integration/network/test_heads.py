"""Heads of requests are cut off while they arrive, at a cost that is linear in what was sent."""

import asyncio

import pytest

from tests.integration.network.attacking import Attacked, message_of, status_of

BEGIN = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n"
UPGRADE = (
    b"GET /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n"
)
CHUNKED = b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
PIECE = b"x" * 65_536
MANY = 300
"""Pieces of 64 kB: 20 MB, which cost more than a second where the cost is quadratic."""

ENDLESS = {
    "a header's value": [BEGIN + b"X-Long: ", *[PIECE] * MANY],
    "a header's name": [BEGIN, *[PIECE] * MANY],
    "a header of many lines": [BEGIN + b"X-Long: a", *[b"a" * 1_000 + b"\r\n" + b" b"] * 20_000],
    "blanks before a value": [BEGIN + b"X-Long:", *[b" " * 65_536] * MANY],
    "many headers": [BEGIN, *[b"X-A: 1\r\n" * 8_000] * 30],
    "many equal headers": [BEGIN, *[b"Cookie: a\r\n" * 5_000] * 30],
    "many empty headers": [BEGIN, *[b"a:\r\n" * 10_000] * 30],
    "a URL": [b"GET /", *[PIECE] * MANY],
    "a query": [b"GET /livez?", *[PIECE] * MANY],
    "a handshake's header": [UPGRADE + b"X-Long: ", *[PIECE] * MANY],
    "a handshake of many headers": [UPGRADE, *[b"X-A: 1\r\n" * 8_000] * 30],
    "trailers": [CHUNKED + b"0\r\n", *[b"X-A: 1\r\n" * 8_000] * 30],
    "a trailer": [CHUNKED + b"0\r\nX-Long: ", *[PIECE] * MANY],
    "a chunk's extension": [CHUNKED + b"5;a=", *[PIECE] * MANY],
    "empty lines before a request": [b"\r\n" * 30_000] * MANY,
}


@pytest.mark.parametrize("what", ENDLESS)
async def test_a_head_without_an_end_is_cut_off_and_costs_nothing(api: Attacked, what: str) -> None:
    async with api.kept_responsive(cost=0.6):
        answer = await api.say(*ENDLESS[what])

    assert status_of(answer) in (400, 401, 414, 431)
    if status_of(answer) != 401:
        assert "," in message_of(answer) or "100" in message_of(answer) or "HTTP/1.1" in message_of(answer)


@pytest.mark.parametrize(
    ("head", "status", "number"),
    [
        (BEGIN + b"X-Long: " + b"x" * 64_000 + b"\r\n\r\n", 431, "64,000 bytes"),
        (BEGIN + b"X-Long: " + b"x" * 1_000_000 + b"\r\n\r\n", 431, "64,000 bytes"),
        (BEGIN + b"x" * 64_000 + b": 1\r\n\r\n", 431, "64,000 bytes"),
        (BEGIN + b"X-A: 1\r\n" * 100 + b"\r\n", 431, "100 headers"),
        (BEGIN + b"X-A: 1\r\n" * 10_000 + b"\r\n", 431, "100 headers"),
        (BEGIN + (b"X-A: " + b"x" * 1_000 + b"\r\n") * 70 + b"\r\n", 431, "64,000 bytes"),
        (b"GET /" + b"x" * 8_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414, "8,000 bytes"),
        (UPGRADE + b"X-Long: " + b"x" * 8_190 + b"\r\n\r\n", 431, "8,190 bytes"),
        (UPGRADE + b"X-A: 1\r\n" * 110 + b"\r\n", 431, "100 headers"),
        (b"NONSENSE\r\n\r\n", 400, "HTTP/1.1"),
    ],
)
async def test_a_refusal_says_the_number(api: Attacked, head: bytes, status: int, number: str) -> None:
    answer = await api.say(head)

    assert (status_of(answer), b"Connection: close" in answer) == (status, True)
    assert number in message_of(answer)


@pytest.mark.parametrize(
    "head",
    [
        BEGIN + b"X-Long: " + b"x" * 60_000 + b"\r\nConnection: close\r\n\r\n",
        BEGIN + b"X-A: 1\r\n" * 97 + b"Connection: close\r\n\r\n",
        b"GET /livez?" + b"x" * 7_900 + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    ],
)
async def test_what_is_within_the_budgets_is_answered(api: Attacked, head: bytes) -> None:
    assert await api.status(head) == 200
    assert await api.status(*[head[at : at + 1_000] for at in range(0, len(head), 1_000)]) == 200


async def test_a_head_that_comes_byte_by_byte_costs_no_more_than_its_bytes(api: Attacked) -> None:
    head = BEGIN + b"X-Long: " + b"x" * 20_000 + b"\r\nConnection: close\r\n\r\n"

    async with api.kept_responsive(cost=6.0):
        assert await api.status(*[head[at : at + 1] for at in range(len(head))], timeout=60) == 200


@pytest.mark.parametrize("name", [b"Authorization: Bearer x", b"Host: evil.example", b"X-Forwarded-For: 10.0.0.1"])
async def test_what_stands_behind_a_body_is_no_header_of_the_request(api: Attacked, name: bytes) -> None:
    body = b'{"query": "{ __typename }"}'
    head = CHUNKED[:-2] + f"Content-Type: application/json\r\nAuthorization: Bearer {api.token}\r\n".encode()

    answer = await api.say(
        head + b"Connection: close\r\n\r\n" + f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n" + name + b"\r\n\r\n"
    )

    assert status_of(answer) == 200


@pytest.mark.parametrize(
    "chunks", [b"1\r\na\r\n" * 500_000, b"1;x=y\r\na\r\n" * 300_000, b"0000001\r\na\r\n" * 200_000]
)
async def test_a_body_of_tiny_chunks_is_refused(api: Attacked, chunks: bytes) -> None:
    head = CHUNKED[:-2] + f"Content-Type: application/json\r\nAuthorization: Bearer {api.token}\r\n\r\n".encode()

    async with api.kept_responsive(cost=0.6):
        answer = await api.say(head, *[chunks[at : at + 60_000] for at in range(0, len(chunks), 60_000)])

    assert status_of(answer) == 413
    assert "10,000 chunks" in message_of(answer)


async def test_thousands_of_requests_on_one_connection_do_not_hold_up_the_others(api: Attacked) -> None:
    async with api.kept_responsive(cost=0.8):
        answer = await api.say(*[BEGIN + b"\r\n"] * 20, *[(BEGIN + b"\r\n") * 5_000] * 5)

    assert answer.count(b"HTTP/1.1 200") <= 60  # those that came one by one, and a few of the others


async def test_a_few_requests_may_wait_for_the_answer_to_one_before(api: Attacked) -> None:
    answer = await api.say((BEGIN + b"\r\n") * 20 + BEGIN + b"Connection: close\r\n\r\n")

    assert answer.count(b"HTTP/1.1 200") == 21


async def test_a_refusal_is_read_also_while_the_client_goes_on_sending(api: Attacked) -> None:
    reader, writer = await api.connect()
    writer.write(BEGIN + b"X-Long: " + b"x" * 1_500_000)
    answer = await asyncio.wait_for(reader.read(100_000), 30)
    writer.close()
    await writer.wait_closed()

    assert status_of(answer) == 431
