"""Webhooks and their events, managed and read by people, in memory."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from domain.kernel.changes import given
from domain.kernel.errors import Conflict, InvalidState, NotFound
from domain.kernel.pages import Page
from domain.kernel.statuses import EventType, WebhookDirection, WebhookEventStatus
from domain.webhooks.model import WebhookChanges, WebhookEventRecord, WebhookRecord, why_not_replayed
from persistence.memory.large_values import lean_event, lean_webhook
from persistence.memory.tables import EndpointState, MemoryTables, page_of


class MemoryWebhookStore:
    """Implements `domain.webhooks.ports.WebhookStore`."""

    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    async def create(self, webhook: WebhookRecord) -> None:
        self._refuse_taken(webhook.name, webhook.id)
        self._tables.webhooks[webhook.id] = webhook

    async def find(self, *, id: UUID | None = None, name: str | None = None) -> WebhookRecord | None:
        if id is not None:
            return self._tables.webhooks.get(id)
        return next((row for row in self._tables.webhooks.values() if row.name == name), None)

    async def find_many(self, ids: Collection[UUID], *, lean: bool = False) -> Mapping[UUID, WebhookRecord]:
        found = {id: self._tables.webhooks[id] for id in ids if id in self._tables.webhooks}
        return {id: lean_webhook(row, len(ids)) for id, row in found.items()} if lean else found

    async def page(
        self, direction: WebhookDirection | None, *, first: int, after: UUID | None, lean: bool = False
    ) -> Page[WebhookRecord]:
        rows = [row for row in self._matching(direction) if after is None or row.id < after]
        page = page_of(sorted(rows, key=lambda row: row.id, reverse=True), first)
        return replace(page, rows=tuple(lean_webhook(row, first) for row in page.rows)) if lean else page

    async def count(self, direction: WebhookDirection | None) -> int:
        return len(self._matching(direction))

    async def update(self, webhook_id: UUID, changes: WebhookChanges, *, now: datetime) -> WebhookRecord:
        old, members = self._get(webhook_id), given(changes)
        if "event_types" in members:
            members["event_types"] = tuple(map(EventType, members["event_types"] or ()))
        record = replace(old, **members, updated_at=now)
        self._refuse_taken(record.name, webhook_id)
        if record.enabled != old.enabled:
            record = replace(record, failing_since=None)
            state = self._tables.endpoints.get(webhook_id, EndpointState())
            self._tables.endpoints[webhook_id] = replace(state, failures=0, paused_until=None, throttled_until=None)
        if record.enabled:
            record = replace(record, disabled_reason=None)
        self._tables.webhooks[webhook_id] = record
        return record

    async def rotate(
        self, webhook_id: UUID, *, secret: bytes, previous_until: datetime, now: datetime
    ) -> WebhookRecord:
        old = self._get(webhook_id)
        record = replace(
            old, secret=secret, previous_secret=old.secret, previous_secret_until=previous_until, updated_at=now
        )
        self._tables.webhooks[webhook_id] = record
        return record

    async def delete(self, webhook_id: UUID) -> None:
        self._get(webhook_id)
        del self._tables.webhooks[webhook_id]
        self._tables.endpoints.pop(webhook_id, None)
        for event in self._events_of(webhook_id):
            del self._tables.webhook_events[event.id]

    async def events(self, ids: Collection[UUID], *, lean: bool = False) -> Mapping[UUID, WebhookEventRecord]:
        found = {id: self._tables.webhook_events[id] for id in ids if id in self._tables.webhook_events}
        return {id: lean_event(row, len(ids)) for id, row in found.items()} if lean else found

    async def events_page(
        self,
        webhook_id: UUID,
        *,
        first: int,
        after: UUID | None,
        status: WebhookEventStatus | None = None,
        lean: bool = False,
    ) -> Page[WebhookEventRecord]:
        rows = [row for row in self._events_of(webhook_id, status) if after is None or row.id < after]
        page = page_of(sorted(rows, key=lambda row: row.id, reverse=True), first)
        return _lean(page, first) if lean else page

    async def events_pages(
        self,
        webhook_ids: Collection[UUID],
        *,
        first: int,
        status: WebhookEventStatus | None = None,
        lean: bool = False,
    ) -> Mapping[UUID, Page[WebhookEventRecord]]:
        pages = {id: await self.events_page(id, first=first, after=None, status=status) for id in webhook_ids}
        return {id: _lean(page, first * len(pages)) for id, page in pages.items()} if lean else pages

    async def events_counts(
        self, webhook_ids: Collection[UUID], status: WebhookEventStatus | None = None
    ) -> Mapping[UUID, int]:
        return {id: len(self._events_of(id, status)) for id in webhook_ids}

    async def find_inbound(self, webhook_id: UUID, external_id: str) -> WebhookEventRecord | None:
        return next((row for row in self._events_of(webhook_id) if row.external_id == external_id), None)

    async def record_inbound(self, event: WebhookEventRecord) -> WebhookEventRecord:
        self._get(event.webhook_id)
        if event.external_id is not None:
            known = await self.find_inbound(event.webhook_id, event.external_id)
            if known is not None:
                return known
        self._tables.webhook_events[event.id] = event
        return event

    async def replay(self, event_id: UUID, now: datetime) -> WebhookEventRecord:
        event = self._tables.webhook_events.get(event_id)
        if event is None:
            raise NotFound("webhook event", str(event_id))
        refusal = why_not_replayed(event, enabled=self._get(event.webhook_id).enabled)
        if refusal is not None:
            raise InvalidState(refusal, event.status)
        replayed = replace(
            event,
            status=WebhookEventStatus.PENDING,
            failures=event.failures if event.status is WebhookEventStatus.PENDING else 0,
            next_attempt_at=now,
            delivered_at=None,
        )
        self._tables.webhook_events[event_id] = replayed
        return replayed

    def _get(self, webhook_id: UUID) -> WebhookRecord:
        record = self._tables.webhooks.get(webhook_id)
        if record is None:
            raise NotFound("webhook", str(webhook_id))
        return record

    def _matching(self, direction: WebhookDirection | None) -> list[WebhookRecord]:
        return [row for row in self._tables.webhooks.values() if direction in (None, row.direction)]

    def _events_of(self, webhook_id: UUID, status: WebhookEventStatus | None = None) -> list[WebhookEventRecord]:
        events = (row for row in self._tables.webhook_events.values() if row.webhook_id == webhook_id)
        return [row for row in events if status in (None, row.status)]

    def _refuse_taken(self, name: str, webhook_id: UUID) -> None:
        if any(row.name == name and row.id != webhook_id for row in self._tables.webhooks.values()):
            raise Conflict(f"There is a webhook called {name!r} already.")


def _lean(page: Page[WebhookEventRecord], rows: int) -> Page[WebhookEventRecord]:
    return replace(page, rows=tuple(lean_event(row, rows) for row in page.rows))
