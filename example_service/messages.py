"""A request as handlers see it, and the answers that they give."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

if TYPE_CHECKING:
    from example_service.connection import Connection
    from example_service.service import ExampleService

_encode = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(slots=True)
class Request:
    """One request, and the connection to answer it on. `path` is split at its slashes."""

    service: "ExampleService"
    connection: "Connection"
    method: str
    path: list[str]
    target: str
    query: str
    head: bytes
    body: bytes

    def argument(self, name: str, default: str) -> str:
        """The first value of a query parameter."""
        return parse_qs(self.query, keep_blank_values=True).get(name, [default])[0]

    def segment(self, index: int) -> str:
        """A part of the path. Raises `IndexError` where it is shorter, which is answered with 400."""
        return unquote(self.path[index])

    def headers(self) -> dict[str, str]:
        """The headers by lower-case name, the repeated ones joined by commas."""
        found: dict[str, str] = {}
        for line in self.head.split(b"\r\n")[1:]:
            name, _, value = line.decode("latin-1").partition(":")
            key, text = name.strip().lower(), value.strip()
            found[key] = f"{found[key]}, {text}" if key in found else text
        return found

    def key(self) -> str:
        """The idempotency key by which a repeated request is recognised; `none` without one."""
        return self.headers().get("idempotency-key", "none")

    def content(self) -> Any:
        """The body: JSON where it is some, else text; None where there is none."""
        try:
            return json.loads(self.body) if self.body else None
        except ValueError:
            return self.body.decode("latin-1")

    def members(self) -> dict[str, Any]:
        """The body, which must be an object. Raises `ValueError` where it is none, which is answered with 400."""
        content = self.content()
        if not isinstance(content, dict):
            raise ValueError("the body must be a JSON object")
        return content


Handler = Callable[[Request], bytes | None]
"""Gives the answer, or None where it sends one itself, later."""

Routes = dict[tuple[str, str], Handler]
"""Handlers by method and the first part of the path."""


def response(status: int, body: bytes, content_type: str, extra: str = "") -> bytes:
    """An answer as it is sent; `extra` are further header lines, each with its line break."""
    head = f"HTTP/1.1 {status} -\r\ncontent-type: {content_type}\r\ncontent-length: {len(body)}\r\n{extra}\r\n"
    return head.encode("latin-1") + body


def json_response(status: int, value: object, extra: str = "") -> bytes:
    """An answer with a JSON body, as it is sent; `extra` as in `response`."""
    return response(status, _encode(value).encode(), "application/json", extra)
