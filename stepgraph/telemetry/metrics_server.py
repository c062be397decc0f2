"""A tiny HTTP listener for Prometheus, beside whatever the process does: `GET /metrics`, and nothing else."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from graphql_api.budgets import RequestBudgets
from graphql_api.edge.lingering import close_lingering
from graphql_api.kit.shared_answers import SharedAnswer
from stepgraph.telemetry.prometheus import CONTENT_TYPE

logger = logging.getLogger(__name__)

_LONGEST_HEAD = 8_192
_PATIENCE = 5.0
"""Seconds for each of three: the client sends its request, we make the answer, the client reads it."""


@asynccontextmanager
async def metrics_server(render: Callable[[], Awaitable[bytes]], host: str, port: int) -> AsyncIterator[int | None]:
    """Listen while the context lasts; gives the port, or None when it is taken: a worker runs without metrics too.

    What is rendered is shown for a second, to however many ask.
    """
    shared = SharedAnswer(render)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _answer(reader, writer, shared)
            async with asyncio.timeout(_PATIENCE):
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # whoever it was has gone, or does not read
        finally:
            with suppress(OSError):
                await close_lingering(reader, writer, RequestBudgets())

    try:
        server = await asyncio.start_server(answer, host, port, limit=_LONGEST_HEAD)
    except OSError as error:
        logger.warning("no metrics are served on %s:%s: %s", host, port, error)
        yield None
        return
    async with server:
        yield server.sockets[0].getsockname()[1]


async def _answer(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, shared: Callable[[], Awaitable[bytes]]
) -> None:
    try:
        async with asyncio.timeout(_PATIENCE):
            head = await reader.readuntil(b"\r\n\r\n")
        method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
    except asyncio.LimitOverrunError:
        _write(writer, "431 Request Header Fields Too Large", f"A head has {_LONGEST_HEAD:,} bytes.\n".encode())
        return
    except TimeoutError:
        _write(writer, "408 Request Timeout", f"A head has {_PATIENCE:g} seconds.\n".encode())
        return
    except ValueError:
        _write(writer, "400 Bad Request", b"This is not a request of HTTP/1.1.\n")
        return
    if target.partition("?")[0] != "/metrics":
        _write(writer, "404 Not Found", b"GET /metrics\n")
    elif method != "GET":
        _write(writer, "405 Method Not Allowed", b"GET /metrics\n")
    else:
        async with asyncio.timeout(_PATIENCE):
            _write(writer, "200 OK", await shared(), CONTENT_TYPE)


def _write(writer: asyncio.StreamWriter, status: str, body: bytes, content_type: str = "text/plain") -> None:
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    writer.write(head.encode("latin-1") + body)
