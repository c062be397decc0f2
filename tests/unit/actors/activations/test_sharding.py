"""Long loops on the in-memory engine: cut into batches that several workers run, and put together again."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest

from actors.activations.activation import Activation
from domain.executions.records import WHOLE, ExecutionRecord, PendingCommand
from domain.executions.step_executor import Failed, Outcome, StepCall, Succeeded
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.ids import new_id
from domain.kernel.statuses import CommandKind, ExecutionStatus, StepStatus
from domain.workflows.definitions.definition import Definition
from tests.builders import a_definition, http, step, transform
from tests.unit.actors.world import Answer, RunningClock, World, never
from tests.waiting import wait_until

ITEMS = 1000


@dataclass
class Crew:
    """Workers that take hints as they come, and hear nudges."""

    world: World
    definition: Definition
    activations: dict[UUID, tuple[UUID, Activation, asyncio.Task[None]]] = field(default_factory=dict)
    took: dict[UUID, set[UUID]] = field(default_factory=dict)

    async def work(self) -> None:
        """One worker's loop."""
        me = new_id()
        queue, store = self.world.storage.queue, self.world.storage.executions
        while True:
            id = await queue.next_hint()
            for claim in await store.claim([id], worker_id=me, now=self.world.clock.now()):
                activation = Activation(claim, self.definition, self.world.parts)
                task = asyncio.create_task(activation.run())
                self.activations[id] = (me, activation, task)
                self.took.setdefault(me, set()).add(id)
            await asyncio.sleep(0)  # the other workers are quick too

    async def pass_nudges_on(self) -> None:
        heard = 0
        while True:
            nudges = self.world.storage.queue.nudges
            while heard < len(nudges):
                _, id = nudges[heard]
                heard += 1
                if id in self.activations:
                    self.activations[id][1].nudge()
            await asyncio.sleep(0.001)

    async def kill(self, id: UUID) -> None:
        """Let the process die that runs this execution; what it held is taken over."""
        worker, _, _ = self.activations[id]
        mine = [held for held, (owner, _, _) in self.activations.items() if owner == worker]
        for held in mine:
            self.activations.pop(held)[2].cancel()
        for held in mine:
            record = self.world.storage.tables.executions.get(held)
            if record is not None and not record.status.is_terminal:
                await self.world.storage.recovery.release_dead(dead_before=self.world.clock.now(), limit=100)
                await self.world.storage.queue.hint([held])


@asynccontextmanager
async def a_crew(world: World, definition: Definition, workers: int = 2) -> AsyncIterator[Crew]:
    crew = Crew(world, definition)
    tasks = [asyncio.create_task(crew.work()) for _ in range(workers)]
    tasks.append(asyncio.create_task(crew.pass_nudges_on()))
    try:
        yield crew
    finally:
        for task in tasks:
            task.cancel()
        for _, _, driving in crew.activations.values():
            driving.cancel()


@pytest.fixture
def world() -> World:
    return World(clock=RunningClock(), max_output_bytes=1_000_000)


def a_loop(*steps: Mapping[str, Any], **config: Any) -> Definition:
    built = {"items": "input", "steps": list(steps), "maxConcurrency": 20, **config}
    return a_definition(steps=[step("loop", "FOR_EACH", built), transform("last", "steps.loop.output")])


async def ended(world: World, id: UUID) -> ExecutionRecord:
    await wait_until(lambda: world.storage.tables.executions[id].status.is_terminal, "it has ended", timeout=20)
    return await world.record(id)


def batches_left(world: World) -> int:
    return sum(record.is_batch for record in world.storage.tables.executions.values())


async def start(world: World, definition: Definition, items: int = ITEMS) -> UUID:
    id = await world.execution(definition, list(range(items)))
    await world.storage.queue.hint([id])
    return id


async def test_a_long_loop_is_run_by_all_workers_and_its_results_are_in_order(world: World) -> None:
    definition = a_loop(http("fetch"), transform("double", "item * 2"))
    async with a_crew(world, definition) as crew:
        id = await start(world, definition)
        record = await ended(world, id)

        assert isinstance(record.output, dict)
        assert record.output["results"] == [2 * n for n in range(ITEMS)]
        assert record.output["succeeded"] == ITEMS
        assert len(crew.took) == 2 and all(len(taken) > 1 for taken in crew.took.values())
    assert batches_left(world) == 0
    items = [path for path in world.steps(id) if path.startswith("loop[")]
    assert len(items) == 2 * ITEMS
    assert (record.progress.total, record.progress.completed) == (2 * ITEMS + 2, 2 * ITEMS + 2)
    assert record.progress.ended == pytest.approx(WHOLE, abs=100)


async def test_the_concurrency_holds_over_all_workers(world: World) -> None:
    running, most = 0, 0

    async def counted(call: StepCall) -> Outcome:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.001)
        running -= 1
        return Succeeded(output=call.path)

    world.service.answers = {f"loop[{n}].fetch": counted for n in range(ITEMS)}
    definition = a_loop(http("fetch"), maxConcurrency=13)
    async with a_crew(world, definition):
        record = await ended(world, await start(world, definition))

    assert record.status is ExecutionStatus.COMPLETED
    assert most == 13


async def test_tolerated_failures_count_over_all_batches(world: World) -> None:
    world.service.answers = {f"loop[{n}].fetch": refused() for n in (3, 500, 999)}
    definition = a_loop(http("fetch"), toleratedFailures=3)
    async with a_crew(world, definition):
        record = await ended(world, await start(world, definition))

    assert isinstance(record.output, dict)
    assert [failure["index"] for failure in record.output["failures"]] == [3, 500, 999]
    assert record.output["results"][500] is None


async def test_one_failure_too_many_ends_the_loop_and_its_batches(world: World) -> None:
    world.service.answers = {f"loop[{n}].fetch": never for n in range(ITEMS)}
    world.service.answers |= {f"loop[{n}].fetch": refused() for n in (0, 1)}
    definition = a_loop(http("fetch"), toleratedFailures=1)
    async with a_crew(world, definition):
        id = await start(world, definition)
        record = await ended(world, id)

        assert record.status is ExecutionStatus.FAILED
        assert record.error is not None and record.error.code is FailureCode.STEP_FAILED
        await wait_until(lambda: batches_left(world) == 0, "no batch is left")
        await wait_until(lambda: not unfinished(world, id), "no step of an item is left")
        await wait_until(lambda: len(world.service.cancelled) == len(world.service.calls) - 2, "all calls are stopped")


async def test_a_cancel_stops_the_batches_too(world: World) -> None:
    world.service.answers = {f"loop[{n}].fetch": never for n in range(ITEMS)}
    definition = a_loop(http("fetch"))
    async with a_crew(world, definition) as crew:
        id = await start(world, definition)
        await wait_until(lambda: len(world.service.calls) == 20, "as many as may be are called")
        await world.ask_to_cancel(id)
        crew.activations[id][1].nudge()

        assert (await ended(world, id)).status is ExecutionStatus.CANCELLED
        await wait_until(lambda: len(world.service.cancelled) == 20, "all calls are stopped")
        assert not unfinished(world, id)
        assert batches_left(world) == 0


async def test_a_pause_holds_the_batches_too(world: World) -> None:
    gate = asyncio.Event()

    async def gated(call: StepCall) -> Outcome:
        await gate.wait()
        return Succeeded(output=1)

    world.service.answers = {f"loop[{n}].fetch": gated for n in range(ITEMS)}
    definition = a_loop(http("fetch"))
    async with a_crew(world, definition) as crew:
        id = await start(world, definition)
        await wait_until(lambda: len(world.service.calls) == 20, "as many as may be are called")
        await tell(world, id, CommandKind.PAUSE)
        crew.activations[id][1].nudge()
        await wait_until(lambda: all_paused(world), "all are paused")
        gate.set()
        await wait_until(lambda: all(task.done() for _, _, task in crew.activations.values()), "all have let go")
        assert len(world.service.calls) == 20

        await tell(world, id, CommandKind.RESUME)
        await world.storage.queue.hint([id])
        record = await ended(world, id)

    assert isinstance(record.output, dict) and record.output["succeeded"] == ITEMS


@pytest.mark.parametrize("victim", ["parent", "batch"])
async def test_a_killed_worker_costs_no_item_and_repeats_no_record(world: World, victim: str) -> None:
    definition = a_loop(http("fetch"))
    stuck = asyncio.Event()

    async def half_way(call: StepCall) -> Outcome:
        await stuck.wait()
        return Succeeded(output=call.path)

    world.service.answers = {f"loop[{n}].fetch": half_way for n in range(500, 520)}
    async with a_crew(world, definition) as crew:
        id = await start(world, definition)
        await wait_until(lambda: len(world.service.calls) > 300, "it is under way")
        recorded = {path: row for path, row in world.steps(id).items() if row.state.status is StepStatus.COMPLETED}
        held = [each for each, (_, _, task) in crew.activations.items() if each != id and not task.done()]
        await crew.kill(id if victim == "parent" else held[0])
        stuck.set()
        record = await ended(world, id)

    assert isinstance(record.output, dict) and record.output["succeeded"] == ITEMS
    for path, row in recorded.items():
        assert world.steps(id)[path] == row, f"{path} was recorded twice"


def refused() -> Answer:
    return lambda _: Failed(error=StepError(code=FailureCode.INVALID_REQUEST, message="no"))


def unfinished(world: World, id: UUID) -> list[str]:
    return [path for path, row in world.steps(id).items() if not row.state.status.is_terminal]


def all_paused(world: World) -> bool:
    alive = [record for record in world.storage.tables.executions.values() if not record.status.is_terminal]
    return all(record.status is ExecutionStatus.PAUSED for record in alive)


async def tell(world: World, id: UUID, kind: CommandKind) -> None:
    await world.storage.executions.add_command(
        PendingCommand(id=new_id(), execution_id=id, kind=kind, payload=None, created_at=world.clock.now())
    )
