"""The one client that calls services: one request with its redirects, under our limits.

A transport sends each single request: what the clients of libraries add to it (cookies, redirects, ambient proxies,
decoding without a cap) is either unwanted here or done in this module under a limit.
"""

import asyncio
from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self, cast

from actors.http.body import read_body, read_excerpt
from actors.http.deadlines import Deadlines
from actors.http.destinations import DestinationPolicy, Lookup
from actors.http.failures import InvalidExchange, one_line
from actors.http.headers import ResponseHeaders, header_text, request_headers, response_headers
from actors.http.library import HttpTransport, open_transport
from actors.http.transport import ConnectionOptions, Transport
from actors.http.urls import MAX_URL_LENGTH, HttpUrl, joined_url
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.fast_values import fast_init
from domain.kernel.json.text import JsonValue
from domain.secrets.mask import SecretMask

MAX_REDIRECTS = 5
ERROR_BODY_BYTES = 16 * 1024
"""The most bytes that are read of a body when the status is not an expected one."""

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CREDENTIALS = frozenset({"authorization", "cookie"})
_NO_NAMES: frozenset[str] = frozenset()
ANY_STATUS: Container[int] = range(100, 600)


@fast_init
@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One outgoing request.

    `url` is absolute, http or https, without user and password. `expected` are the statuses whose body is wanted in
    full. Limits that are None are the client's own; `max_response_bytes` can only lower it. `credentials` are the
    lower-case names of headers that must not follow a redirect to another origin, beside Authorization and Cookie. Of
    what may hold secrets nothing is in its representation: `masked_url` is the URL without their values (None: as it
    is), and `mask` takes them out of what failures quote.
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
    masked_url: str | None = None
    mask: SecretMask | None = None

    @property
    def shown(self) -> str:
        """The URL as messages show it."""
        return shown_url(self.url if self.masked_url is None else self.masked_url)


@fast_init
@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """A service's answer. Header names are lower-case; repeated headers are joined by commas, except Set-Cookie.

    `body` is decompressed. `is_cut`: the status was not an expected one and the body was longer than an excerpt.
    `url` is the last one, after redirects.
    """

    status: int
    headers: ResponseHeaders
    body: bytes
    url: str
    is_cut: bool = False


class HttpClient:
    """Sends requests over kept connections; one for each process, opened and closed by the worker.

    `transport` is the library that it sends them with, `total_timeout` bounds a request with everything in it. Beyond
    `pool_size` requests in all, and `pool_size_per_host` to one host and port (0: as many as in all), they wait. The
    others are `ConnectionOptions`.
    """

    def __init__(
        self,
        policy: DestinationPolicy,
        *,
        user_agent: str,
        transport: HttpTransport = HttpTransport.WREQ,
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
        ca_file: Path | None = None,
    ) -> None:
        self._policy = policy
        self._defaults = {"user-agent": user_agent, "accept": "*/*", "accept-encoding": "gzip"}
        self._library = transport
        self._options = ConnectionOptions(
            pool_size=pool_size,
            pool_size_per_host=pool_size_per_host,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            keep_alive=keep_alive,
            dns_ttl=dns_ttl,
            dns_timeout=dns_timeout,
            lookup=lookup,
            ca_file=ca_file,
        )
        self._total_timeout = total_timeout
        self._deadlines = Deadlines(total_timeout.total_seconds())
        self._max_response_bytes = max_response_bytes
        self._transport: Transport | None = None

    async def __aenter__(self) -> Self:
        self._transport = open_transport(self._library, self._policy, self._options)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        transport, self._transport = self._transport, None
        self._deadlines.close()
        if transport is not None:
            await transport.aclose()

    async def send(self, request: HttpRequest) -> HttpResponse | StepError:
        """The response, whatever its status, or the error of a request without one. Only cancellation and bugs raise.

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
        finally:
            self._deadlines.end(task)

    async def _follow(self, request: HttpRequest) -> HttpResponse:
        headers = request_headers(self._defaults, request.headers)
        if request.body:
            headers.setdefault("content-type", "application/octet-stream")
        url = HttpUrl.parse(request.url)
        for _ in range(MAX_REDIRECTS + 1):
            response = await self._exchange(request, url, headers)
            location = header_text(response.headers, "location")
            details: Mapping[str, JsonValue] = {"status": response.status}
            if not request.follow_redirects or response.status not in _REDIRECTS or not location:
                return response
            target = _redirect_target(url, location)
            is_elsewhere = target.origin != url.origin
            if response.status == 303 or (response.status in (301, 302) and request.method == "POST"):
                request = replace(request, method="HEAD" if request.method == "HEAD" else "GET", body=b"")
                headers = {name: value for name, value in headers.items() if not name.startswith("content-")}
            if is_elsewhere and request.body and not _is_upgrade(url, target):
                why = "a redirect to another origin would take the request's body there"
                raise InvalidExchange(FailureCode.DESTINATION_BLOCKED, why, details=details)
            if is_elsewhere:
                private = _CREDENTIALS | request.credentials
                headers = {name: value for name, value in headers.items() if name not in private}
            url = target
        raise InvalidExchange(FailureCode.HTTP_STATUS, f"more than {MAX_REDIRECTS} redirects", details=details)

    async def _exchange(self, request: HttpRequest, url: HttpUrl, headers: Mapping[str, str]) -> HttpResponse:
        if self._transport is None:
            raise RuntimeError("the client is not open")
        answer = await self._transport.send(
            request.method,
            url,
            headers,
            request.body,
            connect_timeout=request.connect_timeout,
            read_timeout=request.read_timeout,
        )
        try:
            answered = response_headers(answer.headers)
            encoding = header_text(answered, "content-encoding")
            is_cut = False
            if answer.status in request.expected:
                limit = self._max_response_bytes
                if request.max_response_bytes is not None:
                    limit = min(limit, request.max_response_bytes)
                body = await read_body(answer, encoding=encoding, limit=limit)
            else:
                body, is_cut = await read_excerpt(answer, encoding=encoding, limit=ERROR_BODY_BYTES)
        finally:
            await answer.aclose()
        return HttpResponse(status=answer.status, headers=answered, body=body, url=url.text, is_cut=is_cut)


def _failed(
    request: HttpRequest, code: FailureCode, why: str, details: Mapping[str, JsonValue] | None = None
) -> StepError:
    """A failure whose message names the request and the reason, without what may be secret."""
    if request.mask is not None:
        why = request.mask.text(why)
    return StepError(code=code, message=f"{request.method} {request.shown}: {one_line(why)}.", details=details)


def shown_url(url: str) -> str:
    """A URL as messages show it: without user, password and query, which may hold a secret; 200 characters at most."""
    scheme, separator, rest = url.partition("?")[0].partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}{separator}{authority.rpartition('@')[2]}{slash}{path}"[:200]


def _redirect_target(url: HttpUrl, location: str) -> HttpUrl:
    try:
        target = joined_url(url.text, location[:MAX_URL_LENGTH])
    except ValueError as error:
        raise InvalidExchange(FailureCode.INVALID_RESPONSE, "the redirect's URL is malformed") from error
    try:
        return HttpUrl.parse(target)
    except InvalidExchange as error:
        raise InvalidExchange(FailureCode.DESTINATION_BLOCKED, f"a redirect is refused: {error}") from error


def _is_upgrade(url: HttpUrl, target: HttpUrl) -> bool:
    """True when a redirect only leads to the same host under TLS, at the usual ports."""
    return url.host == target.host and url.origin[::2] == ("http", 80) and target.origin[::2] == ("https", 443)
