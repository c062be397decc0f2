"""A GraphQL client that costs little: aiohttp for requests, and graphql-transport-ws for subscriptions.

Protocol: https://github.com/graphql/graphql-over-http and https://github.com/enisdenjo/graphql-ws (PROTOCOL.md).
"""

import contextlib
from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Any, Self

import aiohttp
import orjson

_SUBPROTOCOL = "graphql-transport-ws"


class GraphQLFailed(RuntimeError):
    """The API answered with errors, or not in GraphQL."""


class GraphQLClient:
    """Talks to one API over kept connections; `url` is that of the GraphQL endpoint."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),  # each follower has a connection of its own
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=120),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    @property
    def session(self) -> aiohttp.ClientSession:
        """The open session."""
        if self._session is None:
            raise RuntimeError("the client is not open")
        return self._session

    async def execute(self, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The `data` of a query or a mutation. Raises `GraphQLFailed`."""
        body = orjson.dumps({"query": query, "variables": variables})
        headers = {"content-type": "application/json"}
        async with self.session.post(self._url, data=body, headers=headers) as response:
            text = await response.read()
        return _data(text)

    @contextlib.asynccontextmanager
    async def connect(self) -> AsyncIterator["Subscriptions"]:
        """An acknowledged graphql-transport-ws connection."""
        async with self.session.ws_connect(
            self._url.replace("http", "ws", 1), protocols=(_SUBPROTOCOL,), max_msg_size=0, compress=0
        ) as socket:
            await socket.send_str('{"type":"connection_init"}')
            acknowledged = await socket.receive_json()
            if acknowledged.get("type") != "connection_ack":
                raise GraphQLFailed(f"the connection was not acknowledged: {acknowledged}")
            yield Subscriptions(socket)


class Subscriptions:
    """The operations of one WebSocket connection, one at a time unless their results are told apart by `id`."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._last_id = 0

    async def start(self, query: str, variables: Mapping[str, Any]) -> str:
        """Send an operation; returns its id."""
        self._last_id += 1
        message = {
            "id": str(self._last_id),
            "type": "subscribe",
            "payload": {"query": query, "variables": variables},
        }
        await self._socket.send_str(orjson.dumps(message).decode())
        return str(self._last_id)

    async def stop(self, operation: str) -> None:
        """Complete an operation from our side."""
        await self._socket.send_str(orjson.dumps({"id": operation, "type": "complete"}).decode())

    async def next(self) -> tuple[str, dict[str, Any] | None]:
        """The next result of any operation, as (operation id, data); data is None at its end.

        Raises `GraphQLFailed` for an error, and when the connection is closed.
        """
        while True:
            message = await self._socket.receive()
            if message.type is not aiohttp.WSMsgType.TEXT:
                raise GraphQLFailed(f"the connection was closed: {message.type.name} {message.extra}")
            received = orjson.loads(message.data)
            match received["type"]:
                case "next":
                    payload = received["payload"]
                    if payload.get("errors"):
                        raise GraphQLFailed(str(payload["errors"]))
                    return received["id"], payload["data"]
                case "complete":
                    return received["id"], None
                case "ping":
                    await self._socket.send_str('{"type":"pong"}')
                case "error":
                    raise GraphQLFailed(str(received["payload"]))


def _data(text: bytes) -> dict[str, Any]:
    try:
        answer = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise GraphQLFailed(f"not JSON: {text[:200]!r}") from error
    if answer.get("errors") or not isinstance(answer.get("data"), dict):
        raise GraphQLFailed(str(answer.get("errors"))[:1000])
    data: dict[str, Any] = answer["data"]
    return data
