"""Loaders of webhooks and their events: reads of resolvers at the same moment become one SQL statement."""

from collections import defaultdict
from uuid import UUID

from strawberry.dataloader import DataLoader

from domain.kernel.pages import Page
from domain.webhooks.model import WebhookEventRecord, WebhookRecord
from graphql_api.context import Context


class WebhookLoaders:
    """Loads within one operation. Nothing is cached beyond the batch, so a mutation never answers with old rows.

    All records are lean. `event_pages` is keyed by webhook and size, and gives the first page of its events.
    """

    def __init__(self, context: Context) -> None:
        self._webhooks = context.services.webhook_store
        self.by_id: DataLoader[UUID, WebhookRecord | None] = DataLoader(self._by_id, cache=False)
        self.events: DataLoader[UUID, WebhookEventRecord | None] = DataLoader(self._events, cache=False)
        self.event_pages: DataLoader[tuple[UUID, int], Page[WebhookEventRecord]] = DataLoader(
            self._event_pages, cache=False
        )
        self.event_counts: DataLoader[UUID, int] = DataLoader(self._event_counts, cache=False)

    async def _by_id(self, ids: list[UUID]) -> list[WebhookRecord | None]:
        found = await self._webhooks.find_many(set(ids), lean=True)
        return [found.get(id) for id in ids]

    async def _events(self, ids: list[UUID]) -> list[WebhookEventRecord | None]:
        found = await self._webhooks.events(set(ids), lean=True)
        return [found.get(id) for id in ids]

    async def _event_pages(self, wanted: list[tuple[UUID, int]]) -> list[Page[WebhookEventRecord]]:
        sizes: dict[int, set[UUID]] = defaultdict(set)
        for id, first in wanted:
            sizes[first].add(id)
        found: dict[tuple[UUID, int], Page[WebhookEventRecord]] = {}
        for first, ids in sizes.items():
            pages = await self._webhooks.events_pages(ids, first=first, lean=True)
            found.update({(id, first): page for id, page in pages.items()})
        return [found[each] for each in wanted]

    async def _event_counts(self, ids: list[UUID]) -> list[int]:
        found = await self._webhooks.events_counts(set(ids))
        return [found[id] for id in ids]
