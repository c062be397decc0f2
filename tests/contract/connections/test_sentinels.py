"""Redis behind Sentinel: whatever is the primary is found, and found again when another one has become it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from redis.exceptions import ReadOnlyError

from persistence.redis.clients import REDIS_FAULTS, redis_client
from persistence.redis.probe import complaint_of_redis
from persistence.redis.subscriber import RedisSubscriber
from persistence.redis.work_queue import WakingRedisBroker
from tests.contract.proxy import Proxy
from tests.sentinels import WatchedValkeys
from tests.waiting import wait_until

FAILOVER = 30.0
"""Seconds, more than any takes."""
CHANGES: list[Callable[[WatchedValkeys], Awaitable[None]]] = [
    WatchedValkeys.kill_primary,
    WatchedValkeys.demote_primary,
]


@pytest.fixture
async def valkeys(tmp_path: Path) -> AsyncIterator[WatchedValkeys]:
    async with WatchedValkeys(tmp_path) as valkeys:
        yield valkeys


async def test_all_that_hints_need_works_by_way_of_sentinels(valkeys: WatchedValkeys) -> None:
    assert await complaint_of_redis(valkeys.url) is None
    assert "redis+sentinel://" in str(await complaint_of_redis(valkeys.sentinel_url))


@pytest.mark.parametrize("change", CHANGES, ids=["killed", "demoted"])
async def test_commands_go_to_the_new_primary(
    valkeys: WatchedValkeys, change: Callable[[WatchedValkeys], Awaitable[None]]
) -> None:
    async with redis_client(valkeys.url, connections=4) as client:
        before = await client.info("server")
        await change(valkeys)

        async def is_another() -> bool:
            try:
                await client.set("stepgraph:written", "1", ex=60)
                now = await client.info("server")
            except REDIS_FAULTS:
                return False
            return bool(now["tcp_port"] != before["tcp_port"])

        await wait_until(is_another, "the new primary is written to", FAILOVER, 0.05)


@pytest.mark.parametrize("change", CHANGES, ids=["killed", "demoted"])
async def test_threads_go_to_the_new_primary(
    valkeys: WatchedValkeys, change: Callable[[WatchedValkeys], Awaitable[None]]
) -> None:
    broker = WakingRedisBroker(valkeys.url, middleware=[])
    try:
        before = await asyncio.to_thread(broker.client.info, "server")
        await change(valkeys)

        def is_another() -> bool:
            try:
                broker.wake("executions")
                return bool(broker.client.info("server")["tcp_port"] != before["tcp_port"])
            except REDIS_FAULTS:
                return False

        await wait_until(lambda: asyncio.to_thread(is_another), "the new primary is woken", FAILOVER, 0.05)
    finally:
        broker.client.close()


async def test_who_listens_hears_what_is_published_on_the_new_primary(valkeys: WatchedValkeys) -> None:
    heard: list[bytes] = []
    interruptions: list[bool] = []
    subscriber = RedisSubscriber(
        valkeys.url,
        "news",
        heard=lambda _, data: heard.append(data),
        connected=interruptions.append,
        channels=["stepgraph:news"],
    )
    async with redis_client(valkeys.url, connections=1) as client:

        async def is_heard() -> bool:
            try:
                await client.publish("stepgraph:news", "hello")
            except REDIS_FAULTS:
                return False
            return bool(heard)

        listening = asyncio.create_task(subscriber.run())
        try:
            await wait_until(is_heard, "it is heard", FAILOVER, 0.05)
            await valkeys.kill_primary()
            await wait_until(lambda: interruptions == [False, True], "it listens again", FAILOVER, 0.05)
            heard.clear()
            await wait_until(is_heard, "it is heard again", FAILOVER, 0.05)
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


async def test_a_connection_leaves_a_server_that_was_made_a_replica(valkeys: WatchedValkeys) -> None:
    """Also where no sentinel is asked: a name may lead to another server by then."""
    async with Proxy(valkeys.primary_url, default_port=6379) as proxy, redis_client(proxy.url, connections=1) as client:
        first = await client.client_id()
        await valkeys.demote_primary()

        async def refuses() -> bool:
            try:
                await client.set("stepgraph:written", "1", ex=60)
            except ReadOnlyError:
                return True
            except REDIS_FAULTS:
                return False
            return False

        await wait_until(refuses, "the first has become a replica", FAILOVER, 0.05)
        assert await client.client_id() != first
        assert "is a replica" in str(await complaint_of_redis(proxy.url))
