"""The contract of bulk operations: carried on by one worker at a time, and by another where it dies."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from domain.executions.bulk.model import BulkAction, BulkOperation, BulkProblem, BulkStatus
from domain.executions.records import ExecutionFilter
from domain.kernel.ids import new_id
from domain.kernel.statuses import ExecutionStatus, TriggerKind, WaitKind
from tests.contract.conftest import Storage
from tests.contract.rows import LATER, NOW, SOON

EVERYTHING = ExecutionFilter(
    workflow_id=new_id(),
    workflow_name="orders",
    statuses=frozenset({ExecutionStatus.FAILED, ExecutionStatus.TIMED_OUT}),
    labels={"team": "a", "n": 1.5},
    created_after=NOW,
    created_before=LATER,
    ended_after=NOW,
    ended_before=SOON,
    ids=(new_id(), new_id()),
    idempotency_key="k",
    label_text="acme",
    error_code="TIMEOUT",
    failed_step="loop[3].fetch",
    waiting_kind=WaitKind.SIGNAL,
    waiting_service="api.test:443",
    longer_than=timedelta(seconds=1.5),
    trigger=TriggerKind.SCHEDULE,
    trigger_id=new_id(),
)
LEASE = timedelta(minutes=1)


def operation(**given: Any) -> BulkOperation:
    values: dict[str, Any] = {
        "id": new_id(),
        "action": BulkAction.CANCEL,
        "filter": EVERYTHING,
        "arguments": {"reason": "wrong"},
        "matched": 3,
        "created_at": NOW,
    }
    return BulkOperation(**(values | given))


async def test_an_operation_is_read_as_it_was_stored(storage: Storage) -> None:
    new = operation()
    await storage.bulk_operations.add(new)

    assert await storage.bulk_operations.get(new.id) == new
    assert await storage.bulk_operations.get(new_id()) is None
    assert (new.left, await storage.bulk_operations.count()) == (3, 1)


async def test_operations_are_listed_newest_first(storage: Storage) -> None:
    operations = [operation() for _ in range(3)]
    for each in operations:
        await storage.bulk_operations.add(each)

    first = await storage.bulk_operations.page(first=2, after=None)
    rest = await storage.bulk_operations.page(first=2, after=first.rows[-1].id)

    assert [row.id for row in (*first.rows, *rest.rows)] == [each.id for each in reversed(operations)]
    assert (first.has_next, rest.has_next) == (True, False)


async def test_one_at_a_time_carries_an_operation_on_until_it_has_finished(storage: Storage) -> None:
    first, second = operation(), operation()
    await storage.bulk_operations.add(first)
    await storage.bulk_operations.add(second)

    held = await storage.bulk_operations.claim(lease=LEASE)
    other = await storage.bulk_operations.claim(lease=LEASE)
    assert held is not None
    assert other is not None
    assert (held.id, other.id) == (first.id, second.id)
    assert await storage.bulk_operations.claim(lease=LEASE) is None

    problem = BulkProblem(execution_id=new_id(), message="It has ended.")
    further = replace(held, done=1, failed=1, problems=(problem,), cursor=new_id())
    assert await storage.bulk_operations.advance(further)
    again = await storage.bulk_operations.claim(lease=LEASE)
    assert again == replace(further, epoch=2)
    assert again.left == 1
    assert await storage.bulk_operations.advance(replace(again, done=2, finished_at=SOON))
    assert await storage.bulk_operations.claim(lease=LEASE) is None
    ended = await storage.bulk_operations.get(first.id)
    assert ended is not None
    assert (ended.done, ended.left, ended.finished_at) == (2, 0, SOON)


async def test_where_a_worker_dies_another_goes_on_and_the_first_is_refused(storage: Storage) -> None:
    await storage.bulk_operations.add(operation())
    dead = await storage.bulk_operations.claim(lease=timedelta(0))
    taken = await storage.bulk_operations.claim(lease=LEASE)
    assert dead is not None
    assert taken is not None
    assert (dead.epoch, taken.epoch) == (1, 2)

    assert not await storage.bulk_operations.advance(replace(dead, done=3))
    assert await storage.bulk_operations.advance(replace(taken, done=2))


async def test_one_that_is_told_to_stop_stays_so_through_the_batch_at_hand_and_then_ends(storage: Storage) -> None:
    new = operation()
    await storage.bulk_operations.add(new)
    held = await storage.bulk_operations.claim(lease=LEASE)
    assert held is not None

    told = await storage.bulk_operations.stop(new.id, SOON)
    again = await storage.bulk_operations.stop(new.id, LATER)
    assert told == again == replace(held, stopped_at=SOON)
    assert await storage.bulk_operations.stop(new_id(), SOON) is None
    assert told.status is BulkStatus.STOPPING

    assert await storage.bulk_operations.advance(replace(held, done=1))
    claimed = await storage.bulk_operations.claim(lease=LEASE)
    assert claimed is not None
    assert (claimed.done, claimed.status) == (1, BulkStatus.STOPPING)
    assert await storage.bulk_operations.advance(replace(claimed, finished_at=LATER))
    ended = await storage.bulk_operations.get(new.id)
    assert ended is not None
    assert ended.status is BulkStatus.STOPPED
    assert await storage.bulk_operations.stop(new.id, LATER) is None


async def test_one_whose_last_batch_was_at_hand_has_finished_and_was_not_stopped(storage: Storage) -> None:
    await storage.bulk_operations.add(operation())
    held = await storage.bulk_operations.claim(lease=LEASE)
    assert held is not None
    await storage.bulk_operations.stop(held.id, SOON)

    assert await storage.bulk_operations.advance(replace(held, done=3, finished_at=LATER))

    ended = await storage.bulk_operations.get(held.id)
    assert ended is not None
    assert (ended.status, ended.stopped_at) == (BulkStatus.FINISHED, None)


async def test_those_that_ended_long_ago_are_forgotten_the_oldest_first(storage: Storage) -> None:
    going, *old, new = [operation() for _ in range(4)]
    for each, finished_at in ((old[0], NOW), (old[1], NOW), (new, LATER)):
        await storage.bulk_operations.add(each)
        held = await storage.bulk_operations.claim(lease=LEASE)
        assert held is not None
        await storage.bulk_operations.advance(replace(held, finished_at=finished_at))
    await storage.bulk_operations.add(going)

    assert [await storage.bulk_operations.prune(SOON, 1) for _ in range(3)] == [1, 1, 0]
    kept = (await storage.bulk_operations.page(first=9, after=None)).rows
    assert {each.id for each in kept} == {going.id, new.id}
