"""The outermost checks of a request, before anything reads it: its client, its host and its origin."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL

from domain.kernel.errors import ErrorCode
from domain.kernel.json.text import JsonValue, dumps
from graphql_api.context import ApiOptions
from graphql_api.edge.asker import address_of
from graphql_api.edge.clients import Networks, client_behind
from graphql_api.edge.hosts import KnownNames, Origin, authority_of, normal_origin, origin_of

TOLD_HEADERS = ("RateLimit", "RateLimit-Policy", "Retry-After")
"""Response headers that pages of other origins may read."""

_PROXIED = frozenset(
    (
        *(b"forwarded", b"forwarded-for", b"via", b"x-real-ip", b"x-client-ip", b"x-cluster-client-ip"),
        *(b"true-client-ip", b"cf-connecting-ip", b"fly-client-ip", b"x-envoy-external-address"),
        b"x-original-forwarded-for",
    )
)
_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
_READ = _PROXIED | {b"host", b"origin", b"sec-fetch-site"}
_MOST_REMEMBERED = 100

logger = logging.getLogger("stepgraph.edge")


_POLICY_VIOLATION = 1008
"""The code of RFC 6455 that clients of graphql-ws hold to be final, unlike 4403."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The answer to a request that is not let in. `retry_after`: seconds after which it may come again.

    `told_pages`: the reason that the WebSocket of a page is closed with, which tells strangers nothing of the settings,
    in at most 123 bytes; None where the handshake is refused, so that clients try again.
    """

    status: int
    message: str
    code: ErrorCode = ErrorCode.FORBIDDEN
    headers: tuple[tuple[bytes, bytes], ...] = ()
    retry_after: int | None = None
    told_pages: str | None = None


class Edge:
    """The outermost part of the application, over all of its addresses.

    `app` serves the requests that are let in; those of pages to /graphql pass through `sharing` (CORS).
    """

    def __init__(self, app: ASGIApp, options: ApiOptions, *, asks_for_keys: bool) -> None:
        self._app = app
        self._asks_for_keys = asks_for_keys
        self._is_reachable = options.is_reachable
        self._proxies = Networks(options.trusted_proxies)
        self._names = KnownNames(options.public_url, options.allowed_hosts)
        own = urlsplit(options.public_url)
        others = [normal_origin(each) for each in options.allowed_origins if asks_for_keys or each != "*"]
        self._public = origin_of(normal_origin(f"{own.scheme}://{own.netloc}"))
        self._origins = frozenset((self._public, *map(origin_of, others)))
        self._lets_all = "*" in others
        self._shared = sharing(app, others) if others else app
        self._known_hosts: set[bytes] = set()
        self._logged: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request or a WebSocket in, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = _Read(scope)
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            may_be_closed = headers.origin is not None and GRAPHQL_TRANSPORT_WS_PROTOCOL in scope.get(
                "subprotocols", ()
            )
            if may_be_closed and refusal.told_pages is not None:
                await _close(send, refusal.told_pages)
            else:
                await refuse(scope, send, refusal)
        elif headers.origin is not None and scope["path"] == "/graphql":
            await self._shared(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _refusal(self, scope: Scope, headers: "_Read") -> Refusal | None:
        """The refusal of a request; None where it is let in, and its scope then names the client behind the proxy."""
        if headers.proxied:
            if address_of(scope) in self._proxies:
                self._see_through(scope, headers)
            elif not self._asks_for_keys:
                return Refusal(403, _BEHIND_PROXY.format(header=headers.proxied), told_pages=_NOT_FROM_HERE)
        if not self._asks_for_keys and not (len(headers.hosts) == 1 and self._is_ours(headers.hosts[0])):
            host = b", ".join(headers.hosts).decode("latin-1")[:100]
            return Refusal(403, _OTHER_HOST.format(host=host), told_pages=_NOT_FROM_HERE)
        if headers.origin is None or (self._asks_for_keys and scope["path"] != "/graphql"):
            return None
        if self._may_ask(scope, headers):
            return None
        self._log(headers.origin)
        return Refusal(403, _OTHER_ORIGIN.format(origin=headers.origin[:100]), told_pages=_NOT_THIS_PAGE)

    def _see_through(self, scope: Scope, headers: "_Read") -> None:
        """Put the proxy's client and its scheme into the scope."""
        scope["client"] = (client_behind(address_of(scope), headers.forwarded_for, self._proxies), 0)
        headers.told_scheme = _SCHEMES.get(headers.forwarded_proto)
        if headers.told_scheme is not None:
            is_http = scope["type"] == "http"
            scope["scheme"] = headers.told_scheme if is_http else headers.told_scheme.replace("http", "ws")

    def _is_ours(self, host: bytes) -> bool:
        """True when the API is known under this host. Known ones are remembered: nearly all requests have the same."""
        if host in self._known_hosts:
            return True
        authority = authority_of(host.decode("latin-1"))
        is_ours = authority in self._names or (
            # A bare address involves no name that DNS rebinding could have pointed here.
            self._is_reachable and authority is not None and authority.address is not None
        )
        if is_ours and len(self._known_hosts) < _MOST_REMEMBERED:
            self._known_hosts.add(host)
        return is_ours

    def _may_ask(self, scope: Scope, headers: "_Read") -> bool:
        """True when a page of this origin may use the API: one of ours, or one in the settings."""
        page = origin_of(headers.origin or "")
        if page is None:
            return False
        if self._lets_all or page in self._origins:
            return True
        host = headers.hosts[0].decode("latin-1") if len(headers.hosts) == 1 else ""
        if page in self._asked(scope, headers, host):
            return True
        if self._asks_for_keys:
            return headers.fetch_site == b"same-origin"
        asked = authority_of(host)
        return page[1].is_loopback and asked is not None and asked.is_loopback

    def _asked(self, scope: Scope, headers: "_Read", host: str) -> tuple[Origin | None, ...]:
        """The origins that a request may have been sent to: of its host, and by the scheme that its client used.

        Under the public URL's name that is the public URL, also where a proxy leaves its port out. Otherwise the scheme
        is the one that a trusted proxy tells, or the connection's; where keys are asked for, a proxy that tells
        nothing may have ended TLS.
        """
        asked = authority_of(host)
        public = self._public
        if public and asked and asked.name == public[1].name and asked.port in (None, public[1].port):
            return (public,)
        scheme = headers.told_scheme or _SCHEMES[scope.get("scheme", "http")]
        schemes = (scheme, "https") if self._asks_for_keys else (scheme,)
        return tuple(origin_of(f"{each}://{host}") for each in schemes)

    def _log(self, origin: str) -> None:
        if len(self._logged) < _MOST_REMEMBERED and origin not in self._logged:
            self._logged.add(origin)
            logger.warning(
                "a page of %r is refused: pages of other origins may ask when STEPGRAPH_ALLOWED_ORIGINS names them",
                origin[:100],
            )


class _Read:
    """The headers that matter here, found in one pass."""

    __slots__ = ("fetch_site", "forwarded_for", "forwarded_proto", "hosts", "origin", "proxied", "told_scheme")

    def __init__(self, scope: Scope) -> None:
        self.hosts: list[bytes] = []
        self.origin: str | None = None
        self.fetch_site = b""
        self.forwarded_for: list[bytes] = []
        self.forwarded_proto = self.proxied = ""
        self.told_scheme: str | None = None
        for name, value in scope["headers"]:
            if name in _READ or name[:11] == b"x-forwarded":
                self._take(name, value)

    def _take(self, name: bytes, value: bytes) -> None:
        if name == b"host":
            self.hosts.append(value)
        elif name == b"origin":
            # Two `Origin` headers count as the opaque origin, which is never allowed.
            self.origin = value.decode("latin-1") if self.origin is None else "null"
        elif name == b"sec-fetch-site":
            self.fetch_site = value
        else:
            self.proxied = name.decode("latin-1")
            if name == b"x-forwarded-for":
                self.forwarded_for.append(value)
            elif name == b"x-forwarded-proto":
                self.forwarded_proto = value.decode("latin-1").strip().lower()


def sharing(app: ASGIApp, origins: Sequence[str]) -> CORSMiddleware:
    """The application with CORS for pages of these origins."""
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=("GET", "POST"),
        allow_headers=("*",),
        expose_headers=TOLD_HEADERS,
        max_age=600,
    )


async def _close(send: Send, reason: str) -> None:
    """Open the WebSocket of a page and close it at once: of a refused handshake pages hear only that it failed."""
    await send({"type": "websocket.accept", "subprotocol": GRAPHQL_TRANSPORT_WS_PROTOCOL, "headers": []})
    await send({"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": reason})


async def refuse(scope: Scope, send: Send, refusal: Refusal) -> None:
    """Answer with an error that GraphQL clients and people can read, also to a handshake where the server can."""
    extensions: dict[str, JsonValue] = {"code": refusal.code.value}
    if refusal.retry_after is not None:
        extensions["retryAfter"] = refusal.retry_after
    body = dumps({"errors": [{"message": refusal.message, "extensions": extensions}]}).encode()
    headers = [
        (b"content-type", b"application/json; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        *refusal.headers,
    ]
    kind = "http.response"
    if scope["type"] == "websocket":
        if "websocket.http.response" not in scope.get("extensions", {}):
            await send({"type": "websocket.close", "code": 1008})
            return
        kind = "websocket.http.response"
    await send({"type": f"{kind}.start", "status": refusal.status, "headers": headers})
    await send({"type": f"{kind}.body", "body": body})


_NO_KEYS = "This API asks nobody for a key, so it "
_OTHER_HOST = (
    _NO_KEYS + "answers only under names of this machine and of STEPGRAPH_PUBLIC_URL, and not as {host!r}: name that"
    " in STEPGRAPH_ALLOWED_HOSTS, or ask for keys with STEPGRAPH_REQUIRE_KEYS=true."
)
_BEHIND_PROXY = (
    _NO_KEYS + "answers nothing that came through a proxy ({header}), by which anybody might reach it: ask for keys"
    " with STEPGRAPH_REQUIRE_KEYS=true, or name it in STEPGRAPH_TRUSTED_PROXIES if it lets in only whom it knows."
)
_OTHER_ORIGIN = "Pages of {origin!r} may not ask this API: name that origin in STEPGRAPH_ALLOWED_ORIGINS to let them."
_NOT_FROM_HERE = "This API is not served under this name, or not through this proxy."
_NOT_THIS_PAGE = "Pages of this origin may not use this API: its log names the setting that lets them."
