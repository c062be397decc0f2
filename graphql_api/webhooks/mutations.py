"""Mutations of webhooks and their events."""

from typing import Annotated, TypeAlias

import strawberry

from domain.kernel.ids import IdKind
from domain.webhooks.service import CreatedWebhook
from graphql_api.context import Info
from graphql_api.kit.deleting import Deleted, DeleteResult
from graphql_api.kit.errors import ConflictError, InvalidStateError, NotFoundError, ValidationError
from graphql_api.kit.ids import read_id
from graphql_api.webhooks.inputs import CreateWebhookInput, UpdateWebhookInput
from graphql_api.webhooks.types import Webhook, WebhookCreated, WebhookEvent

WebhookResult: TypeAlias = Annotated[
    WebhookCreated | Webhook | NotFoundError | ValidationError | ConflictError,
    strawberry.union(
        "WebhookResult",
        description="A webhook with its secret, where it was created or the secret rotated; a webhook, where it was "
        "changed; or why it was not.",
    ),
]
WebhookEventResult: TypeAlias = Annotated[
    WebhookEvent | NotFoundError | InvalidStateError,
    strawberry.union("WebhookEventResult", description="The event, or why it is not sent again."),
]


@strawberry.type
class WebhookMutations:
    """The part of Mutation that is about webhooks."""

    @strawberry.mutation(description="Register a webhook. Its secret is shown this once.")
    async def create_webhook(self, info: Info, input: CreateWebhookInput) -> WebhookResult:
        return _created(await info.context.services.webhooks.create(input.to_request()))

    @strawberry.mutation(description="Change a webhook, also to disable or to enable it.")
    async def update_webhook(self, info: Info, id: strawberry.ID, input: UpdateWebhookInput) -> WebhookResult:
        webhook_id = read_id(id, IdKind.WEBHOOK)
        return Webhook.from_record(await info.context.services.webhooks.update(webhook_id, input.to_changes()))

    @strawberry.mutation(
        description="Give a webhook a new secret, the given one or a generated one; the present one stays valid "
        "for 24 hours."
    )
    async def rotate_webhook_secret(
        self, info: Info, id: strawberry.ID, secret: str | None = strawberry.UNSET
    ) -> WebhookResult:
        webhook_id = read_id(id, IdKind.WEBHOOK)
        chosen = None if secret is strawberry.UNSET else secret
        return _created(await info.context.services.webhooks.rotate(webhook_id, chosen))

    @strawberry.mutation(description="Delete a webhook with all its events. Executions that it has started go on.")
    async def delete_webhook(self, info: Info, id: strawberry.ID) -> DeleteResult:
        await info.context.services.webhooks.delete(read_id(id, IdKind.WEBHOOK))
        return Deleted(id=id)

    @strawberry.mutation(description="Send an event of an outbound webhook once more, at once. Its attempts are kept.")
    async def replay_webhook_event(self, info: Info, id: strawberry.ID) -> WebhookEventResult:
        event_id = read_id(id, IdKind.WEBHOOK_EVENT)
        return WebhookEvent.from_record(await info.context.services.webhooks.replay(event_id))


def _created(created: CreatedWebhook) -> WebhookCreated:
    return WebhookCreated(webhook=Webhook.from_record(created.webhook), secret=created.secret)
