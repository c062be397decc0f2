"""A worker with suspects: runs one at a time, goes on with the next when it can, and holds up nothing ordinary."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from actors.activations.pool import ActivationPool
from actors.activations.pool_options import ActivationPoolOptions
from domain.executions.step_executor import Outcome, StepCall, Succeeded
from domain.executions.suspects import SUSPECT_AFTER
from domain.kernel.ids import new_id
from domain.kernel.statuses import ExecutionStatus
from domain.workflows.definitions.cache import DefinitionCache
from domain.workflows.definitions.definition import Definition
from domain.workflows.documents.reading import canonical
from tests.builders import a_definition, a_workflow, http
from tests.unit.actors.world import World
from tests.waiting import wait_until

LONG = timedelta(hours=1)


async def no_nudges(*_: object) -> None:
    await asyncio.Event().wait()


class Answers:
    """A service that answers each execution when it is told to."""

    def __init__(self, world: World) -> None:
        self.asked: dict[UUID, asyncio.Event] = {}
        world.service.answers = {"fetch": self._answer}

    async def are_asked_for(self, *ids: UUID) -> None:
        await wait_until(lambda: set(ids) <= self.asked.keys(), "they are driven")

    async def _answer(self, call: StepCall) -> Outcome:
        await self.asked.setdefault(call.execution_id, asyncio.Event()).wait()
        return Succeeded(output=None)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def answers(world: World) -> Answers:
    return Answers(world)


@pytest.fixture
async def definition(world: World) -> Definition:
    steps = [http("fetch")]
    definition = a_definition(steps=steps)
    await world.storage.workflows.save_definition(
        definition_id=definition.id,
        document=canonical(a_workflow(steps=steps)),
        digest=definition.id.bytes * 2,
        now=world.clock.now(),
    )
    return definition


def runner_of(world: World, *, watched_for: timedelta) -> ActivationPool:
    options = ActivationPoolOptions(host="here", capacity=10, shutdown_grace=timedelta(0), watched_for=watched_for)
    return ActivationPool(
        parts=world.parts,
        definitions=DefinitionCache(world.storage.workflows),
        registry=world.storage.registry,
        recovery=world.storage.recovery,
        queue=world.storage.queue,
        nudges=no_nudges,
        options=options,
    )


async def suspect(world: World, definition: Definition) -> UUID:
    id = await world.execution(definition)
    for _ in range(SUSPECT_AFTER):
        await world.storage.executions.claim([id], worker_id=new_id(), now=world.clock.now())
        await world.storage.recovery.release_dead(dead_before=world.clock.now(), limit=10)
    return id


async def test_suspects_are_driven_one_after_the_other_beside_all_others(
    world: World, answers: Answers, definition: Definition
) -> None:
    suspects = [await suspect(world, definition) for _ in range(3)]
    ordinary = [await world.execution(definition) for _ in range(2)]

    async with runner_of(world, watched_for=LONG) as runner:
        await asyncio.to_thread(runner.admit, suspects)
        await asyncio.to_thread(runner.admit, ordinary)
        for number, id in enumerate(suspects, 1):
            await answers.are_asked_for(id, *ordinary)
            assert answers.asked.keys() & set(suspects) == set(suspects[:number])
            answers.asked[id].set()
        for id in ordinary:
            answers.asked[id].set()
        await wait_until(lambda: runner.active == 0, "all have ended")

    assert {(await world.record(id)).status for id in [*suspects, *ordinary]} == {ExecutionStatus.COMPLETED}


async def test_a_suspect_that_lives_for_long_makes_room_for_the_next(
    world: World, answers: Answers, definition: Definition
) -> None:
    suspects = [await suspect(world, definition) for _ in range(3)]

    async with runner_of(world, watched_for=timedelta(milliseconds=20)) as runner:
        await asyncio.to_thread(runner.admit, suspects)

        await answers.are_asked_for(*suspects)


async def test_a_worker_that_stops_hints_at_those_that_it_put_off(
    world: World, answers: Answers, definition: Definition
) -> None:
    first, second = [await suspect(world, definition) for _ in range(2)]

    async with runner_of(world, watched_for=LONG) as runner:
        await asyncio.to_thread(runner.admit, [first, second])
        await answers.are_asked_for(first)

    assert {first, second} <= set(world.storage.queue.hints)
