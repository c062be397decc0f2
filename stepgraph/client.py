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
from websockets.exceptions import WebSocketException

from domain.json_text import JsonValue, dumps, loads

_LARGEST_MESSAGE = 64 * 1024 * 1024
Data = Mapping[str, Any]


class ApiUnreachable(Exception):
    """Nothing answers as Stepgraph's API at this address."""

    def __init__(self, url: str, reason: object) -> None:
        super().__init__(f"Stepgraph's API does not answer at {url} ({reason}). Is `stepgraph dev` running?")


class ApiRefused(Exception):
    """The API answered with errors; the message holds all of them."""


class ApiClient:
    """One connection to the API."""

    def __init__(self, url: str, connection: ClientConnection) -> None:
        self._url = url
        self._connection = connection
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
            except (OSError, WebSocketException) as error:
                raise ApiUnreachable(self._url, error) from error
            if message["type"] == "ping":
                await self._send({"type": "pong"})
            elif message["type"] != "pong":
                return dict(message)

    async def greet(self) -> None:
        """Open the session that the protocol asks for."""
        await self._send({"type": "connection_init"})
        while (await self._receive())["type"] != "connection_ack":
            pass


@asynccontextmanager
async def connected(url: str, *, patience: float = 5.0) -> AsyncIterator[ApiClient]:
    """A client of the API at `url` (http or https). Raises `ApiUnreachable` after `patience` seconds."""
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
            proxy=None,
        )
    except (OSError, WebSocketException, TimeoutError, ValueError) as error:
        raise ApiUnreachable(url, error) from error
    async with connection:
        client = ApiClient(url, connection)
        try:
            async with asyncio.timeout(patience):
                await client.greet()
        except TimeoutError as error:
            raise ApiUnreachable(url, error) from error
        yield client


def _refused(errors: Any) -> ApiRefused:
    return ApiRefused("\n".join(str(error.get("message", error)) for error in errors))
