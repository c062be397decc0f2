"""Circuit breakers of several workers while Redis is away, says nothing, or has lost everything."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from actors.circuit_breakers.breakers import WorkerBreakers
from domain.circuit_breakers.model import BreakerSnapshot
from domain.circuit_breakers.ports import Permit, Refused
from domain.kernel.errors import Unavailable
from persistence.redis.circuit_breakers.sharing import RedisSharedBreakers
from tests.contract.proxy import Proxy
from tests.integration.breaker_world import API, HALF_OPEN, OPEN, RESET, World, a_world, all_refuse, fail, refuses
from tests.waiting import wait_until


@pytest.fixture
async def world(empty_postgres_url: str, empty_redis_url: str) -> AsyncIterator[World]:
    async with a_world(empty_postgres_url, empty_redis_url) as world:
        yield world


async def test_it_stays_open_when_redis_is_emptied(world: World) -> None:
    workers = [await world.worker(), await world.worker()]
    await fail(workers[0], 5)
    await all_refuse(workers)
    await world.stored(OPEN)

    await world.redis.flushdb()
    workers.append(await world.worker())

    for worker in workers:
        assert await worker.admit(API) == Refused(API, world.clock.now() + RESET)
    world.clock.advance(RESET)
    answers = [await worker.admit(API) for worker in workers]
    assert [isinstance(answer, Permit) for answer in answers].count(True) == 1
    shared = await world.shared()
    assert shared is not None
    assert (shared.state, shared.generation) == (HALF_OPEN, 2)


async def test_what_one_begins_anew_after_redis_was_emptied_does_not_close_it(world: World) -> None:
    worker = await world.worker()
    await fail(worker, 5)
    await world.redis.flushdb()
    shared = await world.sharing()  # of a worker that had not heard of it yet
    await shared.replace(BreakerSnapshot(service_id=API, version=1, failure_count=1), after=0)
    world.clock.advance(RESET)

    assert isinstance(await worker.admit(API), Permit)

    known = await world.shared()
    assert known is not None
    assert (known.state, known.generation) == (HALF_OPEN, 2)


async def test_without_redis_each_worker_goes_on_and_takes_part_again(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "actors.circuit_breakers.link")

    def count(message: str) -> int:
        return sum(message in record.getMessage() for record in caplog.records)

    async with Proxy(world.redis_url, default_port=6379) as proxy, AsyncExitStack() as stack:
        world.stack = stack
        one, other = await world.worker(proxy.url), await world.worker()
        await fail(one)
        assert not await refuses(other)  # from now on it hears of this service through Redis alone
        await proxy.cut()

        await fail(one, 4)

        assert await refuses(one)
        assert not await refuses(other)
        assert (await world.stored(OPEN)).generation == 1
        assert count("go on for this process alone") == 1

        await proxy.mend()
        await wait_until(lambda: count("are shared again") == 1, "the worker takes part again")
        await all_refuse([other])
        opened = await world.shared()
        assert opened is not None
        assert opened.state is OPEN


async def test_a_redis_that_says_nothing_is_away_and_keeps_nobody_waiting(world: World) -> None:
    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65_536):
            pass
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as silent:
        port = silent.sockets[0].getsockname()[1]
        shared = await world.stack.enter_async_context(RedisSharedBreakers(f"redis://127.0.0.1:{port}/0"))
        async with asyncio.timeout(20):
            with pytest.raises(Unavailable):
                await shared.read([API])
            breakers = WorkerBreakers(shared=shared, store=world.store, clock=world.clock)
            async with breakers:
                await fail(breakers, 5)
                assert await refuses(breakers)
        await world.stack.aclose()


async def test_a_worker_that_starts_without_redis_reads_what_is_stored(world: World) -> None:
    worker = await world.worker()
    await fail(worker, 5)
    await world.stored(OPEN)

    alone = await world.breakers(await world.sharing("redis://127.0.0.1:1/0"))

    assert await alone.admit(API) == Refused(API, world.clock.now() + RESET)
