"""Properties of Redis alone: its absence, lost announcements, and changes too large to travel."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from uuid import UUID

import pytest
import redis.asyncio

from domain.executions.records import ExecutionChange
from domain.kernel.ids import new_id
from persistence.memory import MemoryStorage
from persistence.memory.executions.queries import MemoryExecutionQueries
from persistence.redis.progress.feed import RedisProgressFeed
from persistence.redis.progress.publisher import RedisProgressPublisher
from tests.contract.conftest import over_memory
from tests.contract.progress.test_progress import change, heard
from tests.contract.proxy import Proxy
from tests.contract.rows import claimed, delta_of, step
from tests.waiting import wait_until


@pytest.fixture
async def proxy(empty_redis_url: str) -> AsyncIterator[Proxy]:
    async with Proxy(empty_redis_url, default_port=6379) as proxy:
        yield proxy


async def woken(changes: AsyncIterator[ExecutionChange | None]) -> None:
    """Wait for a wake-up; changes are passed over."""
    async with asyncio.timeout(20):
        while await anext(changes) is not None:
            pass


async def sent_until_heard(
    publisher: RedisProgressPublisher, item: ExecutionChange, changes: AsyncIterator[ExecutionChange | None]
) -> None:
    """Publish again and again: while Redis comes back, some announcements are lost."""
    hearing = asyncio.create_task(heard(changes))

    def send() -> bool:
        publisher.publish([item])
        return hearing.done()

    await wait_until(send, "an announcement is heard", interval=0.1)
    assert (await hearing).sequence == item.sequence


class CountingQueries(MemoryExecutionQueries):
    """Counts how often sequences were asked for."""

    checks = 0

    async def sequences(self, ids: Collection[UUID]) -> Mapping[UUID, int]:
        self.checks += 1
        return await super().sequences(ids)


async def test_whoever_missed_a_change_is_woken_and_nobody_else(empty_redis_url: str) -> None:
    memory = MemoryStorage()
    queries = CountingQueries(memory.tables)
    claim = await claimed(over_memory(memory))  # its own publisher: nothing reaches Redis
    async with (
        RedisProgressFeed(empty_redis_url, queries, check_interval=0.01) as feed,
        feed.listen(claim.execution.id) as changes,
    ):
        await woken(changes)  # at first it is not known what the listener knows
        await memory.executions.commit(delta_of(claim, step("a")))
        await woken(changes)
        quiet = asyncio.ensure_future(anext(changes))
        until = queries.checks + 10
        await wait_until(lambda: queries.checks >= until, "ten more checks")
        assert not quiet.done()
        quiet.cancel()


async def test_a_feed_started_while_redis_is_away_hears_when_it_is_back(proxy: Proxy) -> None:
    await proxy.cut()
    id = new_id()
    async with (
        RedisProgressFeed(proxy.url, MemoryStorage().queries) as feed,
        RedisProgressPublisher(proxy.url) as publisher,
        feed.listen(id) as changes,
        feed.listen_all() as everything,
    ):
        await proxy.mend()
        await woken(everything)
        await sent_until_heard(publisher, change(id, 1, "a"), changes)


async def test_after_an_absence_of_redis_listeners_are_woken_and_hear_again(proxy: Proxy) -> None:
    memory = MemoryStorage()
    claim = await claimed(over_memory(memory))
    id = claim.execution.id
    async with (
        RedisProgressFeed(proxy.url, memory.queries, check_interval=3_600) as feed,
        RedisProgressPublisher(proxy.url) as publisher,
        feed.listen(id) as changes,
        feed.listen_all() as everything,
    ):
        await sent_until_heard(publisher, change(id, 1, "a"), changes)
        await heard(everything)
        await proxy.cut()
        for _ in range(3):
            await memory.executions.commit(delta_of(claim, step("a")))
        publisher.publish([change(id, 2, "a")])
        async with feed.listen(new_id()):  # entering does not wait for Redis
            pass
        await proxy.mend()
        await woken(changes)
        await woken(everything)
        await sent_until_heard(publisher, change(id, 4, "a"), changes)


async def test_a_change_too_large_to_travel_comes_without_its_steps(empty_redis_url: str) -> None:
    id = new_id()
    large = change(id, 1, "a", output={"text": "x" * 70_000})
    async with (
        RedisProgressFeed(empty_redis_url, MemoryStorage().queries) as feed,
        RedisProgressPublisher(empty_redis_url) as publisher,
        feed.listen(id) as changes,
    ):
        publisher.publish([large, change(id, 2, "b")])
        first, second = await heard(changes), await heard(changes)
    assert (first.sequence, first.steps, first.output) == (1, None, None)
    assert second == change(id, 2, "b")


async def test_many_changes_arrive_whole_and_in_order(empty_redis_url: str) -> None:
    ids = [new_id() for _ in range(100)]
    async with (
        RedisProgressFeed(empty_redis_url, MemoryStorage().queries) as feed,
        RedisProgressPublisher(empty_redis_url) as publisher,
    ):

        async def follow(id: UUID) -> list[int]:
            async with feed.listen(id) as changes:
                ready.release()
                return [(await heard(changes)).sequence for _ in range(50)]

        ready = asyncio.Semaphore(0)
        following = [asyncio.create_task(follow(id)) for id in ids]
        for _ in ids:
            await ready.acquire()
        for sequence in range(1, 51):
            publisher.publish([change(id, sequence, "a") for id in ids])
            await asyncio.sleep(0)
        assert await asyncio.gather(*following) == [list(range(1, 51))] * 100


async def test_what_is_no_change_is_passed_over(empty_redis_url: str) -> None:
    id = new_id()
    async with (
        RedisProgressFeed(empty_redis_url, MemoryStorage().queries) as feed,
        RedisProgressPublisher(empty_redis_url) as publisher,
        redis.asyncio.Redis.from_url(empty_redis_url) as client,
        feed.listen(id) as changes,
    ):
        for junk in ("", "{}", "[1]", '[{"execution_id": "x"}]', f'[{{"execution_id": "{id}"}}]'):
            await client.publish(f"stepgraph:progress:{id.int % 64}", junk)
        publisher.publish([change(id, 1)])
        assert (await heard(changes)).sequence == 1
        assert await client.dbsize() == 0


async def test_publishing_never_waits_however_long_redis_is_away(proxy: Proxy) -> None:
    await proxy.cut()
    async with RedisProgressPublisher(proxy.url, max_queued=100) as publisher:
        for sequence in range(1, 1_001):
            publisher.publish([change(new_id(), sequence)])


async def test_no_more_changes_wait_than_are_allowed_and_the_newest_are_kept(empty_redis_url: str) -> None:
    id = new_id()
    async with (
        RedisProgressFeed(empty_redis_url, MemoryStorage().queries) as feed,
        RedisProgressPublisher(empty_redis_url, max_queued=100) as publisher,
        feed.listen(id) as changes,
    ):
        publisher.publish([change(id, sequence) for sequence in range(1, 1_001)])
        found = [await heard(changes)]
        while found[-1].sequence < 1_000:
            found.append(await heard(changes))
    assert sum(each.covers for each in found) == 100


async def test_channels_that_nobody_listens_to_are_left_after_a_while(empty_redis_url: str) -> None:
    async def subscribed() -> Sequence[bytes | str]:
        return [name for name in await client.pubsub_channels() if name != b"stepgraph:feed"]

    async with (
        RedisProgressFeed(empty_redis_url, MemoryStorage().queries, check_interval=0.02, linger=0) as feed,
        redis.asyncio.Redis.from_url(empty_redis_url) as client,
    ):
        async with feed.listen(new_id()), feed.listen_all():
            assert len(await subscribed()) == 2

        async def is_silent() -> bool:
            return not await subscribed()

        await wait_until(is_silent, "no channel is subscribed")
        id = new_id()
        async with feed.listen(id) as changes, RedisProgressPublisher(empty_redis_url) as publisher:
            publisher.publish([change(id, 1)])
            assert (await heard(changes)).sequence == 1


async def test_of_many_changes_only_those_are_sent_that_somebody_listens_to(empty_redis_url: str) -> None:
    followed, *others = (new_id() for _ in range(200))
    others = [id for id in others if id.int % 64 != followed.int % 64]
    async with (
        RedisProgressFeed(empty_redis_url, MemoryStorage().queries) as feed,
        RedisProgressPublisher(empty_redis_url) as publisher,
        redis.asyncio.Redis.from_url(empty_redis_url) as client,
        feed.listen(followed) as changes,
    ):
        before = await messages_sent(client)
        publisher.publish([change(id, 1, "a") for id in (*others, followed)])
        assert (await heard(changes)).execution_id == followed
        assert await messages_sent(client) - before == 1


async def messages_sent(client: "redis.asyncio.Redis") -> int:
    """The number of PUBLISH commands that the server has seen."""
    stats = await client.info("commandstats")
    return int(stats.get("cmdstat_publish", {}).get("calls", 0))
