"""Executions that are handed to a worker when they are created: it holds them as if it had claimed them."""

import asyncio
from uuid import UUID

from domain.executions.records import PendingCommand
from domain.kernel.ids import new_id
from domain.kernel.statuses import CommandKind
from tests.contract.conftest import Storage
from tests.contract.rows import NOW, SOON, new_execution


async def a_worker(storage: Storage) -> UUID:
    """A worker that lives."""
    id = new_id()
    await storage.registry.register(id, host="here", now=NOW)
    assert await storage.registry.heartbeat(id, active_executions=0)
    return id


async def test_one_that_is_handed_to_a_living_worker_is_held_by_it(storage: Storage) -> None:
    worker_id = await a_worker(storage)
    handed, other = new_execution(worker_id=worker_id), new_execution()

    records = await storage.executions.create([handed, other])

    assert [(each.worker_id, each.epoch, each.due_at) for each in records] == [(worker_id, 1, None), (None, 0, NOW)]
    stored = await storage.queries.get_many([handed.id])
    assert (stored[handed.id].worker_id, stored[handed.id].epoch) == (worker_id, 1)
    assert await storage.executions.claim([handed.id], worker_id=new_id(), now=SOON) == []
    assert await storage.registry.holdings(worker_id) == {handed.id: 1}


async def test_one_that_is_handed_to_nobody_who_lives_is_due_like_any_other(storage: Storage) -> None:
    [record] = await storage.executions.create([new_execution(worker_id=new_id())])

    assert (record.worker_id, record.epoch, record.due_at) == (None, 0, NOW)
    assert await storage.executions.claim([record.id], worker_id=new_id(), now=SOON) != []


async def test_its_worker_may_claim_it_anew_with_what_it_was_told_meanwhile(storage: Storage) -> None:
    worker_id = await a_worker(storage)
    [record] = await storage.executions.create([new_execution(worker_id=worker_id)])
    command = PendingCommand(id=new_id(), execution_id=record.id, kind=CommandKind.CANCEL, payload=None, created_at=NOW)
    assert await storage.executions.add_command(command) == worker_id

    [claim] = await storage.executions.claim([record.id], worker_id=worker_id, now=SOON)

    assert claim.execution.epoch == 2
    assert [each.id for each in claim.commands] == [command.id]


async def test_one_can_be_taken_back_while_nothing_of_it_has_begun(storage: Storage) -> None:
    worker_id = await a_worker(storage)
    [handed] = await storage.executions.create([new_execution(worker_id=worker_id)])
    [begun] = await storage.executions.create([new_execution(worker_id=worker_id)])
    [claim] = await storage.executions.claim([begun.id], worker_id=worker_id, now=SOON)

    assert list(await storage.executions.take_back([handed.id, begun.id, new_id()])) == [handed.id]

    assert await storage.registry.holdings(worker_id) == {begun.id: claim.execution.epoch}
    assert await storage.executions.claim([handed.id], worker_id=new_id(), now=SOON) != []


async def test_a_key_hands_over_one_execution_and_finds_it_afterwards(storage: Storage) -> None:
    worker_id = await a_worker(storage)
    first = new_execution(worker_id=worker_id, idempotency_key="k")
    again = [new_execution(worker_id=worker_id, idempotency_key="k") for _ in range(3)]

    [record] = await storage.executions.create([first])
    found = await asyncio.gather(*(storage.executions.create([each]) for each in again))

    assert {each.id for [each] in found} == {record.id}
    assert await storage.registry.holdings(worker_id) == {record.id: 1}
