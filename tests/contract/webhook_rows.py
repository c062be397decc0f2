"""Webhooks to store and events to send, with everything that a test does not care about filled in."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.kernel.ids import new_id
from domain.kernel.statuses import ExecutionStatus, WebhookDirection, WebhookEventStatus
from domain.webhooks.model import Endpoint, WebhookAttempt, WebhookEventRecord, WebhookRecord, judge
from tests.contract.conftest import Storage
from tests.contract.rows import NOW, claimed, end_of

LEASE = timedelta(seconds=30)


def outbound(name: str = "orders", **given: Any) -> WebhookRecord:
    """A webhook that wants to know everything."""
    values: dict[str, Any] = {
        "id": new_id(),
        "name": name,
        "direction": WebhookDirection.OUTBOUND,
        "url": "https://receiver.test/",
        "secret": b"sealed",
        "created_at": NOW,
        "updated_at": NOW,
    }
    return WebhookRecord(**(values | given))


def inbound(name: str = "shop", **given: Any) -> WebhookRecord:
    """A webhook that starts something."""
    return outbound(name, **({"direction": WebhookDirection.INBOUND, "url": None, "workflow_id": new_id()} | given))


def arrival(webhook: WebhookRecord, **given: Any) -> WebhookEventRecord:
    """Something that has come in."""
    values: dict[str, Any] = {
        "id": new_id(),
        "webhook_id": webhook.id,
        "event_type": "order.created",
        "status": WebhookEventStatus.RECEIVED,
        "payload": {"order": 7},
        "created_at": NOW,
        "execution_id": new_id(),
        "external_id": None,
    }
    return WebhookEventRecord(**(values | given))


async def registered(storage: Storage, name: str = "orders", **given: Any) -> WebhookRecord:
    """An outbound webhook that is stored."""
    webhook = outbound(name, **given)
    await storage.webhooks.create(webhook)
    return webhook


async def end_execution(storage: Storage, **given: Any) -> UUID:
    """Run an execution to its end, so that two events wait in the outbox."""
    change: dict[str, Any] = {"status": ExecutionStatus.COMPLETED}
    change |= {name: given.pop(name) for name in ("status", "output", "error", "finished_at") if name in given}
    claim = await claimed(storage, **given)
    await storage.executions.commit(end_of(claim, starts=True, **change))
    return claim.execution.id


async def queued(storage: Storage, webhook: WebhookRecord) -> list[WebhookEventRecord]:
    """The events of a webhook in the order in which they happened, once the outbox is empty."""
    while await storage.relay.relay(100, NOW):
        pass
    page = await storage.webhooks.events_page(webhook.id, first=1000, after=None)
    return sorted(page.rows, key=lambda event: event.position or 0)


async def claim_one(storage: Storage, now: datetime = NOW, *, events: int = 10) -> Endpoint:
    """The one endpoint that has something due."""
    (endpoint,) = await storage.deliveries.claim(now=now, lease=LEASE, endpoints=10, events=events)
    return endpoint


async def attempt_at(
    storage: Storage,
    endpoint: Endpoint,
    event: WebhookEventRecord,
    *,
    now: datetime = NOW,
    status_code: int = 200,
    retry_after: timedelta | None = None,
    keeps: bool = False,
) -> None:
    """Record how the receiver answered an event; `keeps` the endpoint."""
    error = None if status_code == 200 else f"The receiver answered {status_code}."
    attempt = WebhookAttempt(at=now, duration=timedelta(seconds=0.25), status_code=status_code, error=error)
    verdict = judge(attempt, endpoint, event, retry_after=retry_after, chance=0.5, now=now)
    await storage.deliveries.record(
        endpoint, event, attempt, verdict, lease_until=now + LEASE if keeps else None, now=now
    )
