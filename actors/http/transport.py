"""The transport under the outgoing client: httpx requests over an aiohttp session that the destination policy guards.

It is httpx-aiohttp's transport with a shorter way from request to response. Errors stay aiohttp's own:
`actors.http.failures` tells them apart better than the transport's mapping, which reports a lost connection as a
connect timeout.
"""

import ssl
from collections.abc import AsyncIterator
from datetime import timedelta

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from actors.http.destinations import DestinationPolicy, GuardedResolver, Lookup, guarded_socket_factory

_MAX_HEADER_BYTES = 64 * 1024


class GuardedTransport(AiohttpTransport):
    """Sends `httpx.Request`s whose content was read.

    `extensions["url"]` is the address as it is sent; `extensions["timeout"]` may hold `connect` and `read` in seconds.
    `pool_size_per_host` 0: as many as in all. Names are kept for `dns_ttl`. It is made where the event loop runs.
    """

    def __init__(
        self,
        policy: DestinationPolicy,
        *,
        pool_size: int,
        pool_size_per_host: int,
        keep_alive: timedelta,
        dns_ttl: timedelta,
        dns_timeout: timedelta,
        lookup: Lookup | None,
        ssl_context: ssl.SSLContext | None,
    ) -> None:
        context = ssl_context or httpx.create_ssl_context(trust_env=False)
        connector = aiohttp.TCPConnector(
            limit=pool_size,
            limit_per_host=pool_size_per_host,
            keepalive_timeout=keep_alive.total_seconds(),
            ttl_dns_cache=round(dns_ttl.total_seconds()),
            resolver=GuardedResolver(policy, timeout=dns_timeout.total_seconds(), lookup=lookup),
            socket_factory=guarded_socket_factory(policy),
            ssl=context,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            max_line_size=_MAX_HEADER_BYTES,
            max_field_size=_MAX_HEADER_BYTES,
            trust_env=False,
        )
        self._timeouts: dict[tuple[float | None, float | None], aiohttp.ClientTimeout] = {}
        super().__init__(verify=context, trust_env=False, client=self._session)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The response with its body not read yet. Raises aiohttp's errors; cancelling closes the connection."""
        answer = await self._session.request(
            request.method,
            request.extensions["url"],
            headers=[(name.decode(), value.decode()) for name, value in request.headers.raw],
            data=request.content or None,
            allow_redirects=False,
            auto_decompress=False,
            timeout=self._timeout_of(request),
        )
        return httpx.Response(answer.status, headers=answer.raw_headers, stream=_Body(answer), request=request)

    def _timeout_of(self, request: httpx.Request) -> aiohttp.ClientTimeout:
        given = request.extensions.get("timeout", {})
        key = given.get("connect"), given.get("read")
        found = self._timeouts.get(key)
        if found is None:
            found = aiohttp.ClientTimeout(sock_connect=key[0], sock_read=key[1])
            if len(self._timeouts) >= 1000:
                self._timeouts.clear()
            self._timeouts[key] = found
        return found


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
