"""GraphQL inputs of webhooks. They carry no rules of their own: the service checks the requests they become."""

from uuid import UUID

import strawberry

from domain.kernel.changes import UNSET
from domain.kernel.ids import IdKind
from domain.webhooks.model import WebhookChanges
from domain.webhooks.service import CreateWebhook
from graphql_api.kit.changes import member
from graphql_api.kit.enums import InboundSignature, WebhookDirection
from graphql_api.kit.ids import read_id
from graphql_api.kit.scalars import Expression


@strawberry.input(description="A new webhook.")
class CreateWebhookInput:
    """A new webhook."""

    name: str
    direction: WebhookDirection
    url: str | None = strawberry.field(default=None, description="Outbound: the address to send to.")
    event_types: list[str] | None = strawberry.field(
        default=None, description="Outbound: execution.completed, execution.failed, …; left out or empty: all of them."
    )
    workflow_id: strawberry.ID | None = strawberry.field(
        default=None, description="Inbound: the workflow to start. Outbound: the one workflow it is told of; else all."
    )
    input: Expression | None = strawberry.field(
        default=None,
        description="Inbound: builds the execution's input from `body`, `headers`, `query` and `webhook`; left out: "
        "the input is the body.",
    )
    signature: InboundSignature = InboundSignature.STANDARD_WEBHOOKS
    secret: str | None = strawberry.field(
        default=None, description="Left out: one is generated. STANDARD_WEBHOOKS: whsec_… and base64; else any text."
    )

    def to_request(self) -> CreateWebhook:
        """The request that the service takes. Raises `InvalidInput` for a malformed id."""
        return CreateWebhook(
            name=self.name,
            direction=self.direction,
            url=self.url,
            event_types=self.event_types,
            workflow_id=None if self.workflow_id is None else _workflow_id(self.workflow_id),
            input=self.input,
            signature=self.signature,
            secret=self.secret,
        )


@strawberry.input(description="Changes to a webhook: what is left out stays, what is null is removed.")
class UpdateWebhookInput:
    """Changes to a webhook."""

    name: str | None = strawberry.UNSET
    url: str | None = strawberry.UNSET
    event_types: list[str] | None = strawberry.UNSET
    workflow_id: strawberry.ID | None = strawberry.UNSET
    input: Expression | None = strawberry.UNSET
    enabled: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Enabling forgets past failures: events that are due are sent at once."
    )

    def to_changes(self) -> WebhookChanges:
        """The changes that the service takes. Raises `InvalidInput` for a malformed id."""
        workflow_id = member(self.workflow_id)
        return WebhookChanges(
            name=member(self.name),
            url=member(self.url),
            event_types=member(self.event_types),
            workflow_id=workflow_id if workflow_id is None or workflow_id is UNSET else _workflow_id(workflow_id),
            input=member(self.input),
            enabled=member(self.enabled),
        )


def _workflow_id(text: str) -> UUID:
    return read_id(text, IdKind.WORKFLOW, "workflowId")
