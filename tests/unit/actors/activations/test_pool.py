"""The runner: admits executions, claims and runs them, and leaves nothing behind when it stops."""

import asyncio
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from actors.activations.pool import ActivationPool
from actors.activations.pool_options import ActivationPoolOptions
from domain.executions.records import Claim
from domain.executions.step_executor import Outcome, StepCall, Succeeded
from domain.kernel.errors import Unavailable
from domain.kernel.ids import new_id
from domain.kernel.statuses import ExecutionStatus
from domain.workflows.definitions.cache import DefinitionCache
from domain.workflows.definitions.definition import Definition
from domain.workflows.documents.reading import canonical
from tests.builders import a_definition, a_workflow, constant, http
from tests.unit.actors.world import World, never
from tests.waiting import wait_until


class Nudger:
    """Stands for Redis: `tell` reaches the runner."""

    def __init__(self) -> None:
        self.tell: Callable[[UUID | None], None] = lambda _: None
        self.worker_ids: list[UUID] = []

    async def __call__(self, worker_id: UUID, tell: Callable[[UUID | None], None]) -> None:
        self.worker_ids.append(worker_id)
        self.tell = tell
        await asyncio.Event().wait()


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def nudger() -> Nudger:
    return Nudger()


def runner_of(world: World, nudger: Nudger, *, capacity: int = 10, grace: float = 0.05) -> ActivationPool:
    return ActivationPool(
        parts=world.parts,
        definitions=DefinitionCache(world.storage.workflows),
        registry=world.storage.registry,
        recovery=world.storage.recovery,
        queue=world.storage.queue,
        nudges=nudger,
        options=ActivationPoolOptions(
            host="here",
            capacity=capacity,
            heartbeat=timedelta(seconds=0.01),
            shutdown_grace=timedelta(seconds=grace),
            commands_every=timedelta(seconds=0.02),
            compare_every=timedelta(seconds=0.02),
        ),
    )


async def stored(world: World, *steps: dict[str, object]) -> Definition:
    """A definition that the runner can load by its id."""
    definition = a_definition(steps=list(steps))
    await world.storage.workflows.save_definition(
        definition_id=definition.id,
        document=canonical(a_workflow(steps=list(steps))),
        digest=definition.id.bytes * 2,
        now=world.clock.now(),
    )
    return definition


async def test_a_place_that_becomes_free_goes_to_the_highest_priority(world: World, nudger: Nudger) -> None:
    definition = await stored(world, http("fetch"))
    answers: dict[UUID, asyncio.Event] = {}

    async def when_told(call: StepCall) -> Outcome:
        await answers.setdefault(call.execution_id, asyncio.Event()).wait()
        return Succeeded(output=None)

    world.service.answers = {"fetch": when_told}
    first = await world.execution(definition)
    async with runner_of(world, nudger, capacity=1) as runner:
        await asyncio.to_thread(runner.admit, [first])
        await wait_until(lambda: len(answers) == 1, "the worker is full")
        waiting = [await world.execution(definition, priority=priority) for priority in (0, 5, -5, 9)]
        admitting = asyncio.create_task(asyncio.to_thread(runner.admit, waiting))
        while len(answers) < 5:
            called = len(answers)
            list(answers.values())[-1].set()
            await wait_until(lambda: len(answers) > called, "one more is called")  # noqa: B023
        list(answers.values())[-1].set()
        await admitting

    low, middle, lowest, high = waiting
    assert list(answers) == [first, high, middle, low, lowest]


async def test_what_is_admitted_is_claimed_and_driven_to_its_end(world: World, nudger: Nudger) -> None:
    definition = await stored(world, constant())
    ids = [await world.execution(definition) for _ in range(5)]

    async with runner_of(world, nudger) as runner:
        await asyncio.to_thread(runner.admit, ids)
        await until_status(world, ids, ExecutionStatus.COMPLETED)
        await wait_until(lambda: runner.active == 0, "nothing is held")


async def test_the_same_hint_twice_runs_an_execution_once(world: World, nudger: Nudger) -> None:
    definition = await stored(world, http("fetch"))
    id = await world.execution(definition)

    async with runner_of(world, nudger) as runner:
        await asyncio.to_thread(runner.admit, [id, id])
        await asyncio.to_thread(runner.admit, [id])
        await until_status(world, [id], ExecutionStatus.COMPLETED)

    assert world.service.paths() == ["fetch"]


async def test_a_full_runner_blocks_whoever_brings_more(world: World, nudger: Nudger) -> None:
    answer: asyncio.Future[Succeeded] = asyncio.get_running_loop().create_future()
    world.service.answers = {"fetch": lambda _: answer}
    definition = await stored(world, http("fetch"))
    ids = [await world.execution(definition) for _ in range(3)]

    async with runner_of(world, nudger, capacity=2) as runner:
        admitting = asyncio.create_task(asyncio.to_thread(runner.admit, ids))
        await wait_until(lambda: runner.active == 2, "two are held")
        assert not admitting.done()

        answer.set_result(Succeeded(output=1))
        await asyncio.wait_for(admitting, 30)
        await until_status(world, ids, ExecutionStatus.COMPLETED)


async def test_stopping_releases_what_is_held_and_asks_others_to_go_on(world: World, nudger: Nudger) -> None:
    world.service.answers = {"fetch": never}
    definition = await stored(world, http("fetch"))
    id = await world.execution(definition)

    async with runner_of(world, nudger) as runner:
        await asyncio.to_thread(runner.admit, [id])
        await wait_until(lambda: world.service.paths() == ["fetch"], "the call was made")

    assert (await world.record(id)).worker_id is None
    assert world.storage.queue.hints == [id]
    assert await world.storage.registry.workers() == []
    assert world.service.cancelled == ["fetch"]


async def test_a_nudge_makes_a_driver_look_at_its_commands(world: World, nudger: Nudger) -> None:
    world.service.answers = {"fetch": never}
    definition = await stored(world, http("fetch"))
    id = await world.execution(definition)

    async with runner_of(world, nudger) as runner:
        await asyncio.to_thread(runner.admit, [id])
        await wait_until(lambda: world.service.paths() == ["fetch"], "the call was made")
        await world.ask_to_cancel(id)
        nudger.tell(id)
        await until_status(world, [id], ExecutionStatus.CANCELLED)


async def test_a_command_whose_nudge_was_lost_is_found_all_the_same(world: World, nudger: Nudger) -> None:
    world.service.answers = {"fetch": never}
    definition = await stored(world, http("fetch"))
    id = await world.execution(definition)

    async with runner_of(world, nudger) as runner:
        await asyncio.to_thread(runner.admit, [id])
        await wait_until(lambda: world.service.paths() == ["fetch"], "the call was made")
        await world.ask_to_cancel(id)
        await until_status(world, [id], ExecutionStatus.CANCELLED)


async def test_a_worker_that_was_taken_for_dead_drops_everything_and_goes_on_as_a_new_one(
    world: World, nudger: Nudger
) -> None:
    world.service.answers = {"fetch": never}
    definition = await stored(world, http("fetch"))
    id = await world.execution(definition)

    async with runner_of(world, nudger) as runner:
        first = runner.worker_id
        await asyncio.to_thread(runner.admit, [id])
        await wait_until(lambda: world.service.paths() == ["fetch"], "the call was made")
        world.clock.move(seconds=60)
        del world.storage.tables.workers[first]

        await wait_until(lambda: runner.worker_id != first, "it has a new id")
        await wait_until(lambda: runner.active == 0, "it holds nothing")
        assert world.service.cancelled == ["fetch"]
        await wait_until(lambda: len(nudger.worker_ids) == 2, "it listens under its new id")


async def test_a_claim_whose_answer_was_lost_is_repeated(world: World, nudger: Nudger) -> None:
    """Otherwise this worker would hold executions, and show that it lives, but have no driver for them."""
    definition = await stored(world, http("fetch"))
    ids = [await world.execution(definition) for _ in range(3)]
    store = world.storage.executions
    answers = iter([Unavailable("the connection broke")])

    async def claim(
        ids: Collection[UUID], *, worker_id: UUID, now: datetime, watched: Collection[UUID] = ()
    ) -> list[Claim]:
        claims = await type(store).claim(store, ids, worker_id=worker_id, now=now, watched=watched)
        for error in answers:
            raise error
        return claims

    store.claim = claim  # type: ignore[method-assign]
    async with runner_of(world, nudger, capacity=3) as runner:
        await asyncio.to_thread(runner.admit, ids)
        await until_status(world, ids, ExecutionStatus.COMPLETED)
        await wait_until(lambda: runner.active == 0, "nothing is held")

    assert len(world.service.calls) == 3


async def test_a_hint_for_what_is_held_already_does_not_take_it_from_its_driver(world: World, nudger: Nudger) -> None:
    answer: asyncio.Future[Succeeded] = asyncio.get_running_loop().create_future()
    world.service.answers = {"fetch": lambda _: answer}
    definition = await stored(world, http("fetch"))
    id, other = await world.execution(definition), await world.execution(definition)

    async with runner_of(world, nudger, capacity=2) as runner:
        await asyncio.to_thread(runner.admit, [id])
        await wait_until(lambda: world.service.paths() == ["fetch"], "the call was made")
        for _ in range(5):
            await asyncio.to_thread(runner.admit, [id])
        await asyncio.to_thread(runner.admit, [other])
        await wait_until(lambda: len(world.service.calls) == 2, "the other one has its place")
        answer.set_result(Succeeded(output=1))
        await until_status(world, [id, other], ExecutionStatus.COMPLETED)

    assert len(world.service.calls) == 2
    assert (await world.record(id)).epoch == 1


async def test_what_was_not_admitted_when_the_process_stops_is_hinted_at_again(world: World, nudger: Nudger) -> None:
    world.service.answers = {"fetch": never}
    definition = await stored(world, http("fetch"))
    ids = [await world.execution(definition) for _ in range(4)]

    async with runner_of(world, nudger, capacity=1) as runner:
        admitting = asyncio.create_task(asyncio.to_thread(runner.admit, ids))
        await wait_until(lambda: runner.active == 1, "one is held")
        runner.stop_admitting()
        await asyncio.wait_for(admitting, 30)

    assert sorted(world.storage.queue.hints) == sorted(ids)


async def test_a_job_that_fails_is_taken_up_again(world: World, nudger: Nudger) -> None:
    definition = await stored(world, constant())
    id = await world.execution(definition)
    registry = world.storage.registry
    faults = iter([ValueError("something nobody thought of")])
    real = registry.heartbeat
    beats: list[UUID] = []

    async def heartbeat(worker_id: UUID, *, active_executions: int) -> bool:
        for fault in faults:
            raise fault
        beats.append(worker_id)
        return await real(worker_id, active_executions=active_executions)

    registry.heartbeat = heartbeat  # type: ignore[method-assign]
    async with runner_of(world, nudger) as runner:
        await wait_until(lambda: beats, "it beats again")
        await asyncio.to_thread(runner.admit, [id])
        await until_status(world, [id], ExecutionStatus.COMPLETED)


async def test_an_execution_whose_definition_is_gone_fails_and_is_not_stuck(world: World, nudger: Nudger) -> None:
    id = await world.execution(a_definition(steps=[constant()]))

    async with runner_of(world, nudger) as runner:
        await asyncio.to_thread(runner.admit, [id])
        await until_status(world, [id], ExecutionStatus.FAILED)


async def test_hints_about_nothing_leave_no_place_taken(world: World, nudger: Nudger) -> None:
    definition = await stored(world, constant())
    id = await world.execution(definition)

    async with runner_of(world, nudger, capacity=1) as runner:
        await asyncio.to_thread(runner.admit, [new_id() for _ in range(5)])
        await asyncio.to_thread(runner.admit, [id])
        await until_status(world, [id], ExecutionStatus.COMPLETED)


async def until_status(world: World, ids: list[UUID], status: ExecutionStatus) -> None:
    async def all_are() -> bool:
        return all([(await world.record(id)).status is status for id in ids])

    await wait_until(all_are, f"all are {status}")


async def test_what_is_held_by_its_row_and_driven_by_nobody_is_given_back(world: World, nudger: Nudger) -> None:
    """This worker lives, so the reconciler lets it keep what it holds: for ever, if it did not look itself."""
    definition = await stored(world, http("fetch"))
    ids = [await world.execution(definition) for _ in range(3)]

    async with runner_of(world, nudger) as runner:
        await world.storage.executions.claim(ids, worker_id=runner.worker_id, now=world.clock.now())
        await wait_until(lambda: set(world.storage.queue.hints) == set(ids), "others are asked to go on")
        for id in ids:
            record = await world.record(id)
            assert (record.worker_id, record.epoch, record.crashes) == (None, 2, 1)


async def test_what_is_driven_is_never_given_back_however_long_it_takes(world: World, nudger: Nudger) -> None:
    answer: asyncio.Future[Succeeded] = asyncio.get_running_loop().create_future()
    world.service.answers = {"fetch": lambda _: answer}
    definition = await stored(world, http("fetch"))
    driven = await world.execution(definition)

    async with runner_of(world, nudger) as runner:
        await asyncio.to_thread(runner.admit, [driven])
        await wait_until(lambda: world.service.paths() == ["fetch"], "the call was made")
        stray = await world.execution(definition)
        await world.storage.executions.claim([stray], worker_id=runner.worker_id, now=world.clock.now())
        await wait_until(lambda: stray in world.storage.queue.hints, "two looks were taken")
        answer.set_result(Succeeded(output=1))
        await until_status(world, [driven], ExecutionStatus.COMPLETED)

    assert (await world.record(driven)).epoch == 1
    assert driven not in world.storage.queue.hints
