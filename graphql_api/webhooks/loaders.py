"""Loaders of webhooks and their events: reads of resolvers at the same moment become one SQL statement."""

from collections import defaultdict
from typing import TypeAlias
from uuid import UUID

from strawberry.dataloader import DataLoader

from domain.kernel.pages import Page
from domain.kernel.statuses import WebhookEventStatus
from domain.webhooks.model import WebhookEventRecord, WebhookRecord
from graphql_api.context import Context

_Kind: TypeAlias = tuple[int, WebhookEventStatus | None]
"""The size of a page of events, and the status that they have."""


class WebhookLoaders:
    """Loads within one operation. Nothing is cached beyond the batch, so a mutation never answers with old rows.

    All records are lean. `event_pages` is keyed by webhook, size and status, and gives the first page of its events.
    """

    def __init__(self, context: Context) -> None:
        self._webhooks = context.services.webhook_store
        self.by_id: DataLoader[UUID, WebhookRecord | None] = DataLoader(self._by_id, cache=False)
        self.events: DataLoader[UUID, WebhookEventRecord | None] = DataLoader(self._events, cache=False)
        self.event_pages: DataLoader[tuple[UUID, _Kind], Page[WebhookEventRecord]] = DataLoader(
            self._event_pages, cache=False
        )
        self.event_counts: DataLoader[tuple[UUID, WebhookEventStatus | None], int] = DataLoader(
            self._event_counts, cache=False
        )

    async def _by_id(self, ids: list[UUID]) -> list[WebhookRecord | None]:
        found = await self._webhooks.find_many(set(ids), lean=True)
        return [found.get(id) for id in ids]

    async def _events(self, ids: list[UUID]) -> list[WebhookEventRecord | None]:
        found = await self._webhooks.events(set(ids), lean=True)
        return [found.get(id) for id in ids]

    async def _event_pages(self, wanted: list[tuple[UUID, _Kind]]) -> list[Page[WebhookEventRecord]]:
        kinds: dict[_Kind, set[UUID]] = defaultdict(set)
        for id, kind in wanted:
            kinds[kind].add(id)
        found: dict[tuple[UUID, _Kind], Page[WebhookEventRecord]] = {}
        for (first, status), ids in kinds.items():
            pages = await self._webhooks.events_pages(ids, first=first, status=status, lean=True)
            found.update({(id, (first, status)): page for id, page in pages.items()})
        return [found[each] for each in wanted]

    async def _event_counts(self, wanted: list[tuple[UUID, WebhookEventStatus | None]]) -> list[int]:
        statuses: dict[WebhookEventStatus | None, set[UUID]] = defaultdict(set)
        for id, status in wanted:
            statuses[status].add(id)
        found = {status: await self._webhooks.events_counts(ids, status) for status, ids in statuses.items()}
        return [found[status][id] for id, status in wanted]
