"""Reading what a client sent, over HTTP or a WebSocket, so that nothing malformed gets any further.

Refused with a message are: malformed JSON, JSON that is nested too deeply to be written back, and U+0000, which
PostgreSQL cannot store.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, cast

from starlette.requests import Request
from strawberry.http import GraphQLRequestData, GraphQLRequestProtocol

from domain.kernel.http.media_types import media_type
from domain.kernel.json.members import MAX_MEMBERS, brackets_in, has_too_many_members
from domain.kernel.json.text import JsonValue, loads
from graphql_api.protocol.negotiation import JSON_TYPE

MAX_NESTING = 200
"""Levels of JSON in a request. Deeper values could be read, but not be written as part of an answer."""

_ZERO = "{place} {what} U+0000, which cannot be stored."
_SHOWN = 8
"""The number of names that are shown of a place, the outermost ones."""


class MalformedRequest(ValueError):
    """The request cannot be understood. The message is for its sender; `status` and `headers` are those of HTTP."""

    def __init__(self, message: str, status: int = 400, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers


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
    """Raise `MalformedRequest` for all but JSON in UTF-8: nothing that a form on a foreign page could send gets in."""
    said = media_type(content_type)
    if said.name != JSON_TYPE or said.charset != "utf-8":
        raise MalformedRequest("Send the request as Content-Type: application/json, in UTF-8.", status=415)


def read_json(text: str | bytes, most_members: int = MAX_MEMBERS) -> JsonValue:
    """The JSON value in a body or a message. Raises `MalformedRequest`, also for more objects and lists than given."""
    if has_too_many_members(text, most_members):
        raise MalformedRequest(f"The request has more than {most_members:,} objects and lists.", status=413)
    try:
        return loads(text)
    except ValueError as error:
        raise MalformedRequest(f"The request is not JSON in UTF-8: {error}.") from error


def problem_in(text: str | bytes, value: JsonValue) -> str | None:
    """The problem of a value, read from this text, that is JSON but not acceptable; None for an acceptable one.

    The time that it takes is linear in the text.
    """
    may_have_zero = "\\u0000" in text if isinstance(text, str) else b"\\u0000" in text
    if not may_have_zero and brackets_in(text) <= MAX_NESTING:  # nearly always: the value need not be walked
        return None
    if isinstance(value, str):
        return _ZERO.format(place="The request", what="contains") if "\0" in value else None
    if _is_fine(value, may_have_zero=may_have_zero):
        return None
    return _problem(value, may_have_zero=may_have_zero)


def _is_fine(value: JsonValue, *, may_have_zero: bool) -> bool:
    """True when there is no problem. Whole levels are checked, which costs a tenth of a walk that knows places."""
    level: list[Any] = [value]
    for _ in range(MAX_NESTING):
        objects = [each for each in level if type(each) is dict]
        lists = [each for each in level if type(each) is list]
        members = [*chain.from_iterable(map(dict.values, objects)), *chain.from_iterable(lists)]
        if may_have_zero and any("\0" in text for text in _texts(objects, members)):
            return False
        level = [each for each in members if type(each) is dict or type(each) is list]
        if not level:
            return True
    return False


def _texts(objects: Iterable[dict[str, Any]], members: Iterable[Any]) -> Iterator[str]:
    yield from chain.from_iterable(objects)
    yield from (each for each in members if type(each) is str)


def _problem(value: JsonValue, *, may_have_zero: bool) -> str | None:
    """The first problem that a walk finds. It goes level by level, and of each place remembers only its origin."""
    levels: list[list[Any]] = [[value] if isinstance(value, dict | list) else []]
    origins: list[list[int]] = [[0]]
    while levels[-1]:
        if len(levels) > MAX_NESTING:
            return f"{_place(levels, origins, 0)} is nested more than {MAX_NESTING} levels deep."
        below: list[Any] = []
        origin: list[int] = []
        for index, each in enumerate(levels[-1]):
            members = each.values() if isinstance(each, dict) else each
            if may_have_zero:
                zero = _zero_in(each, members)
                if zero is not None:
                    member, what = zero
                    place = _place(levels, origins, index, *member)
                    return _ZERO.format(place=place, what=what)
            found = [member for member in members if type(member) is dict or type(member) is list]
            below += found
            origin += [index] * len(found)
        levels.append(below)
        origins.append(origin)
    return None


def _zero_in(each: Any, members: Iterable[Any]) -> tuple[tuple[str, ...], str] | None:
    """The name of the member of a container with U+0000 (no name for a key), and the verb for it; None for none."""
    if any(type(member) is str and "\0" in member for member in members):
        names = each.items() if isinstance(each, dict) else enumerate(each)
        name = next(str(name) for name, member in names if isinstance(member, str) and "\0" in member)
        return (name,), "contains"
    if isinstance(each, dict) and any("\0" in key for key in each):
        return (), "has a key that contains"
    return None


def _place(levels: list[list[Any]], origins: list[list[int]], index: int, *inner: str) -> str:
    """The place of the value at this index of the last level: its outermost names, and `inner` ones."""
    names = list(inner)
    for depth in range(len(levels) - 1, 0, -1):
        each, index = levels[depth][index], origins[depth][index]
        parent = levels[depth - 1][index]
        members = parent.items() if isinstance(parent, dict) else enumerate(parent)
        names.insert(0, next(str(name) for name, member in members if member is each))
    return ".".join(names[:_SHOWN]) or "The request"


def query_parameters(parameters: Mapping[str, str]) -> JsonValue:
    """The operation that a URL asks for, as a body would hold it. Raises `MalformedRequest`."""
    found: dict[str, JsonValue] = {}
    for name in ("query", "operationName", "variables", "extensions"):
        text = parameters.get(name)
        if not text:
            continue
        if name in ("variables", "extensions"):
            try:
                found[name] = read_json(text)
            except MalformedRequest as error:
                raise MalformedRequest(f"{name} in the URL must be JSON. {error}") from error
            problem = problem_in(text, found[name])
        else:
            found[name] = text
            problem = f"{name} contains U+0000." if "\0" in text else None
        if problem is not None:
            raise MalformedRequest(problem)
    return found


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
