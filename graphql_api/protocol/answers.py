"""Responses of /graphql that are no event streams: answers of operations, and refusals of what never became one."""

from collections.abc import Mapping
from functools import cache
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import Response

from domain.kernel.json.text import dumps
from graphql_api.kit.errors import USER_INPUT_CODE
from graphql_api.protocol.negotiation import acceptance_of

_HEADERS = {
    "Vary": "Accept",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",  # or a page elsewhere could load an answer as its script
    "Cross-Origin-Resource-Policy": "same-origin",  # and as its image; what CORS allows is none of its business
}


def answer(media_type: str, value: object, status: int, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer in this media type."""
    response = Response(None, status)
    response.body = body = dumps(cast("Any", value)).encode()
    response.raw_headers = [*_heads(media_type), (b"content-length", str(len(body)).encode())]
    if headers:
        response.headers.update(headers)
    return response


@cache
def _heads(media_type: str) -> tuple[tuple[bytes, bytes], ...]:
    """The headers that all answers of a media type have, as bytes: encoding them costs more than sending them."""
    headers = {"Content-Type": f"{media_type}; charset=utf-8", **_HEADERS}
    return tuple((name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items())


def refusal(
    request: Request,
    status: int,
    message: str,
    headers: Mapping[str, str] | None = None,
    *,
    code: str = USER_INPUT_CODE,
    **extensions: object,
) -> Response:
    """The answer to a request that never became an operation."""
    media_type = acceptance_of(request.headers.getlist("accept")).error
    error = {"message": message, "extensions": {"code": code, **extensions}}
    return answer(media_type, {"errors": [error]}, status, headers)
