"""One call of a service: from a step's input to a request, and from its answer to `{status, headers, body}`."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import cast

from actors.http import HttpRequest, HttpResponse
from actors.steps.executor import Deferred, Failed, StepCall
from actors.steps.guarding import UNNAMED, GuardedClient, Guarding
from actors.steps.http_messages import (
    MalformedBody,
    MalformedInput,
    basic_credentials,
    decode_body,
    encode_body,
    excerpt_of,
    header_texts,
    retry_after_of,
    url_with_query,
)
from actors.steps.oauth2 import AccessTokens, ClientCredentials
from actors.steps.per_step import PerStep
from domain.definition import CompiledStep
from domain.failures import FailureCode, StepError
from domain.json_text import JsonValue
from domain.steps import CircuitBreakerUse, HttpRequestConfig

_SUCCESS = range(200, 300)
_EXCERPT_CHARACTERS = 2000
_EXCERPT_HEADERS = 32
_NO_NAMES: frozenset[str] = frozenset()
_UNAUTHORIZED = 401


@dataclass(frozen=True, slots=True)
class OutgoingCall:
    """A request that is ready to be sent, but for the access token where `credentials` say how to get one."""

    request: HttpRequest
    credentials: ClientCredentials | None = None
    guarding: Guarding = UNNAMED


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with a status that was expected. `output` is `{status, headers, body}`, `url` the last one called."""

    status: int
    output: Mapping[str, JsonValue]
    url: str


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What a step's configuration means."""

    expected: Container[int]
    follow_redirects: bool
    connect_timeout: timedelta | None
    read_timeout: timedelta | None
    max_response_bytes: int | None
    guarding: Guarding


class HttpCalls:
    """Makes the calls of HTTP_REQUEST steps.

    JSON bodies are parsed, text stays text, other bytes become base64 (`http_messages.decode_body`). Every request
    that is not a GET carries an Idempotency-Key, unless the step sets its own. A status that is not expected fails
    with HTTP_STATUS and details `{status, headers, body}`, the last two cut short.
    """

    def __init__(self, client: GuardedClient, tokens: AccessTokens) -> None:
        self._client = client
        self._tokens = tokens
        self._prepared = PerStep(_prepared)

    def outgoing(self, call: StepCall, idempotency_key: str) -> OutgoingCall:
        """The request that a step's input asks for. Raises `MalformedInput`."""
        prepared = self._prepared.of(call.step)
        given = call.input
        if not isinstance(given, Mapping):
            raise MalformedInput("The step's input is not an object.")
        method, url = given.get("method"), given.get("url")
        if not isinstance(method, str) or not isinstance(url, str):
            raise MalformedInput("The URL is not a text.")
        headers = header_texts(given.get("headers"))
        body = b""
        if "body" in given:
            body, headers["content-type"] = encode_body(given["body"], headers.get("content-type"))
        if method != "GET" and "idempotency-key" not in headers:
            headers["idempotency-key"] = idempotency_key
        credentials: ClientCredentials | None = None
        private = _NO_NAMES
        if "auth" in given:
            credentials, private = _authenticate(headers, given["auth"])
        if call.mask is not None:
            private |= call.mask.names_of(headers)
        request = HttpRequest(
            method=method,
            url=url_with_query(url, given.get("query")),
            headers=headers,
            body=body,
            expected=prepared.expected,
            follow_redirects=prepared.follow_redirects,
            connect_timeout=prepared.connect_timeout,
            read_timeout=prepared.read_timeout,
            max_response_bytes=prepared.max_response_bytes,
            credentials=private,
        )
        return OutgoingCall(request, credentials, prepared.guarding)

    async def send(self, outgoing: OutgoingCall, now: datetime) -> Answer | Failed | Deferred:
        """What the service answered, how the step fails, or how long it waits for the service's circuit breaker.

        `now` is what dates in the answer are compared with.
        """
        if outgoing.credentials is None:
            answer = await self._send(outgoing, outgoing.request, now)
        else:
            answer = await self._send_with_token(outgoing, outgoing.credentials, now)
        return Failed(error=answer) if isinstance(answer, StepError) else answer

    async def _send(
        self, outgoing: OutgoingCall, request: HttpRequest, now: datetime
    ) -> Answer | StepError | Failed | Deferred:
        return await self._client.send(request, outgoing.guarding, lambda answer: _read(request, answer, now))

    async def _send_with_token(
        self, outgoing: OutgoingCall, credentials: ClientCredentials, now: datetime
    ) -> Answer | StepError | Failed | Deferred:
        """A service that refuses a token is called once more, with a fresh one."""
        request = outgoing.request
        token = await self._tokens.token(credentials, now=now)
        if isinstance(token, Failed):
            return token
        answer = await self._send(outgoing, _with_token(request, token), now)
        if not isinstance(answer, Failed) or answer.status_code != _UNAUTHORIZED:
            return answer
        fresh = await self._tokens.token(credentials, now=now, refused=token)
        if isinstance(fresh, Failed):
            return fresh
        return await self._send(outgoing, _with_token(request, fresh), now)


def _read(request: HttpRequest, answer: HttpResponse, now: datetime) -> Answer | Failed:
    """What an answer comes to."""
    status = answer.status
    if status not in request.expected:
        return Failed(error=status_error(request, answer), retry_after=retry_after_of(answer, now), status_code=status)
    try:
        body = decode_body(answer)
    except MalformedBody as error:
        message = f"{request.method} {shown_url(answer.url)}: {error}."
        return Failed(error=StepError(code=FailureCode.INVALID_RESPONSE, message=message), status_code=status)
    return Answer(status, {"status": status, "headers": answer.headers, "body": body}, answer.url)


def shown_url(url: str) -> str:
    """A URL as messages show it: without its query, which may hold a secret."""
    return url.partition("?")[0][:200]


def _prepared(step: CompiledStep) -> _Prepared:
    config = cast("HttpRequestConfig", step.config)
    ranges = config.expected_status
    return _Prepared(
        expected=_SUCCESS
        if ranges is None
        else frozenset(code for low, high in ranges for code in range(low, high + 1)),
        follow_redirects=config.follow_redirects,
        connect_timeout=config.connect_timeout,
        read_timeout=config.read_timeout,
        max_response_bytes=config.max_response_bytes,
        guarding=Guarding(config.circuit_breaker or CircuitBreakerUse.WAIT, config.service_id),
    )


def _authenticate(headers: dict[str, str], auth: JsonValue) -> tuple[ClientCredentials | None, frozenset[str]]:
    """Adds the header that says who calls, and gives its name. It wins over one that was set by hand."""
    match auth:
        case {"bearer": str(token)}:
            name, value = "authorization", f"Bearer {token}"
        case {"basic": {"username": str(username), "password": str(password)}}:
            name, value = "authorization", basic_credentials(username, password)
        case {"header": {"name": str(given), "value": str(value)}}:
            name = given.lower()
        case {"oauth2": {"tokenUrl": str(url), "clientId": str(client_id), "clientSecret": str(secret), **rest}}:
            return _client_credentials(url, client_id, secret, rest.get("scope")), frozenset({"authorization"})
        case _:
            raise MalformedInput("The authentication is incomplete: each of its members must be a text.")
    headers[name] = value
    return None, frozenset({name})


def _client_credentials(url: str, client_id: str, secret: str, scope: object) -> ClientCredentials:
    if scope is not None and not isinstance(scope, str):
        raise MalformedInput("The scope of the access token is not a text.")
    try:
        f"{client_id}{secret}{scope}{url}".encode()
    except UnicodeEncodeError as error:
        raise MalformedInput("The client's credentials hold a lone surrogate.") from error
    return ClientCredentials(token_url=url, client_id=client_id, client_secret=secret, scope=scope)


def _with_token(request: HttpRequest, token: str) -> HttpRequest:
    return replace(request, headers={**request.headers, "authorization": f"Bearer {token}"})


def status_error(request: HttpRequest, answer: HttpResponse) -> StepError:
    """That the service has answered with a status that was not expected, and the beginning of what it said."""
    headers = {name: value[:256] for name, value in list(answer.headers.items())[:_EXCERPT_HEADERS]}
    return StepError(
        code=FailureCode.HTTP_STATUS,
        message=f"{request.method} {shown_url(answer.url)}: the service answered {answer.status}.",
        details={
            "status": answer.status,
            "headers": headers,
            "body": excerpt_of(answer, characters=_EXCERPT_CHARACTERS),
        },
    )
