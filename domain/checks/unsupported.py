"""What may be written in a document but cannot run yet. Deleting a line of the table opens that gate."""

from collections.abc import Collection
from dataclasses import dataclass

from domain.document_types import DocumentModel
from domain.steps import DataTransformConfig, HttpRequestConfig, WebhookCallConfig


@dataclass(frozen=True, slots=True)
class Gate:
    """A member of a model that is refused: whatever it says, or only with one of `values`."""

    model: type[DocumentModel]
    member: str
    hint: str
    values: Collection[str] | None = None


NOT_YET = (
    Gate(HttpRequestConfig, "circuitBreaker", "Leave it out, or say OFF.", ("WAIT", "FAIL")),
    Gate(HttpRequestConfig, "serviceId", "Leave it out: no circuit breaker is used."),
    Gate(WebhookCallConfig, "webhookId", "Say the receiver's address with `url`."),
    Gate(WebhookCallConfig, "circuitBreaker", "Leave it out, or say OFF.", ("WAIT", "FAIL")),
    Gate(DataTransformConfig, "rule", "Write the rule's expression into `expression`."),
)

SECRETS_HINT = "Pass the value with the execution's input."
