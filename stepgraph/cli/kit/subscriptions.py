"""One subscription of the command line, over a WebSocket of its own that speaks graphql-transport-ws.

Protocol: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
"""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from domain.kernel.json.text import JsonValue, dumps, loads
from stepgraph.cli.kit.api_errors import errors_in, no_answer, not_the_api, refused, untrusted, wrong_key

_LARGEST_MESSAGE = 64 * 1024 * 1024
_UNAUTHORIZED = frozenset((4401, 4403))
_ID = "1"


@dataclass(frozen=True, slots=True)
class Address:
    """An API: its `url` as people have given it, its GraphQL endpoint (http or https), and how it is reached.

    `patience`: seconds until a connection that is not made is given up. `proxied`: by a proxy of the environment.
    """

    url: str
    endpoint: str
    token: str | None = field(repr=False)
    patience: float
    proxied: bool


async def events(address: Address, operation: str, variables: Mapping[str, JsonValue]) -> AsyncGenerator[Any, None]:
    """The `data` of each event, until the API says that there are no more. Raises `ApiRefused`, `ApiUnreachable`."""
    async with await _opened(address) as connection:
        socket = _Socket(address, connection)
        try:
            async with asyncio.timeout(address.patience):
                await socket.greet()
        except TimeoutError as error:
            raise no_answer(address.url, f"no answer within {address.patience:g} seconds") from error
        await socket.send({"id": _ID, "type": "subscribe", "payload": {"query": operation, "variables": variables}})
        while True:
            message = await socket.receive()
            match message["type"]:
                case "next":
                    if message["payload"].get("errors"):
                        raise refused(message["payload"]["errors"], has_key=address.token is not None)
                    yield message["payload"]["data"]
                case "error":
                    raise refused(message["payload"], has_key=address.token is not None)
                case "complete":
                    return


class _Socket:
    """The messages of one connection; what breaks it becomes `ApiRefused` or `ApiUnreachable`."""

    def __init__(self, address: Address, connection: ClientConnection) -> None:
        self._address = address
        self._connection = connection

    async def greet(self) -> None:
        """Open the session that the protocol asks for."""
        token = self._address.token
        payload = {} if token is None else {"payload": {"authorization": f"Bearer {token}"}}
        await self.send({"type": "connection_init", **payload})
        while (await self.receive())["type"] != "connection_ack":
            pass

    async def send(self, message: dict[str, Any]) -> None:
        """Send one message."""
        try:
            await self._connection.send(dumps(message))
        except (OSError, WebSocketException) as error:
            raise self._broken(error) from error

    async def receive(self) -> dict[str, Any]:
        """The next message that is no ping; those are answered."""
        while True:
            try:
                message: Any = loads(await self._connection.recv())
            except (OSError, WebSocketException, ValueError) as error:
                raise self._broken(error) from error
            kind = message.get("type") if isinstance(message, dict) else None
            if not isinstance(kind, str):
                raise no_answer(self._address.url, "a message that is none of graphql-transport-ws")
            if kind == "ping":
                await self.send({"type": "pong"})
            elif kind != "pong":
                return dict(message)

    def _broken(self, error: Exception) -> Exception:
        if isinstance(error, ConnectionClosed) and error.rcvd is not None and error.rcvd.code in _UNAUTHORIZED:
            return wrong_key(has_key=self._address.token is not None)
        return no_answer(self._address.url, error)


async def _opened(address: Address) -> ClientConnection:
    """A WebSocket to the API. Raises `ApiRefused`, `ApiUnreachable`."""
    try:
        return await connect(
            f"ws{address.endpoint.removeprefix('http')}",
            subprotocols=["graphql-transport-ws"],  # type: ignore[list-item]
            max_size=_LARGEST_MESSAGE,
            open_timeout=address.patience,
            proxy=True if address.proxied else None,
        )
    except InvalidStatus as error:
        raise _not_upgraded(address, error) from error
    except ssl.SSLCertVerificationError as error:
        raise untrusted(address.url, error.verify_message) from error
    except (OSError, WebSocketException, TimeoutError, ValueError, ImportError) as error:
        raise no_answer(address.url, error) from error


def _not_upgraded(address: Address, error: InvalidStatus) -> Exception:
    """The error of a handshake that was answered with an HTTP status: by the API with its errors, or by another."""
    response = error.response
    try:
        payload: Any = loads(bytes(response.body or b""))
    except ValueError:
        payload = None
    errors = errors_in(payload)
    if errors:
        return refused(errors, status=response.status_code, has_key=address.token is not None)
    headers = {name.lower(): value for name, value in response.headers.raw_items()}
    return not_the_api(address.url, response.status_code, headers)
