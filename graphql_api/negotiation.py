"""Which media type an answer has and which status it comes with, as GraphQL over HTTP says.

Spec: https://graphql.github.io/graphql-over-http/draft/ as its audit suite (npm graphql-http) tests it: 400 for what
was never executed, in the new media type; 200 for all that is well-formed, in the old one. The draft is moving to 422
and 294; `status_of` is the one place to follow it.
"""

from functools import lru_cache

JSON_TYPE = "application/json"
GRAPHQL_TYPE = "application/graphql-response+json"
EVENT_STREAM_TYPE = "text/event-stream"

_ANSWERABLE = {
    GRAPHQL_TYPE: GRAPHQL_TYPE,
    JSON_TYPE: JSON_TYPE,
    "application/*": JSON_TYPE,
    "*/*": JSON_TYPE,
}


@lru_cache(maxsize=128)
def media_type_for(accept: str | None) -> str:
    """The media type that an Accept header likes best of those that an answer can have; JSON where it likes none."""
    best, best_quality = JSON_TYPE, 0.0
    for part in (accept or "").split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        answer = _ANSWERABLE.get(name)
        if answer is not None and (quality := _quality(parameters)) > best_quality:
            best, best_quality = answer, quality
    return best


def status_of(media_type: str, *, was_executed: bool) -> int:
    """The status of an answer that is well-formed GraphQL: `was_executed` says whether it has `data`."""
    return 200 if was_executed or media_type == JSON_TYPE else 400


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter[2:])
            except ValueError:
                return 0.0
    return 1.0
