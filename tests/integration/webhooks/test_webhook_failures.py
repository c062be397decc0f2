"""Receivers of webhooks that do not answer, or answer something else: tried again, left alone, and given up."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from actors.webhooks.deliveries import DelivererOptions
from domain.kernel.ids import IdKind, to_public
from domain.kernel.statuses import EventType, WebhookEventStatus
from domain.webhooks.model import DISABLED_AFTER, EXCERPT_BYTES, WebhookChanges
from tests.integration.webhook_world import OPENED, World, a_world, numbers
from tests.scripted_service import HANG, Asked, raw_reply, reply
from tests.waiting import wait_until


@pytest.fixture
async def world(empty_postgres_url: str) -> AsyncIterator[World]:
    async with a_world(empty_postgres_url) as world:
        yield world


async def test_what_fails_is_tried_again_under_the_same_id_and_holds_nothing_up(world: World) -> None:
    service, webhook = await world.receiver()
    failing = {"left": 2}

    def script(asked: Asked) -> bytes:
        if asked.json["data"]["number"] == 0 and failing["left"]:
            failing["left"] -= 1
            return raw_reply(b"\x00" + b"x" * 5_000, 500)
        return reply({})

    service.script = script
    await world.happen(range(3))
    async with world.worker():

        async def others_are_there() -> bool:
            return (await world.statuses(webhook))[1:] == ["DELIVERED", "DELIVERED"]

        await world.failed(webhook)
        world.clock.advance(timedelta(seconds=1))
        await wait_until(others_are_there, "the later ones are delivered", interval=0.02)
        world.clock.advance(timedelta(seconds=4))
        await wait_until(lambda: numbers(service.asked).count(0) == 2, "the second attempt")
        first = await world.failed(webhook, 2)
        assert first.next_attempt_at is not None
        assert first.next_attempt_at - first.attempts[1].at > timedelta(minutes=4)
        world.clock.advance(timedelta(minutes=5))
        await world.until_delivered(webhook)

    assert numbers(service.asked) == [0, 1, 2, 0, 0]
    attempts = [asked for asked in service.asked if asked.json["data"]["number"] == 0]
    assert len({asked.headers["webhook-id"] for asked in attempts}) == 1
    assert len({asked.headers["webhook-timestamp"] for asked in attempts}) == 3
    event = (await world.events(webhook))[0]
    assert [attempt.status_code for attempt in event.attempts] == [500, 500, 200]
    assert event.attempts[0].error == "The receiver answered 500."
    assert event.attempts[0].excerpt == "\ufffd" + "x" * (EXCERPT_BYTES - 1)
    assert (event.last_status_code, event.last_error, event.failures) == (200, None, 0)


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/latest/meta-data", "http://10.0.0.1/hook", "http://[::ffff:10.0.0.1]/hook"]
)
async def test_no_private_address_is_called(world: World, url: str) -> None:
    _, webhook = await world.receiver(url=url)
    await world.happen([1])
    async with world.worker():
        event = await world.failed(webhook)

    assert (event.status, event.last_status_code) == (WebhookEventStatus.PENDING, None)
    assert event.last_error is not None and "the destination is not allowed" in event.last_error


async def test_a_receiver_is_left_alone_for_as_long_as_it_asks(world: World) -> None:
    service, webhook = await world.receiver()
    service.script = lambda _: reply({}, 503, retry_after="3600")
    await world.happen(range(2))
    async with world.worker():
        await wait_until(lambda: service.asked, "the first attempt")
        event = await world.failed(webhook)
        assert event.next_attempt_at is not None
        assert event.next_attempt_at - event.attempts[0].at >= timedelta(hours=1)
        service.script = lambda _: reply({})
        world.clock.advance(timedelta(minutes=55))
        other, beside = await world.receiver("beside")
        await world.happen([7])
        await world.until_delivered(beside)
        assert (len(other.asked), len(service.asked)) == (1, 1)
        world.clock.advance(timedelta(minutes=6))
        await world.until_delivered(webhook)
    assert numbers(service.asked) == [0, 1, 7, 0]


@pytest.mark.parametrize("status", [301, 304, 404, 500])
async def test_only_a_2xx_is_a_success_and_redirects_are_not_followed(world: World, status: int) -> None:
    service, webhook = await world.receiver()
    service.script = lambda _: raw_reply(b"", status, location="/elsewhere")
    await world.happen([1])
    async with world.worker():
        event = await world.failed(webhook)
    assert (event.status, event.last_status_code) == (WebhookEventStatus.PENDING, status)
    assert service.targets == ["/hook"]


async def test_a_receiver_that_is_gone_is_given_up_and_others_are_told(world: World) -> None:
    gone, webhook = await world.receiver("gone")  # which wants to be told of everything
    told, beside = await world.receiver("told", event_types=(EventType.WEBHOOK_DISABLED,))
    gone.script = lambda _: reply({}, 410)
    await world.happen(range(3))
    async with world.worker():

        async def is_told() -> bool:
            return await world.relay.relay(10, world.clock.now()) == 1

        await wait_until(is_told, "it is disabled", interval=0.02)
        await world.until_delivered(beside)
    assert len(gone.asked) == 1
    assert {event.event_type for event in await world.events(webhook)} == {OPENED.value}
    assert told.asked[0].json["data"] == {
        "id": to_public(IdKind.WEBHOOK, webhook.id),
        "name": "gone",
        "reason": "The receiver answered 410 Gone.",
    }
    stored = await world.webhooks.find(id=webhook.id)
    assert stored is not None
    assert not stored.enabled


async def test_a_receiver_that_has_failed_for_days_is_given_up_and_gets_what_waits_once_it_is_enabled(
    world: World,
) -> None:
    service, webhook = await world.receiver()
    service.script = lambda _: reply({}, 500)
    await world.happen([1])
    async with world.worker():
        await world.failed(webhook)
        world.clock.advance(DISABLED_AFTER)
        await world.failed(webhook, 2)
        given_up = await world.webhooks.find(id=webhook.id)
        assert given_up is not None
        assert (given_up.enabled, given_up.disabled_reason) == (False, "Every delivery has failed for 5 days.")

        service.script = lambda _: reply({})
        world.clock.advance(timedelta(hours=1))
        await world.webhooks.update(webhook.id, WebhookChanges(enabled=True), now=world.clock.now())
        await world.until_delivered(webhook)
    assert numbers(service.asked) == [1, 1, 1]


async def test_a_slow_receiver_delays_nobody_else_and_times_out_once(world: World) -> None:
    slow, stuck = await world.receiver("slow")
    slow.script = lambda _: HANG
    others = [await world.receiver(f"other {number}") for number in range(3)]
    await world.happen(range(10))
    async with world.worker():
        await world.until_delivered(*(webhook for _, webhook in others))
        assert len(slow.asked) == 1
    for service, _ in others:
        assert numbers(service.asked) == list(range(10))
    async with world.worker(timeout=timedelta(seconds=0.05)):
        event = await world.failed(stuck)
    assert event.last_error is not None
    assert "no complete answer" in event.last_error
    # The rest of the backlog waits: nothing but the two attempts at the first one was made.
    assert numbers(slow.asked) == [0, 0]


async def test_receivers_that_fail_do_not_take_all_places(world: World) -> None:
    dead = [await world.receiver(f"dead {number}", event_types=(OPENED,)) for number in range(4)]
    for service, _ in dead:
        service.script = lambda _: reply({}, 500)
    await world.happen([1])
    async with world.worker():
        for _, webhook in dead:
            await world.failed(webhook)
    for service, _ in dead:
        service.script = lambda _: HANG
    world.clock.advance(timedelta(seconds=5))
    alive, beside = await world.receiver("alive")
    async with world.worker(DelivererOptions(endpoints=2, grace=timedelta(0))):
        await wait_until(lambda: any(len(service.asked) > 1 for service, _ in dead), "a dead one is asked again")
        await world.happen(range(2, 10))
        await world.until_delivered(beside)
    assert numbers(alive.asked) == list(range(2, 10))
    assert sum(len(service.asked) for service, _ in dead) == 5


async def test_what_cannot_be_signed_says_why_and_waits(world: World) -> None:
    service, unsealed = await world.receiver()
    await world.webhooks.rotate(unsealed.id, secret=b"?", previous_until=unsealed.created_at, now=unsealed.created_at)
    await world.happen([1])
    async with world.worker():
        lost = await world.failed(unsealed)
    assert lost.last_error is not None
    assert "cannot be decrypted" in lost.last_error
    assert lost.status is WebhookEventStatus.PENDING
    assert not service.asked
