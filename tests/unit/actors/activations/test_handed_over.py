"""Executions that are handed to a worker: it drives them without a claim, and finds those of which it was not told."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from actors.activations.pool import ActivationPool
from actors.activations.pool_options import ActivationPoolOptions
from domain.executions.handing_over import Handovers
from domain.executions.records import ExecutionRecord, NewExecution
from domain.executions.starting import launch
from domain.executions.step_executor import Outcome, StepCall, Succeeded
from domain.kernel.ids import new_id
from domain.kernel.statuses import ExecutionStatus
from domain.workflows.definitions.cache import DefinitionCache
from domain.workflows.definitions.definition import Definition
from tests.builders import http
from tests.unit.actors.activations.test_pool import stored, until_status
from tests.unit.actors.world import World
from tests.waiting import wait_until


class Wire:
    """Stands for Redis: what is handed over reaches the worker, unless it `loses` it."""

    def __init__(self) -> None:
        self.tell: Callable[[Any], None] = lambda _: None
        self.rooms: list[tuple[UUID, int]] = []
        self.handed: list[ExecutionRecord] = []
        self.loses = False
        self.dead: set[UUID] = set()

    async def listen(self, worker_id: UUID, tell: Callable[[Any], None]) -> None:
        self.tell = tell
        await asyncio.Event().wait()

    async def say_room(self, worker_id: UUID, room: int) -> None:
        self.rooms.append((worker_id, room))

    def worker_for(self, new: NewExecution) -> UUID | None:
        return next((id for id, room in reversed(self.rooms) if room > 0), None)

    async def hand_over(self, executions: Any) -> list[UUID]:
        for each in executions:
            self.handed.append(each)
            if not self.loses:
                self.tell(each)
        return [each.id for each in executions if each.worker_id in self.dead]


def pool_of(world: World, wire: Wire, capacity: int = 10) -> ActivationPool:
    return ActivationPool(
        parts=world.parts,
        definitions=DefinitionCache(world.storage.workflows),
        registry=world.storage.registry,
        recovery=world.storage.recovery,
        queue=world.storage.queue,
        nudges=wire.listen,
        say_room=wire.say_room,
        options=ActivationPoolOptions(
            host="here",
            capacity=capacity,
            heartbeat=timedelta(seconds=0.01),
            shutdown_grace=timedelta(seconds=0.05),
            commands_every=timedelta(seconds=0.02),
            compare_every=timedelta(seconds=0.02),
        ),
    )


def new_of(world: World, definition: Definition, **given: Any) -> NewExecution:
    new = NewExecution(
        id=new_id(),
        definition_id=definition.id,
        workflow_id=None,
        workflow_version=None,
        input={"a": 1},
        labels={},
        priority=0,
        total_steps=definition.total_steps,
        created_at=world.clock.now(),
    )
    return replace(new, **given)


async def start(world: World, wire: Handovers, *new: NewExecution) -> list[ExecutionRecord]:
    return await launch(list(new), store=world.storage.executions, queue=world.storage.queue, handovers=wire)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def wire() -> Wire:
    return Wire()


async def until_room(wire: Wire) -> None:
    await wait_until(lambda: wire.rooms and wire.rooms[-1][1] > 0, "the worker has said that it has room")


async def known(world: World, wire: Wire, definition: Definition) -> None:
    """Have the worker know the definition: it has run another execution of it."""
    [record] = await start(world, wire, new_of(world, definition))
    await until_status(world, [record.id], ExecutionStatus.COMPLETED)


async def test_one_is_driven_to_its_end_without_a_hint_or_a_claim(world: World, wire: Wire) -> None:
    definition = await stored(world, http("fetch"))
    async with pool_of(world, wire) as pool:
        await until_room(wire)
        await known(world, wire, definition)
        world.storage.queue.hints.clear()
        [record] = await start(world, wire, new_of(world, definition))
        await until_status(world, [record.id], ExecutionStatus.COMPLETED)
        await wait_until(lambda: pool.active == 0, "nothing is held")

    assert record.worker_id == pool.worker_id
    assert world.storage.queue.hints == []
    assert world.storage.tables.executions[record.id].epoch == 1
    assert world.service.paths() == ["fetch"] * 2


async def test_one_that_is_wanted_at_the_same_time_is_driven_once(world: World, wire: Wire) -> None:
    definition = await stored(world, http("fetch"))
    async with pool_of(world, wire):
        await until_room(wire)
        await known(world, wire, definition)
        for before, after in ((True, False), (False, True), (True, True)):
            wire.loses = True
            [record] = await start(world, wire, new_of(world, definition))
            if before:
                wire.tell(record.id)
                await asyncio.sleep(0)
            wire.tell(record)
            if after:
                wire.tell(record.id)
                wire.tell(record)
            await until_status(world, [record.id], ExecutionStatus.COMPLETED)

    assert world.service.paths() == ["fetch"] * 4


async def test_one_of_a_definition_that_the_worker_does_not_know_is_claimed(world: World, wire: Wire) -> None:
    definition = await stored(world, http("fetch"))
    async with pool_of(world, wire):
        await until_room(wire)
        [record] = await start(world, wire, new_of(world, definition))
        await until_status(world, [record.id], ExecutionStatus.COMPLETED)

    assert world.storage.tables.executions[record.id].epoch == 2
    assert world.service.paths() == ["fetch"]


async def test_one_of_which_the_worker_was_not_told_is_found_and_given_back(world: World, wire: Wire) -> None:
    definition = await stored(world, http("fetch"))
    wire.loses = True
    async with pool_of(world, wire) as pool:
        await until_room(wire)
        [record] = await start(world, wire, new_of(world, definition))
        await wait_until(lambda: record.id in world.storage.queue.hints, "it is hinted at")
        await asyncio.to_thread(pool.admit, [record.id])
        await until_status(world, [record.id], ExecutionStatus.COMPLETED)
        world.clock.move(seconds=5)
        wire.tell(record)  # late

    assert world.service.paths() == ["fetch"]


async def test_one_for_a_worker_that_is_full_is_driven_all_the_same(world: World, wire: Wire) -> None:
    going_on = asyncio.Event()

    async def when_told(call: StepCall) -> Outcome:
        await going_on.wait()
        return Succeeded(output=None)

    definition = await stored(world, http("fetch"))
    async with pool_of(world, wire, capacity=1) as pool:
        await until_room(wire)
        await known(world, wire, definition)
        world.service.answers = {"fetch": when_told}
        records = [(await start(world, wire, new_of(world, definition)))[0] for _ in range(2)]
        await wait_until(lambda: pool.active == 2, "both are held")
        going_on.set()
        await until_status(world, [record.id for record in records], ExecutionStatus.COMPLETED)
        [last] = await start(world, wire, new_of(world, definition))
        await until_status(world, [last.id], ExecutionStatus.COMPLETED)


async def test_one_for_a_worker_that_does_not_listen_is_left_to_whoever_comes_first(world: World, wire: Wire) -> None:
    definition = await stored(world, http("fetch"))
    dead = new_id()
    await world.storage.registry.register(dead, host="here", now=world.clock.now())
    wire.dead.add(dead)
    wire.rooms.append((dead, 10))

    [record] = await start(world, wire, new_of(world, definition))

    assert record.worker_id == dead
    assert world.storage.queue.hints == [record.id]
    assert await world.storage.executions.claim([record.id], worker_id=new_id(), now=world.clock.now()) != []


async def test_one_that_comes_while_the_worker_stops_is_left_to_others(world: World, wire: Wire) -> None:
    definition = await stored(world, http("fetch"))
    async with pool_of(world, wire) as pool:
        await until_room(wire)
        await known(world, wire, definition)
        pool.stop_admitting()
        wire.loses = True
        [record] = await start(world, wire, new_of(world, definition))
        wire.tell(record)
        await wait_until(lambda: wire.rooms[-1][1] == 0, "it has said that it has no room")

    assert world.storage.queue.hints[-1] == record.id
    assert await world.storage.executions.claim([record.id], worker_id=new_id(), now=world.clock.now()) != []


@pytest.mark.parametrize(
    "given",
    [
        {"start_at": timedelta(hours=1)},
        {"max_concurrent": 1, "workflow_id": new_id()},
        {"parent_id": new_id(), "parent_path": "a"},
        {"retried_from_id": new_id()},
    ],
)
async def test_what_needs_more_than_a_worker_is_left_to_whoever_comes_first(
    world: World, wire: Wire, given: dict[str, Any]
) -> None:
    definition = await stored(world, http("fetch"))
    if "start_at" in given:
        given = {"start_at": world.clock.now() + given["start_at"]}
    wire.rooms.append((new_id(), 10))

    [record] = await start(world, wire, new_of(world, definition, **given))

    assert record.worker_id is None
    assert wire.handed == []


async def test_many_at_once_are_shared_by_all_workers(world: World, wire: Wire) -> None:
    definition = await stored(world, http("fetch"))
    wire.rooms.append((new_id(), 10))

    records = await start(world, wire, *(new_of(world, definition) for _ in range(20)))

    assert world.storage.queue.hints == [record.id for record in records]
    assert wire.handed == []
