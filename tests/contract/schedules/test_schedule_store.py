"""The contract of the schedule store, over memory and PostgreSQL."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.kernel.errors import Conflict, NotFound
from domain.kernel.ids import new_id
from domain.kernel.pages import Page
from domain.kernel.statuses import OverlapPolicy
from domain.schedules.model import ScheduleClaim, ScheduleOutcome, ScheduleRecord, ScheduleSettings, tick_key
from tests.contract.conftest import Storage
from tests.contract.rows import NOW, SOON, claimed, created, created_workflow, end_of

UNTIL = NOW + timedelta(seconds=5)
TICK = NOW - timedelta(seconds=1)
NEXT = NOW + timedelta(hours=1)


def a_schedule(name: str = "nightly", *, next_run_at: datetime | None = TICK, **given: Any) -> ScheduleRecord:
    """A schedule to store, due by default; `given` are settings."""
    settings: dict[str, Any] = {"name": name, "workflow_id": new_id(), "cron": "0 3 * * *"}
    return ScheduleRecord(
        id=new_id(),
        settings=ScheduleSettings(**(settings | given)),
        revision=1,
        created_at=NOW,
        updated_at=NOW,
        next_run_at=next_run_at,
    )


async def stored(storage: Storage, *args: Any, **given: Any) -> ScheduleRecord:
    schedule = a_schedule(*args, **given)
    await storage.schedules.create(schedule)
    return schedule


async def claim(storage: Storage, *, now: datetime = NOW, limit: int = 10) -> list[ScheduleClaim]:
    return list(await storage.schedules.claim(now=now, until=now + timedelta(seconds=5), limit=limit))


async def read(storage: Storage, schedule: ScheduleRecord) -> ScheduleRecord:
    return (await storage.schedules.get_many([schedule.id]))[schedule.id]


def outcome_of(held: ScheduleClaim, **given: Any) -> ScheduleOutcome:
    values: dict[str, Any] = {"schedule_id": held.schedule.id, "epoch": held.epoch, "next_run_at": NEXT}
    return ScheduleOutcome(**(values | given))


def names(page: Page[ScheduleRecord]) -> list[str]:
    return [each.settings.name for each in page.rows]


async def started_once(storage: Storage, execution_id: UUID, **given: Any) -> ScheduleRecord:
    """A schedule that has started this execution, and is due again later."""
    schedule = await stored(storage, **given)
    [held] = await claim(storage)
    await storage.schedules.finish([outcome_of(held, last_run_at=TICK, last_execution_id=execution_id)])
    return await read(storage, schedule)


async def test_what_is_stored_is_read_back(storage: Storage) -> None:
    schedule = await stored(
        storage,
        timezone="Europe/Berlin",
        input={"b": 1, "a": [10**30, 1.5, None]},
        overlap=OverlapPolicy.BUFFER_ONE,
        catch_up_window=timedelta(days=366, microseconds=1),
    )

    assert await storage.schedules.find("nightly") == schedule
    assert await storage.schedules.get_many([schedule.id, new_id()]) == {schedule.id: schedule}
    assert await storage.schedules.find("daily") is None


async def test_a_name_is_taken_once(storage: Storage) -> None:
    await stored(storage)
    other = await stored(storage, "other")

    with pytest.raises(Conflict):
        await stored(storage)
    with pytest.raises(Conflict):
        await storage.schedules.update(
            replace(other, settings=replace(other.settings, name="nightly")), expected_revision=1, keeps_next_run=True
        )


async def test_schedules_are_listed_by_name_also_those_of_one_workflow(storage: Storage) -> None:
    workflow_id = new_id()
    for name, id in (("b", workflow_id), ("a", workflow_id), ("C", new_id())):
        await stored(storage, name, workflow_id=id)

    everything = await storage.schedules.page(None, first=2, after=None)
    rest = await storage.schedules.page(None, first=2, after="a")
    of_one = await storage.schedules.page(workflow_id, first=2, after=None)

    assert (names(everything), everything.has_next) == (["C", "a"], True)
    assert (names(rest), rest.has_next) == (["b"], False)
    assert (names(of_one), of_one.has_next) == (["a", "b"], False)
    assert names(await storage.schedules.page(workflow_id, first=2, after="a")) == ["b"]
    assert [await storage.schedules.count(id) for id in (None, workflow_id, new_id())] == [3, 2, 0]


async def test_a_deleted_schedule_is_gone(storage: Storage) -> None:
    schedule = await stored(storage)
    [held] = await claim(storage)

    assert await storage.schedules.delete(schedule.id)
    assert not await storage.schedules.delete(schedule.id)
    await storage.schedules.finish([outcome_of(held)])
    assert await storage.schedules.find("nightly") is None


async def test_an_update_overwrites_the_revision_that_was_read_and_no_other(storage: Storage) -> None:
    schedule = await stored(storage)
    changed = replace(
        schedule,
        settings=replace(schedule.settings, cron="0 4 * * *"),
        revision=2,
        updated_at=SOON,
        next_run_at=NEXT,
    )

    assert await storage.schedules.update(changed, expected_revision=1, keeps_next_run=False) == changed
    assert await read(storage, schedule) == changed
    with pytest.raises(Conflict):
        await storage.schedules.update(changed, expected_revision=1, keeps_next_run=False)
    with pytest.raises(NotFound):
        await storage.schedules.update(replace(changed, id=new_id()), expected_revision=1, keeps_next_run=False)


async def test_a_claim_gives_what_is_due_and_enabled_the_oldest_first(storage: Storage) -> None:
    late = await stored(storage, "late", next_run_at=NOW - timedelta(hours=1))
    due = await stored(storage, "due", next_run_at=NOW)
    await stored(storage, "later", next_run_at=NOW + timedelta(microseconds=1))
    await stored(storage, "never", next_run_at=None)
    await stored(storage, "disabled", enabled=False)

    [first] = await claim(storage, limit=1)
    [second] = await claim(storage)

    assert (first.schedule, first.is_running) == (late, False)
    assert second.schedule == due


async def test_what_is_claimed_is_nobody_elses_until_it_is_finished_or_the_time_is_over(storage: Storage) -> None:
    await stored(storage)
    [first] = await claim(storage)

    assert await claim(storage) == []
    assert await claim(storage, now=UNTIL - timedelta(microseconds=1)) == []
    [second] = await claim(storage, now=UNTIL)
    assert second.epoch > first.epoch

    await storage.schedules.finish([outcome_of(second, next_run_at=UNTIL)])
    [third] = await claim(storage, now=UNTIL)
    assert third.schedule.next_run_at == UNTIL


async def test_a_claim_after_one_without_an_outcome_finds_what_that_one_started(storage: Storage) -> None:
    workflow_id = (await created_workflow(storage.workflows, "orders")).id
    schedule, other = [await stored(storage, name, workflow_id=workflow_id) for name in ("nightly", "other")]
    newer, older = TICK, TICK - timedelta(days=1)
    await created(storage, workflow_id=workflow_id, idempotency_key=tick_key(schedule.id, older))
    execution_id = await created(storage, workflow_id=workflow_id, idempotency_key=tick_key(schedule.id, newer))
    await created(storage, idempotency_key=tick_key(schedule.id, newer + timedelta(days=1)))

    for held in await claim(storage):
        assert held.schedule.last_run_at is None
    found = {held.schedule.id: held for held in await claim(storage, now=UNTIL)}

    held = found[schedule.id]
    assert (held.schedule.last_run_at, held.schedule.last_execution_id) == (newer, execution_id)
    assert held.is_running
    assert (found[other.id].schedule, found[other.id].is_running) == (other, False)
    assert (await read(storage, schedule)).last_run_at is None


async def test_claims_at_the_same_time_give_each_schedule_to_one(storage: Storage) -> None:
    for number in range(20):
        await stored(storage, f"schedule {number}")

    claims = await asyncio.gather(*(claim(storage, limit=10) for _ in range(4)))

    ids = [held.schedule.id for some in claims for held in some]
    assert len(ids) == len(set(ids))
    ids += [held.schedule.id for held in await claim(storage, limit=20)]
    assert len(ids) == 20


async def test_an_outcome_moves_a_schedule_on(storage: Storage) -> None:
    schedule = await stored(storage)
    [held] = await claim(storage)
    execution_id = new_id()

    await storage.schedules.finish(
        [
            outcome_of(
                held, buffered_at=NOW, last_run_at=TICK, last_execution_id=execution_id, last_error="One was skipped."
            )
        ]
    )

    assert await read(storage, schedule) == replace(
        schedule,
        next_run_at=NEXT,
        buffered_at=NOW,
        last_run_at=TICK,
        last_execution_id=execution_id,
        last_error="One was skipped.",
    )


async def test_an_outcome_that_started_nothing_keeps_what_was_started_last(storage: Storage) -> None:
    schedule = await started_once(storage, new_id())
    [held] = await claim(storage, now=NEXT)

    await storage.schedules.finish([outcome_of(held, last_error="The workflow is paused.")])

    assert await read(storage, schedule) == replace(schedule, last_error="The workflow is paused.")


async def test_an_outcome_can_stop_a_schedule(storage: Storage) -> None:
    schedule = await stored(storage)
    [held] = await claim(storage)

    await storage.schedules.finish([outcome_of(held, next_run_at=None, stops=True)])

    assert not (await read(storage, schedule)).settings.enabled


async def test_an_outcome_that_comes_too_late_tells_only_what_was_started(storage: Storage) -> None:
    schedule = await stored(storage)
    [slow] = await claim(storage)
    [quick] = await claim(storage, now=UNTIL)
    newer, older = new_id(), new_id()

    late = outcome_of(
        slow, next_run_at=None, buffered_at=NOW, last_run_at=TICK, last_execution_id=older, last_error="…", stops=True
    )
    await storage.schedules.finish([late])
    assert await read(storage, schedule) == replace(schedule, last_run_at=TICK, last_execution_id=older)
    assert await claim(storage, now=UNTIL) == []

    await storage.schedules.finish([outcome_of(quick, last_run_at=NOW, last_execution_id=newer)])
    await storage.schedules.finish([late])
    assert await read(storage, schedule) == replace(
        schedule, next_run_at=NEXT, last_run_at=NOW, last_execution_id=newer
    )


async def test_a_change_of_the_settings_lets_go_of_a_claim_and_is_not_moved_by_it(storage: Storage) -> None:
    schedule = await stored(storage)
    [held] = await claim(storage)
    changed = replace(schedule, settings=replace(schedule.settings, cron="0 4 * * *"), revision=2, next_run_at=NOW)

    await storage.schedules.update(changed, expected_revision=1, keeps_next_run=False)
    await storage.schedules.finish([outcome_of(held)])

    assert (await read(storage, schedule)).next_run_at == NOW
    assert len(await claim(storage)) == 1


async def test_a_change_may_keep_the_next_run_whatever_was_read(storage: Storage) -> None:
    schedule = await stored(storage)
    [held] = await claim(storage)
    await storage.schedules.finish([outcome_of(held, buffered_at=TICK)])
    changed = replace(schedule, settings=replace(schedule.settings, input=1), revision=2)

    kept = await storage.schedules.update(changed, expected_revision=1, keeps_next_run=True)

    assert (kept.next_run_at, kept.buffered_at) == (NEXT, TICK)
    other = replace(kept, settings=replace(kept.settings, overlap=OverlapPolicy.ALLOW), revision=3)
    kept = await storage.schedules.update(other, expected_revision=2, keeps_next_run=True)
    assert (kept.next_run_at, kept.buffered_at) == (NEXT, None)


async def test_a_claim_says_whether_the_last_execution_runs(storage: Storage) -> None:
    execution_id = await created(storage)
    await started_once(storage, execution_id)

    [held] = await claim(storage, now=NEXT)
    assert held.is_running

    await storage.executions.commit(end_of(await claimed(storage, execution_id)))
    [held] = await claim(storage, now=NEXT + timedelta(seconds=5))
    assert not held.is_running


async def test_a_buffered_tick_wants_to_be_started_once_the_last_execution_has_ended(storage: Storage) -> None:
    execution_id = await created(storage)
    schedule = await stored(storage)
    [held] = await claim(storage)
    outcome = outcome_of(held, buffered_at=NOW, last_run_at=TICK, last_execution_id=execution_id)
    await storage.schedules.finish([outcome])

    assert await claim(storage, now=SOON) == []
    await storage.executions.commit(end_of(await claimed(storage, execution_id)))

    [held] = await claim(storage, now=SOON)
    assert (held.schedule.id, held.schedule.buffered_at, held.is_running) == (schedule.id, NOW, False)
    assert await claim(storage, now=SOON) == []


async def test_the_schedules_of_a_deleted_workflow_are_gone(storage: Storage) -> None:
    record = await created_workflow(storage.workflows, "orders")
    await stored(storage, workflow_id=record.id)
    other = await stored(storage, "other")

    await storage.workflows.delete(record.id, NOW)

    assert (await storage.schedules.page(None, first=5, after=None)).rows == (other,)


async def test_those_that_are_unproven_are_claimed_apart(storage: Storage) -> None:
    """The cost of one of them, at its first tick or tick after tick, holds up none of the others."""
    well, failed = await stored(storage, "well"), await stored(storage, "failed")
    changed = await stored(storage, "changed")
    ran: dict[str, Any] = {"next_run_at": NOW, "last_run_at": NOW, "last_execution_id": new_id()}
    held = {each.schedule.id: each for each in await claim(storage)}
    await storage.schedules.finish(
        [
            outcome_of(held[well.id], **ran),
            outcome_of(held[failed.id], **ran, last_error="The tick started nothing."),
            outcome_of(held[changed.id], **ran),
        ]
    )
    later = NOW + timedelta(seconds=1)
    await storage.schedules.update(
        replace(changed, revision=2, updated_at=later), expected_revision=1, keeps_next_run=True
    )
    new = await stored(storage, "new")

    async def claimed(unproven: bool) -> set[UUID]:
        found = await storage.schedules.claim(now=later, until=UNTIL, limit=10, unproven=unproven)
        assert {each.schedule.is_unproven for each in found} == {unproven}
        return {each.schedule.id for each in found}

    assert await claimed(unproven=False) == {well.id}
    assert await claimed(unproven=True) == {failed.id, changed.id, new.id}


async def test_the_next_that_is_due_is_known(storage: Storage) -> None:
    """A tick that was buffered may be started at any time, as the execution before it may end."""
    assert await storage.schedules.next_due(NOW) is None
    await stored(storage, "later", next_run_at=NEXT)
    await stored(storage, "off", next_run_at=TICK, enabled=False)
    assert await storage.schedules.next_due(NOW) == NEXT
    soon = await stored(storage, "soon", next_run_at=SOON)
    assert await storage.schedules.next_due(NOW) == SOON
    (held,) = await claim(storage, now=SOON)
    assert held.schedule.id == soon.id
    await storage.schedules.finish([outcome_of(held, buffered_at=SOON)])
    assert await storage.schedules.next_due(NOW) == NOW
