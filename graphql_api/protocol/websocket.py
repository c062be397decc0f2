"""The WebSocket side of /graphql: graphql-transport-ws, with no way for one message to hurt the others.

Protocol: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md. Malformed messages close the socket with
4400, as it says; a document with a syntax error only ends its own operation, so the live ones beside it stay.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, cast

from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler
from strawberry.subscriptions.protocols.graphql_transport_ws.types import (
    ConnectionInitMessage,
    Message,
    SubscribeMessage,
)

from graphql_api.context import Context
from graphql_api.kit.errors import USER_INPUT_CODE
from graphql_api.protocol.requests import MalformedRequest, graphql_request

MAX_ID_CHARACTERS = 256

_LONGEST_REASON = 123


class CloseCode(IntEnum):
    """The codes that connections are closed with, which tell clients of graphql-ws whether to reconnect.

    Clients treat 4401 as final, and reconnect after the others, asking their application for the parameters of the
    connection anew: a key that has ended may have a successor by then.
    """

    TRY_AGAIN_LATER = 1013
    UNAUTHORIZED = 4401
    KEY_ENDED = 4403


class NotLetIn(Exception):
    """The client may not use this connection."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True)
class RefusedPayload:
    """Takes the place of a payload that is JSON, but not acceptable."""

    problem: str


@dataclass(frozen=True, slots=True)
class OversizedMessage:
    """Takes the place of a message that is over a limit, which `reason` tells in at most 123 bytes."""

    reason: str


class TransportHandler(BaseGraphQLTransportWSHandler[Context, None]):
    """One connection, on which every message is checked before it is handled."""

    _key_watch: asyncio.Task[None] | None = None

    async def handle_message(self, message: Any) -> None:
        """Refuse malformed messages, whose parts Strawberry would take for granted, and handle the others."""
        problem = _problem_of(message)
        if problem is not None:
            await self.handle_invalid_message(problem)
        elif message["type"] == "connection_init" and message.get("payload") is None:
            await super().handle_message({"type": "connection_init"})
        else:
            await super().handle_message(cast("Message", message))

    async def handle_connection_init(self, message: ConnectionInitMessage) -> None:
        """Let the client in, and watch its key from then on; or close with the reason."""
        was_in = self.connection_acknowledged
        try:
            await super().handle_connection_init(message)
        except NotLetIn as error:
            await self._close(error.code, str(error))
            return
        if self.connection_acknowledged and not was_in and self.context.principal.digest is not None:
            self.context.closes_with_key = True
            self._key_watch = asyncio.create_task(self._close_with_key(), name="waits for the end of a key")

    async def shutdown(self) -> None:
        """End all that the connection has begun."""
        if self._key_watch is not None:
            self._key_watch.cancel()
        await super().shutdown()

    async def _close_with_key(self) -> None:
        """Close the connection when its key ends, without ending its operations: clients resume what was not ended."""
        await self.context.services.access.until_invalid(self.context.principal)
        with suppress(Exception):  # it may just have gone
            await self._close(CloseCode.KEY_ENDED, "The key of this connection is not valid any more")

    async def _close(self, code: CloseCode, reason: str) -> None:
        short = reason.encode()[:_LONGEST_REASON].decode(errors="ignore")
        await self.websocket.close(code=code, reason=short)

    async def handle_subscribe(self, message: SubscribeMessage) -> None:
        """Refuse an operation that cannot be understood with an `error` of its own."""
        if self.connection_acknowledged and message["id"] not in self.operations:
            most = self.max_subscriptions_per_connection
            if most is not None and len(self.operations) >= most:
                problem = f"This connection has {most} operations open, the most there may be: complete one first."
                await self._refuse(message["id"], problem, "LIMIT_EXCEEDED")
                return
            refused = _refused(message["payload"])
            if refused is not None:
                await self._refuse(message["id"], refused, USER_INPUT_CODE)
                return
        await super().handle_subscribe(message)

    async def _refuse(self, id: str, problem: str, code: str) -> None:
        error: Any = {"message": problem, "extensions": {"code": code}}
        await self.send_message({"id": id, "type": "error", "payload": [error]})

    @staticmethod
    def _get_pre_execution_close_reason(error: object) -> str | None:
        """None: a fault of one operation never closes the connection, but is told in an `error` message."""
        return None


def _problem_of(message: Any) -> str | None:
    """The reason why this is no message of the protocol; None where it is. A close reason: 123 bytes at most."""
    if isinstance(message, OversizedMessage):
        return message.reason
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return "A message is an object with a type"
    match message["type"]:
        case "connection_init":
            if not isinstance(message.get("payload"), dict | None):
                return "The payload of connection_init is an object"
        case "subscribe" | "complete":
            id = message.get("id")
            if not isinstance(id, str) or not 0 < len(id) <= MAX_ID_CHARACTERS:
                return f"An id is a string of 1 to {MAX_ID_CHARACTERS} characters"
            if message["type"] == "subscribe" and not isinstance(message.get("payload"), dict | RefusedPayload):
                return "The payload of subscribe is an object"
    return None


def _refused(payload: Any) -> str | None:
    """The reason why an operation cannot be run as it was sent; None where it can."""
    if isinstance(payload, RefusedPayload):
        return payload.problem
    try:
        graphql_request(payload, "http")
    except MalformedRequest as error:
        return str(error)
    return None
