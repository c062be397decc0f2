"""A tiny HTTP listener for Prometheus, beside whatever the process does: `GET /metrics`, and nothing else."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from graphql_api.shared_answers import SharedAnswer
from stepgraph.prometheus import CONTENT_TYPE

logger = logging.getLogger(__name__)

_LONGEST_HEAD = 8_192
_PATIENCE = 5.0
"""Seconds that a client may take for its request, and we for the answer."""


@asynccontextmanager
async def metrics_server(render: Callable[[], Awaitable[bytes]], host: str, port: int) -> AsyncIterator[int | None]:
    """Listen while the context lasts; gives the port, None where it is taken: a worker works without being watched.

    What is rendered is shown for a second, to however many ask.
    """
    shared = SharedAnswer(render)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_PATIENCE):
                head = await reader.readuntil(b"\r\n\r\n")
                method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
                if target.partition("?")[0] != "/metrics":
                    _write(writer, "404 Not Found", b"GET /metrics\n")
                elif method != "GET":
                    _write(writer, "405 Method Not Allowed", b"GET /metrics\n")
                else:
                    _write(writer, "200 OK", await shared(), CONTENT_TYPE)
                await writer.drain()
        except (TimeoutError, ValueError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # whoever it was has gone, or speaks no HTTP
        finally:
            writer.close()

    try:
        server = await asyncio.start_server(answer, host, port, limit=_LONGEST_HEAD)
    except OSError as error:
        logger.warning("no metrics are served on %s:%s: %s", host, port, error)
        yield None
        return
    async with server:
        yield server.sockets[0].getsockname()[1]


def _write(writer: asyncio.StreamWriter, status: str, body: bytes, content_type: str = "text/plain") -> None:
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    writer.write(head.encode("latin-1") + body)
