"""Redis behind Sentinel: an address that names the sentinels, and connections that find the primary by asking them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

import redis.sentinel
from redis.asyncio import BlockingConnectionPool, sentinel
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

SCHEMES = ("redis+sentinel", "rediss+sentinel")
DEFAULT_PORT = 26_379
_LARGEST_PORT = 65_535
_ANSWER_WITHIN = 0.6
"""Seconds for one sentinel: a hint, for which the primary may have to be found, is given up after two."""
_OF_SENTINELS = ("sentinel_username", "sentinel_password")


@dataclass(frozen=True, slots=True)
class SentinelAddress:
    """`redis+sentinel://user:password@host:26379,host:26379/name/0`: user, password and number are the primary's.

    `data_url` is the primary's address without its place, which the sentinels know. `credentials` are the sentinels'
    own. With `rediss+sentinel://` all of them are called by TLS.
    """

    sentinels: tuple[tuple[str, int], ...]
    service: str
    data_url: str
    credentials: Mapping[str, str]

    @property
    def is_encrypted(self) -> bool:
        return self.data_url.startswith("rediss:")


def is_of_sentinels(url: str) -> bool:
    """True for an address that names sentinels instead of a server of data."""
    return urlsplit(url).scheme in SCHEMES


def sentinel_address(url: str) -> SentinelAddress:
    """Read such an address. Raises `ValueError` with the reason where it is none."""
    parts = urlsplit(url)
    user, at, hosts = parts.netloc.rpartition("@")
    service, _, number = unquote(parts.path).strip("/").partition("/")
    if not service:
        raise ValueError("names no primary: write its name as the sentinels know it behind them, such as /mymaster")
    given = parse_qsl(parts.query)
    own = {name.removeprefix("sentinel_"): value for name, value in given if name in _OF_SENTINELS}
    others = urlencode([(name, value) for name, value in given if name not in _OF_SENTINELS])
    scheme = parts.scheme.partition("+")[0]
    return SentinelAddress(
        sentinels=tuple(_place(host) for host in hosts.split(",")),
        service=service,
        data_url=urlunsplit((scheme, f"{user}{at}primary", f"/{number}" if number else "", others, "")),
        credentials=own,
    )


def _place(host: str) -> tuple[str, int]:
    """A host with its port. An IPv6 address is in brackets."""
    parts = urlsplit(f"//{host}")
    try:
        port = DEFAULT_PORT if parts.port is None else parts.port
    except ValueError:
        port = 0
    if not parts.hostname:
        raise ValueError("names no host, or one that is empty: write HOST:PORT,HOST:PORT")
    if not 0 < port <= _LARGEST_PORT:
        raise ValueError(f"has a port that is none: it must be a number from 1 to {_LARGEST_PORT}")
    return parts.hostname, port


class PrimaryPool(sentinel.SentinelConnectionPool, BlockingConnectionPool):
    """Connections of an event loop to the primary, of which callers wait for one while all are in use."""

    async def get_master_address(self) -> Any:
        # Asked for once a connection: the sentinels need not be held on to in between.
        try:
            return await super().get_master_address()  # type: ignore[no-untyped-call]
        finally:
            for each in self.sentinel_manager.sentinels:
                await each.connection_pool.disconnect(inuse_connections=False)


class BlockingPrimaryPool(redis.sentinel.SentinelConnectionPool):
    """Connections of threads to the primary."""

    def get_master_address(self) -> Any:
        try:
            return super().get_master_address()  # type: ignore[no-untyped-call]
        finally:
            for each in self.sentinel_manager.sentinels:
                each.connection_pool.disconnect(inuse_connections=False)


def primary_pool(url: str, **options: Any) -> PrimaryPool:
    """A pool for an event loop. `options` are those of `BlockingConnectionPool`; options in the URL win over them."""
    address = sentinel_address(url)
    once = AsyncRetry(NoBackoff(), 0)
    manager = sentinel.Sentinel(  # type: ignore[no-untyped-call]
        list(address.sentinels), sentinel_kwargs=_of_sentinels(address, options, once)
    )
    return PrimaryPool(address.service, manager, **_of_data(address, options))  # type: ignore[no-untyped-call]


def blocking_primary_pool(url: str, **options: Any) -> BlockingPrimaryPool:
    """A pool for threads. `options` are those of `redis.ConnectionPool`; options in the URL win over them."""
    address = sentinel_address(url)
    once = Retry(NoBackoff(), 0)
    manager = redis.sentinel.Sentinel(  # type: ignore[no-untyped-call]
        list(address.sentinels), sentinel_kwargs=_of_sentinels(address, options, once)
    )
    return BlockingPrimaryPool(address.service, manager, **_of_data(address, options))  # type: ignore[no-untyped-call]


def _of_data(address: SentinelAddress, options: Mapping[str, Any]) -> dict[str, Any]:
    kwargs: dict[str, Any] = {**options, **parse_url(address.data_url)}
    for name in ("host", "port", "connection_class"):
        kwargs.pop(name, None)
    return {**kwargs, "ssl": address.is_encrypted}


def _of_sentinels(address: SentinelAddress, options: Mapping[str, Any], once: AsyncRetry | Retry) -> dict[str, Any]:
    """Each is asked `once`, and not for long: where one is away, or silent, the next one knows."""
    kwargs: dict[str, Any] = {**options, **parse_url(address.data_url)}
    kept = {name: value for name, value in kwargs.items() if name.startswith("ssl_")}
    limits = {"socket_timeout": _ANSWER_WITHIN, "socket_connect_timeout": _ANSWER_WITHIN}
    return {**kept, **limits, **address.credentials, "ssl": address.is_encrypted, "retry": once}
