"""The HTTP side of /graphql: Strawberry's view, made to follow the specification and to survive any request.

GraphQL over HTTP by POST, queries by GET too, and event streams (`graphql_api.protocol.event_streams`). WebSockets are
accepted here too and handed to `graphql_api.protocol.websocket`.
"""

import logging
from collections.abc import AsyncGenerator, Container, Mapping
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from json import JSONDecodeError
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

from cross_web import AsyncHTTPRequestAdapter, StarletteRequestAdapter
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.http import GraphQLHTTPResponse, GraphQLRequestData
from strawberry.http.streaming import AsyncTextStream, HTTPStreamTransport, merge_stream_with_heartbeat
from strawberry.subscriptions import GRAPHQL_SSE_PROTOCOL, GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType
from strawberry.types.unset import UnsetType

from domain.access.model import NOBODY, Principal
from domain.access.stream_tickets import read_ticket
from domain.kernel.errors import Unauthenticated, Unavailable
from domain.kernel.json.text import dumps
from graphql_api.context import Context, ContextFactory
from graphql_api.edge.asker import ASKER, address_of
from graphql_api.edge.cross_site import is_forgeable
from graphql_api.edge.keys import KeyGate
from graphql_api.edge.rates import RateExceeded
from graphql_api.edge.websocket_protocol import ACKNOWLEDGE
from graphql_api.kit.stream_position import StreamPosition
from graphql_api.protocol.answers import answer, refusal
from graphql_api.protocol.event_streams import (
    COMPLETED,
    NO_SINGLE_CONNECTION,
    SINGLE_CONNECTION,
    EventStreamTransport,
    read_last_event_id,
)
from graphql_api.protocol.negotiation import (
    EVENT_STREAM_TYPE,
    GRAPHQL_TYPE,
    JSON_TYPE,
    Acceptance,
    acceptance_of,
    status_of,
)
from graphql_api.protocol.requests import (
    MalformedRequest,
    check_content_type,
    graphql_request,
    problem_in,
    query_parameters,
    read_body,
    read_json,
)
from graphql_api.protocol.websocket import CloseCode, NotLetIn, OversizedMessage, RefusedPayload, TransportHandler

if TYPE_CHECKING:  # the schema is made of what is here
    from graphql_api.schema import StepgraphSchema

QUERY, MUTATION, SUBSCRIPTION = OperationType.QUERY, OperationType.MUTATION, OperationType.SUBSCRIPTION

_EXCHANGE = "stepgraph.exchange"
"""The key under which the ASGI scope of a request has its `Exchange`."""

_METHODS = {"Allow": "GET, POST"}
_FORGEABLE = (
    "A page of another site may have caused this GET: send it with a header that no image or form has, such as "
    "X-Requested-With: stepgraph, or send the query by POST."
)


@dataclass(slots=True)
class Exchange:
    """The facts about a request before its operation is read. `by_ticket`: it was let in by a stream ticket.

    `given` are the names of its headers: most requests have few of those that are asked for, and a look-up of one that
    is not there costs as much as of one that is.
    """

    acceptance: Acceptance
    given: Container[bytes] = ()
    position: StreamPosition = field(default_factory=StreamPosition)
    principal: Principal = NOBODY
    by_ticket: bool = False


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
    stream_transport_classes_by_protocol = {GRAPHQL_SSE_PROTOCOL: EventStreamTransport}  # noqa: RUF012 - Strawberry's

    schema: "StepgraphSchema"

    def __init__(self, schema: "StepgraphSchema", contexts: ContextFactory, *, gate: KeyGate) -> None:
        options = contexts.options
        super().__init__(
            schema,
            graphql_ide=None,
            allow_queries_via_get=True,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL, GRAPHQL_SSE_PROTOCOL),
            connection_init_wait_timeout=options.connection_init_timeout,
            max_subscriptions_per_connection=options.max_subscriptions,
        )
        self._contexts = contexts
        self._services = contexts.services
        self._gate = gate
        self._options = options
        self.request_adapter_class = partial(LimitedRequest, most=options.max_body_bytes)  # type: ignore[assignment]

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
        given = {name for name, _ in request.scope["headers"]}
        exchange = Exchange(acceptance_of(request.headers.getlist("accept") if b"accept" in given else ()), given)
        request.scope[_EXCHANGE] = exchange
        try:
            refused = self._refused(request, exchange)
            if refused is not None:
                return refused
            await self._admit(request, exchange)
            return await self.run(request)
        except MalformedRequest as error:
            return refusal(request, error.status, str(error), error.headers)
        except Unauthenticated as error:
            return refusal(request, 401, str(error), {"WWW-Authenticate": "Bearer"}, code=error.code)
        except RateExceeded as error:
            told = {name.decode(): value.decode() for name, value in error.standing.headers()}
            return refusal(request, 429, str(error), told, code=error.code, retryAfter=error.standing.reset)
        except Unavailable as error:
            return refusal(request, 503, str(error), {"Retry-After": "1"}, code=error.code)
        except ClientDisconnect:
            raise
        except Exception:
            request_id = uuid4().hex
            logger.exception("request %s failed outside of its operation", request_id, extra={"requestId": request_id})
            message = "Something went wrong on our side. The log has the details under this requestId."
            return refusal(request, 500, message, code="INTERNAL", requestId=request_id)

    def _refused(self, request: Request, exchange: Exchange) -> Response | None:
        """The answer to a request that is refused for its method or its headers alone; None for all others."""
        headers, method = request.headers, request.method
        is_get = method == "GET"
        if method in ("PUT", "DELETE") or SINGLE_CONNECTION in exchange.given:
            return refusal(request, 405, NO_SINGLE_CONNECTION, _METHODS)
        if not is_get and method != "POST":
            return refusal(request, 405, "GraphQL is served to GET and POST requests.", _METHODS)
        if is_get and not request.query_params.get("ticket") and is_forgeable(headers, self.allowed_origins):
            return refusal(request, 403, _FORGEABLE, code="FORBIDDEN")
        if exchange.acceptance.answer is None:
            message = f"Accept takes none of application/json, {GRAPHQL_TYPE} and {EVENT_STREAM_TYPE}."
            return refusal(request, 406, message)
        if is_get and exchange.acceptance.streams and headers.get("last-event-id") == COMPLETED:
            return Response(status_code=204)
        return None

    async def _admit(self, request: Request, exchange: Exchange) -> None:
        """Authenticate the client. Raises `Unauthenticated`."""
        access, given = self._services.access, exchange.given
        authorization = request.headers.get("authorization") if b"authorization" in given else None
        ticket = request.query_params.get("ticket") if request.method == "GET" else None
        if b"last-event-id" in given:
            exchange.position.seen = read_last_event_id(request.headers.get("last-event-id"))
        if not ticket or authorization:
            exchange.principal = await self._gate.authenticate(authorization, address_of(request.scope))
            return
        key = await self._services.installation.key()
        read = read_ticket(key, ticket, self._services.clock.now())
        if read is None:
            raise Unauthenticated("This ticket is not valid, or not any more: ask for a new one with streamTicket.")
        exchange.principal, exchange.by_ticket = await access.holder(read.digest), True

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:
        """A fresh context: for a request that of its operation, for a WebSocket that of the connection."""
        exchange: Exchange | None = request.scope.get(_EXCHANGE)
        asker = request.scope.get(ASKER)
        if exchange is not None:
            return self._contexts.new(
                principal=exchange.principal,
                position=exchange.position,
                asker=asker,
                is_of_request=True,
            )
        return self._contexts.new(
            authorization=request.headers.get("authorization"),
            acknowledge=request.scope.get("extensions", {}).get(ACKNOWLEDGE, _nothing),
            principal=NOBODY,
            asker=asker,
        )

    async def on_ws_connect(self, context: Context) -> dict[str, object] | UnsetType | None:
        """Let in a client with a key, if one is required: in the payload of connection_init, or in the handshake."""
        given = {name.lower(): value for name, value in (context.connection_params or {}).items()}.get("authorization")
        address = "" if context.asker is None else context.asker.address
        try:
            context.principal = await self._gate.authenticate(
                given if isinstance(given, str) else context.authorization, address
            )
        except Unauthenticated as error:
            logger.info("a WebSocket is refused: %s", error)
            raise NotLetIn(CloseCode.UNAUTHORIZED, str(error)) from None
        except (Unavailable, RateExceeded) as error:
            logger.info("a WebSocket is refused: %s", error)
            raise NotLetIn(CloseCode.TRY_AGAIN_LATER, str(error)) from None
        context.acknowledge()
        return await super().on_ws_connect(context)

    def is_websocket_origin_allowed(self, request: WebSocket, origin: str) -> bool:
        """True: what `graphql_api.edge.gateway` has let in is of an origin that may ask."""
        return True

    def should_render_graphql_ide(self, request: Any) -> bool:
        """False: the playground is served from files of its own."""
        return False

    async def parse_http_body(self, request: AsyncHTTPRequestAdapter) -> GraphQLRequestData:
        """The operation in the body, or in the URL of a GET. Raises `MalformedRequest`."""
        if request.method == "GET":
            return graphql_request(query_parameters(cast("Mapping[str, str]", request.query_params)), "http")
        check_content_type(request.content_type or "")
        if request.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
            raise MalformedRequest("Send the request without a Content-Encoding.", 415)
        body = await request.get_body()
        value = read_json(body, self._options.max_body_members)
        problem = problem_in(body, value)
        if problem is not None:
            raise MalformedRequest(problem)
        return graphql_request(value, "http")

    async def execute_operation(
        self,
        request: Request,
        request_adapter: AsyncHTTPRequestAdapter,
        request_data: GraphQLRequestData | list[GraphQLRequestData],
        context: Context,
        root_value: None,
        sub_response: Response,
    ) -> Any:
        """Run the operation, as a stream of events where the client likes that best or it is a subscription."""
        assert isinstance(request_data, GraphQLRequestData)
        exchange: Exchange = request.scope[_EXCHANGE]
        is_get, acceptance = request.method == "GET", exchange.acceptance
        allowed = {QUERY} if is_get else {QUERY, MUTATION}
        is_stream = acceptance.answer == EVENT_STREAM_TYPE
        if is_get or (acceptance.streams and not is_stream):  # else it makes no difference what it is
            found = self.schema.operation_type_of(request_data.query or "", request_data.operation_name)
            if is_get and found is MUTATION:
                raise MalformedRequest("A mutation is served to POST requests only.", 405, {"Allow": "POST"})
            if exchange.by_ticket and found is not SUBSCRIPTION:
                raise MalformedRequest("A ticket opens subscriptions as event streams, and nothing else.", 403)
            is_stream = is_stream or (acceptance.streams and found is SUBSCRIPTION)
        if is_stream:
            request_data.protocol = "sse"
            allowed.add(SUBSCRIPTION)
        execute = self.schema.stream if is_stream else self.schema.execute
        return await execute(
            request_data.query,
            variable_values=request_data.variables,
            context_value=context,
            operation_name=request_data.operation_name,
            operation_extensions=request_data.extensions,
            allowed_operation_types=allowed,
        )

    def _stream_result(self, request: Request, result: Any, transport: HTTPStreamTransport) -> AsyncTextStream:
        """The frames of an event stream, and comments between them that keep it alive."""
        assert isinstance(transport, EventStreamTransport)
        position: StreamPosition = request.scope[_EXCHANGE].position

        def frames() -> AsyncGenerator[str, None]:
            return transport.frames(result, position, partial(self.process_result, request), self.encode_json_string)

        return merge_stream_with_heartbeat(
            frames,
            lambda: transport.encode_comment("ping"),
            transport.heartbeat_interval,
            send_initial_heartbeat=transport.send_initial_heartbeat,
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
        """The object in which Strawberry carries facts about a response to be made: here, its media type."""
        response = Response()
        response.status_code, response.raw_headers = None, []  # type: ignore[assignment] # as Strawberry's own
        exchange: Exchange | None = request.scope.get(_EXCHANGE)
        response.media_type = exchange.acceptance.answer if exchange else None
        return response

    def create_response(
        self, response_data: GraphQLHTTPResponse | list[GraphQLHTTPResponse], sub_response: Response
    ) -> Response:
        """The answer in the media type that was asked for."""
        media_type = sub_response.media_type or JSON_TYPE
        return answer(media_type, response_data, status_of(media_type, was_executed="data" in response_data))

    def encode_json(self, data: object) -> str:
        """JSON with every integer exact."""
        return dumps(cast("Any", data))

    def decode_json(self, data: str | bytes) -> object:
        """A WebSocket message; what is JSON but not acceptable has a `RefusedPayload`, to be told in its own place.

        Raises `JSONDecodeError`, the one error that Strawberry expects.
        """
        try:
            value = read_json(data, self._options.max_body_members)
        except MalformedRequest as error:
            if error.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                return OversizedMessage(f"A message has at most {self._options.max_body_members:,} objects and lists")
            raise JSONDecodeError(str(error), "", 0) from error
        if not isinstance(value, dict):
            return value
        if len(data) > self._options.max_ping_bytes and value.get("type") != "subscribe":
            return OversizedMessage(
                f"A message that is no subscribe has at most {self._options.max_ping_bytes:,} bytes"
            )
        problem = problem_in(data, value)
        return value if problem is None else {**value, "payload": RefusedPayload(problem)}


def _nothing() -> None:
    """Takes the place of `acknowledge` where the server does not limit the messages of clients not let in yet."""
