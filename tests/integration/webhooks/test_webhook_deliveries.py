"""Delivering to registered webhooks: what receivers get, in which order, whoever delivers it and whoever dies."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import redis.asyncio
from standardwebhooks import Webhook

from actors.webhooks.deliveries import DelivererOptions
from domain.kernel.ids import IdKind, from_public, to_public
from domain.webhooks.standard_webhooks import refusal_of
from tests.integration.webhook_world import NEWER_SECRET, OPTIONS, SECRET, World, a_world, numbers
from tests.scripted_service import HANG, reply
from tests.waiting import wait_until


@pytest.fixture
async def world(empty_postgres_url: str) -> AsyncIterator[World]:
    async with a_world(empty_postgres_url) as world:
        yield world


async def test_a_receiver_gets_what_has_happened_in_order_and_can_believe_it(world: World) -> None:
    service, webhook = await world.receiver()
    await world.happen(range(30))
    await world.happen(range(30, 45))
    async with world.worker():
        await world.until_delivered(webhook)

    assert numbers(service.asked) == list(range(45))
    events = await world.events(webhook)
    assert [asked.headers["webhook-id"] for asked in service.asked] == [
        to_public(IdKind.WEBHOOK_EVENT, event.id) for event in events
    ]
    for asked in service.asked:
        assert (asked.method, asked.target) == ("POST", "/hook")
        assert asked.headers["content-type"] == "application/json"
        assert asked.headers["user-agent"] == "stepgraph/test"
        payload = Webhook(SECRET).verify(asked.body, dict(asked.headers))
        assert payload["type"] == "circuit_breaker.opened"
    [attempt] = events[0].attempts
    assert (attempt.status_code, attempt.error, attempt.excerpt) == (200, None, "{}")


async def test_while_its_secret_rotates_a_receiver_may_know_either(world: World) -> None:
    service, webhook = await world.receiver()
    now = world.clock.now()
    rotated = world.sealed(webhook.id, NEWER_SECRET)
    await world.webhooks.rotate(webhook.id, secret=rotated, previous_until=now + timedelta(hours=24), now=now)
    await world.happen([1])
    async with world.worker():
        await world.until_delivered(webhook)
        world.clock.advance(timedelta(hours=25))
        await world.happen([2])
        await world.until_delivered(webhook)

    both, newest = service.asked
    for secret in (SECRET, NEWER_SECRET):
        Webhook(secret).verify(both.body, dict(both.headers))
    later = world.clock.now()
    assert refusal_of([NEWER_SECRET], newest.headers, newest.body, later) is None
    assert refusal_of([SECRET], newest.headers, newest.body, later) is not None


async def test_what_a_worker_was_sending_when_it_died_is_sent_again(world: World) -> None:
    service, webhook = await world.receiver()
    service.script = lambda _: HANG
    await world.happen(range(3))
    dying = world.deliverer()
    await dying.deliver()
    await wait_until(lambda: service.asked, "it is being sent")
    # It is never heard of again: nothing is recorded, and its lease stands.
    service.script = lambda _: reply({})
    async with world.worker():
        world.clock.advance(OPTIONS.lease)
        await world.until_delivered(webhook)
    assert numbers(service.asked) == [0, 0, 1, 2]
    again, first, *_ = service.asked
    assert again.headers["webhook-id"] == first.headers["webhook-id"]
    async with dying:
        pass


async def test_a_worker_that_stops_lets_go_of_its_endpoints(world: World) -> None:
    service, webhook = await world.receiver()
    service.script = lambda _: HANG
    await world.happen([1])
    async with world.deliverer() as stopping:
        await stopping.deliver()
        await wait_until(lambda: service.asked, "it is being sent")
    service.script = lambda _: reply({})
    async with world.worker():
        await world.until_delivered(webhook)


async def test_a_worker_that_stops_finishes_what_it_is_sending_and_another_goes_on(world: World) -> None:
    service, webhook = await world.receiver()
    await world.happen(range(60))
    async with world.deliverer(DelivererOptions(grace=timedelta(seconds=30))) as stopping:
        await stopping.deliver()
        await wait_until(lambda: service.asked, "it is sending")
    assert (await world.statuses(webhook)).count("DELIVERED") == len(service.asked)
    async with world.worker():
        await world.until_delivered(webhook)
    assert numbers(service.asked) == list(range(60))


async def test_several_workers_send_each_event_once_and_in_order(world: World) -> None:
    receivers = [await world.receiver(f"receiver {number}") for number in range(4)]
    async with world.worker(), world.worker(), world.worker():
        for first in range(0, 80, 20):
            await world.happen(range(first, first + 20))
        await world.until_delivered(*(webhook for _, webhook in receivers))
    for service, _ in receivers:
        assert numbers(service.asked) == list(range(80))


async def test_more_endpoints_than_are_served_at_a_time_all_get_their_turn(world: World) -> None:
    receivers = [await world.receiver(f"receiver {number}") for number in range(6)]
    await world.happen(range(10))
    async with world.worker(DelivererOptions(endpoints=2, events=2, turns=2)):
        await world.until_delivered(*(webhook for _, webhook in receivers))
    for service, _ in receivers:
        assert numbers(service.asked) == list(range(10))


async def test_a_redis_that_is_emptied_loses_nothing(world: World, empty_redis_url: str) -> None:
    service, webhook = await world.receiver()
    await world.happen(range(5))
    client = redis.asyncio.from_url(empty_redis_url)
    await client.flushall()
    await client.aclose()
    async with world.worker():
        await world.until_delivered(webhook)
    assert numbers(service.asked) == list(range(5))


async def test_what_was_delivered_is_sent_once_more_when_somebody_asks(world: World) -> None:
    service, webhook = await world.receiver()
    await world.happen([1])
    async with world.worker():
        await world.until_delivered(webhook)
        [event] = await world.events(webhook)
        await world.webhooks.replay(event.id, world.clock.now())
        await wait_until(lambda: len(service.asked) == 2, "the replay")
        await world.until_delivered(webhook)
    first, again = service.asked
    assert from_public(again.headers["webhook-id"], IdKind.WEBHOOK_EVENT) == event.id
    assert first.body == again.body
    assert len((await world.events(webhook))[0].attempts) == 2
