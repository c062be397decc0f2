"""HTTP_REQUEST: builds a request from the rendered input, sends it, and gives `{status, headers, body}`."""

from collections.abc import Awaitable, Container, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import cast

from actors.http import HttpClient, HttpRequest, HttpResponse
from actors.steps.executor import Failed, Outcome, StepCall, Succeeded
from actors.steps.http_messages import (
    MalformedBody,
    MalformedInput,
    basic_credentials,
    decode_body,
    encode_body,
    excerpt_of,
    header_texts,
    url_with_query,
)
from domain.definition import CompiledStep
from domain.failures import FailureCode, StepError
from domain.json_text import JsonValue
from domain.steps import HttpRequestConfig

_SUCCESS = range(200, 300)
_MAX_PREPARED = 4096
_MAX_RETRY_AFTER = timedelta(days=7)
_EXCERPT_CHARACTERS = 2000
_EXCERPT_HEADERS = 32
_NO_NAMES: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What a step's configuration means, worked out once; `step` keeps the object alive whose id is the key."""

    step: CompiledStep
    expected: Container[int]
    follow_redirects: bool
    connect_timeout: timedelta | None
    read_timeout: timedelta | None
    max_response_bytes: int | None


class HttpRequestExecutor:
    """Calls a service.

    JSON bodies are parsed, text stays text, other bytes become base64 (`http_messages.decode_body`). Every request
    that is not a GET carries an Idempotency-Key, unless the step sets its own. A status that is not expected fails
    with HTTP_STATUS and details `{status, headers, body}`, the last two cut short.
    """

    def __init__(self, client: HttpClient) -> None:
        self._client = client
        self._prepared: dict[int, _Prepared] = {}

    def execute(self, call: StepCall) -> Outcome | Awaitable[Outcome]:
        """Fails at once for an input that cannot be sent; otherwise sends it."""
        try:
            request = self._request(call)
        except MalformedInput as error:
            return Failed(error=StepError(code=FailureCode.INVALID_REQUEST, message=str(error)))
        return self._send(request, call)

    async def _send(self, request: HttpRequest, call: StepCall) -> Outcome:
        answer = await self._client.send(request)
        if isinstance(answer, StepError):
            return Failed(error=answer)
        status = answer.status
        if status not in request.expected:
            return Failed(
                error=_status_error(request, answer), retry_after=_retry_after(answer, call.now), status_code=status
            )
        try:
            body = decode_body(answer)
        except MalformedBody as error:
            message = f"{request.method} {_shown(answer.url)}: {error}."
            return Failed(error=StepError(code=FailureCode.INVALID_RESPONSE, message=message), status_code=status)
        return Succeeded(output={"status": status, "headers": answer.headers, "body": body}, status_code=status)

    def _request(self, call: StepCall) -> HttpRequest:
        prepared = self._prepared_for(call.step)
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
            headers["idempotency-key"] = call.idempotency_key
        return HttpRequest(
            method=method,
            url=url_with_query(url, given.get("query")),
            headers=headers,
            body=body,
            expected=prepared.expected,
            follow_redirects=prepared.follow_redirects,
            connect_timeout=prepared.connect_timeout,
            read_timeout=prepared.read_timeout,
            max_response_bytes=prepared.max_response_bytes,
            credentials=_authenticate(headers, given["auth"]) if "auth" in given else _NO_NAMES,
        )

    def _prepared_for(self, step: CompiledStep) -> _Prepared:
        found = self._prepared.get(id(step))
        if found is not None:
            return found
        config = cast("HttpRequestConfig", step.config)
        ranges = config.expected_status
        prepared = _Prepared(
            step=step,
            expected=_SUCCESS
            if ranges is None
            else frozenset(code for low, high in ranges for code in range(low, high + 1)),
            follow_redirects=config.follow_redirects,
            connect_timeout=config.connect_timeout,
            read_timeout=config.read_timeout,
            max_response_bytes=config.max_response_bytes,
        )
        if len(self._prepared) >= _MAX_PREPARED:
            del self._prepared[next(iter(self._prepared))]
        self._prepared[id(step)] = prepared
        return prepared


def _authenticate(headers: dict[str, str], auth: JsonValue) -> frozenset[str]:
    """Adds the header that says who calls, and gives its name. It wins over one that was set by hand."""
    match auth:
        case {"bearer": str(token)}:
            name, value = "authorization", f"Bearer {token}"
        case {"basic": {"username": str(username), "password": str(password)}}:
            name, value = "authorization", basic_credentials(username, password)
        case {"header": {"name": str(given), "value": str(value)}}:
            name = given.lower()
        case _:
            raise MalformedInput("The authentication is incomplete: each of its members must be a text.")
    headers[name] = value
    return frozenset({name})


def _status_error(request: HttpRequest, answer: HttpResponse) -> StepError:
    headers = {name: value[:256] for name, value in list(answer.headers.items())[:_EXCERPT_HEADERS]}
    return StepError(
        code=FailureCode.HTTP_STATUS,
        message=f"{request.method} {_shown(answer.url)}: the service answered {answer.status}.",
        details={
            "status": answer.status,
            "headers": headers,
            "body": excerpt_of(answer, characters=_EXCERPT_CHARACTERS),
        },
    )


def _retry_after(answer: HttpResponse, now: datetime) -> timedelta | None:
    """How long the service asks to be left alone (RFC 9110, section 10.2.3): seconds or a date. At most a week."""
    text = answer.headers.get("retry-after")
    if text is None:
        return None
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), _MAX_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        return None
    return min(max(moment - now, timedelta(0)), _MAX_RETRY_AFTER)


def _shown(url: str) -> str:
    return url.partition("?")[0][:200]
