"""Events that come in are known again by their sender's id, over memory and PostgreSQL."""

import asyncio

from domain.kernel.statuses import WebhookEventStatus
from tests.contract.conftest import Storage
from tests.contract.webhook_rows import arrival, inbound


async def test_an_event_is_found_by_its_senders_id_within_its_webhook(storage: Storage) -> None:
    webhook, other = inbound("one"), inbound("two")
    for each in (webhook, other):
        await storage.webhooks.create(each)
    event = await storage.webhooks.record_inbound(arrival(webhook, external_id="msg_1"))
    await storage.webhooks.record_inbound(arrival(webhook))

    assert await storage.webhooks.find_inbound(webhook.id, "msg_1") == event
    assert await storage.webhooks.find_inbound(webhook.id, "msg_2") is None
    assert await storage.webhooks.find_inbound(other.id, "msg_1") is None


async def test_of_many_at_the_same_moment_one_is_stored_and_all_are_answered_with_it(storage: Storage) -> None:
    webhook = inbound()
    await storage.webhooks.create(webhook)
    events = [arrival(webhook, external_id="msg_1", payload=number) for number in range(50)]

    stored = await asyncio.gather(*(storage.webhooks.record_inbound(event) for event in events))

    assert len({event.id for event in stored}) == 1
    assert await storage.webhooks.events_counts([webhook.id]) == {webhook.id: 1}


async def test_what_was_refused_before_does_not_stand_in_the_way(storage: Storage) -> None:
    webhook = inbound()
    await storage.webhooks.create(webhook)
    refused = arrival(
        webhook,
        external_id="refused:msg_1",
        status=WebhookEventStatus.REJECTED,
        execution_id=None,
        last_error="input: It cannot be built.",
    )
    assert await storage.webhooks.record_inbound(refused) == refused
    taken = await storage.webhooks.record_inbound(arrival(webhook, external_id="msg_1"))
    assert await storage.webhooks.find_inbound(webhook.id, "msg_1") == taken
