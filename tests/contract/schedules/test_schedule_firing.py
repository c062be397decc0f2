"""Firing schedules over real and in-memory ports: at most one start for a tick, whatever crashes, however many fire."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from domain.executions.records import ExecutionRecord
from domain.executions.service import ExecuteRequest
from domain.kernel.errors import InvalidInput, Problem, StepgraphError
from domain.kernel.ids import new_id
from domain.kernel.statuses import CommandKind, ExecutionStatus, OverlapPolicy, WorkflowStatus
from domain.schedules.model import ScheduleRecord, ScheduleSettings, tick_key
from domain.workflows.records import WorkflowChanges
from tests.contract.conftest import Storage
from tests.contract.firing import MINUTE, NOON, World


@pytest.fixture
def world(storage: Storage) -> World:
    return World(storage)


async def test_a_tick_starts_one_execution_that_says_what_it_is_of(world: World) -> None:
    schedule = await world.schedule(input={"region": "north"})

    assert await world.fire() == 1
    assert await world.fire(timedelta(0)) == 0

    [execution] = await world.started()
    assert execution.labels == {"schedule": "each-minute", "scheduledAt": "2026-05-05T12:00:00Z"}
    assert execution.idempotency_key == tick_key(schedule.id, NOON)
    assert execution.input == {"region": "north"}
    assert execution.workflow_id == schedule.settings.workflow_id
    assert world.queue.hints == [execution.id]
    moved = await world.read(schedule)
    assert moved.next_run_at == NOON + MINUTE
    assert (moved.last_run_at, moved.last_execution_id, moved.last_error) == (NOON, execution.id, None)


async def test_nothing_is_done_before_its_time(world: World) -> None:
    await world.schedule()

    assert await world.fire(MINUTE - timedelta(microseconds=1)) == 0
    assert await world.started() == []


async def test_many_workers_start_a_tick_once(world: World) -> None:
    workflow_id = await world.workflow()
    for number in range(10):
        await world.schedule(f"schedule-{number}", workflow_id=workflow_id)
    world.clock.advance(MINUTE)

    fired = await asyncio.gather(*(world.worker().fire(100) for _ in range(5)))

    assert sum(fired) == 10
    assert sorted(str(row.labels["schedule"]) for row in await world.started()) == [
        f"schedule-{number}" for number in range(10)
    ]


async def test_after_an_outage_of_hours_what_was_missed_within_the_window_is_started_the_oldest_first(
    world: World,
) -> None:
    schedule = await world.schedule(cron="0 * * * *", overlap=OverlapPolicy.ALLOW, catch_up_window=timedelta(hours=4))

    await world.fire(timedelta(hours=9, minutes=31))

    assert await world.ticks() == ["18:00:00", "19:00:00", "20:00:00", "21:00:00"]
    moved = await world.read(schedule)
    assert moved.next_run_at == NOON + timedelta(hours=10)
    assert "the catch-up window is PT4H" in (moved.last_error or "")
    assert await world.fire(timedelta(0)) == 0


async def test_skip_waits_for_the_end_of_the_last_one(world: World) -> None:
    schedule = await world.schedule()
    await world.fire()
    await world.fire()
    assert await world.ticks() == ["12:00:00"]
    assert "12:01:00Z was skipped" in ((await world.read(schedule)).last_error or "")

    [execution] = await world.started()
    await world.end(execution)
    await world.fire()

    assert await world.ticks() == ["12:00:00", "12:02:00"]
    assert (await world.read(schedule)).last_error is None


async def test_buffer_one_starts_one_more_as_soon_as_the_last_has_ended(world: World) -> None:
    schedule = await world.schedule(overlap=OverlapPolicy.BUFFER_ONE)
    for _ in range(4):
        await world.fire()
    assert await world.ticks() == ["12:00:00"]
    assert (await world.read(schedule)).buffered_at == NOON + MINUTE

    [execution] = await world.started()
    await world.end(execution)
    assert await world.fire(timedelta(seconds=1)) == 1
    assert await world.fire(timedelta(seconds=1)) == 0

    assert await world.ticks() == ["12:00:00", "12:01:00"]
    assert (await world.read(schedule)).buffered_at is None


async def test_allow_starts_beside_those_that_run(world: World) -> None:
    await world.schedule(overlap=OverlapPolicy.ALLOW)
    for _ in range(3):
        await world.fire()

    assert await world.ticks() == ["12:00:00", "12:01:00", "12:02:00"]


async def test_cancel_other_cancels_the_last_one_and_starts_when_it_has_ended(world: World) -> None:
    await world.schedule(overlap=OverlapPolicy.CANCEL_OTHER)
    await world.fire()
    [execution] = await world.started()
    await world.fire()

    [command] = await world.storage.executions.commands(execution.id)
    assert command.kind is CommandKind.CANCEL
    assert command.payload == {"reason": "The schedule 'each-minute' is due again, and starts the next one."}
    assert await world.ticks() == ["12:00:00"]

    await world.end(execution, status=ExecutionStatus.CANCELLED, output=None, applied_commands=(command.id,))
    assert await world.fire(timedelta(seconds=1)) == 1
    assert await world.ticks() == ["12:00:00", "12:01:00"]


async def test_after_an_outage_what_was_missed_within_the_window_is_started(world: World) -> None:
    schedule = await world.schedule(overlap=OverlapPolicy.ALLOW, catch_up_window=timedelta(minutes=3))

    await world.fire(timedelta(minutes=10))

    assert await world.ticks() == ["12:06:00", "12:07:00", "12:08:00", "12:09:00"]
    moved = await world.read(schedule)
    assert moved.next_run_at == NOON + 10 * MINUTE
    assert "dropped up to 2026-05-05T12:06:00Z" in (moved.last_error or "")


async def test_what_was_due_while_it_was_disabled_is_never_started(world: World) -> None:
    schedule = await world.schedule(catch_up_window=timedelta(days=1))
    settings: dict[str, Any] = {"workflow_id": schedule.settings.workflow_id, "catch_up_window": timedelta(days=1)}
    disabled = await world.schedule(enabled=False, **settings)
    assert disabled.next_run_at is None
    assert await world.fire(timedelta(minutes=10)) == 0

    await world.schedule(enabled=True, **settings)
    await world.fire()

    assert await world.ticks() == ["12:10:00"]


async def test_a_change_of_the_time_of_day_counts_from_now_and_any_other_change_keeps_the_next_run(
    world: World,
) -> None:
    schedule = await world.schedule()
    world.clock.advance(timedelta(minutes=5))
    workflow_id = schedule.settings.workflow_id

    assert (await world.schedule(workflow_id=workflow_id, input=1)).next_run_at == NOON
    workflow_id = await world.workflow("others")
    assert (await world.schedule(workflow_id=workflow_id)).next_run_at == NOON + 5 * MINUTE
    assert (await world.schedule(workflow_id=workflow_id, cron="30 * * * *")).next_run_at == NOON + 30 * MINUTE


@pytest.mark.parametrize("status", [WorkflowStatus.PAUSED, WorkflowStatus.DRAFT, WorkflowStatus.ARCHIVED])
async def test_a_workflow_that_cannot_be_started_costs_the_tick_and_no_more(
    world: World, status: WorkflowStatus
) -> None:
    schedule = await world.schedule()
    record = await world.storage.workflows.find(id=schedule.settings.workflow_id)
    assert record is not None
    await world.storage.workflows.update(record.id, WorkflowChanges(status=status), now=NOON)

    assert await world.fire() == 1
    assert await world.fire(timedelta(0)) == 0

    moved = await world.read(schedule)
    assert moved.next_run_at == NOON + MINUTE
    assert moved.last_error == (
        f"The tick 2026-05-05T12:00:00Z started nothing: The workflow 'orders' is {status}; "
        "only ACTIVE ones can be started."
    )
    assert moved.last_run_at is None
    assert await world.started() == []


async def test_a_schedule_whose_workflow_is_gone_is_disabled(world: World) -> None:
    """`deleteWorkflow` takes its schedules with it; one that was saved at the same moment stops at its next tick."""
    schedule = ScheduleRecord(
        id=new_id(),
        settings=ScheduleSettings(name="orphan", workflow_id=new_id(), cron="* * * * *"),
        revision=1,
        created_at=NOON,
        updated_at=NOON,
        next_run_at=NOON,
    )
    await world.storage.schedules.create(schedule)

    await world.fire()

    stopped = await world.read(schedule)
    assert not stopped.settings.enabled
    assert stopped.next_run_at is None
    assert "There is no workflow" in (stopped.last_error or "")


async def test_one_that_cannot_be_stored_stops_no_other(world: World) -> None:
    class Picky:
        """Refuses every request that comes with the bad one, as a statement for many does."""

        async def execute_many(self, requests: Sequence[ExecuteRequest]) -> list[ExecutionRecord | StepgraphError]:
            if any(request.input == "bad" for request in requests):
                raise InvalidInput([Problem(path=("input",), message="cannot be stored")])
            return await world.executions.execute_many(requests)

    workflow_id = await world.workflow()
    bad = await world.schedule("bad", workflow_id=workflow_id, input="bad")
    await world.schedule("good", workflow_id=workflow_id)
    world.clock.advance(MINUTE)

    await world.worker(executions=Picky()).fire(100)

    assert [row.labels["schedule"] for row in await world.started()] == ["good"]
    assert "cannot be stored" in ((await world.read(bad)).last_error or "")


async def test_a_schedule_that_cannot_be_understood_any_more_is_disabled(world: World) -> None:
    schedule = ScheduleRecord(
        id=new_id(),
        settings=ScheduleSettings(name="atlantis", workflow_id=new_id(), cron="@daily", timezone="Ocean/Atlantis"),
        revision=1,
        created_at=NOON,
        updated_at=NOON,
        next_run_at=NOON,
    )
    await world.storage.schedules.create(schedule)

    await world.fire()

    stopped = await world.read(schedule)
    assert not stopped.settings.enabled
    assert "Ocean/Atlantis" in (stopped.last_error or "")


async def test_what_one_worker_cannot_do_in_one_go_it_does_in_several(world: World) -> None:
    workflow_id = await world.workflow()
    for number in range(7):
        await world.schedule(f"schedule-{number}", workflow_id=workflow_id)
    world.clock.advance(MINUTE)

    assert [await world.worker().fire(3) for _ in range(4)] == [3, 3, 1, 0]
    assert len(await world.started()) == 7
