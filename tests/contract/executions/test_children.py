"""The contract of executions that belong together: parents and children, retries, and what is deleted."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from domain.engine.state import Attempt
from domain.executions.records import Claim, ExecutionFilter, PendingCommand, Progress, StepFilter
from domain.kernel.errors import LeaseLost, NotFound
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.ids import IdKind, new_id, to_public
from domain.kernel.statuses import CommandKind, ExecutionStatus, StepStatus
from tests.contract.conftest import Storage
from tests.contract.rows import (
    LATER,
    NOW,
    SOON,
    claimed,
    command,
    created,
    delta_of,
    end_of,
    ended_child,
    item_step,
    new_batch,
    new_execution,
    step,
    stored,
)


async def child_of(storage: Storage, parent: Claim, **given: Any) -> Claim:
    return await claimed(storage, parent_id=parent.execution.id, parent_path="sub", **given)


async def test_a_child_knows_its_parent_and_is_an_execution_like_any_other(storage: Storage) -> None:
    parent = await claimed(storage)
    child = await child_of(storage, parent)
    assert (child.execution.parent_id, child.execution.parent_path) == (parent.execution.id, "sub")
    assert (child.execution.is_batch, child.parent, child.outer) == (False, None, ())
    assert await stored(storage, child.execution.id) == child.execution
    assert await storage.queries.count(ExecutionFilter()) == 2


async def test_the_parent_is_told_in_the_transaction_that_ends_the_child(storage: Storage) -> None:
    parent = await claimed(storage)
    await storage.executions.commit(delta_of(parent, step("a"), release=True, status=ExecutionStatus.WAITING))
    child = await child_of(storage, parent)
    notice = ended_child(child, status="COMPLETED", output={"big": 2**70})
    with pytest.raises(LeaseLost):
        await storage.executions.commit(end_of(child, epoch=7, notify=notice))
    assert await storage.executions.commands(parent.execution.id) == []

    await storage.executions.commit(end_of(child, notify=notice))
    assert await storage.executions.commands(parent.execution.id) == [notice]
    assert await storage.recovery.due_executions(now=SOON, limit=9) == [parent.execution.id]
    assert (await claimed(storage, parent.execution.id)).commands == (notice,)


async def test_only_an_end_tells_the_parent(storage: Storage) -> None:
    parent = await claimed(storage)
    child = await child_of(storage, parent)
    await storage.executions.commit(delta_of(child, step("a"), notify=ended_child(child)))
    assert await storage.executions.commands(parent.execution.id) == []


async def test_a_parent_that_has_ended_or_is_gone_is_told_nothing(storage: Storage) -> None:
    parent = await claimed(storage)
    first, second = await child_of(storage, parent), await child_of(storage, parent)
    await storage.executions.commit(end_of(parent))
    await storage.executions.commit(end_of(first, notify=ended_child(first)))
    assert await storage.executions.commands(parent.execution.id) == []
    await storage.executions.delete([parent.execution.id])
    await storage.executions.commit(end_of(second, notify=ended_child(second)))
    assert (await stored(storage, second.execution.id)).status is ExecutionStatus.COMPLETED


async def test_many_children_that_end_at_once_all_tell(storage: Storage) -> None:
    parents = [await claimed(storage) for _ in range(3)]
    children = [await child_of(storage, parent) for parent in parents for _ in range(20)]
    notices = [ended_child(child, number=number) for number, child in enumerate(children)]
    await asyncio.gather(
        *(
            storage.executions.commit(end_of(child, notify=notice))
            for child, notice in zip(children, notices, strict=True)
        )
    )
    told = [told for parent in parents for told in await storage.executions.commands(parent.execution.id)]
    assert {told.id for told in told} == {notice.id for notice in notices}


async def test_a_child_that_keeps_killing_workers_fails_and_tells_its_parent(storage: Storage) -> None:
    parent = await claimed(storage)
    await storage.executions.commit(delta_of(parent, step("a"), release=True))
    child = await child_of(storage, parent)
    await storage.recovery.release_dead(dead_before=NOW, limit=9)
    assert await storage.recovery.quarantine(crashes=1, now=SOON, limit=9) == [child.execution.id]
    (told,) = await storage.executions.commands(parent.execution.id)
    error = (await stored(storage, child.execution.id)).error
    assert error is not None
    assert error.code is FailureCode.POISONED
    assert (told.kind, told.payload) == (
        CommandKind.CHILD_ENDED,
        {
            "path": "sub",
            "executionId": to_public(IdKind.EXECUTION, child.execution.id),
            "status": "FAILED",
            "output": None,
            "error": error.to_json(),
        },
    )


async def test_a_poisoned_execution_takes_its_batches_with_it(storage: Storage) -> None:
    parent = await claimed(storage)
    own = Progress(total=1, completed=0, failed=0, running=1, ended=0)
    await storage.executions.commit(delta_of(parent, step("loop", status=StepStatus.RUNNING), progress=own))
    new = new_batch(parent)
    await storage.executions.create_batches([new])
    batch = await claimed(storage, new.id)
    await storage.executions.commit(
        delta_of(batch, item_step(0, status=StepStatus.RUNNING), progress=replace(own, total=3))
    )
    await storage.registry.register(batch.execution.worker_id, host="b", now=LATER)  # type: ignore[arg-type]
    await storage.recovery.release_dead(dead_before=NOW, limit=9)
    assert await storage.recovery.quarantine(crashes=1, now=SOON, limit=9) == [parent.execution.id]
    found = await stored(storage, parent.execution.id)
    assert found.progress == Progress(total=4, completed=0, failed=0, running=0, ended=0)
    assert await storage.queries.get_many([new.id]) == {}
    rows = (await storage.queries.steps_page(found.id, StepFilter(), first=9, after=None)).rows
    assert [(row.state.status, row.sequence) for row in rows] == [(StepStatus.CANCELLED, found.sequence)] * 2


async def test_a_retry_begins_with_copies_of_what_was_done(storage: Storage) -> None:
    first = await created(storage)
    error = StepError(code=FailureCode.STEP_FAILED, message="no", path="b")
    copies = (
        step("a", output={"n": 2**80}),
        step("b", status=StepStatus.FAILED, error=error, checkpoint={"items": [1]}),
        step("c", status=StepStatus.SKIPPED, attempts=(Attempt(number=1, started_at=NOW, finished_at=NOW),)),
        step("d", status=StepStatus.RUNNING),
    )
    new = new_execution(retried_from_id=first, total_steps=7, steps=copies, ended=3)
    (record,) = await storage.executions.create([new])
    assert record.retried_from_id == first
    assert record.progress == Progress(total=7, completed=1, failed=1, running=1, ended=3)
    assert await stored(storage, new.id) == record

    claim = await claimed(storage, new.id)
    assert claim.execution.sequence == 0
    assert {row.state.path: row.state for row in claim.steps} == {copy.state.path: copy.state for copy in copies}
    assert {(row.position, row.sequence) for row in claim.steps} == {(copy.position, 0) for copy in copies}
    since = await storage.queries.changes_since(new.id, -1)
    assert since is not None
    assert len(since.steps or ()) == 4
    await storage.executions.commit(delta_of(claim, step("d")))
    again = await claimed(storage, new.id, worker_id=claim.execution.worker_id)
    assert len(again.steps) == 4


async def test_retries_with_and_without_steps_or_keys_are_created_together(storage: Storage) -> None:
    old = await created(storage, idempotency_key="k")
    news = [
        new_execution(retried_from_id=old, steps=(step("a"), step("b"))),
        new_execution(idempotency_key="k", steps=(step("never"),)),
        new_execution(retried_from_id=old),
        new_execution(),
        new_execution(retried_from_id=old, steps=(step("c"),), idempotency_key="fresh"),
        new_execution(steps=(step("d"),), idempotency_key="fresh"),
    ]
    answers = await storage.executions.create(news)
    assert [answer.id for answer in answers] == [
        news[0].id,
        old,
        news[2].id,
        news[3].id,
        news[4].id,
        news[4].id,
    ]
    counts = await storage.queries.steps_counts([old, *(new.id for new in news)], StepFilter())
    assert list(counts.values()) == [0, 2, 0, 0, 0, 1, 0]


async def test_the_batches_of_a_retry_come_with_the_items_that_were_done(storage: Storage) -> None:
    old = await created(storage)
    copies = (step("loop", status=StepStatus.RUNNING), item_step(0), item_step(4))
    parent = await claimed(storage, retried_from_id=old, steps=copies)
    news = [new_batch(parent), new_batch(parent, 3)]
    await storage.executions.create_batches(news)
    claims = await storage.executions.claim([new.id for new in news], worker_id=new_id(), now=NOW)
    assert [[row.state.path for row in claim.steps] for claim in claims] == [["loop[0].work"], ["loop[4].work"]]
    assert [[row.state.path for row in claim.outer] for claim in claims] == [["loop"], ["loop"]]


async def test_holders_are_those_of_executions_that_have_not_ended(storage: Storage) -> None:
    free, held, ended = await created(storage), await claimed(storage), await claimed(storage)
    await storage.executions.commit(end_of(ended))
    found = await storage.executions.holders([free, held.execution.id, ended.execution.id, new_id()])
    assert found == {free: None, held.execution.id: held.execution.worker_id}
    assert await storage.executions.holders([]) == {}


async def test_many_are_told_in_one_transaction(storage: Storage) -> None:
    free, held, ended = await created(storage), await claimed(storage), await claimed(storage)
    await storage.executions.commit(end_of(ended))
    one, two, three = command(free), command(held.execution.id), command(held.execution.id, CommandKind.PAUSE)
    told = [one, two, three, command(ended.execution.id), command(new_id())]
    expected = {free: None, held.execution.id: held.execution.worker_id}
    assert await storage.executions.add_commands(told) == expected
    assert await storage.executions.add_commands(told) == expected
    assert await storage.executions.add_commands([]) == {}
    assert await storage.executions.commands(free) == [one]
    assert await storage.executions.commands(held.execution.id) == [two, three]
    assert await storage.executions.commands(held.execution.id, {two.id, one.id}) == [three]
    assert await storage.executions.commands(ended.execution.id) == []


async def test_what_is_not_there_any_more_has_no_commands(storage: Storage) -> None:
    with pytest.raises(LeaseLost):
        await storage.executions.commands(new_id())


async def test_what_has_ended_can_be_deleted_with_all_that_belongs_to_it(storage: Storage) -> None:
    ended, running = await claimed(storage, idempotency_key="k"), await claimed(storage)
    child = await child_of(storage, ended)
    await storage.executions.add_commands([command(ended.execution.id)])
    await storage.executions.commit(end_of(ended, step("a"), step("b")))
    await storage.executions.commit(delta_of(running, step("a")))
    ids = [ended.execution.id, running.execution.id, new_id()]

    assert await storage.executions.delete(ids) == [ended.execution.id]
    assert await storage.executions.delete(ids) == []

    assert set(await storage.queries.get_many(ids)) == {running.execution.id}
    assert await storage.queries.steps_counts(ids[:2], StepFilter()) == {ids[0]: 0, ids[1]: 1}
    assert await storage.queries.changes_since(ids[0], 0) is None
    with pytest.raises(LeaseLost):
        await storage.executions.commands(ids[0])
    with pytest.raises(NotFound):
        await storage.executions.add_command(
            PendingCommand(id=new_id(), execution_id=ids[0], kind=CommandKind.CANCEL, payload=None, created_at=NOW)
        )
    # Its key is free again; a child keeps the id of a parent that is gone.
    assert await created(storage, idempotency_key="k") not in ids
    assert (await stored(storage, child.execution.id)).parent_id == ids[0]


async def test_two_that_delete_at_once_share_the_work(storage: Storage) -> None:
    ids = []
    for _ in range(20):
        claim = await claimed(storage)
        await storage.executions.commit(end_of(claim, step("a")))
        ids.append(claim.execution.id)
    answers = await asyncio.gather(*(storage.executions.delete(order) for order in (ids, ids[::-1], ids)))
    assert sorted(id for answer in answers for id in answer) == sorted(ids)
    assert await storage.queries.count(ExecutionFilter()) == 0
