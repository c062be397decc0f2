"""The client of the API that all commands share: queries and mutations over HTTP, subscriptions over a WebSocket."""

import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx

from domain.kernel.json.text import JsonValue, dumps, loads
from stepgraph import __version__
from stepgraph.cli.kit.api_errors import errors_in, no_answer, no_answer_in_time, not_the_api, refused, untrusted
from stepgraph.settings import is_loopback, load_settings

_LARGEST_ANSWER = 64 * 1024 * 1024
_MARGIN = timedelta(seconds=15)
"""Time for which an answer is waited for beyond that in which the API gives an operation up."""
_MOST_REDIRECTS = 3

Data = Mapping[str, Any]


class ApiClient:
    """A client of one API. Its connections are kept for the next request; nothing is ever sent twice by itself."""

    def __init__(self, url: str, http: httpx.AsyncClient, *, token: str | None, patience: float, proxied: bool) -> None:
        self._url = url
        self._http = http
        self._token = token
        self._patience = patience
        self._proxied = proxied
        parts = urlsplit(url)
        self._endpoint = urlunsplit((parts.scheme, parts.netloc, f"{parts.path.rstrip('/')}/graphql", "", ""))

    async def execute(self, operation: str, **variables: JsonValue) -> Data:
        """The `data` of a query or a mutation. Raises `ApiRefused`, `ApiUnreachable`."""
        body = dumps({"query": operation, "variables": variables}).encode()
        for _ in range(_MOST_REDIRECTS):
            status, headers, answer = await self._post(body)
            target = headers.get("location", "") if 300 < status < 400 else ""
            if not target or not self._is_elsewhere_on_this_host(target):
                break
            self._endpoint = target
        return self._data_of(status, headers, answer)

    async def subscribe(self, operation: str, **variables: JsonValue) -> AsyncGenerator[Data, None]:
        """The `data` of each event, over a WebSocket of its own, until the API says that there are no more.

        Raises `ApiRefused`, `ApiUnreachable`.
        """
        from stepgraph.cli.kit.subscriptions import Address, events  # what most commands do without

        address = Address(self._url, self._endpoint, self._token, self._patience, proxied=self._proxied)
        async with aclosing(events(address, operation, variables)) as stream:
            async for data in stream:
                yield data

    async def _post(self, body: bytes) -> tuple[int, httpx.Headers, bytes]:
        """The status, the headers and the body of the answer. Raises `ApiUnreachable`."""
        answer = bytearray()
        try:
            async with self._http.stream("POST", self._endpoint, content=body) as response:
                async for piece in response.aiter_bytes():
                    answer += piece
                    if len(answer) > _LARGEST_ANSWER:
                        raise no_answer(self._url, f"an answer of more than {_LARGEST_ANSWER:,} bytes")
                return response.status_code, response.headers, bytes(answer)
        except httpx.ConnectTimeout as error:
            raise no_answer(self._url, f"no connection within {self._patience:g} seconds") from error
        except httpx.TimeoutException as error:
            raise no_answer_in_time(self._url, self._http.timeout.read or 0) from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            cause = _cause(error)
            if isinstance(cause, ssl.SSLCertVerificationError):
                raise untrusted(self._url, cause.verify_message) from error
            raise no_answer(self._url, cause) from error

    def _data_of(self, status: int, headers: httpx.Headers, answer: bytes) -> Data:
        try:
            payload: Any = loads(answer)
        except ValueError:
            payload = None
        errors = errors_in(payload)
        if errors:
            raise refused(errors, status=status, has_key=self._token is not None)
        if not isinstance(payload, dict) or not isinstance(payload.get("data"), dict):
            raise not_the_api(self._url, status, headers)
        return dict(payload["data"])

    def _is_elsewhere_on_this_host(self, target: str) -> bool:
        """True for a redirect that may be followed with the key: to the same host, and not from https to http."""
        here, there = urlsplit(self._endpoint), urlsplit(target)
        return here.hostname == there.hostname and there.scheme in (here.scheme, "https") and here != there


@asynccontextmanager
async def connected(
    url: str, *, patience: float = 5.0, answer_within: float | None = None, directly: bool = False
) -> AsyncIterator[ApiClient]:
    """A client of the API at `url` (http or https), with the key in STEPGRAPH_TOKEN if there is one.

    A proxy of the environment (`https_proxy`, `no_proxy` and so on) is used for other machines, unless they are to be
    reached `directly`, and never for this one. Connecting is given up after `patience` seconds, and waiting for an
    answer after `answer_within`; None for as long as the API may take for an operation, and a little more.
    Raises `ApiUnreachable` for an address or a proxy that cannot be used.
    """
    settings = load_settings()
    if answer_within is None:
        answer_within = (settings.operation_timeout + _MARGIN).total_seconds()
    token = None if settings.token is None else settings.token.get_secret_value()
    headers = {
        "Accept": "application/graphql-response+json, application/json;q=0.9",
        "Accept-Encoding": "gzip",
        "Content-Type": "application/json",
        "User-Agent": f"stepgraph/{__version__}",
        **({} if token is None else {"Authorization": f"Bearer {token}"}),
    }
    try:
        parts = urlsplit(url)
        proxied = not directly and not _is_here(parts.hostname or "")
        http = httpx.AsyncClient(
            headers=headers,
            timeout=httpx.Timeout(answer_within, connect=patience),
            trust_env=proxied,
            verify=_trust(needed=proxied or parts.scheme == "https"),
        )
    except (OSError, ValueError, ImportError) as error:
        raise no_answer(url, error) from error
    async with http:
        yield ApiClient(url, http, token=token, patience=patience, proxied=proxied)


def _trust(*, needed: bool) -> ssl.SSLContext:
    """The certificates that the system trusts, or those of SSL_CERT_FILE, and none of the library's own.

    Reading them takes a while: where they are not `needed`, no certificate is trusted.
    """
    return ssl.create_default_context() if needed else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _is_here(host: str) -> bool:
    """True when a host's name or address stands for this machine; names are not resolved."""
    return is_loopback(host) or host in ("0.0.0.0", "::", "localhost.") or host.endswith(".localhost")


def _cause(error: BaseException) -> object:
    """The system's own error behind one of the library, which may say less; the error itself where there is none."""
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, OSError):
            return found
        found = found.__cause__ or found.__context__
    return str(error) or type(error).__name__
