"""The contract of the webhook store, over memory and PostgreSQL."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.kernel.errors import Conflict, InvalidState, NotFound
from domain.kernel.ids import new_id
from domain.kernel.statuses import EventType, InboundSignature, WebhookDirection, WebhookEventStatus
from domain.webhooks.model import WebhookChanges, WebhookRecord
from tests.contract.conftest import Storage
from tests.contract.rows import LATER, NOW, SOON
from tests.contract.webhook_rows import (
    arrival,
    attempt_at,
    claim_one,
    end_execution,
    inbound,
    outbound,
    queued,
    registered,
)


async def test_a_webhook_is_found_as_it_was_stored(storage: Storage) -> None:
    webhook = inbound(
        event_types=(EventType.EXECUTION_FAILED, EventType.EXECUTION_STARTED),
        signature=InboundSignature.GITHUB,
        input="{'order': body.id}",
        previous_secret=b"\x00older",
        previous_secret_until=LATER,
    )
    await storage.webhooks.create(webhook)
    assert await storage.webhooks.find(id=webhook.id) == webhook
    assert await storage.webhooks.find(name="shop") == webhook
    assert await storage.webhooks.find_many([webhook.id, new_id()]) == {webhook.id: webhook}
    assert await storage.webhooks.find(id=new_id()) is None


async def test_two_webhooks_cannot_have_one_name(storage: Storage) -> None:
    await registered(storage, "orders")
    other = await registered(storage, "invoices")
    with pytest.raises(Conflict, match="orders"):
        await storage.webhooks.create(inbound("orders"))
    with pytest.raises(Conflict, match="orders"):
        await _update(storage, other.id, name="orders")


async def test_webhooks_are_listed_newest_first_and_by_direction(storage: Storage) -> None:
    first, second = await registered(storage, "first"), await registered(storage, "second")
    third = inbound("third")
    await storage.webhooks.create(third)
    page = await storage.webhooks.page(None, first=2, after=None)
    assert page.rows == (third, second)
    assert page.has_next
    assert (await storage.webhooks.page(None, first=2, after=second.id)).rows == (first,)
    assert (await storage.webhooks.page(WebhookDirection.OUTBOUND, first=5, after=None)).rows == (second, first)
    assert await storage.webhooks.count(None) == 3
    assert await storage.webhooks.count(WebhookDirection.INBOUND) == 1


async def _update(storage: Storage, id: UUID, **given: Any) -> WebhookRecord:
    return await storage.webhooks.update(id, WebhookChanges(**given), now=SOON)


async def test_a_webhook_is_overwritten(storage: Storage) -> None:
    webhook = await registered(storage)
    workflow_id = new_id()
    updated = await _update(
        storage,
        webhook.id,
        name="sales",
        url="https://elsewhere.test/",
        event_types=(EventType.EXECUTION_FAILED,),
        workflow_id=workflow_id,
        enabled=False,
    )
    expected = outbound(
        "sales",
        id=webhook.id,
        url="https://elsewhere.test/",
        event_types=(EventType.EXECUTION_FAILED,),
        workflow_id=workflow_id,
        enabled=False,
        updated_at=SOON,
    )
    assert updated == expected
    assert await storage.webhooks.find(id=webhook.id) == expected
    with pytest.raises(NotFound):
        await _update(storage, new_id(), name="nothing")


async def test_what_a_change_does_not_give_stays_and_none_is_removed(storage: Storage) -> None:
    webhook = inbound(input="body.x", workflow_id=new_id(), failing_since=NOW)
    await storage.webhooks.create(webhook)
    assert await _update(storage, webhook.id) == replace(webhook, updated_at=SOON)
    assert (await _update(storage, webhook.id, name="other")).name == "other"
    without = await _update(storage, webhook.id, input=None)
    assert without == replace(webhook, name="other", input=None, updated_at=SOON)
    assert (await _update(storage, webhook.id, enabled=True)).failing_since == NOW
    assert (await _update(storage, webhook.id, event_types=("execution.failed",))).event_types == (
        EventType.EXECUTION_FAILED,
    )
    assert (await _update(storage, webhook.id, event_types=None)).event_types == ()


async def test_a_rotation_keeps_the_old_secret_for_a_while(storage: Storage) -> None:
    webhook = await registered(storage, secret=b"old")
    rotated = await storage.webhooks.rotate(webhook.id, secret=b"new", previous_until=LATER, now=NOW)
    assert rotated.sealed_secrets(SOON) == (b"new", b"old")
    assert rotated.sealed_secrets(LATER) == (b"new",)
    assert await storage.webhooks.find(id=webhook.id) == rotated
    with pytest.raises(NotFound):
        await storage.webhooks.rotate(new_id(), secret=b"new", previous_until=LATER, now=NOW)


async def test_a_webhook_goes_with_its_events(storage: Storage) -> None:
    webhook, other = await registered(storage), await registered(storage, "other")
    await end_execution(storage)
    events = await queued(storage, webhook)
    assert len(events) == 2
    await storage.webhooks.delete(webhook.id)
    assert await storage.webhooks.find(id=webhook.id) is None
    assert await storage.webhooks.events([event.id for event in events]) == {}
    assert await storage.webhooks.events_counts([webhook.id, other.id]) == {webhook.id: 0, other.id: 2}
    with pytest.raises(NotFound):
        await storage.webhooks.delete(webhook.id)


async def test_events_are_listed_newest_first_for_many_webhooks_at_once(storage: Storage) -> None:
    webhook, other = inbound(), inbound("other")
    await storage.webhooks.create(webhook)
    await storage.webhooks.create(other)
    events = [await storage.webhooks.record_inbound(arrival(webhook)) for _ in range(3)]
    page = await storage.webhooks.events_page(webhook.id, first=2, after=None)
    assert page.rows == (events[2], events[1])
    assert page.has_next
    assert (await storage.webhooks.events_page(webhook.id, first=2, after=events[1].id)).rows == (events[0],)
    pages = await storage.webhooks.events_pages([webhook.id, other.id], first=2)
    assert pages[webhook.id] == page
    assert pages[other.id].rows == ()
    assert await storage.webhooks.events_counts([webhook.id, other.id]) == {webhook.id: 3, other.id: 0}


async def test_events_are_listed_by_their_status(storage: Storage) -> None:
    webhook, other = inbound(), await registered(storage)
    await storage.webhooks.create(webhook)
    for status in (WebhookEventStatus.RECEIVED, WebhookEventStatus.REJECTED, WebhookEventStatus.REJECTED):
        await storage.webhooks.record_inbound(arrival(webhook, status=status))
    await end_execution(storage)
    first, second = await queued(storage, other)
    endpoint = await claim_one(storage)
    await attempt_at(storage, endpoint, first, keeps=True)
    await attempt_at(storage, endpoint, second, status_code=500)

    for name, counts in (("REJECTED", (2, 0)), ("RECEIVED", (1, 0)), ("PENDING", (0, 1)), ("DELIVERED", (0, 1))):
        wanted = WebhookEventStatus(name)
        assert tuple((await storage.webhooks.events_counts([webhook.id, other.id], wanted)).values()) == counts
        pages = await storage.webhooks.events_pages([webhook.id, other.id], first=5, status=wanted)
        assert tuple(len(page.rows) for page in pages.values()) == counts
        for id, page in pages.items():
            assert {event.status for event in page.rows} <= {wanted}
            assert await storage.webhooks.events_page(id, first=5, after=None, status=wanted) == page


async def test_what_comes_in_twice_is_stored_once(storage: Storage) -> None:
    webhook, other = inbound(), inbound("other")
    await storage.webhooks.create(webhook)
    await storage.webhooks.create(other)
    first = arrival(webhook, external_id="msg_1")
    assert await storage.webhooks.record_inbound(first) == first
    assert await storage.webhooks.record_inbound(arrival(webhook, external_id="msg_1", payload=None)) == first
    elsewhere = arrival(other, external_id="msg_1")
    assert await storage.webhooks.record_inbound(elsewhere) == elsewhere
    assert await storage.webhooks.events_counts([webhook.id]) == {webhook.id: 1}


async def test_what_is_rejected_is_stored_each_time(storage: Storage) -> None:
    webhook = inbound()
    await storage.webhooks.create(webhook)
    for _ in range(2):
        event = arrival(webhook, status=WebhookEventStatus.REJECTED, last_error="No signature.", execution_id=None)
        assert await storage.webhooks.record_inbound(event) == event
    assert await storage.webhooks.events_counts([webhook.id]) == {webhook.id: 2}


async def test_nothing_comes_in_for_a_webhook_that_is_gone(storage: Storage) -> None:
    with pytest.raises(NotFound):
        await storage.webhooks.record_inbound(arrival(inbound()))


async def test_what_was_delivered_can_be_sent_once_more(storage: Storage) -> None:
    webhook = await registered(storage, event_types=(EventType.EXECUTION_COMPLETED,))
    await end_execution(storage)
    (event,) = await queued(storage, webhook)
    await attempt_at(storage, await claim_one(storage), event)
    replayed = await storage.webhooks.replay(event.id, LATER)
    assert (replayed.status, replayed.next_attempt_at) == (WebhookEventStatus.PENDING, LATER)
    assert (len(replayed.attempts), replayed.failures, replayed.delivered_at) == (1, 0, None)
    assert [due.id for due in (await claim_one(storage, LATER)).due] == [event.id]


async def test_what_waits_for_its_next_attempt_can_have_it_now(storage: Storage) -> None:
    webhook = await registered(storage, event_types=(EventType.EXECUTION_COMPLETED,))
    await end_execution(storage)
    (event,) = await queued(storage, webhook)
    await attempt_at(storage, await claim_one(storage), event, status_code=500)
    assert (await storage.webhooks.replay(event.id, NOW)).failures == 1
    assert [due.id for due in (await claim_one(storage)).due] == [event.id]


async def test_what_cannot_be_sent_once_more_says_why(storage: Storage) -> None:
    webhook, source = await registered(storage, event_types=(EventType.EXECUTION_COMPLETED,)), inbound()
    await storage.webhooks.create(source)
    came_in = await storage.webhooks.record_inbound(arrival(source))
    with pytest.raises(InvalidState, match="came in"):
        await storage.webhooks.replay(came_in.id, NOW)
    await end_execution(storage)
    (event,) = await queued(storage, webhook)
    with pytest.raises(InvalidState, match="first way"):
        await storage.webhooks.replay(event.id, NOW)
    await attempt_at(storage, await claim_one(storage), event)
    await _update(storage, webhook.id, enabled=False)
    with pytest.raises(InvalidState, match="disabled"):
        await storage.webhooks.replay(event.id, NOW)
    with pytest.raises(NotFound):
        await storage.webhooks.replay(new_id(), NOW)


async def test_enabling_forgets_past_failures(storage: Storage) -> None:
    webhook = await registered(storage, event_types=(EventType.EXECUTION_COMPLETED,))
    await end_execution(storage)
    await end_execution(storage)
    (event, waiting) = await queued(storage, webhook)
    await attempt_at(storage, await claim_one(storage), event, status_code=410, retry_after=timedelta(hours=1))
    disabled = await storage.webhooks.find(id=webhook.id)
    assert disabled is not None
    assert not disabled.enabled
    assert disabled.disabled_reason is not None
    assert disabled.failing_since == NOW
    enabled = await _update(storage, webhook.id, enabled=True)
    assert enabled == replace(webhook, updated_at=SOON)
    assert [due.id for due in (await claim_one(storage)).due] == [waiting.id]
