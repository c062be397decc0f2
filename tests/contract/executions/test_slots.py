"""The contract of slots: how many executions of a workflow run at a time, and which comes next."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.engine.state import WaitReason
from domain.executions.records import ExecutionFilter, ExecutionRecord, PendingCommand
from domain.kernel.ids import new_id
from domain.kernel.statuses import CommandKind, ExecutionStatus, WaitKind
from tests.contract.conftest import Storage
from tests.contract.rows import (
    LATER,
    NOW,
    SOON,
    claimed,
    created,
    created_workflow,
    delta_of,
    end_of,
    new_execution,
    step,
    stored,
)

CONCURRENCY = WaitReason(kind=WaitKind.CONCURRENCY)


async def limited(storage: Storage, count: int, limit: int, **given: Any) -> list[ExecutionRecord]:
    """Executions of one workflow, stored in one call."""
    values = {"workflow_id": new_id(), "max_concurrent": limit} | given
    return await storage.executions.create([new_execution(**values) for _ in range(count)])


async def end(storage: Storage, id: UUID) -> None:
    await storage.executions.commit(end_of(await claimed(storage, id)))


async def queued(storage: Storage, ids: Sequence[UUID]) -> set[UUID]:
    return {row.id for row in (await storage.queries.get_many(ids)).values() if row.is_queued}


async def test_beyond_the_limit_executions_queue(storage: Storage) -> None:
    records = await limited(storage, 5, 2)
    assert [record.is_queued for record in records] == [False, False, True, True, True]
    assert [await stored(storage, record.id) for record in records] == records
    last = records[-1]
    assert (last.status, last.waiting_for, last.due_at) == (ExecutionStatus.PENDING, CONCURRENCY, None)
    ids = [record.id for record in records]
    assert set(await storage.recovery.due_executions(now=LATER, limit=9)) == set(ids[:2])
    claims = await storage.executions.claim(ids, worker_id=new_id(), now=LATER)
    assert [claim.execution.id for claim in claims] == ids[:2]


async def test_workflows_and_executions_without_a_limit_are_not_queued(storage: Storage) -> None:
    workflow_id = new_id()
    await limited(storage, 2, 1)
    (other,) = await limited(storage, 1, 1)
    free = await storage.executions.create([new_execution(workflow_id=workflow_id) for _ in range(3)])
    assert not any(record.is_queued for record in [other, *free])
    # What was started before there was a limit counts as well.
    (late,) = await limited(storage, 1, 3, workflow_id=workflow_id)
    assert late.is_queued


async def test_an_end_frees_a_slot_for_the_next(storage: Storage) -> None:
    first, second, third = await limited(storage, 3, 1)
    workflow_id = first.workflow_id
    assert workflow_id is not None
    assert await storage.executions.admit(workflow_id, 1, SOON) == []
    await end(storage, first.id)
    assert await storage.executions.admit(workflow_id, 1, SOON) == [second.id]
    assert await storage.executions.admit(workflow_id, 1, SOON) == []

    found = await stored(storage, second.id)
    assert (found.is_queued, found.waiting_for) == (False, WaitReason(kind=WaitKind.WORKER))
    assert await storage.recovery.due_executions(now=SOON, limit=9) == [second.id]
    assert await queued(storage, [second.id, third.id]) == {third.id}
    (claim,) = await storage.executions.claim([second.id], worker_id=new_id(), now=NOW)
    assert claim.execution.id == second.id


async def test_a_raised_limit_admits_more(storage: Storage) -> None:
    records = await limited(storage, 6, 1)
    workflow_id = records[0].workflow_id
    assert workflow_id is not None
    assert set(await storage.executions.admit(workflow_id, 4, SOON)) == {record.id for record in records[1:4]}
    assert set(await storage.executions.admit(workflow_id, 2**31 - 1, SOON)) == {records[4].id, records[5].id}


async def test_higher_priorities_come_first_and_then_the_oldest(storage: Storage) -> None:
    (running,) = await limited(storage, 1, 1)
    workflow_id = running.workflow_id
    assert workflow_id is not None
    order = [
        (await limited(storage, 1, 1, workflow_id=workflow_id, priority=priority))[0].id for priority in (0, 5, 0, 9, 5)
    ]
    expected = [order[index] for index in (3, 1, 4, 0, 2)]
    for id in expected:
        await end(storage, running.id)
        assert await storage.executions.admit(workflow_id, 1, SOON) == [id]
        running = await stored(storage, id)


async def test_who_comes_later_does_not_overtake_who_queues(storage: Storage) -> None:
    first, second = await limited(storage, 2, 1)
    await end(storage, first.id)
    (third,) = await limited(storage, 1, 1, workflow_id=first.workflow_id, priority=9)
    assert third.is_queued
    assert first.workflow_id is not None
    assert await storage.executions.admit(first.workflow_id, 1, SOON) == [third.id]
    assert await queued(storage, [second.id]) == {second.id}


async def test_a_start_in_the_future_competes_when_it_has_come(storage: Storage) -> None:
    (later,) = await limited(storage, 1, 1, start_at=LATER)
    workflow_id = later.workflow_id
    assert workflow_id is not None
    assert later.waiting_for == WaitReason(kind=WaitKind.TIMER, until=LATER)
    (now,) = await limited(storage, 1, 1, workflow_id=workflow_id)
    assert not now.is_queued
    assert await storage.executions.claim([later.id], worker_id=new_id(), now=LATER) == []
    assert await storage.executions.admit(workflow_id, 2, SOON) == []
    assert await storage.executions.admit(workflow_id, 1, LATER) == []
    assert (await stored(storage, later.id)).waiting_for == CONCURRENCY
    await end(storage, now.id)
    assert await storage.executions.admit(workflow_id, 1, LATER) == [later.id]
    (claim,) = await storage.executions.claim([later.id], worker_id=new_id(), now=LATER)
    assert claim.execution.id == later.id


async def test_what_is_queued_can_be_cancelled_and_nothing_else(storage: Storage) -> None:
    first, second = await limited(storage, 2, 1)
    for kind in (CommandKind.PAUSE, CommandKind.SIGNAL):
        assert (
            await storage.executions.add_command(
                PendingCommand(id=new_id(), execution_id=second.id, kind=kind, payload={"name": "go"}, created_at=NOW)
            )
            is None
        )
    assert await storage.executions.claim([second.id], worker_id=new_id(), now=LATER) == []
    assert await storage.recovery.due_executions(now=LATER, limit=9) == [first.id]

    cancel = new_id()
    await storage.executions.add_command(
        PendingCommand(id=cancel, execution_id=second.id, kind=CommandKind.CANCEL, payload=None, created_at=NOW)
    )
    assert set(await storage.recovery.due_executions(now=LATER, limit=9)) == {first.id, second.id}
    claim = await claimed(storage, second.id)
    assert claim.execution.is_queued
    assert len(claim.commands) == 3
    assert second.workflow_id is not None
    assert await storage.executions.admit(second.workflow_id, 9, SOON) == []
    await storage.executions.commit(end_of(claim, status=ExecutionStatus.CANCELLED, applied_commands=(cancel,)))
    assert not (await stored(storage, second.id)).is_queued
    assert await storage.recovery.queued_workflows() == []
    (third,) = await limited(storage, 1, 2, workflow_id=first.workflow_id)
    assert not third.is_queued


async def test_a_worker_that_dies_cancelling_gives_no_slot(storage: Storage) -> None:
    _, second = await limited(storage, 2, 1)
    await storage.executions.add_command(
        PendingCommand(id=new_id(), execution_id=second.id, kind=CommandKind.CANCEL, payload=None, created_at=NOW)
    )
    await claimed(storage, second.id)
    assert await storage.recovery.release_dead(dead_before=NOW, limit=9) == [second.id]
    found = await stored(storage, second.id)
    assert (found.is_queued, found.due_at) == (True, None)
    assert (await claimed(storage, second.id)).execution.is_queued


async def test_the_reconciler_finds_the_workflows_with_a_queue(storage: Storage) -> None:
    assert await storage.recovery.queued_workflows() == []
    with_limit = await created_workflow(
        storage.workflows, "a", document={"name": "a", "steps": [], "maxConcurrentExecutions": 3}
    )
    without = await created_workflow(storage.workflows, "b")
    await limited(storage, 3, 3, workflow_id=new_id())
    for record in (with_limit, without):
        await limited(storage, 4, 1, workflow_id=record.id)
    found = dict(await storage.recovery.queued_workflows())
    assert set(found) == {with_limit.id, without.id}
    assert found[with_limit.id] == 3
    assert found[without.id] > 1_000_000


async def test_due_executions_come_by_priority_and_then_by_time(storage: Storage) -> None:
    low = await created(storage, priority=-3, created_at=NOW - timedelta(days=1))
    late = await created(storage, priority=5, created_at=SOON)
    early = await created(storage, priority=5)
    plain = [await created(storage) for _ in range(2)]
    future = await created(storage, priority=9, start_at=LATER)
    told = await claimed(storage, priority=7)
    await storage.executions.commit(delta_of(told, step("a"), release=True, due_at=LATER))
    await storage.executions.add_command(
        PendingCommand(
            id=new_id(), execution_id=told.execution.id, kind=CommandKind.CANCEL, payload=None, created_at=NOW
        )
    )
    expected = [told.execution.id, early, late, *plain, low]
    assert await storage.recovery.due_executions(now=SOON, limit=9) == expected
    assert await storage.recovery.due_executions(now=SOON, limit=3) == expected[:3]
    assert (await storage.recovery.due_executions(now=LATER, limit=1)) == [future]


async def test_a_hundred_creations_with_one_key_take_one_slot(storage: Storage) -> None:
    workflow_id = new_id()

    async def create() -> ExecutionRecord:
        (record,) = await limited(storage, 1, 2, workflow_id=workflow_id, idempotency_key="same")
        return record

    answers = await asyncio.gather(*(create() for _ in range(100)))
    assert len({answer.id for answer in answers}) == 1
    assert not any(answer.is_queued for answer in answers)
    others = await limited(storage, 2, 2, workflow_id=workflow_id)
    assert [record.is_queued for record in others] == [False, True]


async def test_a_key_twice_in_one_call_takes_one_slot(storage: Storage) -> None:
    given = {"workflow_id": new_id(), "max_concurrent": 2}
    first, again, other, last = (new_execution(**given, idempotency_key=key) for key in ("a", "a", "b", "c"))
    answers = await storage.executions.create([first, again, other, last])
    assert [answer.id for answer in answers] == [first.id, first.id, other.id, last.id]
    assert [answer.is_queued for answer in answers] == [False, False, False, True]


@pytest.mark.parametrize("limit", [1, 5])
async def test_never_more_run_than_may_and_all_end(storage: Storage, limit: int) -> None:
    """Creations, ends and admissions of one workflow at the same time, from several workers."""
    workflow_id, total = new_id(), 200
    most = ended = 0
    running: set[UUID] = set()
    ready: asyncio.Queue[UUID] = asyncio.Queue()

    async def create(count: int) -> None:
        for record in await limited(storage, count, limit, workflow_id=workflow_id):
            if not record.is_queued:
                ready.put_nowait(record.id)

    async def work() -> None:
        nonlocal most, ended
        worker_id = new_id()
        while ended < total:
            try:
                id = await asyncio.wait_for(ready.get(), 0.1)
            except TimeoutError:  # the reconciler's part: an end came between a creation's count and its insert
                for found in await storage.executions.admit(workflow_id, limit, SOON):
                    ready.put_nowait(found)
                continue
            (claim,) = await storage.executions.claim([id], worker_id=worker_id, now=SOON)
            running.add(id)
            most = max(most, len(running))
            await storage.executions.commit(delta_of(claim, step("a")))
            running.discard(id)
            await storage.executions.commit(end_of(claim))
            ended += 1
            for found in await storage.executions.admit(workflow_id, limit, SOON):
                ready.put_nowait(found)

    async with asyncio.timeout(60):
        await asyncio.gather(*(create(total // 20) for _ in range(20)), *(work() for _ in range(8)))
    assert (ended, most <= limit) == (total, True)
    completed = ExecutionFilter(statuses=frozenset({ExecutionStatus.COMPLETED}))
    assert await storage.queries.count(completed) == total
    assert await storage.recovery.queued_workflows() == []
