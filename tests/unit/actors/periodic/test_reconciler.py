"""The reconciler: nothing is stuck, whatever was lost."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from actors.periodic.reconciler import Reconciler, ReconcilerOptions
from domain.kernel.ids import derived_id, new_id
from domain.kernel.statuses import ExecutionStatus
from tests.builders import a_definition, constant, wait
from tests.unit.actors.world import World
from tests.waiting import wait_until

LEASE = timedelta(seconds=8)


@pytest.fixture
def world() -> World:
    return World()


def reconciler_of(
    world: World, quarantined_after: int = 3, settling: timedelta = timedelta(0), *, is_skewed: bool = False
) -> Reconciler:
    return Reconciler(
        recovery=world.storage.recovery,
        executions=world.storage.executions,
        queries=world.storage.queries,
        publisher=world.storage.publisher,
        queue=world.storage.queue,
        options=ReconcilerOptions(
            lease=LEASE, settling=settling, patience=timedelta(seconds=3), quarantined_after=quarantined_after
        ),
        is_skewed=lambda: is_skewed,
    )


async def old_execution(world: World) -> UUID:
    """An execution whose id says that it was created long before the world's present."""
    id = await world.execution(a_definition(steps=[constant()]))
    world.clock.time = world.clock.time.replace(year=2100)
    return id


async def test_an_execution_whose_hint_was_lost_is_hinted_at_again(world: World) -> None:
    id = await old_execution(world)

    await reconciler_of(world).reconcile()

    assert world.storage.queue.hints == [id]


async def test_a_new_execution_is_left_alone_while_its_hint_is_on_its_way(world: World) -> None:
    id = derived_id(new_id(), "execution", world.clock.now())
    await world.execution(a_definition(steps=[constant()]), id=id)
    reconciler = reconciler_of(world)

    await reconciler.reconcile()
    assert world.storage.queue.hints == []

    world.clock.move(seconds=4)
    await reconciler.reconcile()
    assert world.storage.queue.hints == [id]


async def test_the_same_execution_is_not_hinted_at_in_every_round(world: World) -> None:
    id = await old_execution(world)
    reconciler = reconciler_of(world)

    await reconciler.reconcile()
    await reconciler.reconcile()
    world.clock.move(seconds=4)
    await reconciler.reconcile()

    assert world.storage.queue.hints == [id, id]


async def test_a_wait_is_hinted_at_when_its_time_has_come(world: World) -> None:
    definition = a_definition(steps=[wait("night", "PT8H")])
    ended = await world.run(definition)
    world.clock.time = world.clock.time.replace(year=2100)
    waiting_again = await world.record(ended.id)

    await reconciler_of(world).reconcile()

    assert waiting_again.status is ExecutionStatus.WAITING
    assert world.storage.queue.hints == [ended.id]


async def test_the_executions_of_a_dead_worker_go_to_others(world: World) -> None:
    id = await old_execution(world)
    dead = new_id()
    await world.storage.registry.register(dead, host="here", now=world.clock.now())
    await world.storage.executions.claim([id], worker_id=dead, now=world.clock.now())
    reconciler = reconciler_of(world)

    await reconciler.reconcile()
    assert world.storage.queue.hints == []

    world.clock.move(seconds=LEASE.total_seconds() + 1)
    await reconciler.reconcile()
    assert world.storage.queue.hints == [id]
    assert (await world.record(id)).crashes == 1
    assert await world.storage.registry.workers() == []


async def test_after_a_time_without_a_look_the_living_may_speak_first(world: World) -> None:
    id = await old_execution(world)
    living, dead = new_id(), new_id()
    registry = world.storage.registry
    await registry.register(living, host="here", now=world.clock.now())
    await registry.register(dead, host="there", now=world.clock.now())
    await world.storage.executions.claim([id], worker_id=living, now=world.clock.now())
    reconciler = reconciler_of(world, settling=timedelta(seconds=5))
    await reconciler.reconcile()

    world.clock.move(minutes=10)  # the database was away, or the machine slept
    await reconciler.reconcile()
    await registry.heartbeat(living, active_executions=1)
    for _ in range(5):
        world.clock.move(seconds=1)
        await reconciler.reconcile()

    assert [worker.id for worker in await registry.workers()] == [living]
    assert (await world.record(id)).worker_id == living


async def test_the_work_of_the_dead_is_not_taken_over_while_heartbeats_are_still_watched(world: World) -> None:
    id = await old_execution(world)
    await world.claim(id)
    reconciler = reconciler_of(world, settling=timedelta(seconds=5))

    await reconciler.reconcile()
    assert (await world.record(id)).worker_id is not None

    for _ in range(5):
        world.clock.move(seconds=1)
        await reconciler.reconcile()
    assert world.storage.queue.hints == [id]


async def test_an_execution_that_keeps_killing_workers_is_quarantined(world: World) -> None:
    id = await old_execution(world)
    reconciler = reconciler_of(world, quarantined_after=2)

    for _ in range(2):
        await world.claim(id)
        world.clock.move(seconds=60)
        await reconciler.reconcile()

    ended = await world.record(id)
    assert ended.status is ExecutionStatus.FAILED
    assert ended.error is not None
    assert ended.error.code == "POISONED"


async def test_subscribers_hear_of_an_execution_that_is_quarantined(world: World) -> None:
    id = await world.execution(a_definition(steps=[constant()]))
    reconciler = reconciler_of(world, quarantined_after=1)

    async with world.storage.feed.listen_all() as changes:
        await world.claim(id)
        world.clock.move(seconds=60)
        await reconciler.reconcile()
        told = await anext(aiter(changes))

    assert told is not None
    assert (told.execution_id, told.status) == (id, ExecutionStatus.FAILED)
    assert told.error is not None
    assert told.error.code == "POISONED"


async def test_while_redis_is_away_hints_are_repeated_until_they_arrive(world: World) -> None:
    id = await old_execution(world)
    reconciler = reconciler_of(world)

    world.storage.queue.is_lossy = True
    await reconciler.reconcile()
    world.storage.queue.is_lossy = False
    world.clock.move(seconds=4)
    await reconciler.reconcile()

    assert world.storage.queue.hints == [id]


async def test_an_execution_whose_id_is_from_the_future_is_hinted_at_all_the_same(world: World) -> None:
    """Whoever made it had a clock that was wrong; its time says nothing of how long the hint is on its way."""
    id = await world.execution(a_definition(steps=[constant()]))  # by the machine's clock, long after the world's

    await reconciler_of(world).reconcile()

    assert world.storage.queue.hints == [id]


async def test_one_leads_until_it_is_silent_for_half_a_lease(world: World) -> None:
    first, second = reconciler_of(world), reconciler_of(world)
    assert await first.reconcile()
    assert not await second.reconcile()

    world.clock.move(seconds=LEASE.total_seconds() / 2)
    assert await second.reconcile()
    assert not await first.reconcile()


async def test_a_leader_that_stops_in_order_leaves_it_to_the_next_at_once(world: World) -> None:
    first, second = reconciler_of(world), reconciler_of(world)
    running = asyncio.create_task(first.run())
    await wait_until(lambda: world.storage.tables.leadership, "it leads")
    assert not await second.reconcile()

    running.cancel()
    await asyncio.wait([running])

    assert await second.reconcile()


async def test_one_whose_clock_is_wrong_leads_only_where_nobody_else_does(world: World) -> None:
    right, wrong = reconciler_of(world), reconciler_of(world, is_skewed=True)
    assert await right.reconcile()
    world.clock.move(seconds=LEASE.total_seconds() / 2)
    assert not await wrong.reconcile()

    world.clock.move(seconds=LEASE.total_seconds())
    assert await wrong.reconcile()
    assert await wrong.reconcile()

    assert await right.reconcile()
    assert not await wrong.reconcile()


async def test_a_round_goes_by_the_time_of_the_store_and_not_by_the_machine(world: World) -> None:
    ended = await world.run(a_definition(steps=[wait("night", "PT8H")]))
    reconciler = reconciler_of(world)
    await reconciler.reconcile()
    assert world.storage.queue.hints == []

    world.clock.move(hours=8)
    await reconciler.reconcile()

    assert world.storage.queue.hints == [ended.id]
