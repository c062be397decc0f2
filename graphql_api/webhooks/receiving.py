"""`POST /hooks/{token}`: the route for callbacks of steps, signals of executions, and registered webhooks."""

import logging
from collections.abc import Mapping
from uuid import UUID, uuid4

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from domain.kernel.errors import (
    ErrorCode,
    InvalidInput,
    InvalidState,
    LimitExceeded,
    NotFound,
    StepgraphError,
    Unauthenticated,
    Unavailable,
)
from domain.kernel.ids import IdKind, to_public
from domain.kernel.json.text import JsonValue, dumps
from domain.webhooks.hook_tokens import CallbackHook, SignalHook, WebhookHook, read_hook_token
from domain.webhooks.inbound_messages import InboundMessage, OversizedBody, UnsupportedBody, json_of
from graphql_api.context import ApiOptions, ApiServices
from graphql_api.protocol.requests import MalformedRequest, read_body

logger = logging.getLogger("stepgraph.hooks")

_TOO_LARGE = 413


class _CannotStart(InvalidState):
    """The workflow of an inbound webhook is deleted, or not ACTIVE."""


_STATUSES: Mapping[type[StepgraphError], int] = {
    NotFound: 404,
    Unauthenticated: 401,
    InvalidState: 410,
    _CannotStart: 409,
    OversizedBody: 413,
    UnsupportedBody: 415,
    InvalidInput: 422,
    LimitExceeded: 429,
    Unavailable: 503,
}
_HEADERS: Mapping[int, Mapping[str, str]] = {
    401: {"WWW-Authenticate": "Signature"},
    429: {"Retry-After": "5"},
    503: {"Retry-After": "5"},
}


class Hooks:
    """The route. The token names the target, and nothing is looked up before the token is verified. Targets:

    - the callback of a step: JSON, or nothing, which counts as null
    - the signals of an execution: the same, and `?name=…`
    - an inbound webhook: whatever its sender has signed

    202 `{"executionId": "ex_…"}` once it is stored; null for a message that asks for nothing. Every refusal is
    `{"code", "message"}`, with `problems` where there are some. 400: malformed. 401: not signed as it must be. 404: no
    such token, or nothing behind it any more, in the same words. 409: the webhook's workflow cannot be started. 410:
    the execution or the step has ended. 413: too large, also once it is inflated. 415: in an encoding or a charset that
    is not read, or not JSON where it must be. 422: understood, but of no use. 429: too many signals wait. 503: try
    again.
    """

    def __init__(self, services: ApiServices, options: ApiOptions) -> None:
        self._services = services
        self._most = options.max_hook_bytes
        self._most_members = options.max_hook_members

    async def __call__(self, request: Request) -> Response:
        """Answer one request; an unexpected error shows only an id to find it by in the log."""
        try:
            return _json(202, {"executionId": _public(await self._receive(request))})
        except MalformedRequest as error:
            code = ErrorCode.LIMIT_EXCEEDED if error.status == _TOO_LARGE else ErrorCode.INVALID_INPUT
            return _refusal(error.status, code, str(error))
        except ClientDisconnect:
            return Response(status_code=400)
        except StepgraphError as error:
            return _fault(error) if error.code is ErrorCode.INTERNAL else _refusal_of(error)
        except Exception as error:
            return _fault(error)

    async def _receive(self, request: Request) -> UUID | None:
        """Store the message, and return its execution; None for a message that asks for nothing."""
        control = self._services.control
        match read_hook_token(await self._services.installation.key(), request.path_params["token"]):
            case CallbackHook(execution_id, path):
                await control.call_back(execution_id, path, await self._payload(request))
            case SignalHook(execution_id):
                await control.signal(execution_id, request.query_params.get("name", ""), await self._payload(request))
            case WebhookHook(webhook_id):
                return await self._start(webhook_id, request)
            case None:
                raise NotFound("hook", "")
        return execution_id

    async def _start(self, webhook_id: UUID, request: Request) -> UUID | None:
        try:
            return await self._services.receiving.receive(webhook_id, await self._message(request))
        except InvalidState as error:
            raise _CannotStart(str(error), error.status) from error

    async def _payload(self, request: Request) -> JsonValue:
        """The JSON in the body of a callback or a signal. Raises `MalformedRequest` or `InvalidInput`."""
        try:
            return json_of(await self._message(request))
        except UnsupportedBody:
            raise
        except InvalidInput as error:
            raise MalformedRequest(str(error), _TOO_LARGE if isinstance(error, OversizedBody) else 400) from error

    async def _message(self, request: Request) -> InboundMessage:
        body = await read_body(request, self._most)
        return InboundMessage(
            headers=_joined(request),
            query=_query(request),
            body=body,
            most=self._most,
            most_members=self._most_members,
        )


def _joined(request: Request) -> dict[str, str]:
    """The headers by their lower-case names; one that came more than once as RFC 9110, section 5.3, reads it."""
    headers: dict[str, list[str]] = {}
    for name, value in request.headers.items():
        headers.setdefault(name, []).append(value)
    return {name: ", ".join(values) for name, values in headers.items()}


def _query(request: Request) -> dict[str, JsonValue]:
    """The parameters of the URL's query; one that came more than once as an array."""
    found: dict[str, list[JsonValue]] = {}
    for name, value in request.query_params.multi_items():
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _public(execution_id: UUID | None) -> str | None:
    return None if execution_id is None else to_public(IdKind.EXECUTION, execution_id)


def _refusal_of(error: StepgraphError) -> Response:
    """The answer to an expected error, which does not tell a wrong token from one whose target is gone."""
    if isinstance(error, NotFound):
        return _refusal(404, error.code, "There is nothing at this address.")
    problems: JsonValue = None
    if isinstance(error, InvalidInput):
        problems = [{"path": each.path, "message": each.message, "hint": each.hint} for each in error.problems]
    code = ErrorCode.LIMIT_EXCEEDED if isinstance(error, OversizedBody) else error.code
    return _refusal(_STATUSES.get(type(error), 400), code, str(error), problems)


def _refusal(status: int, code: ErrorCode, message: str, problems: JsonValue = None) -> Response:
    body: dict[str, JsonValue] = {"code": code.value, "message": message}
    if problems is not None:
        body["problems"] = problems
    return _json(status, body, _HEADERS.get(status))


def _fault(error: Exception) -> Response:
    request_id = uuid4().hex
    logger.error("request %s to a hook failed", request_id, exc_info=error, extra={"requestId": request_id})
    message = f"Something went wrong on our side. The log has the details under {request_id}."
    return _refusal(500, ErrorCode.INTERNAL, message)


def _json(status: int, value: JsonValue, headers: Mapping[str, str] | None = None) -> Response:
    known = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return Response(dumps(value), status, {**known, **(headers or {})})
