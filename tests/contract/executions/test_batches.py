"""The contract of ExecutionStore for batches: parts of a loop that other workers run, as rows of the same execution."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from domain.engine.state import ItemRange
from domain.executions.records import ExecutionChange, ExecutionFilter, StepFilter
from domain.kernel.errors import LeaseLost
from domain.kernel.failures import FailureCode
from domain.kernel.ids import IdKind, new_id, to_public
from domain.kernel.statuses import CommandKind, ExecutionStatus, StepStatus
from tests.contract.conftest import Storage
from tests.contract.loops import OWN, batch_of, counted, parent_of_loop
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
    step,
    steps_counted,
    stored,
)

RUNNING, WAITING = StepStatus.RUNNING, StepStatus.WAITING


async def change_at(changes: AsyncIterator[ExecutionChange | None], sequence: int) -> ExecutionChange:
    """The change with this sequence; those before it may still be on their way."""
    async for change in changes:
        if change is not None and change.sequence == sequence:
            return change
    raise AssertionError("the feed has ended")


async def test_a_batch_is_claimed_at_once_with_what_it_needs_to_go_on(storage: Storage) -> None:
    parent = await parent_of_loop(storage)
    await storage.executions.commit(delta_of(parent, step("after"), step("loop2"), step("loo"), progress=OWN))
    new = new_batch(parent, 10, priority=4)
    await storage.executions.create_batches([new])

    (claim,) = await storage.executions.claim([new.id], worker_id=new_id(), now=NOW - timedelta(hours=1))

    batch = claim.execution
    assert (batch.is_batch, batch.parent_id, batch.parent_path) == (True, parent.execution.id, "loop")
    assert (batch.definition_id, batch.priority, batch.workflow_id) == (new.definition_id, 4, None)
    assert isinstance(batch.input, dict)
    assert ItemRange.from_json(batch.input) == new.range
    assert (batch.status, batch.epoch, claim.steps, claim.commands) == (ExecutionStatus.PENDING, 1, (), ())
    assert claim.parent == await stored(storage, parent.execution.id)
    assert {row.state.path for row in claim.outer} == {"before", "loop", "after", "loop2", "loo"}
    assert next(row.state.checkpoint for row in claim.outer if row.state.path == "loop") == {"items": [0, 1, 2]}


async def test_a_change_of_a_batch_is_a_change_of_its_execution(storage: Storage) -> None:
    parent = await parent_of_loop(storage)
    id = parent.execution.id
    batch = await batch_of(storage, parent)
    async with storage.feed.listen(id) as changes:
        sequence = await storage.executions.commit(
            delta_of(
                batch,
                item_step(0, output="x"),
                item_step(1, status=RUNNING, checkpoint={"since": 1}),
                progress=counted(3, 1, running=1, ended=1),
            )
        )
        assert sequence == 2
        change = await change_at(changes, 2)
    assert change.steps is not None
    assert (change.execution_id, change.sequence, change.covers) == (id, 2, 1)
    assert (change.status, change.progress) == (ExecutionStatus.RUNNING, counted(6, 2, running=2, ended=2))
    assert {row.state.path for row in change.steps} == {"loop[0].work", "loop[1].work"}
    assert {(row.execution_id, row.sequence, row.state.checkpoint) for row in change.steps} == {(id, 2, None)}

    found = await stored(storage, id)
    assert (found.sequence, found.progress) == (2, change.progress)
    since = await storage.queries.changes_since(id, 1)
    assert since is not None
    assert since.progress == change.progress
    assert len(since.steps or ()) == 2
    assert (await stored(storage, batch.execution.id)).progress == counted(3, 1, running=1, ended=1)
    assert await steps_counted(storage, batch.execution.id, StepFilter()) == 0
    assert await storage.executions.commit(delta_of(parent, progress=OWN)) == 3
    assert (await stored(storage, id)).progress == found.progress


async def test_what_batches_have_counted_moves_by_the_difference(storage: Storage) -> None:
    parent = await parent_of_loop(storage)
    first, second = await batch_of(storage, parent), await batch_of(storage, parent, 3)
    for held, progress in (
        (first, counted(3, running=2)),
        (second, counted(6, 1, running=2, ended=1)),
        (first, counted(3, 2, 1, ended=3)),
        (first, counted(3, 2, 1, ended=3)),
    ):
        await storage.executions.commit(delta_of(held, progress=progress))
    assert (await stored(storage, parent.execution.id)).progress == counted(12, 4, 1, 3, 5)


async def test_the_change_of_the_execution_has_all_progress_also_when_it_is_its_own(storage: Storage) -> None:
    parent = await parent_of_loop(storage)
    batch = await batch_of(storage, parent)
    await storage.executions.commit(delta_of(batch, progress=counted(3, 2, running=1, ended=2)))
    async with storage.feed.listen(parent.execution.id) as changes:
        await storage.executions.commit(delta_of(parent, step("other"), progress=OWN))
        change = await change_at(changes, 3)
    assert change.progress == counted(6, 3, 0, 2, 3)


async def test_an_execution_that_is_claimed_again_comes_without_the_items_of_its_batches(storage: Storage) -> None:
    parent = await parent_of_loop(storage)
    worker = parent.execution.worker_id
    batch = await batch_of(storage, parent, 5)
    await storage.executions.commit(delta_of(batch, item_step(5), item_step(6, status=RUNNING)))
    other = await batch_of(storage, parent, 0, path="other")
    await storage.executions.commit(delta_of(other, item_step(0, path="other"), step("z.behind")))
    own_items = [item_step(0, path="small"), step("small", position="0003")]
    await storage.executions.commit(delta_of(parent, *own_items, progress=OWN))

    again = await claimed(storage, parent.execution.id, worker_id=worker)
    paths = {"before", "loop", "small", "small[0].work", "z.behind"}
    assert {row.state.path for row in again.steps} == paths
    assert {row.state.path for row in again.steps} | {"loop[5].work"} <= {
        row.state.path
        for row in (await storage.queries.steps_page(again.execution.id, StepFilter(), first=99, after=None)).rows
    }
    mine = await claimed(storage, batch.execution.id, worker_id=batch.execution.worker_id)
    assert {row.state.path for row in mine.steps} == {"loop[5].work", "loop[6].work"}
    assert {row.state.path for row in mine.outer} == paths


async def test_the_items_of_a_batch_are_its_own_and_no_others(storage: Storage) -> None:
    parent = await parent_of_loop(storage)
    low, high = await batch_of(storage, parent, 1, count=1), await batch_of(storage, parent, 10, count=9)
    await storage.executions.commit(delta_of(low, item_step(1), item_step(1, "deep.then.x")))
    await storage.executions.commit(delta_of(high, item_step(10), item_step(18), item_step(11, status=WAITING)))
    again = await claimed(storage, low.execution.id, worker_id=low.execution.worker_id)
    assert {row.state.path for row in again.steps} == {"loop[1].work", "loop[1].deep.then.x"}
    again = await claimed(storage, high.execution.id, worker_id=high.execution.worker_id)
    assert {row.state.path for row in again.steps} == {"loop[10].work", "loop[18].work", "loop[11].work"}


async def test_batches_of_several_executions_are_claimed_together(storage: Storage) -> None:
    parents = [await parent_of_loop(storage) for _ in range(3)]
    new = [new_batch(parent, first) for parent in parents for first in (0, 3, 6)]
    await storage.executions.create_batches(new)
    claims = await storage.executions.claim([batch.id for batch in new], worker_id=new_id(), now=NOW)
    assert [claim.execution.id for claim in claims] == [batch.id for batch in new]
    for claim, batch in zip(claims, new, strict=True):
        assert claim.parent is not None
        assert claim.parent.id == batch.execution_id
        assert {row.execution_id for row in claim.outer} == {batch.execution_id}
        assert len(claim.outer) == 2


async def test_asking_twice_for_a_batch_is_asking_once(storage: Storage) -> None:
    parent = await parent_of_loop(storage)
    new = new_batch(parent)
    await storage.executions.create_batches([new])
    batch = await claimed(storage, new.id)
    await storage.executions.create_batches([new])
    assert (await stored(storage, new.id)).epoch == 1
    notice = ended_child(batch, first=0)
    await storage.executions.commit(end_of(batch, item_step(0), notify=notice))
    await storage.executions.create_batches([new])
    assert await storage.executions.claim([new.id], worker_id=new_id(), now=LATER) == []
    assert await storage.recovery.due_executions(now=LATER, limit=9) == []
    assert [found.payload for found in await storage.executions.commands(parent.execution.id)] == [notice.payload]


async def test_nothing_is_created_for_a_loop_that_has_ended(storage: Storage) -> None:
    parent = await parent_of_loop(storage)
    await storage.executions.commit(delta_of(parent, step("loop", status=StepStatus.FAILED), progress=OWN))
    new = new_batch(parent)
    await storage.executions.create_batches([new])
    assert await storage.queries.get_many([new.id]) == {}


async def test_nothing_is_created_for_an_execution_that_has_ended_or_is_not_there(storage: Storage) -> None:
    parent = await parent_of_loop(storage)
    await storage.executions.commit(end_of(parent))
    new = [new_batch(parent), new_batch(new_id())]
    await storage.executions.create_batches(new)
    assert await storage.queries.get_many([batch.id for batch in new]) == {}


async def test_a_batch_that_was_lost_is_fenced_off(storage: Storage) -> None:
    parent = await parent_of_loop(storage)
    batch = await batch_of(storage, parent)
    await storage.executions.commit(delta_of(batch, item_step(0, status=RUNNING), progress=counted(3, running=1)))
    assert set(await storage.recovery.release_dead(dead_before=NOW, limit=9)) == {
        parent.execution.id,
        batch.execution.id,
    }
    assert batch.execution.id in await storage.recovery.due_executions(now=NOW, limit=9)
    again = await claimed(storage, batch.execution.id)
    assert [row.state.status for row in again.steps] == [RUNNING]
    before = await stored(storage, parent.execution.id)
    with pytest.raises(LeaseLost):
        await storage.executions.commit(delta_of(batch, item_step(0), item_step(1), progress=counted(3, 2, ended=2)))
    assert await stored(storage, parent.execution.id) == before

    await storage.executions.commit(end_of(again, item_step(0), item_step(1), progress=counted(3, 2, ended=2)))
    assert (await stored(storage, parent.execution.id)).progress == counted(6, 3, 0, 1, 3)
    rows = (await storage.queries.steps_page(parent.execution.id, StepFilter(), first=99, after=None)).rows
    assert sorted(row.state.path for row in rows) == ["before", "loop", "loop[0].work", "loop[1].work"]


async def test_a_posted_change_of_a_batch_travels_with_its_next_commit(storage: Storage) -> None:
    parent = await parent_of_loop(storage)
    batch = await batch_of(storage, parent)
    storage.executions.post(delta_of(batch, item_step(0, status=RUNNING), progress=counted(3, running=1)))
    assert await storage.executions.commit(delta_of(batch, item_step(0), progress=counted(3, 1, ended=1))) == 2
    assert (await stored(storage, parent.execution.id)).progress == counted(6, 2, 0, 1, 2)


async def test_a_batch_that_lets_go_is_claimed_when_it_is_due(storage: Storage) -> None:
    parent = await parent_of_loop(storage)
    batch = await batch_of(storage, parent)
    wait = item_step(0, status=WAITING, due_at=LATER)
    await storage.executions.commit(
        delta_of(batch, wait, release=True, due_at=LATER, status=ExecutionStatus.WAITING, progress=counted(3))
    )
    assert await storage.executions.claim([batch.execution.id], worker_id=new_id(), now=SOON) == []
    with pytest.raises(LeaseLost):
        await storage.executions.commit(delta_of(batch, item_step(0)))
    assert await storage.recovery.due_executions(now=LATER, limit=9) == [batch.execution.id]
    (again,) = await storage.executions.claim([batch.execution.id], worker_id=new_id(), now=LATER)
    assert [row.state for row in again.steps] == [wait.state]
    assert (await stored(storage, parent.execution.id)).status is ExecutionStatus.RUNNING


async def test_a_batch_can_be_told_something(storage: Storage) -> None:
    parent = await parent_of_loop(storage)
    batch = await batch_of(storage, parent)
    pause = command(batch.execution.id, CommandKind.PAUSE)
    holders = await storage.executions.add_commands([pause])
    assert holders == {batch.execution.id: batch.execution.worker_id}
    assert await storage.executions.commands(batch.execution.id) == [pause]
    await storage.executions.commit(
        delta_of(batch, applied_commands=(pause.id,), status=ExecutionStatus.PAUSED, paused_at=SOON)
    )
    assert await storage.executions.commands(batch.execution.id) == []
    found = await stored(storage, batch.execution.id)
    assert (found.status, found.paused_at) == (ExecutionStatus.PAUSED, SOON)


async def test_the_end_of_an_execution_takes_its_batches_with_it(storage: Storage) -> None:
    parent = await parent_of_loop(storage)
    id = parent.execution.id
    held, waiting = await batch_of(storage, parent), new_batch(parent, 3)
    await storage.executions.create_batches([waiting])
    await storage.executions.commit(
        delta_of(held, item_step(0), item_step(1, status=RUNNING), progress=counted(3, 1, running=1, ended=1))
    )
    async with storage.feed.listen(id) as changes:
        await storage.executions.commit(
            end_of(parent, status=ExecutionStatus.CANCELLED, progress=counted(3, 1, ended=3))
        )
        change = await change_at(changes, 3)
    assert [(row.state.path, row.state.status) for row in change.steps or ()] == [
        ("loop[1].work", StepStatus.CANCELLED)
    ]
    found = await stored(storage, id)
    assert found.progress.running == 0
    assert found.progress.ended == 4
    assert await storage.queries.get_many([held.execution.id, waiting.id]) == {}
    with pytest.raises(LeaseLost):
        await storage.executions.commit(delta_of(held, item_step(1)))
    with pytest.raises(LeaseLost):
        await storage.executions.commands(held.execution.id)
    assert await storage.executions.claim([waiting.id], worker_id=new_id(), now=LATER) == []
    steps = await storage.queries.steps_by_path([(id, "loop[1].work")])
    assert [row.state.status for row in steps.values()] == [StepStatus.CANCELLED]


async def test_a_lost_end_leaves_the_batches_alone(storage: Storage) -> None:
    parent = await parent_of_loop(storage)
    batch = await batch_of(storage, parent)
    with pytest.raises(LeaseLost):
        await storage.executions.commit(end_of(parent, epoch=9))
    assert await storage.executions.commit(delta_of(batch, item_step(0))) == 2


async def test_dropping_a_loop_takes_its_batches_and_cancels_what_they_were_at(storage: Storage) -> None:
    parent = await parent_of_loop(storage)
    id = parent.execution.id
    held, free = await batch_of(storage, parent), new_batch(parent, 3)
    await storage.executions.create_batches([free])
    other = await batch_of(storage, parent, path="other")
    for batch, path in ((held, "loop"), (other, "other")):
        states = [item_step(0, path=path), item_step(1, path=path, status=RUNNING)]
        states.append(item_step(2, path=path, status=WAITING, due_at=LATER))
        await storage.executions.commit(delta_of(batch, *states, progress=counted(3, 1, running=1, ended=1)))

    async with storage.feed.listen(id) as changes:
        dropped = await storage.executions.drop_batches(id, "loop", LATER)
        change = await change_at(changes, 4)

    assert list(dropped) == [(held.execution.worker_id, held.execution.id)]
    cancelled = {(row.state.path, row.state.status, row.sequence) for row in change.steps or ()}
    assert cancelled == {(f"loop[{index}].work", StepStatus.CANCELLED, 4) for index in (1, 2)}
    found = await stored(storage, id)
    assert (found.sequence, found.progress) == (4, change.progress)
    assert found.progress == counted(9, 3, 0, 2, 3)
    assert set(await storage.queries.get_many([held.execution.id, free.id, other.execution.id])) == {other.execution.id}
    steps = await storage.queries.steps_by_path([(id, "loop[2].work"), (id, "other[2].work")])
    stopped = steps[id, "loop[2].work"].state
    assert (stopped.status, stopped.finished_at, stopped.due_at) == (StepStatus.CANCELLED, LATER, None)
    assert steps[id, "other[2].work"].state.status is WAITING

    assert await storage.executions.drop_batches(id, "loop", LATER) == []
    assert (await stored(storage, id)).sequence == 4
    with pytest.raises(LeaseLost):
        await storage.executions.commit(delta_of(held, item_step(1)))
    assert await storage.executions.commit(delta_of(other, item_step(1, path="other"))) == 5


async def test_dropping_what_is_not_there_changes_nothing(storage: Storage) -> None:
    assert await storage.executions.drop_batches(new_id(), "loop", LATER) == []
    parent = await parent_of_loop(storage)
    assert await storage.executions.drop_batches(parent.execution.id, "loop", LATER) == []
    await storage.executions.commit(end_of(parent))
    before = await stored(storage, parent.execution.id)
    assert await storage.executions.drop_batches(parent.execution.id, "loop", LATER) == []
    assert await stored(storage, parent.execution.id) == before


async def test_no_list_shows_batches(storage: Storage) -> None:
    parent = await parent_of_loop(storage)
    await batch_of(storage, parent)
    pending = frozenset({ExecutionStatus.PENDING})
    await storage.executions.create_batches([new_batch(parent, first) for first in range(3, 30, 3)])
    fresh = await created(storage)
    for filter, expected in (
        (ExecutionFilter(), [fresh, parent.execution.id]),
        (ExecutionFilter(statuses=pending), [fresh]),
        (ExecutionFilter(labels={}, created_after=NOW - timedelta(seconds=1)), [fresh, parent.execution.id]),
    ):
        page = await storage.queries.page(filter, first=9, after=None)
        assert [row.id for row in page.rows] == expected
        assert await storage.queries.count(filter) == len(expected)


async def test_a_batch_that_keeps_killing_workers_fails_and_tells_its_execution(storage: Storage) -> None:
    parent = await parent_of_loop(storage)
    parent_id, new = parent.execution.id, new_batch(parent, 3)
    await storage.registry.register(parent.execution.worker_id, host="a", now=LATER)  # type: ignore[arg-type]
    await storage.executions.create_batches([new])
    for _ in range(2):
        batch = await claimed(storage, new.id)
        steps = [item_step(3, status=RUNNING), item_step(4, status=WAITING)]
        await storage.executions.commit(delta_of(batch, *steps, progress=counted(3, running=1)))
        await storage.recovery.release_dead(dead_before=NOW, limit=9)

    assert await storage.recovery.quarantine(crashes=2, now=SOON, limit=9) == [new.id]

    found = await stored(storage, new.id)
    assert (found.status, found.finished_at) == (ExecutionStatus.FAILED, SOON)
    (told,) = await storage.executions.commands(parent_id)
    assert (told.kind, told.execution_id) == (CommandKind.CHILD_ENDED, parent_id)
    assert isinstance(told.payload, dict)
    assert {name: told.payload[name] for name in ("path", "executionId", "status", "output", "first")} == {
        "path": "loop",
        "executionId": to_public(IdKind.EXECUTION, new.id),
        "status": "FAILED",
        "output": None,
        "first": 3,
    }
    assert told.payload["error"]["code"] == FailureCode.POISONED.value
    now = await stored(storage, parent_id)
    assert (now.status, now.progress, now.sequence) == (ExecutionStatus.RUNNING, counted(6, 1, 0, 1, 1), 4)
    paths = [(parent_id, f"loop[{index}].work") for index in (3, 4)]
    states = [row.state.status for row in (await storage.queries.steps_by_path(paths)).values()]
    assert states == [StepStatus.CANCELLED] * 2
    assert await storage.recovery.quarantine(crashes=2, now=SOON, limit=9) == []
