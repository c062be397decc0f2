"""Deliveries to outbound webhooks, in memory: the events to send, and the results of attempts."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from domain.kernel.ids import new_id
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import EventType, WebhookDirection, WebhookEventStatus
from domain.outbox.events import OutboxEvent
from domain.webhooks.model import (
    Endpoint,
    Verdict,
    WebhookAttempt,
    WebhookEventRecord,
    WebhookRecord,
    disabled_data,
    in_turn,
)
from persistence.memory.tables import EndpointState, MemoryTables


class MemoryWebhookDeliveries:
    """Implements `domain.webhooks.ports.WebhookDeliveries`."""

    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    async def claim(
        self, *, now: datetime, lease: timedelta, endpoints: int, events: int, failing: bool | None = None
    ) -> Sequence[Endpoint]:
        lease_id = new_id()
        claimed: list[Endpoint] = []
        for webhook in sorted(self._tables.webhooks.values(), key=self._served_at):
            state = self._state(webhook.id)
            if len(claimed) == endpoints or not webhook.enabled or webhook.direction is not WebhookDirection.OUTBOUND:
                continue
            if failing not in (None, webhook.failing_since is not None):
                continue
            if not (_is_past(state.lease_until, now) and _is_past(state.throttled_until, now)):
                continue
            due = self._due(webhook.id, now, events)
            if due:
                self._tables.endpoints[webhook.id] = replace(state, lease_id=lease_id, lease_until=now + lease)
                claimed.append(_endpoint(webhook, lease_id, state, due))
        return claimed

    async def due(self, endpoint: Endpoint, *, now: datetime, lease: timedelta, events: int) -> Endpoint | None:
        webhook, state = self._tables.webhooks.get(endpoint.webhook.id), self._state(endpoint.webhook.id)
        if webhook is None or state.lease_id != endpoint.lease_id:
            return None
        due = self._due(webhook.id, now, events)
        if not due or not webhook.enabled or not _is_past(state.throttled_until, now):
            await self.release(endpoint)
            return None
        self._tables.endpoints[webhook.id] = replace(state, lease_until=now + lease)
        return _endpoint(webhook, endpoint.lease_id, state, due)

    async def next_due(self, now: datetime) -> datetime | None:
        times: list[datetime] = []
        for event in self._tables.webhook_events.values():
            webhook, state = self._tables.webhooks[event.webhook_id], self._state(event.webhook_id)
            if event.status is not WebhookEventStatus.PENDING or not webhook.enabled:
                continue
            own = event.next_attempt_at if event.attempts else state.paused_until
            times.append(max(at for at in (now, own, state.lease_until, state.throttled_until) if at is not None))
        return min(times, default=None)

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
        webhook, state = self._tables.webhooks.get(endpoint.webhook.id), self._state(endpoint.webhook.id)
        is_held = webhook is not None and state.lease_id == endpoint.lease_id
        if webhook is not None and is_held:
            self._tables.webhooks[webhook.id] = replace(webhook, failing_since=verdict.failing_since)
            self._tables.endpoints[webhook.id] = replace(
                state,
                failures=verdict.failures,
                paused_until=verdict.paused_until,
                throttled_until=verdict.throttled_until,
                lease_until=now if lease_until is None else lease_until,
                lease_id=None if lease_until is None else state.lease_id,
            )
            self._disable(webhook.id, verdict.disabled_reason, now)
        known = self._tables.webhook_events.get(event.id)
        if known is None or known.status is not WebhookEventStatus.PENDING:
            return
        known = replace(
            known,
            attempts=(*known.attempts, attempt),
            failures=0 if attempt.succeeded else known.failures + 1,
            last_status_code=attempt.status_code,
            last_error=attempt.error,
        )
        if is_held or verdict.status is WebhookEventStatus.DELIVERED:
            is_delivered = verdict.status is WebhookEventStatus.DELIVERED
            known = replace(
                known,
                status=verdict.status,
                next_attempt_at=verdict.next_attempt_at,
                delivered_at=now if is_delivered else known.delivered_at,
            )
        self._tables.webhook_events[event.id] = known

    async def release(self, endpoint: Endpoint) -> None:
        state = self._state(endpoint.webhook.id)
        if state.lease_id == endpoint.lease_id:
            self._tables.endpoints[endpoint.webhook.id] = replace(state, lease_id=None, lease_until=None)

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
        if webhook_id not in self._tables.webhooks:
            return
        known = self._tables.webhook_events.get(event_id) or WebhookEventRecord(
            id=event_id,
            webhook_id=webhook_id,
            execution_id=execution_id,
            event_type=event_type,
            status=WebhookEventStatus.FAILED,
            payload=payload,
            created_at=attempt.at,
        )
        self._tables.webhook_events[event_id] = replace(
            known,
            payload=payload,
            status=WebhookEventStatus.DELIVERED if attempt.succeeded else WebhookEventStatus.FAILED,
            attempts=(*known.attempts, attempt),
            last_status_code=attempt.status_code,
            last_error=attempt.error,
            delivered_at=attempt.at if attempt.succeeded else None,
        )

    async def forget(self, *, before: datetime, limit: int) -> int:
        doomed = [
            event.id
            for event in self._tables.webhook_events.values()
            if event.created_at < before
            and (event.status is not WebhookEventStatus.PENDING or not self._tables.webhooks[event.webhook_id].enabled)
        ]
        for id in sorted(doomed)[:limit]:
            del self._tables.webhook_events[id]
        return min(len(doomed), limit)

    def _state(self, webhook_id: UUID) -> EndpointState:
        return self._tables.endpoints.get(webhook_id, EndpointState())

    def _served_at(self, webhook: WebhookRecord) -> tuple[bool, float]:
        """The sort key of endpoints to serve: those never served come first."""
        until = self._state(webhook.id).lease_until
        return until is not None, 0.0 if until is None else until.timestamp()

    def _due(self, webhook_id: UUID, now: datetime, limit: int) -> tuple[WebhookEventRecord, ...]:
        waiting = in_turn(
            event
            for event in self._tables.webhook_events.values()
            if event.webhook_id == webhook_id and event.status is WebhookEventStatus.PENDING
        )
        is_open = _is_past(self._state(webhook_id).paused_until, now)
        new = [event for event in waiting if is_open and not event.attempts]
        again = [event for event in waiting if event.attempts and _is_past(event.next_attempt_at, now)]
        return (*new[:limit], *again[:limit])

    def _disable(self, webhook_id: UUID, reason: str | None, now: datetime) -> None:
        webhook = self._tables.webhooks[webhook_id]
        if reason is None or not webhook.enabled:
            return
        self._tables.webhooks[webhook_id] = replace(webhook, enabled=False, disabled_reason=reason, updated_at=now)
        data = disabled_data(webhook_id, webhook.name, reason)
        self._tables.outbox.append(OutboxEvent(type=EventType.WEBHOOK_DISABLED, at=now, data=data))


def _endpoint(
    webhook: WebhookRecord, lease_id: UUID, state: EndpointState, due: tuple[WebhookEventRecord, ...]
) -> Endpoint:
    return Endpoint(
        webhook=webhook, lease_id=lease_id, failures=state.failures, paused_until=state.paused_until, due=due
    )


def _is_past(at: datetime | None, now: datetime) -> bool:
    """True when a time has come, or none is set."""
    return at is None or at <= now
