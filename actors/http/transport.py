"""The port to what sends a request and reads its answer: one of two libraries stands behind it."""

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from actors.http.destinations import Lookup
from actors.http.urls import HttpUrl

MAX_HEAD_BYTES = 64 * 1024
"""The most bytes of a field of an answer's head, about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionOptions:
    """Limits of connections.

    `pool_size` is the number of requests under way at once, `pool_size_per_host` that to one host and port (0: as many
    as in all). Connections are kept for `keep_alive` after their last request, and the addresses of a name for
    `dns_ttl`. `lookup` replaces the system's resolver. `ca_file` holds the certificates, as PEM, that are trusted
    instead of Mozilla's.
    """

    pool_size: int
    pool_size_per_host: int
    connect_timeout: timedelta
    read_timeout: timedelta
    keep_alive: timedelta
    dns_ttl: timedelta
    dns_timeout: timedelta
    lookup: Lookup | None
    ca_file: Path | None


class Answer(Protocol):
    """An answer whose head was read. Iterating over it gives its body as it comes, not decompressed.

    Raises `InvalidExchange` where the body ends too early (CONNECTION_LOST) or pauses for too long (TIMEOUT).
    """

    @property
    def status(self) -> int:
        """The status code."""

    @property
    def headers(self) -> Iterable[tuple[bytes, bytes]]:
        """The header fields in their order."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    async def aclose(self) -> None:
        """Be done with it: its connection is kept where the body was read to its end, and closed where not."""


class Transport(Protocol):
    """Sends single requests, to addresses that the destination policy allows only."""

    async def send(
        self,
        method: str,
        url: HttpUrl,
        headers: Mapping[str, str],
        body: bytes,
        *,
        connect_timeout: timedelta | None = None,
        read_timeout: timedelta | None = None,
    ) -> Answer:
        """The answer of one request as it is given, with Host and Content-Length; redirects are answers.

        Time limits that are None are those of the options. Cancelling closes the connection at once. Raises
        `InvalidExchange`; CONNECT_FAILED means that nothing was sent.
        """

    async def aclose(self) -> None:
        """Close all connections."""
