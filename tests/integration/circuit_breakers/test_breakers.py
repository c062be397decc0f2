"""Circuit breakers of two workers over one Redis and one PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from actors.circuit_breakers.breakers import WorkerBreakers
from actors.circuit_breakers.machine import PROBE_LOST_AFTER
from domain.circuit_breakers.model import BreakerChanges, BreakerSnapshot
from domain.circuit_breakers.ports import Permit
from domain.circuit_breakers.service import BreakerService
from tests.integration.breaker_world import (
    API,
    CLOSED,
    HALF_OPEN,
    OPEN,
    RESET,
    World,
    a_world,
    all_refuse,
    fail,
    permits_of,
    probe_of,
    refuses,
)
from tests.waiting import wait_until


@pytest.fixture
async def world(empty_postgres_url: str, empty_redis_url: str) -> AsyncIterator[World]:
    async with a_world(empty_postgres_url, empty_redis_url) as world:
        yield world


async def test_calls_that_fail_at_once_everywhere_open_it_once_at_exactly_the_threshold(world: World) -> None:
    await world.configure(failure_threshold=150)
    one, two = await world.worker(), await world.worker()
    calls = [(worker, permit) for worker in (one, two) for permit in await permits_of(worker, 100)]
    assert len(calls) == 200

    await asyncio.gather(*(worker.failed(permit) for worker, permit in calls[::2]))
    closed = await world.shared()
    assert closed is not None
    assert (closed.state, closed.failure_count, closed.generation) == (CLOSED, 100, 0)

    await asyncio.gather(*(worker.failed(permit) for worker, permit in calls[1::2]))

    opened = await world.stored(OPEN)
    assert opened == await world.shared()
    assert (opened.failure_count, opened.version, opened.generation) == (150, 150, 1)
    assert opened.next_probe_at == world.clock.now() + RESET
    await all_refuse([one, two])
    assert await world.told() == ["circuit_breaker.opened"]


async def test_there_are_never_more_probes_than_places_and_enough_successes_close_it(world: World) -> None:
    await world.configure(failure_threshold=1, half_open_max_calls=3, success_threshold=4)
    workers = [await world.worker(), await world.worker()]
    await fail(workers[0])
    await all_refuse(workers)
    await world.stored(OPEN)
    world.clock.advance(RESET)

    answers = await asyncio.gather(*(permits_of(worker, 30) for worker in workers))
    probes = [(worker, permit) for worker, found in zip(workers, answers, strict=True) for permit in found]
    assert len(probes) == 3
    assert {permit.generation for _, permit in probes} == {2}

    worker, given_up = probes.pop()
    worker.abandoned(given_up)
    probes.append((workers[0], await probe_of(workers[0])))
    await asyncio.gather(*(worker.succeeded(permit) for worker, permit in probes))
    half_open = await world.shared()
    assert half_open is not None
    assert (half_open.state, half_open.success_count, half_open.probes) == (HALF_OPEN, 3, {})

    await workers[1].succeeded(await probe_of(workers[1]))

    closed = await world.stored(CLOSED)
    assert (closed.generation, closed.failure_count) == (3, 0)
    assert await world.told() == ["circuit_breaker.opened", "circuit_breaker.closed"]
    for worker in workers:

        async def all_go(worker: WorkerBreakers = worker) -> bool:
            return len(await permits_of(worker, 10)) == 10

        await wait_until(all_go, "the worker has heard that it is closed")


async def test_a_probe_that_fails_opens_it_again_and_the_others_change_nothing(world: World) -> None:
    await world.configure(failure_threshold=1, half_open_max_calls=2)
    one, two = await world.worker(), await world.worker()
    await fail(one)
    world.clock.advance(RESET)
    first, second = await probe_of(one), await probe_of(one)

    await one.failed(first)
    await one.succeeded(second)

    await all_refuse([one, two])
    opened = await world.shared()
    assert opened is not None
    assert (opened.state, opened.generation) == (OPEN, 3)


async def test_the_place_of_a_worker_that_died_is_given_to_another(world: World) -> None:
    await world.configure(failure_threshold=1)
    dead, alive = await world.worker(), await world.worker()
    await fail(dead)
    await all_refuse([alive])
    world.clock.advance(RESET)
    await probe_of(dead)
    await world.stored(HALF_OPEN)
    for worker in (alive, await world.worker()):  # the second one has only just met the service
        assert await refuses(worker)

    world.clock.advance(PROBE_LOST_AFTER)

    assert isinstance(await alive.admit(API), Permit)


async def test_while_a_service_is_healthy_nothing_is_asked(world: World) -> None:
    worker = await world.worker()
    await worker.succeeded(await probe_of(worker))  # the first call ever makes the breaker
    assert not await refuses(worker, "other:80")
    shared, until = await world.sharing(), world.clock.now() + RESET
    opened = BreakerSnapshot(service_id="other:80", state=OPEN, version=1, generation=1, next_probe_at=until)
    await shared.replace(opened, after=0)
    await all_refuse([worker], "other:80")  # once it has heard of this, it is done with its start
    await world.redis.config_resetstat()

    with world.database.counting() as statements:
        for _ in range(1_000):
            permit = await worker.admit(API)
            assert isinstance(permit, Permit)
            await worker.succeeded(permit)

    assert await world.commands() == {}
    assert statements == []
    await fail(worker)
    assert (await world.commands())["set"] == 1  # and the count does count


async def test_a_success_between_failures_counts_for_all_workers(world: World) -> None:
    one, two = await world.worker(), await world.worker()
    await fail(two, 2)
    await fail(one, 2)  # the second only after the first was made on what the other one had made
    await one.succeeded(await probe_of(one))
    shared = await world.shared()
    assert shared is not None
    assert (shared.failure_count, shared.version) == (0, 5)


async def test_what_an_operator_changes_reaches_workers_that_run(world: World) -> None:
    one, two = await world.worker(), await world.worker()
    service = BreakerService(store=world.store, shared=await world.sharing(), clock=world.clock)

    async def opens_at_once(worker: WorkerBreakers) -> bool:
        permit = await probe_of(worker)
        await worker.failed(permit)
        if await refuses(worker):
            return True
        await worker.succeeded(permit)
        return False

    assert not await opens_at_once(one)
    await service.configure(API, BreakerChanges(failure_threshold=1))
    await wait_until(lambda: opens_at_once(one), "the worker has heard of its new configuration")
    await all_refuse([two])
    await world.stored(OPEN)
    current = await service.find(API)
    assert current is not None
    assert current.snapshot.state is OPEN

    await service.reset(API)
    for worker in (one, two):
        await probe_of(worker)
    assert await world.told() == ["circuit_breaker.opened", "circuit_breaker.closed"]


async def test_a_breaker_that_was_deleted_begins_anew(world: World) -> None:
    worker = await world.worker()
    service = BreakerService(store=world.store, shared=await world.sharing(), clock=world.clock)
    await fail(worker, 5)
    await world.stored(OPEN)

    await service.delete(API)

    async def is_made_anew() -> bool:
        await refuses(worker)
        return await world.store.find(API) is not None

    await wait_until(is_made_anew, "the worker has heard of it, and its next call has made another")
    assert (await world.stored(CLOSED)).generation == 0
    assert (await probe_of(worker)).probe is None
    assert await world.told() == ["circuit_breaker.opened", "circuit_breaker.closed"]
    await fail(worker, 5)
    assert await refuses(worker)
    assert (await world.stored(OPEN)).failure_count == 5
