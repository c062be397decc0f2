"""Reading what a client sent, over HTTP or a WebSocket, so that nothing malformed gets any further.

What is refused here is refused with a sentence: what is no JSON, what is nested beyond what could be written back, and
U+0000, which PostgreSQL cannot store.
"""

from collections.abc import Iterator, Mapping
from typing import cast

from starlette.requests import Request
from strawberry.http import GraphQLRequestData, GraphQLRequestProtocol

from domain.json_text import JsonValue, loads
from graphql_api.negotiation import JSON_TYPE

MAX_NESTING = 200
"""Levels of JSON in a request. Deeper values could be read, but not be written as part of an answer."""


class MalformedRequest(ValueError):
    """The request cannot be understood. The message is for its sender; `status` is the HTTP status."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


async def read_body(request: Request, most: int) -> bytes:
    """The body of a request. Raises `MalformedRequest` as soon as it is known to be larger than `most` bytes."""
    announced = request.headers.get("content-length", "")
    size = int(announced) if announced.isdecimal() else 0
    body = bytearray()
    if size <= most:
        async for chunk in request.stream():
            body += chunk
            size = len(body)
            if size > most:
                break
    if size > most:
        raise MalformedRequest(f"The request is larger than {most:,} bytes.", status=413)
    return bytes(body)


def check_content_type(content_type: str) -> None:
    """JSON in UTF-8 and nothing else: what a form could send from a foreign page never gets in.

    Raises `MalformedRequest`.
    """
    name, *parameters = (part.strip().lower() for part in content_type.split(";"))
    charsets = [
        value.strip('"') for value in (each.removeprefix("charset=") for each in parameters if "charset=" in each)
    ]
    if name != JSON_TYPE or any(charset not in ("utf-8", "utf8") for charset in charsets):
        raise MalformedRequest("Send the request as Content-Type: application/json, in UTF-8.", status=415)


def read_json(text: str | bytes) -> JsonValue:
    """The JSON value in a body or a message. Raises `MalformedRequest`."""
    try:
        return loads(text)
    except ValueError as error:
        raise MalformedRequest(f"The request is not JSON in UTF-8: {error}.") from error


def problem_in(text: str | bytes, value: JsonValue) -> str | None:
    """What about this value, read from this text, is JSON but not acceptable; None where all is well."""
    if isinstance(text, str):
        is_suspicious = "\\u0000" in text or text.count("[") + text.count("{") > MAX_NESTING
    else:
        is_suspicious = b"\\u0000" in text or text.count(b"[") + text.count(b"{") > MAX_NESTING
    if not is_suspicious:  # nearly always: the value need not be walked
        return None
    return next(_problems(value), None)


def _problems(value: JsonValue) -> Iterator[str]:
    waiting: list[tuple[tuple[str, ...], JsonValue]] = [((), value)]
    while waiting:
        path, each = waiting.pop()
        if isinstance(each, str):
            if "\0" in each:
                yield f"{_place(path)} contains U+0000, which cannot be stored."
        elif isinstance(each, Mapping | list):
            if len(path) >= MAX_NESTING:
                yield f"{_place(path[:8])} is nested more than {MAX_NESTING} levels deep."
                continue
            members = each.items() if isinstance(each, Mapping) else enumerate(each)
            for key, member in members:
                if isinstance(key, str) and "\0" in key:
                    yield f"{_place(path)} has a key that contains U+0000, which cannot be stored."
                waiting.append(((*path, str(key)), member))


def _place(path: tuple[str, ...]) -> str:
    return ".".join(path) or "The request"


def graphql_request(value: JsonValue, protocol: GraphQLRequestProtocol) -> GraphQLRequestData:
    """The operation that a request asks for. Raises `MalformedRequest` where its members are not what they must be."""
    if not isinstance(value, Mapping):
        what = "Batching is not supported: send one operation." if isinstance(value, list) else ""
        raise MalformedRequest(what or "The request must be a JSON object with a member query.")
    query, variables = value.get("query"), value.get("variables")
    name, extensions = value.get("operationName"), value.get("extensions")
    if not isinstance(query, str) or not query:
        raise MalformedRequest("query must be a string with a GraphQL document.")
    if not isinstance(variables, Mapping | None):
        raise MalformedRequest("variables must be an object or null.")
    if not isinstance(name, str | None):
        raise MalformedRequest("operationName must be a string or null.")
    if not isinstance(extensions, Mapping | None):
        raise MalformedRequest("extensions must be an object or null.")
    return GraphQLRequestData(
        query=query,
        variables=cast("dict[str, object] | None", variables),
        operation_name=name or None,
        extensions=cast("dict[str, object] | None", extensions),
        protocol=protocol,
    )
