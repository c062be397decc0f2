"""One call of a service: from a step's input to a request, and from its answer to `{status, headers, body}`."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import cast

from actors.circuit_breakers.guarding import DEFAULT, BreakerPolicy, GuardedClient
from actors.http.client import HttpRequest, HttpResponse
from actors.http.headers import header_text
from actors.http.messages import MalformedInput, basic_credentials, encode_body, header_texts, url_with_query
from actors.http.retry_after import retry_after_of
from actors.steps.http.oauth2 import AccessTokens, ClientCredentials
from actors.steps.per_step import PerStep
from domain.executions.step_executor import Deferred, Failed, StepCall
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.fast_values import fast_init
from domain.kernel.http.media_types import MalformedBody, media_type, read_text, read_value
from domain.kernel.json.text import JsonValue
from domain.secrets.mask import SecretMask
from domain.workflows.definitions.definition import CompiledStep
from domain.workflows.steps.http_request import HttpRequestConfig
from domain.workflows.steps.requests import CircuitBreakerUse

_SUCCESS = range(200, 300)
_EXCERPT_CHARACTERS = 2000
_EXCERPT_BYTES = 16 * 1024
_EXCERPT_HEADERS = 32
_EXCERPT_HEADER_CHARACTERS = 256
_NO_NAMES: frozenset[str] = frozenset()
_UNAUTHORIZED = 401


@fast_init
@dataclass(frozen=True, slots=True)
class OutgoingCall:
    """A request that is ready to be sent, except for the access token where `credentials` say how to get one."""

    request: HttpRequest
    credentials: ClientCredentials | None = None
    policy: BreakerPolicy = DEFAULT


@fast_init
@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with a status that was expected.

    `output` is `{status, headers, body}`, `url` the last one called, `request` the one that was answered.
    """

    status: int
    output: Mapping[str, JsonValue]
    url: str
    request: HttpRequest


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A step's configuration in the types that a request needs."""

    expected: Container[int]
    follow_redirects: bool
    connect_timeout: timedelta | None
    read_timeout: timedelta | None
    max_response_bytes: int | None
    policy: BreakerPolicy


class HttpCalls:
    """Makes the calls of HTTP_REQUEST steps.

    JSON bodies are parsed, text stays text, other bytes become base64 (`domain.kernel.http.media_types`). Every request
    that is not a GET carries an Idempotency-Key, unless the step sets its own. A status that is not expected fails with
    HTTP_STATUS, a body that does not fit its content type with INVALID_RESPONSE, both with the details of
    `refused_answer`.
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
            masked_url=_masked_url(call),
            mask=call.mask,
        )
        return OutgoingCall(request, credentials, prepared.policy)

    async def send(self, outgoing: OutgoingCall, now: datetime) -> Answer | Failed | Deferred:
        """The service's answer, the step's failure, or its wait for the service's circuit breaker.

        Dates in the answer are compared with `now`.
        """
        if outgoing.credentials is None:
            answer = await self._send(outgoing, outgoing.request, now)
        else:
            answer = await self._send_with_token(outgoing, outgoing.credentials, now)
        return Failed(error=answer) if isinstance(answer, StepError) else answer

    async def _send(
        self, outgoing: OutgoingCall, request: HttpRequest, now: datetime
    ) -> Answer | StepError | Failed | Deferred:
        return await self._client.send(request, outgoing.policy, lambda answer: _read(request, answer, now))

    async def _send_with_token(
        self, outgoing: OutgoingCall, credentials: ClientCredentials, now: datetime
    ) -> Answer | StepError | Failed | Deferred:
        """Send with an access token; a service that refuses it is called once more, with a fresh one."""
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
    """The answer as a step's output, or the failure of one that is not expected or not readable."""
    status = answer.status
    if status not in request.expected:
        return refused_status(request, answer, now)
    try:
        body = read_value(answer.body, header_text(answer.headers, "content-type") or "")
    except MalformedBody as error:
        return Failed(
            error=refused_answer(request, answer, FailureCode.INVALID_RESPONSE, str(error)), status_code=status
        )
    return Answer(status, {"status": status, "headers": answer.headers, "body": body}, answer.url, request)


def _masked_url(call: StepCall) -> str | None:
    """The URL without the values of secrets; None where the step reads none."""
    if call.mask is None:
        return None
    match call.shown_input:
        case {"url": str(url)}:
            return url
        case _:
            return None


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
        policy=BreakerPolicy(config.circuit_breaker or CircuitBreakerUse.WAIT, config.service_id),
    )


def _authenticate(headers: dict[str, str], auth: JsonValue) -> tuple[ClientCredentials | None, frozenset[str]]:
    """Add the header that says who calls, in place of one that was set by hand; for OAuth 2 it is added later.

    Returns the credentials to get a token with (None: not OAuth 2), and the names of the headers that say who calls.
    """
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


def refused_status(request: HttpRequest, answer: HttpResponse, now: datetime) -> Failed:
    """The failure of a step that was answered with an unexpected status; dates are compared with `now`."""
    status = answer.status
    retry_after = retry_after_of(status, answer.headers, now)
    error = refused_answer(request, answer, FailureCode.HTTP_STATUS, f"the service answered {status}")
    if retry_after is not None and error.details is not None:
        error = replace(error, details={**error.details, "retryAfter": retry_after.total_seconds()})
    return Failed(error=error, retry_after=retry_after, status_code=status)


def refused_answer(request: HttpRequest, answer: HttpResponse, code: FailureCode, why: str) -> StepError:
    """The error of an answer that the step cannot use. `why` is a clause.

    The details are `{status, headers, body}`, the last two the beginning of what came, without secrets; and with
    INVALID_RESPONSE `method`, which decides whether trying again may do harm.
    """
    mask = request.mask
    headers = {name: _cut(value, mask) for name, value in list(answer.headers.items())[:_EXCERPT_HEADERS]}
    details: dict[str, JsonValue] = {
        "status": answer.status,
        "headers": headers,
        "body": _excerpt(answer, mask),
    }
    if code is FailureCode.INVALID_RESPONSE:
        details["method"] = request.method
    return StepError(code=code, message=f"{request.method} {request.shown}: {why}.", details=details)


def _cut(value: str | list[str], mask: SecretMask | None) -> JsonValue:
    if isinstance(value, list):
        return [_cut(each, mask) for each in value[:_EXCERPT_HEADERS]]
    return _masked(value, mask)[:_EXCERPT_HEADER_CHARACTERS]


def _excerpt(answer: HttpResponse, mask: SecretMask | None) -> JsonValue:
    """The body for an error's details: parsed when it is short JSON, otherwise its beginning."""
    content_type = header_text(answer.headers, "content-type") or ""
    if not answer.is_cut and len(answer.body) <= _EXCERPT_CHARACTERS:
        try:
            return read_value(answer.body, content_type)
        except MalformedBody:
            pass
    beginning = read_text(answer.body[:_EXCERPT_BYTES], media_type(content_type).charset)
    return _masked(beginning, mask)[:_EXCERPT_CHARACTERS]


def _masked(text: str, mask: SecretMask | None) -> str:
    """The text without secrets. Masking comes before cutting, or the beginning of a secret could stay."""
    return text if mask is None else mask.text(text)
