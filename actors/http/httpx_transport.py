"""The transport over httpx and aiohttp: httpx requests over an aiohttp session that the destination policy guards.

It is httpx-aiohttp's transport with a shorter way from request to response. Errors stay aiohttp's own until they are
told apart here: the transport's mapping reports a lost connection as a connect timeout.

Names are checked when they are resolved, and every address again when a socket is made for it.
"""

import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from datetime import timedelta

import aiohttp
import httpx
from aiohttp import AddrInfoType
from aiohttp.abc import AbstractResolver, ResolveResult
from httpx_aiohttp import AiohttpTransport
from yarl import URL

from actors.http.destinations import BlockedAddress, DestinationPolicy, checked_addresses
from actors.http.failures import LOST_IN_BODY, NO_CONNECTION_IN_TIME, SILENT, InvalidExchange, reason_of
from actors.http.transport import MAX_HEAD_BYTES, Answer, ConnectionOptions
from actors.http.urls import HttpUrl
from domain.kernel.failures import FailureCode

_ERRORS = (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError, OSError, ValueError)


class HttpxTransport(AiohttpTransport):
    """Sends requests over HTTP/1.1. It is made where the event loop runs."""

    def __init__(self, policy: DestinationPolicy, options: ConnectionOptions) -> None:
        context = httpx.create_ssl_context(trust_env=False)
        if options.ca_file is not None:
            context = ssl.create_default_context(cafile=options.ca_file)
        connector = aiohttp.TCPConnector(
            limit=options.pool_size,
            limit_per_host=options.pool_size_per_host,
            keepalive_timeout=options.keep_alive.total_seconds(),
            ttl_dns_cache=round(options.dns_ttl.total_seconds()),
            resolver=_GuardedResolver(policy, options),
            socket_factory=_guarded_socket_factory(policy),
            ssl=context,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            max_line_size=MAX_HEAD_BYTES,
            max_field_size=MAX_HEAD_BYTES,
            trust_env=False,
        )
        self._options = options
        self._timeouts: dict[tuple[timedelta | None, timedelta | None], aiohttp.ClientTimeout] = {}
        super().__init__(verify=context, trust_env=False, client=self._session)

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
        """The answer of one request."""
        try:
            # With a stream given, httpx adds no headers of its own: aiohttp sets Host and Content-Length.
            request = httpx.Request(
                method,
                url.site,
                headers=httpx.Headers(headers, encoding="utf-8"),
                stream=httpx.ByteStream(body),
                extensions={"url": url.text, "timeout": {"connect": connect_timeout, "read": read_timeout}},
            )
            request.read()
            response = await self.handle_async_request(request)
        except _ERRORS as error:
            raise _failure_of(error) from error
        return _Answer(response)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The response with its body not read yet. Raises aiohttp's errors; cancelling closes the connection."""
        answer = await self._session.request(
            request.method,
            URL(request.extensions["url"], encoded=True),
            headers=[(name.decode(), value.decode()) for name, value in request.headers.raw],
            data=request.content or None,
            allow_redirects=False,
            auto_decompress=False,
            timeout=self._timeout_of(request),
        )
        return httpx.Response(answer.status, headers=answer.raw_headers, stream=_Body(answer), request=request)

    def _timeout_of(self, request: httpx.Request) -> aiohttp.ClientTimeout:
        given = request.extensions["timeout"]
        key = given["connect"], given["read"]
        found = self._timeouts.get(key)
        if found is None:
            connect = self._options.connect_timeout if key[0] is None else key[0]
            read = self._options.read_timeout if key[1] is None else key[1]
            found = aiohttp.ClientTimeout(sock_connect=connect.total_seconds(), sock_read=read.total_seconds())
            if len(self._timeouts) >= 1000:
                self._timeouts.clear()
            self._timeouts[key] = found
        return found


class _Answer:
    """The answer that an httpx response is."""

    def __init__(self, response: httpx.Response) -> None:
        self._response = response

    @property
    def status(self) -> int:
        return self._response.status_code

    @property
    def headers(self) -> Iterable[tuple[bytes, bytes]]:
        return self._response.headers.raw

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._response.stream:  # type: ignore[union-attr]
                yield chunk
        except _ERRORS as error:
            raise _failure_of(error) from error

    async def aclose(self) -> None:
        await self._response.aclose()


class _Body(httpx.AsyncByteStream):
    """The body as it comes. Closing it before its end closes the connection; at its end that is kept for reuse."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._answer.content.iter_any()

    async def aclose(self) -> None:
        if self._answer.content.is_eof():
            self._answer.release()
        else:
            self._answer.close()


class _TrustedAddress(str):
    """An address that an allowed host resolved to.

    The mark travels with the text from the resolver to the socket factory; where it gets lost on the way, the address
    counts as any other.
    """

    __slots__ = ()


class _GuardedResolver(AbstractResolver):
    """Resolves names and refuses those that have any address the policy refuses."""

    def __init__(self, policy: DestinationPolicy, options: ConnectionOptions) -> None:
        self._policy = policy
        self._options = options

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The checked addresses of a name. Raises `OSError`, of which `BlockedAddress` is one."""
        found = await checked_addresses(
            self._policy, host, port, timeout=self._options.dns_timeout, lookup=self._options.lookup
        )
        return [
            ResolveResult(
                hostname=host,
                host=_TrustedAddress(address) if found.trusted else address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in found.texts
        ]

    async def close(self) -> None:
        """Do nothing: there is nothing to close."""


def _guarded_socket_factory(policy: DestinationPolicy) -> Callable[[AddrInfoType], socket.socket]:
    """Makes the socket of every outgoing connection, and refuses the addresses that the policy refuses."""

    def make(info: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, endpoint = info
        address, port = endpoint[0], endpoint[1]
        refusal = policy.refusal(str(address), int(port), trusted_host=isinstance(address, _TrustedAddress))
        if refusal is not None:
            raise BlockedAddress(refusal)
        return socket.socket(family=family, type=kind, proto=protocol)

    return make


def _failure_of(error: BaseException) -> InvalidExchange:
    """The failure that an error of the libraries is: what it was raised from decides."""
    chain = tuple(_causes(error))
    for cause in chain:
        match cause:
            case BlockedAddress():
                return InvalidExchange(FailureCode.DESTINATION_BLOCKED, f"the destination is not allowed: {cause}")
            case aiohttp.ConnectionTimeoutError():
                return InvalidExchange(FailureCode.CONNECT_FAILED, NO_CONNECTION_IN_TIME)
            case aiohttp.ServerTimeoutError() | httpx.TimeoutException() if _is_timeout(chain):
                return InvalidExchange(FailureCode.TIMEOUT, SILENT)
            case aiohttp.ClientConnectorError():
                return InvalidExchange(FailureCode.CONNECT_FAILED, f"no connection: {reason_of(cause.os_error)}")
            case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError() | httpx.InvalidURL():
                return InvalidExchange(FailureCode.INVALID_REQUEST, f"the URL cannot be called: {cause}")
            case aiohttp.ClientResponseError():
                return InvalidExchange(FailureCode.INVALID_RESPONSE, f"the answer is not HTTP: {cause.message}")
            case aiohttp.ClientPayloadError():
                return InvalidExchange(FailureCode.CONNECTION_LOST, LOST_IN_BODY)
            case aiohttp.ClientError():
                return InvalidExchange(FailureCode.CONNECTION_LOST, f"the connection was lost: {reason_of(cause)}")
            case _:
                continue
    if isinstance(error, OSError):
        return InvalidExchange(FailureCode.CONNECTION_LOST, f"the connection was lost: {reason_of(error)}")
    return InvalidExchange(FailureCode.INVALID_REQUEST, f"the request cannot be sent: {error}")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The causes of an error from the innermost outwards, so that the most exact one is met first."""
    if error is not None:
        yield from _causes(error.__cause__)
        yield error


def _is_timeout(chain: tuple[BaseException, ...]) -> bool:
    return any(isinstance(error, aiohttp.ServerTimeoutError | httpx.ReadTimeout) for error in chain)
