"""The contract of the outbox: what happens to executions is told once, in order, and only if it was stored."""

import pytest

from domain.kernel.errors import LeaseLost
from domain.kernel.ids import new_id
from tests.contract.conftest import Storage
from tests.contract.rows import NOW, SOON, claimed, created, delta_of, end_of, new_execution, step


async def test_a_start_and_an_end_are_told_once(storage: Storage) -> None:
    claim = await claimed(storage)
    await storage.executions.commit(delta_of(claim, step("a"), starts=True))
    await storage.executions.commit(delta_of(claim, step("b")))
    assert await storage.relay.relay(10, SOON) == 1
    await storage.executions.commit(end_of(claim))
    assert await storage.relay.relay(10, SOON) == 1
    assert await storage.relay.relay(10, SOON) == 0


async def test_one_that_starts_and_ends_in_one_commit_tells_both(storage: Storage) -> None:
    await storage.executions.commit(end_of(await claimed(storage), starts=True))
    assert await storage.relay.relay(10, SOON) == 2


async def test_a_start_that_was_only_posted_is_told_with_the_commit_that_absorbs_it(storage: Storage) -> None:
    claim = await claimed(storage)
    storage.executions.post(delta_of(claim, starts=True))
    await storage.executions.commit(end_of(claim))
    assert await storage.relay.relay(10, SOON) == 2


async def test_what_has_lost_its_lease_tells_nothing(storage: Storage) -> None:
    claim = await claimed(storage)
    await claimed(storage, claim.execution.id, worker_id=claim.execution.worker_id)
    with pytest.raises(LeaseLost):
        await storage.executions.commit(end_of(claim, starts=True))
    assert await storage.relay.relay(10, SOON) == 0


async def test_the_oldest_are_told_first_and_the_rest_later(storage: Storage) -> None:
    for _ in range(3):
        await storage.executions.commit(end_of(await claimed(storage), starts=True))
    assert [await storage.relay.relay(4, SOON) for _ in range(3)] == [4, 2, 0]


async def test_an_execution_that_is_ended_as_poisoned_tells_its_end(storage: Storage) -> None:
    [record] = await storage.executions.create([new_execution()])
    for _ in range(2):
        await claimed(storage, record.id)
        await storage.recovery.release_dead(dead_before=NOW, limit=10)
    assert await storage.recovery.quarantine(crashes=2, now=SOON, limit=10) == [record.id]
    assert await storage.relay.relay(10, SOON) == 1


async def test_an_execution_that_is_created_and_never_run_tells_nothing(storage: Storage) -> None:
    await created(storage, idempotency_key=str(new_id()))
    assert await storage.relay.relay(10, SOON) == 0


async def test_a_start_is_told_once_however_often_it_is_sent(storage: Storage) -> None:
    claim = await claimed(storage)
    for path in ("a", "b", "c"):
        await storage.executions.commit(delta_of(claim, step(path), starts=True))
    again = await claimed(storage, claim.execution.id, worker_id=claim.execution.worker_id)
    await storage.executions.commit(end_of(again, starts=True))
    assert await storage.relay.relay(10, SOON) == 2
