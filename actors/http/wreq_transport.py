"""The transport over wreq, a client in native code: its connections are made and served outside of Python's threads.

There is a client for each host with its checked addresses, and it connects to nothing else: so wreq never asks for the
addresses of a name by itself. Nothing of wreq's is used that makes requests look like a browser's.
"""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple
from weakref import WeakValueDictionary

import certifi
import wreq
from wreq import exceptions

from actors.http.destinations import Addresses, BlockedAddress, DestinationPolicy, checked_addresses
from actors.http.failures import LOST_IN_BODY, NO_CONNECTION_IN_TIME, SILENT, InvalidExchange, reason_of
from actors.http.transport import MAX_HEAD_BYTES, ConnectionOptions
from actors.http.urls import HttpUrl
from domain.kernel.failures import FailureCode
from domain.kernel.shared_lookups import SharedLookups

_MOST_NAMES = 1_000
_MOST_CLIENTS = 1_000
_MAX_HEADERS = 1_000
_READ_AT_ONCE = 64 * 1024
"""The most bytes of a body of known length that are read in one go, and not as they come."""
_FRAMED = frozenset({"POST", "PUT", "PATCH"})
"""Methods whose requests say their length also where that is nothing (RFC 9110, section 8.6)."""
_METHODS = {name: getattr(wreq.Method, name) for name in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")}
_ERRORS = (
    exceptions.TlsError,
    exceptions.ConnectionError,
    exceptions.ConnectionResetError,
    exceptions.BodyError,
    exceptions.BuilderError,
    exceptions.DecodingError,
    exceptions.RequestError,
    exceptions.UpgradeError,
    exceptions.TimeoutError,
)
# Of the text of an error only these may be shown: it also has the URL, which may hold a secret.
_TIMED_OUT = re.compile(r"TimedOut|connect timeout")
_SYSTEMS_WORDS = re.compile(r'Os \{ code: \d+, kind: \w+, message: "([^"\\]*)" \}')
_CERTIFICATE = re.compile(r"CERTIFICATE_VERIFY_FAILED|certificate verify failed", re.IGNORECASE)
_NOT_HTTP = re.compile(r"netty::Error\((Parse\([A-Za-z()]+\))")


class _Destination(NamedTuple):
    """A destination that has a client of its own: `pinned` are the checked addresses, None where the host is one."""

    host: str
    port: int
    pinned: tuple[str, ...] | None
    connect_timeout: timedelta


class WreqTransport:
    """Sends requests over HTTP/1.1, and over HTTP/2 where a service offers that under TLS."""

    def __init__(self, policy: DestinationPolicy, options: ConnectionOptions) -> None:
        self._policy = policy
        self._options = options
        # One thread is enough: it reads and writes, and all that is done with an answer is done in Python's.
        self._runtime = wreq.Runtime(workers=1, work_steal=False, thread_name="http")
        self._trusted = wreq.CertStore.from_pem_stack(_trusted_certificates(options))
        self._names = SharedLookups[tuple[str, int], Addresses]("addresses", kept_for=options.dns_ttl, most=_MOST_NAMES)
        self._clients: OrderedDict[_Destination, wreq.Client] = OrderedDict()
        self._slots = asyncio.Semaphore(options.pool_size)
        self._host_slots: WeakValueDictionary[tuple[str, int], asyncio.Semaphore] = WeakValueDictionary()

    async def send(
        self,
        method: str,
        url: HttpUrl,
        headers: Mapping[str, str],
        body: bytes,
        *,
        connect_timeout: timedelta | None = None,
        read_timeout: timedelta | None = None,
    ) -> "_Answer":
        """The answer of one request."""
        verb = _METHODS.get(method)
        if verb is None:
            raise InvalidExchange(FailureCode.INVALID_REQUEST, f"the method is not one of {', '.join(_METHODS)}")
        if not body and method in _FRAMED:
            headers = {**headers, "content-length": "0"}
        client = self._client(await self._destination(url, connect_timeout))
        slot = await self._slot(url)
        try:
            response = await client.request(
                verb,
                url.text,
                headers=headers,
                body=body or None,
                read_timeout=self._options.read_timeout if read_timeout is None else read_timeout,
            )
        except _ERRORS as error:
            slot.free()
            raise _failure_of(error) from error
        except BaseException:
            slot.free()
            raise
        return _Answer(response, slot)

    async def aclose(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()

    async def _destination(self, url: HttpUrl, connect_timeout: timedelta | None) -> _Destination:
        limit = self._options.connect_timeout if connect_timeout is None else connect_timeout
        if url.is_address:
            itself = _Destination(url.host, url.port, None, limit)
            if itself not in self._clients:  # or it was checked when its client was made
                refusal = self._policy.refusal(url.host, url.port)
                if refusal is not None:
                    raise _blocked(refusal)
            return itself
        key = url.host, url.port
        found = self._names.kept(key) or await self._names.get(key, lambda: self._look_up(*key))
        return _Destination(url.host, url.port, found.texts, limit)

    async def _look_up(self, host: str, port: int) -> Addresses:
        try:
            return await checked_addresses(
                self._policy, host, port, timeout=self._options.dns_timeout, lookup=self._options.lookup
            )
        except BlockedAddress as error:
            raise _blocked(str(error)) from error
        except OSError as error:
            raise InvalidExchange(FailureCode.CONNECT_FAILED, f"no connection: {reason_of(error)}") from error

    def _client(self, destination: _Destination) -> wreq.Client:
        """The client that connects to this destination alone; of those that were used least recently few are kept."""
        client = self._clients.get(destination)
        if client is not None:
            self._clients.move_to_end(destination)
            return client
        options = self._options
        names = wreq.DnsOptions(system_dns=True)
        if destination.pinned is not None:
            names.add_resolve(destination.host, [ip_address(text) for text in destination.pinned])
        client = self._clients[destination] = wreq.Client(
            runtime=self._runtime,
            dns_options=names,
            no_proxy=True,
            redirect=wreq.redirect.Policy.none(),
            connect_timeout=destination.connect_timeout,
            pool_idle_timeout=options.keep_alive,
            pool_max_idle_per_host=options.pool_size_per_host or options.pool_size,
            pool_max_size=options.pool_size,
            http1_options=wreq.Http1Options(max_headers=_MAX_HEADERS, max_buf_size=2 * MAX_HEAD_BYTES),
            http2_options=wreq.Http2Options(max_header_list_size=MAX_HEAD_BYTES),
            tls_verify=self._trusted,
            gzip=False,
            brotli=False,
            deflate=False,
            zstd=False,
        )
        if len(self._clients) > _MOST_CLIENTS:
            self._clients.popitem(last=False)
        return client

    async def _slot(self, url: HttpUrl) -> "_Slot":
        """A place among the requests that may be under way, when there is one."""
        of_host: asyncio.Semaphore | None = None
        if self._options.pool_size_per_host:
            key = url.host, url.port
            of_host = self._host_slots.get(key)
            if of_host is None:
                of_host = self._host_slots[key] = asyncio.Semaphore(self._options.pool_size_per_host)
            await of_host.acquire()
        try:
            await self._slots.acquire()
        except BaseException:
            if of_host is not None:
                of_host.release()
            raise
        return _Slot(self._slots, of_host)


class _Slot:
    """A place among the requests under way, to be freed once."""

    __slots__ = ("_in_all", "_of_host")

    def __init__(self, in_all: asyncio.Semaphore, of_host: asyncio.Semaphore | None) -> None:
        self._in_all = in_all
        self._of_host = of_host

    def free(self) -> None:
        """Let another request go."""
        self._in_all.release()
        if self._of_host is not None:
            self._of_host.release()


class _Answer:
    """The answer that a response of wreq is; it iterates over its body, once."""

    __slots__ = ("_is_read", "_response", "_slot", "_stream", "headers", "status")

    def __init__(self, response: wreq.Response, slot: _Slot) -> None:
        self.status = response.status.as_int()
        self.headers = [(bytes(name), bytes(value)) for name, value in response.headers]
        self._response = response
        self._slot: _Slot | None = slot
        self._stream: wreq.Streamer | None = None
        self._is_read = False

    def __aiter__(self) -> "_Answer":
        return self

    async def __anext__(self) -> bytes:
        if self._is_read:
            raise StopAsyncIteration
        try:
            if self._stream is None:
                length = self._response.content_length
                if length is not None and length <= _READ_AT_ONCE:
                    self._is_read = True  # or lost: it is given away with this call
                    return bytes(await self._response.bytes())
                self._stream = self._response.stream()
            while True:
                part = await anext(self._stream)
                if isinstance(part, memoryview):  # and not the trailer
                    return bytes(part)
        except StopAsyncIteration:
            self._is_read = True
            raise
        except _ERRORS as error:
            raise _failure_of(error) from error

    async def aclose(self) -> None:
        """Give its connection back, or close it where the body was not read to its end."""
        slot, self._slot = self._slot, None
        if slot is None:
            return
        slot.free()
        if self._is_read:
            return
        if self._stream is None:
            self._stream = self._response.stream()
        await self._stream.__aexit__(None, None, None)


def _trusted_certificates(options: ConnectionOptions) -> bytes:
    if options.ca_file is not None:
        return options.ca_file.read_bytes()
    return Path(certifi.where()).read_bytes()


def _blocked(why: str) -> InvalidExchange:
    return InvalidExchange(FailureCode.DESTINATION_BLOCKED, f"the destination is not allowed: {why}")


def _failure_of(error: Exception) -> InvalidExchange:
    """The failure that an error of wreq is. Its text is for programmers: a few words of it tell what happened."""
    text = str(error)
    is_late = _TIMED_OUT.search(text) is not None
    match error:
        case exceptions.ConnectionError() | exceptions.TlsError():
            return InvalidExchange(FailureCode.CONNECT_FAILED, _no_connection(text, is_late=is_late))
        case exceptions.TimeoutError() | exceptions.BodyError() if is_late:
            return InvalidExchange(FailureCode.TIMEOUT, SILENT)
        case exceptions.RequestError() if (found := _NOT_HTTP.search(text)) is not None:
            return InvalidExchange(FailureCode.INVALID_RESPONSE, f"the answer is not HTTP: {found[1]}")
        case exceptions.DecodingError() | exceptions.BodyError():
            return InvalidExchange(FailureCode.CONNECTION_LOST, LOST_IN_BODY)
        case exceptions.BuilderError():
            return InvalidExchange(FailureCode.INVALID_REQUEST, "the request cannot be sent")
        case _:
            found = _SYSTEMS_WORDS.search(text)
            why = "the service closed it before it answered" if found is None else found[1]
            return InvalidExchange(FailureCode.CONNECTION_LOST, f"the connection was lost: {why}")


def _no_connection(text: str, *, is_late: bool) -> str:
    if is_late:
        return NO_CONNECTION_IN_TIME
    if _CERTIFICATE.search(text):
        return "no connection: the service's certificate is not trusted"
    found = _SYSTEMS_WORDS.search(text)
    return f"no connection: {'the TLS handshake failed' if found is None else found[1]}"
