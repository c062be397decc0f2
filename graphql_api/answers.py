"""Responses of /graphql that are no event streams: answers of operations, and refusals of what never became one."""

from collections.abc import Mapping
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import Response

from domain.json_text import dumps
from graphql_api.errors import USER_INPUT_CODE
from graphql_api.negotiation import acceptance_of

_HEADERS = {
    "Vary": "Accept",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",  # or a page elsewhere could load an answer as its script
    "Cross-Origin-Resource-Policy": "same-origin",  # and as its image; what CORS allows is none of its business
}


def answer(media_type: str, value: object, status: int, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer in this media type."""
    content_type = {"Content-Type": f"{media_type}; charset=utf-8"}
    return Response(dumps(cast("Any", value)).encode(), status, {**content_type, **_HEADERS, **(headers or {})})


def refusal(
    request: Request,
    status: int,
    message: str,
    headers: Mapping[str, str] | None = None,
    *,
    code: str = USER_INPUT_CODE,
    **extensions: object,
) -> Response:
    """A request that never became an operation."""
    media_type = acceptance_of(request.headers.getlist("accept")).error
    error = {"message": message, "extensions": {"code": code, **extensions}}
    return answer(media_type, {"errors": [error]}, status, headers)
