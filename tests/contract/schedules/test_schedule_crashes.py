"""Workers that die, hang or lose the database while they fire schedules: no tick starts twice, none is lost."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from domain.executions.records import ExecutionRecord
from domain.executions.service import ExecuteRequest
from domain.kernel.errors import StepgraphError, Unavailable
from domain.kernel.statuses import OverlapPolicy
from domain.schedules.firing import CLAIM
from tests.contract.conftest import Storage
from tests.contract.firing import MINUTE, NOON, Crash, Stubborn, World


@pytest.fixture
def world(storage: Storage) -> World:
    return World(storage)


@pytest.mark.parametrize("error", [Crash(), Unavailable("PostgreSQL is away.")], ids=["crash", "database away"])
async def test_between_the_start_and_the_moving_on_anything_may_happen(world: World, error: Exception) -> None:
    schedule = await world.schedule()
    world.clock.advance(MINUTE)
    stubborn: Any = Stubborn(world.storage.schedules, error)

    for _ in range(3):
        with pytest.raises(type(error)):
            await world.worker(schedules=stubborn).fire(100)
        assert await world.fire(timedelta(0)) == 0  # nobody else is in its way for a while
        world.clock.advance(CLAIM)
    assert await world.fire(timedelta(0)) == 1

    [execution] = await world.started()
    moved = await world.read(schedule)
    assert (moved.last_execution_id, moved.next_run_at) == (execution.id, NOON + MINUTE)


@pytest.mark.parametrize("error", [Crash(), Unavailable("PostgreSQL is away.")], ids=["crash", "database away"])
async def test_between_the_claim_and_the_start_anything_may_happen(world: World, error: Exception) -> None:
    class Away:
        async def execute_many(self, requests: Sequence[ExecuteRequest]) -> list[ExecutionRecord | StepgraphError]:
            raise error

    await world.schedule()
    world.clock.advance(MINUTE)
    with pytest.raises(type(error)):
        await world.worker(executions=Away()).fire(100)
    assert await world.fire(timedelta(0)) == 0  # the claim lasts, and then is nobody's

    assert await world.fire(CLAIM) == 1
    assert await world.ticks() == ["12:00:00"]


@pytest.mark.parametrize(
    ("overlap", "ended", "ticks"),
    [
        (OverlapPolicy.SKIP, False, ["12:00:00"]),
        (OverlapPolicy.SKIP, True, ["12:00:00", "18:00:00"]),
        (OverlapPolicy.BUFFER_ONE, False, ["12:00:00"]),
        (OverlapPolicy.CANCEL_OTHER, False, ["12:00:00"]),
        (OverlapPolicy.ALLOW, False, ["12:00:00", "18:00:00", "18:01:00"]),
    ],
)
async def test_what_was_started_before_a_crash_and_an_outage_of_hours_still_counts_as_running(
    world: World, overlap: OverlapPolicy, ended: bool, ticks: list[str]
) -> None:
    schedule = await world.schedule(overlap=overlap)
    world.clock.advance(MINUTE)
    stubborn: Any = Stubborn(world.storage.schedules, Crash())
    with pytest.raises(Crash):
        await world.worker(schedules=stubborn).fire(100)
    [execution] = await world.started()
    if ended:
        await world.end(execution)

    await world.fire(timedelta(hours=6, minutes=1))

    assert await world.ticks() == ticks
    moved = await world.read(schedule)
    assert moved.last_run_at is not None
    if len(ticks) == 1:
        assert (moved.last_run_at, moved.last_execution_id) == (NOON, execution.id)
    assert await world.storage.executions.commands(execution.id) != [] or overlap is not OverlapPolicy.CANCEL_OTHER


async def test_a_worker_that_was_too_slow_starts_nothing_twice_and_moves_nothing_back(world: World) -> None:
    class Slow:
        """Gets its turn only when others have gone on."""

        async def execute_many(self, requests: Sequence[ExecuteRequest]) -> list[ExecutionRecord | StepgraphError]:
            assert await world.fire(CLAIM) == 1
            assert await world.fire(MINUTE) == 1
            return await world.executions.execute_many(requests)

    schedule = await world.schedule(overlap=OverlapPolicy.ALLOW)
    world.clock.advance(MINUTE)
    await world.worker(executions=Slow()).fire(100)

    assert await world.ticks() == ["12:00:00", "12:01:00"]
    moved = await world.read(schedule)
    assert (moved.last_run_at, moved.next_run_at) == (NOON + MINUTE, NOON + 2 * MINUTE)


async def test_what_was_started_is_remembered_also_when_the_schedule_was_changed_meanwhile(world: World) -> None:
    class Changed:
        async def execute_many(self, requests: Sequence[ExecuteRequest]) -> list[ExecutionRecord | StepgraphError]:
            answers = await world.executions.execute_many(requests)
            await world.schedule(workflow_id=schedule.settings.workflow_id, input=2)
            return answers

    schedule = await world.schedule()
    world.clock.advance(MINUTE)
    await world.worker(executions=Changed()).fire(100)
    assert await world.fire(timedelta(0)) == 1

    [execution] = await world.started()
    moved = await world.read(schedule)
    assert (moved.last_execution_id, moved.next_run_at, moved.last_error) == (execution.id, NOON + MINUTE, None)


async def test_a_buffered_tick_survives_a_crash(world: World) -> None:
    await world.schedule(overlap=OverlapPolicy.BUFFER_ONE)
    await world.fire()
    await world.fire()
    [execution] = await world.started()
    await world.end(execution)
    stubborn: Any = Stubborn(world.storage.schedules, Crash())

    with pytest.raises(Crash):
        await world.worker(schedules=stubborn).fire(100)
    assert await world.fire(CLAIM) == 1

    assert await world.ticks() == ["12:00:00", "12:01:00"]
