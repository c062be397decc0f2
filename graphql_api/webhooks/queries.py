"""Queries about webhooks."""

import strawberry

from domain.kernel.ids import IdKind
from graphql_api.context import Info
from graphql_api.kit.enums import WebhookDirection
from graphql_api.kit.ids import read_id
from graphql_api.kit.pagination import Connection, connection, page_size
from graphql_api.webhooks.loaders import WebhookLoaders
from graphql_api.webhooks.types import BY_WEBHOOK, Webhook


@strawberry.type
class WebhookQueries:
    """The part of Query that is about webhooks."""

    @strawberry.field(description="The webhook with this id; null where there is none.")
    async def webhook(self, info: Info, id: strawberry.ID) -> Webhook | None:
        record = await info.context.shared(WebhookLoaders).by_id.load(read_id(id, IdKind.WEBHOOK))
        return None if record is None else Webhook.from_record(record, info.context.large_values)

    @strawberry.field(description="Webhooks, newest first.")
    async def webhooks(
        self,
        info: Info,
        direction: WebhookDirection | None = strawberry.UNSET,
        first: int | None = 20,
        after: str | None = strawberry.UNSET,
    ) -> Connection[Webhook]:
        size, key = page_size(first), BY_WEBHOOK.read(after)
        info.context.spend_rows(size)
        wanted = direction or None
        store, values = info.context.services.webhook_store, info.context.large_values
        return connection(
            await store.page(wanted, first=size, after=key, lean=True),
            item=lambda record: Webhook.from_record(record, values),
            key=lambda record: record.id,
            cursors=BY_WEBHOOK,
            is_first=key is None,
            count=lambda: store.count(wanted),
        )
