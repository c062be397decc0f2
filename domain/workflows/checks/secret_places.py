"""The places where a document may read secrets: those that are sent to a service, and no others."""

from collections.abc import Mapping

from domain.workflows.document_types import IDENTIFIER, DocumentModel
from domain.workflows.steps import BasicAuth, HeaderAuth, HttpAuth, HttpRequestConfig, OAuth2Auth, WebhookCallConfig

_PLACES: Mapping[type[DocumentModel], frozenset[str]] = {
    HttpRequestConfig: frozenset({"url", "query", "headers", "body"}),
    HttpAuth: frozenset({"bearer"}),
    BasicAuth: frozenset({"username", "password"}),
    HeaderAuth: frozenset({"value"}),
    OAuth2Auth: frozenset({"clientId", "clientSecret"}),
    WebhookCallConfig: frozenset({"url", "headers"}),
}


def may_read_secrets(model: type[DocumentModel], member: str) -> bool:
    """True when the texts of a member may read secrets: they are not stored as they were sent, nor given to steps."""
    return member in _PLACES.get(model, ())


def secret_problem(name: str, *, is_allowed: bool) -> tuple[str, str | None] | None:
    """The message and the hint about reading a secret at a place; None where it is allowed.

    The secret itself is looked up when a step needs it: it may be set later than the workflow is stored.
    """
    if not is_allowed:
        hint = (
            "Read it where it is used: in the `url`, `query`, `headers`, `body` or `auth` of an HTTP_REQUEST, or the "
            "`url` or `headers` of a WEBHOOK_CALL."
        )
        return "A secret cannot be read here, where its value would be computed with or stored.", hint
    if not IDENTIFIER.fullmatch(name):
        return "No secret can have this name.", "Names are letters, digits and underscores, at most 64."
    return None
