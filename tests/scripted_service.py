"""A service that answers as a test says, and remembers what it was asked."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

HANG = b""
"""The answer that never comes."""


@dataclass(frozen=True)
class Asked:
    """A request as it came. `target` is path and query, header names are lower-case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


Script: TypeAlias = Callable[[Asked], bytes]


@dataclass
class ScriptedService:
    """A running service. `asked` are the requests so far; `script` may be replaced at any time."""

    url: str
    script: Script
    asked: list[Asked] = field(default_factory=list)

    @property
    def targets(self) -> list[str]:
        """Path and query of each request so far."""
        return [each.target for each in self.asked]


def reply(value: Any, status: int = 200, **headers: str) -> bytes:
    """A JSON answer; in names of headers, `_` stands for `-`."""
    return raw_reply(json.dumps(value).encode(), status, **{"content_type": "application/json", **headers})


def raw_reply(body: bytes, status: int = 200, **headers: str) -> bytes:
    """An answer with whatever body."""
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} -\r\ncontent-length: {len(body)}\r\n{lines}\r\n".encode() + body


@asynccontextmanager
async def scripted_service(script: Script) -> AsyncIterator[ScriptedService]:
    """Serves on a free port until the context ends; open connections are then cut."""
    running = ScriptedService("", script)
    writers: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.add(writer)
        try:
            while (asked := await _read(reader)) is not None:
                running.asked.append(asked)
                answer = running.script(asked)
                if answer == HANG:
                    await reader.read()
                    return
                writer.write(answer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writers.discard(writer)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    running.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield running
    finally:
        server.close()
        for writer in tuple(writers):
            writer.transport.abort()
        await server.wait_closed()


async def _read(reader: asyncio.StreamReader) -> Asked | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.strip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(method, target, headers, body)
