"""The command line's own client: every operation, queries too, over one graphql-transport-ws connection.

Protocol: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from domain.kernel.json.text import JsonValue, dumps, loads
from stepgraph.cli.kit.api_errors import ApiRefused, ApiUnreachable
from stepgraph.cli.kit.refusals import sentences_of
from stepgraph.settings import is_loopback, load_settings

_LARGEST_MESSAGE = 64 * 1024 * 1024
_UNAUTHORIZED = frozenset((4401, 4403))
_WANTS_A_KEY = "The API asks for a key: set STEPGRAPH_TOKEN to the token of one."
_WRONG_KEY = "The API does not know the key in STEPGRAPH_TOKEN, or not any more."
Data = Mapping[str, Any]


class ApiClient:
    """One connection to the API."""

    def __init__(self, url: str, connection: ClientConnection, token: str | None = None) -> None:
        self._url = url
        self._connection = connection
        self._token = token
        self._ids = itertools.count(1)

    async def execute(self, operation: str, **variables: JsonValue) -> Data:
        """The `data` of a query or a mutation. Raises `ApiRefused`, `ApiUnreachable`."""
        async for data in self.subscribe(operation, **variables):
            return data
        raise ApiRefused("The API gave no answer.")

    async def subscribe(self, operation: str, **variables: JsonValue) -> AsyncIterator[Data]:
        """The `data` of each event, until the API says that there are no more. One operation at a time."""
        id = str(next(self._ids))
        await self._send({"id": id, "type": "subscribe", "payload": {"query": operation, "variables": variables}})
        while True:
            message = await self._receive()
            if message.get("id") != id:
                continue
            match message["type"]:
                case "next":
                    payload = message["payload"]
                    if payload.get("errors"):
                        raise _refused(payload["errors"])
                    yield payload["data"]
                case "error":
                    raise _refused(message["payload"])
                case "complete":
                    return

    async def _send(self, message: dict[str, Any]) -> None:
        try:
            await self._connection.send(dumps(message))
        except (OSError, WebSocketException) as error:
            raise ApiUnreachable(self._url, error) from error

    async def _receive(self) -> dict[str, Any]:
        while True:
            try:
                message: Any = loads(await self._connection.recv())
            except ConnectionClosed as error:
                if error.rcvd is not None and error.rcvd.code in _UNAUTHORIZED:
                    raise ApiRefused(_WANTS_A_KEY if self._token is None else _WRONG_KEY) from error
                raise ApiUnreachable(self._url, error) from error
            except (OSError, WebSocketException) as error:
                raise ApiUnreachable(self._url, error) from error
            if message["type"] == "ping":
                await self._send({"type": "pong"})
            elif message["type"] != "pong":
                return dict(message)

    async def greet(self) -> None:
        """Open the session that the protocol asks for."""
        payload = {} if self._token is None else {"payload": {"authorization": f"Bearer {self._token}"}}
        await self._send({"type": "connection_init", **payload})
        while (await self._receive())["type"] != "connection_ack":
            pass


@asynccontextmanager
async def connected(url: str, *, patience: float = 5.0, directly: bool = False) -> AsyncIterator[ApiClient]:
    """A client of the API at `url` (http or https), with the key in STEPGRAPH_TOKEN if there is one.

    A proxy of the environment (`https_proxy`, `no_proxy` and so on) is used for other machines, unless they are to be
    reached `directly`, and never for this one.
    Raises `ApiUnreachable` after `patience` seconds.
    """
    token = load_settings().token
    parts = urlsplit(url)
    socket_url = urlunsplit(
        ("wss" if parts.scheme == "https" else "ws", parts.netloc, f"{parts.path.rstrip('/')}/graphql", "", "")
    )
    try:
        connection = await connect(
            socket_url,
            subprotocols=["graphql-transport-ws"],  # type: ignore[list-item]
            max_size=_LARGEST_MESSAGE,
            open_timeout=patience,
            proxy=None if directly or _is_here(parts.hostname or "") else True,
        )
    except (OSError, WebSocketException, TimeoutError, ValueError, ImportError) as error:
        raise ApiUnreachable(url, error) from error
    async with connection:
        client = ApiClient(url, connection, None if token is None else token.get_secret_value())
        try:
            async with asyncio.timeout(patience):
                await client.greet()
        except TimeoutError as error:
            raise ApiUnreachable(url, error) from error
        yield client


def _is_here(host: str) -> bool:
    """True when a host's name or address stands for this machine; names are not resolved."""
    return is_loopback(host) or host in ("0.0.0.0", "::", "localhost.") or host.endswith(".localhost")


def _refused(errors: Any) -> ApiRefused:
    return ApiRefused(sentences_of(errors))
