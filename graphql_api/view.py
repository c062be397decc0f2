"""The HTTP side of /graphql: Strawberry's view, made to follow the specification and to survive any request.

GraphQL over HTTP (POST only: no query in a URL, so none in a log or a cache) and graphql-sse in its distinct
connections mode. WebSockets are accepted here too and handed to `graphql_api.websocket`.
"""

import logging
from collections.abc import Mapping
from functools import partial
from json import JSONDecodeError
from typing import Any, cast
from uuid import uuid4

from cross_web import AsyncHTTPRequestAdapter, StarletteRequestAdapter
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.http import GraphQLHTTPResponse, GraphQLRequestData
from strawberry.subscriptions import GRAPHQL_SSE_PROTOCOL, GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType
from strawberry.types.unset import UnsetType

from domain.access import NOBODY
from domain.errors import Unauthenticated, Unavailable
from domain.json_text import dumps
from graphql_api.context import ApiOptions, ApiServices, Context
from graphql_api.errors import USER_INPUT_CODE
from graphql_api.executions.origins import ExecutionOrigins
from graphql_api.negotiation import EVENT_STREAM_TYPE, JSON_TYPE, media_type_for, status_of
from graphql_api.requests import (
    MalformedRequest,
    check_content_type,
    graphql_request,
    problem_in,
    read_body,
    read_json,
)
from graphql_api.schema import StepgraphSchema
from graphql_api.websocket import OversizedMessage, RefusedPayload, TransportHandler
from graphql_api.websocket_protocol import ACKNOWLEDGE

ANSWERED = frozenset({OperationType.QUERY, OperationType.MUTATION})
STREAMED = ANSWERED | {OperationType.SUBSCRIPTION}

_PRINCIPAL = "stepgraph.principal"
"""Where a request carries who sends it, once that is known."""

logger = logging.getLogger("stepgraph.graphql")


class LimitedRequest(StarletteRequestAdapter):
    """A request of which no more than `most` bytes are ever read."""

    def __init__(self, request: Request, *, most: int) -> None:
        super().__init__(request)
        self._most = most

    async def get_body(self) -> bytes:
        """The body. Raises `MalformedRequest` as soon as it is known to be too large."""
        return await read_body(self._request, self._most)


class GraphQLView(GraphQL[Context, None]):
    """Serves one schema over HTTP, server-sent events and WebSockets."""

    graphql_transport_ws_handler_class = TransportHandler

    def __init__(self, schema: StepgraphSchema, services: ApiServices, options: ApiOptions) -> None:
        super().__init__(
            schema,
            graphql_ide=None,
            allow_queries_via_get=False,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL, GRAPHQL_SSE_PROTOCOL),
            connection_init_wait_timeout=options.connection_init_timeout,
            max_subscriptions_per_connection=options.max_subscriptions,
            allowed_origins=options.allowed_origins,
        )
        self._services = services
        self._options = options
        self.request_adapter_class = partial(LimitedRequest, most=options.max_body_bytes)  # type: ignore[assignment]
        self._origins = ExecutionOrigins(services.execution_queries)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request or a WebSocket. Whatever arrives, the answer has GraphQL's shape."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            response = await self._respond(request)
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        try:
            if request.method != "POST":
                return _refusal(request, 405, "GraphQL is served to POST requests only.", {"Allow": "POST"})
            request.scope[_PRINCIPAL] = await self._services.access.authenticate(request.headers.get("authorization"))
            return await self.run(request)
        except MalformedRequest as error:
            return _refusal(request, error.status, str(error))
        except Unauthenticated as error:
            return _refusal(request, 401, str(error), {"WWW-Authenticate": "Bearer"}, code=error.code)
        except Unavailable as error:
            return _refusal(request, 503, str(error), {"Retry-After": "1"}, code=error.code)
        except ClientDisconnect:
            raise
        except Exception:
            request_id = uuid4().hex
            logger.exception("request %s failed outside of its operation", request_id, extra={"requestId": request_id})
            message = "Something went wrong on our side. The log has the details under this requestId."
            fault = {"message": message, "extensions": {"code": "INTERNAL", "requestId": request_id}}
            return _answer(media_type_for(request.headers.get("accept")), {"errors": [fault]}, 500)

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:
        """A fresh context: for a request that of its operation, for a WebSocket that of the connection."""
        return Context(
            services=self._services,
            options=self._options,
            origins=self._origins,
            authorization=request.headers.get("authorization"),
            principal=request.scope.get(_PRINCIPAL, NOBODY),
            acknowledge=request.scope.get("extensions", {}).get(ACKNOWLEDGE, _nothing),
        )

    async def on_ws_connect(self, context: Context) -> dict[str, object] | UnsetType | None:
        """Let in who has a key, if one is asked for: in the payload of connection_init, or in the handshake."""
        given = {name.lower(): value for name, value in (context.connection_params or {}).items()}.get("authorization")
        try:
            context.principal = await self._services.access.authenticate(
                given if isinstance(given, str) else context.authorization
            )
        except (Unauthenticated, Unavailable) as error:
            logger.info("a WebSocket is refused: %s", error)
            raise ConnectionRejectionError({"code": error.code.value}) from None
        context.acknowledge()
        return await super().on_ws_connect(context)

    def should_render_graphql_ide(self, request: Any) -> bool:
        """Never: the playground is served from files of its own."""
        return False

    async def parse_http_body(self, request: AsyncHTTPRequestAdapter) -> GraphQLRequestData:
        """The operation in the body. Raises `MalformedRequest`."""
        check_content_type(request.content_type or "")
        body = await request.get_body()
        value = read_json(body)
        problem = problem_in(body, value)
        if problem is not None:
            raise MalformedRequest(problem)
        is_stream = EVENT_STREAM_TYPE in request.headers.get("accept", "").lower()
        return graphql_request(value, "sse" if is_stream else "http")

    async def execute_operation(
        self,
        request: Request,
        request_adapter: AsyncHTTPRequestAdapter,
        request_data: GraphQLRequestData | list[GraphQLRequestData],
        context: Context,
        root_value: None,
        sub_response: Response,
    ) -> Any:
        """Run the operation, of a type that the protocol can carry."""
        assert isinstance(request_data, GraphQLRequestData)
        is_stream = request_data.protocol == "sse"
        execute = self.schema.stream if is_stream else self.schema.execute
        return await execute(
            request_data.query,
            variable_values=request_data.variables,
            context_value=context,
            operation_name=request_data.operation_name,
            operation_extensions=request_data.extensions,
            allowed_operation_types=STREAMED if is_stream else ANSWERED,
        )

    async def process_result(self, request: Request, result: ExecutionResult) -> GraphQLHTTPResponse:
        """The answer without `data` where the operation was never executed, as the specification wants it."""
        response = await super().process_result(request, result)
        if result.data is None and (
            isinstance(result, PreExecutionError) or all(error.path is None for error in result.errors or ())
        ):
            response.pop("data", None)
        return response

    async def get_sub_response(self, request: Request | WebSocket) -> Response:
        """Strawberry's carrier of what is known about the response before it exists: here, its media type."""
        response = await super().get_sub_response(request)
        response.media_type = media_type_for(request.headers.get("accept"))
        return response

    def create_response(
        self, response_data: GraphQLHTTPResponse | list[GraphQLHTTPResponse], sub_response: Response
    ) -> Response:
        """The answer in the media type that was asked for."""
        media_type = sub_response.media_type or JSON_TYPE
        return _answer(media_type, response_data, status_of(media_type, was_executed="data" in response_data))

    def encode_json(self, data: object) -> str:
        """JSON with every integer exact."""
        return dumps(cast("Any", data))

    def decode_json(self, data: str | bytes) -> object:
        """A WebSocket message; what is JSON but not acceptable has a `RefusedPayload`, to be told in its own place.

        Raises `JSONDecodeError`, the one error that Strawberry expects.
        """
        try:
            value = read_json(data)
        except MalformedRequest as error:
            raise JSONDecodeError(str(error), "", 0) from error
        if not isinstance(value, dict):
            return value
        if len(data) > self._options.max_ping_bytes and value.get("type") != "subscribe":
            return OversizedMessage(self._options.max_ping_bytes)
        problem = problem_in(data, value)
        return value if problem is None else {**value, "payload": RefusedPayload(problem)}


def _nothing() -> None:
    """Where the server has no limit of its own for messages of clients that are not let in yet."""


def _refusal(
    request: Request,
    status: int,
    message: str,
    headers: Mapping[str, str] | None = None,
    *,
    code: str = USER_INPUT_CODE,
) -> Response:
    """A request that never became an operation."""
    media_type = media_type_for(request.headers.get("accept"))
    return _answer(media_type, {"errors": [{"message": message, "extensions": {"code": code}}]}, status, headers)


def _answer(media_type: str, value: object, status: int, headers: Mapping[str, str] | None = None) -> Response:
    body = dumps(cast("Any", value)).encode()
    return Response(
        body,
        status,
        {
            "Content-Type": f"{media_type}; charset=utf-8",
            "Vary": "Accept",
            "Cache-Control": "no-store",
            **(headers or {}),
        },
    )
