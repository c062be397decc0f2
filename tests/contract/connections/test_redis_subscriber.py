"""One connection that listens on channels, however often Redis goes away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from domain.kernel.background_tasks import cancelled
from persistence.redis.clients import redis_client
from persistence.redis.subscriber import RedisSubscriber
from tests.contract.proxy import Proxy
from tests.waiting import wait_until


class Listener:
    """Notes what it hears, and each time that it is connected; does not understand `nonsense`."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.connected: list[bool] = []

    def hear(self, channel: str, data: bytes) -> None:
        if data == b"nonsense":
            raise KeyError("sense")
        self.heard.append((channel, data))


@asynccontextmanager
async def subscribed(
    url: str, listener: Listener, *channels: str, ping_every: timedelta = timedelta(minutes=1)
) -> AsyncIterator[RedisSubscriber]:
    """A subscriber that runs while the context lasts."""
    subscriber = RedisSubscriber(
        url,
        "words",
        heard=listener.hear,
        connected=listener.connected.append,
        channels=channels,
        ping_every=ping_every,
    )
    running = asyncio.create_task(subscriber.run())
    try:
        yield subscriber
    finally:
        await cancelled([running])


@pytest.fixture
async def proxy(empty_redis_url: str) -> AsyncIterator[Proxy]:
    async with Proxy(empty_redis_url, default_port=6379) as proxy:
        yield proxy


@pytest.fixture
def listener() -> Listener:
    return Listener()


async def publish(url: str, *messages: tuple[str, str]) -> None:
    async with redis_client(url, connections=1) as client:
        for channel, data in messages:
            await client.publish(channel, data)


async def until_connected(listener: Listener, *times: bool) -> None:
    await wait_until(lambda: listener.connected[: len(times)] == list(times), f"it was connected: {times}")


async def test_it_hears_what_comes_on_its_channels_and_on_no_other(empty_redis_url: str, listener: Listener) -> None:
    async with subscribed(empty_redis_url, listener, "first") as subscriber:
        await until_connected(listener, False)
        await subscriber.subscribe("second")
        await publish(empty_redis_url, ("first", "1"), ("other", "2"), ("second", "3"))
        await wait_until(lambda: len(listener.heard) == 2, "both are heard")

        assert listener.heard == [("first", b"1"), ("second", b"3")]


async def test_it_hears_nothing_more_on_a_channel_that_it_has_left(empty_redis_url: str, listener: Listener) -> None:
    async with subscribed(empty_redis_url, listener, "first", "second") as subscriber:
        await until_connected(listener, False)
        await subscriber.unsubscribe(["first"])
        await publish(empty_redis_url, ("first", "1"), ("second", "2"))
        await wait_until(lambda: bool(listener.heard), "the other is heard")

        assert (listener.heard, subscriber.channels) == ([("second", b"2")], ["second"])


async def test_a_channel_that_is_wanted_again_while_it_is_left_is_heard(
    empty_redis_url: str, listener: Listener
) -> None:
    async with subscribed(empty_redis_url, listener, "first", "second") as subscriber:
        await until_connected(listener, False)
        leaving = asyncio.create_task(subscriber.unsubscribe(["first", "second"]))
        await asyncio.sleep(0)
        await subscriber.subscribe("second")
        await leaving
        await publish(empty_redis_url, ("second", "1"))
        await wait_until(lambda: bool(listener.heard), "it is heard")


async def test_after_an_absence_it_says_so_and_listens_on_all_channels_again(
    proxy: Proxy, empty_redis_url: str, listener: Listener
) -> None:
    async with subscribed(proxy.url, listener, "first") as subscriber:
        await until_connected(listener, False)
        await proxy.cut()
        await wait_until(lambda: not subscriber.is_connected, "the loss is noticed")
        await subscriber.subscribe("second")
        await proxy.mend()
        await until_connected(listener, False, True)
        await publish(empty_redis_url, ("first", "1"), ("second", "2"))
        await wait_until(lambda: len(listener.heard) == 2, "both are heard")


async def test_a_loss_and_a_return_are_logged_once_each(
    proxy: Proxy, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "persistence.redis.subscriber")

    def count(text: str) -> int:
        return sum(text in message for message in caplog.messages)

    async with subscribed(proxy.url, listener):
        await until_connected(listener, False)
        await proxy.cut()
        await wait_until(lambda: count("Redis gives no words") == 1, "the loss is logged")
        await proxy.mend()
        await until_connected(listener, False, True)

    assert (count("Redis gives no words"), count("Redis gives words again")) == (1, 1)


async def test_a_connection_that_has_fallen_silent_is_noticed_and_made_anew(proxy: Proxy, listener: Listener) -> None:
    async with subscribed(proxy.url, listener, ping_every=timedelta(seconds=0.1)):
        await until_connected(listener, False)
        proxy.silence()
        await until_connected(listener, False, True)


async def test_a_connection_without_messages_lives_as_long_as_pings_are_answered(
    empty_redis_url: str, listener: Listener
) -> None:
    async with redis_client(empty_redis_url, connections=1) as client:
        await client.config_resetstat()

        async def is_pinged() -> bool:
            statistics = await client.info("commandstats")
            return int(statistics.get("cmdstat_ping", {}).get("calls", 0)) >= 3

        async with subscribed(empty_redis_url, listener, "first", ping_every=timedelta(seconds=0.5)):
            await until_connected(listener, False)
            await wait_until(is_pinged, "it has pinged three times")

            assert listener.connected == [False]


async def test_a_message_that_is_not_understood_is_passed_over_and_logged(
    empty_redis_url: str, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    async with subscribed(empty_redis_url, listener, "first"):
        await until_connected(listener, False)
        await publish(empty_redis_url, ("first", "nonsense"), ("first", "1"))
        await wait_until(lambda: bool(listener.heard), "the next one is heard")

    assert (listener.heard, listener.connected) == ([("first", b"1")], [False])
    assert "a message on first was not understood" in caplog.text
