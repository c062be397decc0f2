"""A service whose answers are written to cost a lot of the worker that reads them."""

import asyncio
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from random import Random

from tests.abuse.attack import squeezed
from tests.abuse.kinds.bodies import hostile_json

_DRIP = 0.02
"""Seconds between the pieces of an answer that drips."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, sent whole or in pieces."""

    wire: bytes
    pieces: int = 1


@dataclass
class HostileService:
    """Gives the same answer to every request, until another one is set."""

    url: str
    answer: Answer = Answer(b"")


def whole(body: bytes, *lines: str, status: str = "200 OK") -> Answer:
    """An answer with a length."""
    head = "".join(f"{line}\r\n" for line in lines)
    text = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{head}\r\n"
    return Answer(text.encode("latin-1") + body)


def hostile_answer(chance: Random, form: str, size: int) -> Answer:
    """An answer of a form, of about so many bytes."""
    match form:
        case "compressed":
            return _compressed(chance, size)
        case "head":
            return _head(chance, size)
        case "framing":
            return _framing(chance, size)
        case "JSON":
            body = hostile_json(chance, size).encode("utf-8", "surrogatepass")
            return whole(
                body, f"Content-Type: {chance.choice(['application/json', 'application/x-ndjson', 'a/b+json'])}"
            )
        case "text":
            charset = chance.choice(["idna", "punycode", "utf-7", "utf-16", "unicode_escape", "x" * 900, "zlib_codec"])
            return whole(
                chance.choice([b"xn--a.", b"a-", b"\xff"]) * (size // 6), f"Content-Type: text/plain; charset={charset}"
            )
        case "redirect":
            place = chance.choice(
                ["/", "/a/../" * (min(size, 7_000) // 6), "//", "?" + "x" * min(size, 7_000), "http://["]
            )
            return whole(b"", f"Location: {place}", status=chance.choice(["301 x", "302 x", "307 x", "308 x"]))
        case _:
            return Answer(whole(b" " * 40 + b"1", "Content-Type: application/json").wire, pieces=60)


FORMS = ("compressed", "head", "framing", "JSON", "text", "redirect", "drip")


def _compressed(chance: Random, size: int) -> Answer:
    bomb = squeezed(b"\0" * (min(size, 60_000) * 900))
    coding, body = chance.choice(
        [
            ("gzip", bomb),
            ("gzip", squeezed(b"") * (size // 21)),
            ("gzip", squeezed(b" ") * (size // 22) + squeezed(b"1")),
            ("gzip", bomb[: len(bomb) // 2]),
            ("gzip, gzip", squeezed(bomb)),
            ("deflate", zlib.compress(b"[" * min(size * 100, 9_000_000))),
            (", ".join(["gzip"] * 900), b"x"),
            ("br", b"\x00" * size),
        ]
    )
    return whole(body, f"Content-Encoding: {coding}", "Content-Type: application/json")


def _head(chance: Random, size: int) -> Answer:
    name = chance.choice(["Set-Cookie", "Link", "X", "Retry-After", "Content-Type", "WWW-Authenticate", "Date"])
    value = chance.choice(['<a>; rel="next", ', "a=b; ", "9", ", ", "x", '"'])
    one = f"{name}: {value * 5}"
    long = f"{name}: {value * (size // len(value))}"
    return chance.choice(
        [
            whole(b"1", *[one] * (size // len(one))),
            whole(b"1", *[one] * 50),
            whole(b"1", long),
            whole(b"1", long[:7_000], status="503 x"),
            whole(b"1", status="200 " + "x" * size),
            whole(b"1", *[f"x{number}: {number}" for number in range(size // 12)]),
        ]
    )


def _framing(chance: Random, size: int) -> Answer:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n"
    return chance.choice(
        [
            Answer(chunked + b"1\r\n \r\n" * (size // 6) + b"1\r\n1\r\n0\r\n\r\n"),
            Answer(chunked + b"1;" + b"x" * size),
            Answer(chunked + b"1\r\n1\r\n0\r\n" + b"a: b\r\n" * (size // 6) + b"\r\n"),
            Answer(b"HTTP/1.1 100 Continue\r\n\r\n" * (size // 25)),
            Answer(b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * min(size, 5_000) + b"\r\n\r\n1"),
            Answer(b"HTTP/1.1 200 OK\r\n\r\n" + b" " * size + b"1"),
            Answer(b"x" * size),
            Answer(b""),
        ]
    )


@asynccontextmanager
async def hostile_service() -> AsyncIterator[HostileService]:
    """Serve on a free port while the context lasts."""
    running = HostileService("")
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await reader.readuntil(b"\r\n\r\n")
            answer = running.answer
            step = max(1, len(answer.wire) // answer.pieces)
            for start in range(0, len(answer.wire), step):
                writer.write(answer.wire[start : start + step])
                await writer.drain()
                if answer.pieces > 1:
                    await asyncio.sleep(_DRIP)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    running.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield running
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await server.wait_closed()
