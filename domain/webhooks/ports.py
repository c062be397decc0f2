"""The ports of webhooks: for managing and reading them, and for the workers that deliver."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from domain.kernel.json.text import JsonValue
from domain.kernel.pages import Page
from domain.kernel.statuses import WebhookDirection, WebhookEventStatus
from domain.webhooks.model import Endpoint, Verdict, WebhookAttempt, WebhookChanges, WebhookEventRecord, WebhookRecord


class WebhookStore(Protocol):
    """Webhooks in both directions, and their events.

    Records read `lean` are without large inputs, payloads and logs of attempts (see `LargeValues`).
    """

    async def create(self, webhook: WebhookRecord) -> None:
        """Store a new webhook. Raises `Conflict` when the name is taken."""

    async def find(self, *, id: UUID | None = None, name: str | None = None) -> WebhookRecord | None:
        """The webhook with this id or this name."""

    async def find_many(self, ids: Collection[UUID], *, lean: bool = False) -> Mapping[UUID, WebhookRecord]:
        """The webhooks with these ids."""

    async def page(
        self, direction: WebhookDirection | None, *, first: int, after: UUID | None, lean: bool = False
    ) -> Page[WebhookRecord]:
        """Webhooks, newest first (by id)."""

    async def count(self, direction: WebhookDirection | None) -> int:
        """The number of webhooks that match."""

    async def update(self, webhook_id: UUID, changes: WebhookChanges, *, now: datetime) -> WebhookRecord:
        """Store changes that were checked. Enabling resets past failures, so that due events are sent at once.

        Raises `NotFound`, or `Conflict` when the name is taken.
        """

    async def rotate(
        self, webhook_id: UUID, *, secret: bytes, previous_until: datetime, now: datetime
    ) -> WebhookRecord:
        """Take a new sealed secret; the present one becomes the previous one, good until then. Raises `NotFound`."""

    async def delete(self, webhook_id: UUID) -> None:
        """Remove a webhook with all its events. Raises `NotFound`."""

    async def events(self, ids: Collection[UUID], *, lean: bool = False) -> Mapping[UUID, WebhookEventRecord]:
        """The events with these ids."""

    async def events_page(
        self,
        webhook_id: UUID,
        *,
        first: int,
        after: UUID | None,
        status: WebhookEventStatus | None = None,
        lean: bool = False,
    ) -> Page[WebhookEventRecord]:
        """The events of a webhook, or those with this status, newest first (by id)."""

    async def events_pages(
        self,
        webhook_ids: Collection[UUID],
        *,
        first: int,
        status: WebhookEventStatus | None = None,
        lean: bool = False,
    ) -> Mapping[UUID, Page[WebhookEventRecord]]:
        """The first page of `events_page` for each of these webhooks, in one statement; every id has an answer."""

    async def events_counts(
        self, webhook_ids: Collection[UUID], status: WebhookEventStatus | None = None
    ) -> Mapping[UUID, int]:
        """The number of events of each of these webhooks, or of those with this status, in one statement.

        Every id has an answer.
        """

    async def find_inbound(self, webhook_id: UUID, external_id: str) -> WebhookEventRecord | None:
        """The event of an inbound webhook with this id of its sender's."""

    async def record_inbound(self, event: WebhookEventRecord) -> WebhookEventRecord:
        """Store an event that came in, RECEIVED or REJECTED; returns the stored event.

        The answer is an earlier one where the webhook has one with the same `external_id` (compare ids to tell);
        without one, every event is stored. Raises `NotFound` where the webhook is gone.
        """

    async def replay(self, event_id: UUID, now: datetime) -> WebhookEventRecord:
        """Send an event of an outbound webhook once more, at once: it is PENDING again, and its attempts are kept.

        One that is waiting for its next attempt gets it now. Raises `NotFound`, or `InvalidState` where it came in, is
        on its first way, or its webhook is disabled.
        """


class WebhookDeliveries(Protocol):
    """The events to be sent to outbound webhooks, and their outcomes.

    All of that is in rows. An endpoint is served by one worker at a time: the one that holds its lease.
    """

    async def claim(
        self, *, now: datetime, lease: timedelta, endpoints: int, events: int, failing: bool | None = None
    ) -> Sequence[Endpoint]:
        """Take up to `endpoints` enabled webhooks that have something due and that no worker serves.

        `failing`: only those whose last delivery has failed, or only the others.

        Each comes with up to `events` that are due: first retries, then new ones, in the order in which
        they happened; no new ones while the endpoint pauses, and none at all while it is throttled.
        """

    async def due(self, endpoint: Endpoint, *, now: datetime, lease: timedelta, events: int) -> Endpoint | None:
        """The endpoint with the events due by now, under a lease that begins anew; None where that was lost.

        With nothing due its lease is given back, and the answer is None as well.
        """

    async def next_due(self, now: datetime) -> datetime | None:
        """The time from which on there may be something to claim, `now` or earlier included; None for none known.

        Pauses, throttling and leases of endpoints count.
        """

    async def record(
        self,
        endpoint: Endpoint,
        event: WebhookEventRecord,
        attempt: WebhookAttempt,
        verdict: Verdict,
        *,
        lease_until: datetime | None,
        now: datetime,
    ) -> None:
        """Store an attempt and its consequences. `lease_until`: None gives the endpoint back.

        A webhook that is disabled by it, and only once, puts `webhook.disabled` into the outbox in the same
        transaction. Where the lease was lost, or the event has ended, the attempt is stored and nothing else changes.
        """

    async def release(self, endpoint: Endpoint) -> None:
        """Give an endpoint back."""

    async def record_call(
        self,
        *,
        event_id: UUID,
        webhook_id: UUID,
        execution_id: UUID,
        event_type: str,
        payload: JsonValue,
        attempt: WebhookAttempt,
    ) -> None:
        """Store an attempt of a WEBHOOK_CALL step at a registered webhook; its first one makes the event.

        The event is DELIVERED or FAILED by its last attempt. Nothing happens where the webhook is gone.
        """

    async def forget(self, *, before: datetime, limit: int) -> int:
        """Remove events older than `before` that have ended, or wait for a disabled webhook; returns how many."""
