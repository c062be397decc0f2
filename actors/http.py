"""The one client that opens outgoing connections: httpx requests over aiohttp's connections, under our limits.

A request goes straight to the transport: what `httpx.AsyncClient` adds to it (cookies, redirects, ambient
proxies, decoding without a cap) is either unwanted here or done in this module under a limit.
"""

import asyncio
import re
import ssl
from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import lru_cache
from types import TracebackType
from typing import Self, TypedDict, cast

import aiohttp
import httpx

from actors.deadlines import Deadlines
from actors.destinations import DestinationPolicy, Lookup
from actors.http_body import read_body, read_excerpt
from actors.http_failures import InvalidExchange, failure_of
from actors.http_headers import request_headers, response_headers
from actors.http_transport import GuardedTransport
from domain.failures import FailureCode, StepError
from domain.json_text import JsonValue

MAX_REDIRECTS = 5
ERROR_BODY_BYTES = 16 * 1024
"""How much of the body is read when the status is not an expected one."""

_MAX_URL_LENGTH = 16 * 1024
_HOST = re.compile(rb"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")  # httpx leaves the brackets of an IPv6 address out
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CREDENTIALS = frozenset({"authorization", "cookie"})
_NO_NAMES: frozenset[str] = frozenset()
ANY_STATUS: Container[int] = range(100, 600)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One outgoing request.

    `url` is absolute, http or https, without user and password. `expected` are the statuses whose body is wanted in
    full. Limits that are None are the client's own; `max_response_bytes` can only lower it. `credentials` are the
    lower-case names of headers that must not follow a redirect to another origin, beside Authorization and Cookie. Of
    what may hold secrets nothing is in its representation.
    """

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    expected: Container[int] = ANY_STATUS
    follow_redirects: bool = False
    connect_timeout: timedelta | None = None
    read_timeout: timedelta | None = None
    max_response_bytes: int | None = None
    credentials: frozenset[str] = _NO_NAMES


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """What a service answered. Header names are lower-case, repeated headers are joined by commas.

    `body` is decompressed. `is_cut`: the status was not an expected one and the body was longer than an excerpt.
    `url` is the last one, after redirects.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    is_cut: bool = False


class _Connections(TypedDict):
    pool_size: int
    pool_size_per_host: int
    keep_alive: timedelta
    dns_ttl: timedelta
    dns_timeout: timedelta
    lookup: Lookup | None
    ssl_context: ssl.SSLContext | None


class HttpClient:
    """Sends requests over kept connections; one for each process, opened and closed by the worker.

    `pool_size` is the number of connections in all, `pool_size_per_host` to one host and port (0: as many as in all);
    beyond it requests wait for a connection. `total_timeout` bounds a request with everything in it. `dns_ttl` is how
    long resolved names are kept. `lookup` replaces the system's resolver.
    """

    def __init__(
        self,
        policy: DestinationPolicy,
        *,
        user_agent: str,
        pool_size: int = 1000,
        pool_size_per_host: int = 0,
        connect_timeout: timedelta = timedelta(seconds=5),
        read_timeout: timedelta = timedelta(seconds=60),
        total_timeout: timedelta = timedelta(minutes=10),
        max_response_bytes: int = 5 * 1024 * 1024,
        keep_alive: timedelta = timedelta(seconds=15),
        dns_ttl: timedelta = timedelta(seconds=10),
        dns_timeout: timedelta = timedelta(seconds=5),
        lookup: Lookup | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._policy = policy
        self._defaults = {"user-agent": user_agent, "accept": "*/*", "accept-encoding": "gzip"}
        self._connections: _Connections = {
            "pool_size": pool_size,
            "pool_size_per_host": pool_size_per_host,
            "keep_alive": keep_alive,
            "dns_ttl": dns_ttl,
            "dns_timeout": dns_timeout,
            "lookup": lookup,
            "ssl_context": ssl_context,
        }
        self._connect_timeout = connect_timeout.total_seconds()
        self._read_timeout = read_timeout.total_seconds()
        self._total_timeout = total_timeout
        self._deadlines = Deadlines(total_timeout.total_seconds())
        self._max_response_bytes = max_response_bytes
        self._extensions = {"timeout": {"connect": self._connect_timeout, "read": self._read_timeout}}
        self._transport: GuardedTransport | None = None

    async def __aenter__(self) -> Self:
        self._transport = GuardedTransport(self._policy, **self._connections)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        transport, self._transport = self._transport, None
        self._deadlines.close()
        if transport is not None:
            await transport.aclose()

    async def send(self, request: HttpRequest) -> HttpResponse | StepError:
        """The response, whatever its status, or why there is none. Only cancellation and bugs raise.

        Codes: INVALID_REQUEST, DESTINATION_BLOCKED, CONNECT_FAILED (nothing was sent), TIMEOUT, CONNECTION_LOST,
        INVALID_RESPONSE, RESPONSE_TOO_LARGE; HTTP_STATUS only for redirects without an end.
        """
        task = cast("asyncio.Task[object]", asyncio.current_task())
        self._deadlines.begin(task)
        try:
            return await self._follow(request)
        except asyncio.CancelledError:
            if not self._deadlines.is_over(task):
                raise
            seconds = self._total_timeout.total_seconds()
            return _failed(request, FailureCode.TIMEOUT, f"no complete answer within {seconds:g} s")
        except InvalidExchange as error:
            return _failed(request, error.code, str(error), error.details)
        except (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError, OSError, ValueError) as error:
            return _failed(request, *failure_of(error))
        finally:
            self._deadlines.end(task)

    async def _follow(self, request: HttpRequest) -> HttpResponse:
        headers = request_headers(self._defaults, request.headers)
        if request.body:
            headers.setdefault("content-type", "application/octet-stream")
        url = _parse_url(request.url)
        for _ in range(MAX_REDIRECTS + 1):
            response = await self._exchange(request, url, headers)
            location = response.headers.get("location")
            if not request.follow_redirects or response.status not in _REDIRECTS or not location:
                return response
            target = _redirect_target(url, location)
            if response.status == 303 or (response.status in (301, 302) and request.method == "POST"):
                request = replace(request, method="HEAD" if request.method == "HEAD" else "GET", body=b"")
                headers = {name: value for name, value in headers.items() if not name.startswith("content-")}
            if _origin(target) != _origin(url):
                private = _CREDENTIALS | request.credentials
                headers = {name: value for name, value in headers.items() if name not in private}
            url = target
        details = {"status": response.status}
        raise InvalidExchange(FailureCode.HTTP_STATUS, f"more than {MAX_REDIRECTS} redirects", details=details)

    async def _exchange(self, request: HttpRequest, url: httpx.URL, headers: Mapping[str, str]) -> HttpResponse:
        if self._transport is None:
            raise RuntimeError("the client is not open")
        # With a stream given, httpx adds no headers of its own: aiohttp sets Host and Content-Length.
        outgoing = httpx.Request(
            request.method,
            url,
            headers=httpx.Headers(headers, encoding="utf-8"),
            stream=httpx.ByteStream(request.body),
            extensions=self._extensions_for(request),
        )
        outgoing.read()
        incoming = await self._transport.handle_async_request(outgoing)
        stream = cast("httpx.AsyncByteStream", incoming.stream)
        try:
            answered = response_headers(incoming.headers.raw)
            encoding = answered.get("content-encoding")
            is_cut = False
            if incoming.status_code in request.expected:
                limit = self._max_response_bytes
                if request.max_response_bytes is not None:
                    limit = min(limit, request.max_response_bytes)
                body = await read_body(stream, encoding=encoding, limit=limit)
            else:
                body, is_cut = await read_excerpt(stream, encoding=encoding, limit=ERROR_BODY_BYTES)
        finally:
            await stream.aclose()
        return HttpResponse(status=incoming.status_code, headers=answered, body=body, url=str(url), is_cut=is_cut)

    def _extensions_for(self, request: HttpRequest) -> dict[str, dict[str, float]]:
        connect, read = request.connect_timeout, request.read_timeout
        if connect is None and read is None:
            return self._extensions
        return {
            "timeout": {
                "connect": self._connect_timeout if connect is None else connect.total_seconds(),
                "read": self._read_timeout if read is None else read.total_seconds(),
            }
        }


def joined_url(base: str, reference: str) -> str:
    """Where a reference leads from the page at `base` (RFC 3986, section 5), without a fragment.

    Raises `ValueError` where that is no URL.
    """
    try:
        return str(httpx.URL(base).join(reference)).partition("#")[0]
    except httpx.InvalidURL as error:
        raise ValueError(str(error)) from error


def is_same_origin(url: str, other: str) -> bool:
    """Whether two URLs have the same scheme, host and port (RFC 6454); one that cannot be called has none."""
    try:
        return _origin(_parse_url(url)) == _origin(_parse_url(other))
    except InvalidExchange:
        return False


def _failed(
    request: HttpRequest, code: FailureCode, why: str, details: Mapping[str, JsonValue] | None = None
) -> StepError:
    """A failure whose message names the request, but not its query: that may hold a secret."""
    where = request.url.partition("?")[0].rpartition("@")[2][:200]
    return StepError(code=code, message=f"{request.method} {where}: {why}.", details=details)


@lru_cache(maxsize=2048)
def _parse_url(text: str) -> httpx.URL:
    """The URL, when it may be called. Cached, because parsing costs a tenth of a request."""
    if len(text) > _MAX_URL_LENGTH:
        raise InvalidExchange(FailureCode.INVALID_REQUEST, f"the URL is longer than {_MAX_URL_LENGTH} characters")
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, ValueError) as error:
        raise InvalidExchange(FailureCode.INVALID_REQUEST, f"the URL is malformed: {error}") from error
    problem = _url_problem(url)
    if problem is not None:
        raise InvalidExchange(FailureCode.INVALID_REQUEST, problem)
    return url


def _redirect_target(url: httpx.URL, location: str) -> httpx.URL:
    try:
        target = url.join(location[:_MAX_URL_LENGTH])
    except (httpx.InvalidURL, ValueError) as error:
        raise InvalidExchange(FailureCode.INVALID_RESPONSE, f"the redirect's URL is malformed: {error}") from error
    problem = _url_problem(target)
    if problem is not None:
        raise InvalidExchange(FailureCode.DESTINATION_BLOCKED, f"a redirect is refused: {problem}")
    return target


def _url_problem(url: httpx.URL) -> str | None:
    if url.scheme not in ("http", "https"):
        return f"the URL's scheme is {url.scheme or 'missing'}, it must be http or https"
    if not _HOST.fullmatch(url.raw_host):
        return "the URL's host is not a name or an address"
    if url.userinfo:
        return "the URL holds a user or a password; use auth instead"
    return None


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, url.host, url.port or (443 if url.scheme == "https" else 80)
