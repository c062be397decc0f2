"""A server's address that can be taken away and given back: a proxy in front of PostgreSQL or Redis."""

import asyncio
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit, urlunsplit


class Proxy:
    """Forwards a port of 127.0.0.1 to a server's TCP port or socket directory.

    `cut` breaks it and `mend` repairs it; `silence` breaks nothing and lets nothing through.
    """

    def __init__(self, url: str, *, default_port: int) -> None:
        self._target = urlsplit(url)
        self._default_port = default_port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._silent: set[asyncio.StreamWriter] = set()
        self._port = 0

    @property
    def url(self) -> str:
        """The server's address by way of the proxy."""
        user = f"{self._target.username}@" if self._target.username else ""
        return urlunsplit(self._target._replace(netloc=f"{user}127.0.0.1:{self._port}", query=""))

    async def __aenter__(self) -> Self:
        await self.mend()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.cut()

    async def mend(self) -> None:
        """Listen, at the same port as before."""
        self._server = await asyncio.start_server(self._forward, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Break every connection, and refuse new ones."""
        assert self._server is not None
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await self._server.wait_closed()

    def silence(self) -> None:
        """Let the connections that are open now live on and carry nothing: a network that swallows packets."""
        self._silent |= self._writers

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        directory = parse_qs(self._target.query).get("host")
        try:
            if directory:
                to = await asyncio.open_unix_connection(f"{directory[0]}/.s.PGSQL.{self._default_port}")
            else:
                to = await asyncio.open_connection(self._target.hostname, self._target.port or self._default_port)
        except OSError:  # the server is away
            writer.transport.abort()
            return
        await asyncio.gather(self._copy(reader, to[1]), self._copy(to[0], writer))

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while data := await reader.read(65_536):
                if writer in self._silent:
                    continue
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            self._writers.discard(writer)
            self._silent.discard(writer)
            writer.transport.abort()
