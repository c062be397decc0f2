"""Hints for the batches of a long loop: the workers that are asked to run them."""

from datetime import timedelta

from actors.activations.live_workers import LiveWorkers
from actors.activations.shards import Batches
from domain.engine.state import ItemRange
from domain.kernel.ids import new_id
from tests.builders import a_definition
from tests.unit.actors.world import World

LEASE = timedelta(seconds=8)


def ranges(count: int) -> list[ItemRange]:
    return [ItemRange(path="loop", first=10 * n, items=(n,), concurrency=1, tolerated=0) for n in range(count)]


async def batches_of(world: World, live_workers: LiveWorkers | None) -> Batches:
    record = await world.record(await world.execution(a_definition()))
    storage = world.storage
    return Batches(record, storage.executions, storage.queue, world.clock, live_workers)


async def test_batches_go_to_the_workers_in_turn() -> None:
    world = World()
    registry = world.storage.registry
    living = sorted([new_id(), new_id()])
    for id in living:
        await registry.register(id, host="here", now=world.clock.now())

    await (await batches_of(world, LiveWorkers(registry, world.clock, lease=LEASE))).run(ranges(6))

    asked = [worker_id for worker_id, _ in world.storage.queue.nudges]
    assert sorted(asked) == [living[0]] * 3 + [living[1]] * 3
    assert asked[0] != asked[1]
    assert not world.storage.queue.hints


async def test_a_worker_whose_heart_has_stopped_is_not_asked() -> None:
    world = World()
    registry = world.storage.registry
    await registry.register(new_id(), host="dead", now=world.clock.now())
    world.clock.move(seconds=60)
    await registry.register(new_id(), host="here", now=world.clock.now())

    await (await batches_of(world, LiveWorkers(registry, world.clock, lease=LEASE))).run(ranges(3))

    assert not world.storage.queue.nudges
    assert len(world.storage.queue.hints) == 3


async def test_without_live_workers_known_whoever_takes_a_hint_has_the_batch() -> None:
    world = World()

    await (await batches_of(world, None)).run(ranges(3))

    assert len(world.storage.queue.hints) == 3
