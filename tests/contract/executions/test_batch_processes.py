"""Batches that several processes run: what only PostgreSQL can show, for in memory there is one process."""

import asyncio
import random
from contextlib import AsyncExitStack
from uuid import UUID

import asyncpg

from domain.executions.records import Claim, StepFilter
from domain.kernel.errors import LeaseLost
from domain.kernel.ids import new_id
from domain.kernel.statuses import ExecutionStatus, StepStatus
from tests.contract.conftest import Storage, open_real
from tests.contract.loops import OWN, counted, parent_of_loop
from tests.contract.rows import (
    LATER,
    SOON,
    delta_of,
    end_of,
    ended_child,
    item_step,
    new_batch,
    step,
    steps_counted,
    stored,
)

PROCESSES, PARENTS, BATCHES = 3, 12, 6


async def test_processes_that_work_on_the_same_executions_never_wait_for_each_other_in_a_circle(
    empty_postgres_url: str, empty_redis_url: str
) -> None:
    """Parents go on, lose loops and end, batches go on and end, all of it claimed and committed by whoever is free."""
    chance = random.Random(7)

    async def run_batch(storage: Storage, claim: Claim) -> None:
        try:
            for number in range(4):
                item = item_step(claim.execution.priority + number % 3, status=StepStatus.RUNNING)
                await storage.executions.commit(delta_of(claim, item, progress=counted(3, running=1)))
            await storage.executions.commit(end_of(claim, progress=counted(3, 3, ended=3), notify=ended_child(claim)))
        except LeaseLost:
            return

    async def run_batches(storage: Storage, ids: list[UUID]) -> None:
        for _ in range(8):
            some = chance.sample(ids, k=min(len(ids), 20))
            claims = await storage.executions.claim(some, worker_id=new_id(), now=SOON)
            await asyncio.gather(*(run_batch(storage, claim) for claim in claims))

    async def run_parent(storage: Storage, parent: Claim) -> None:
        for number in range(chance.randrange(6)):
            await storage.executions.commit(delta_of(parent, step(f"own{number}"), progress=OWN))
        if chance.random() < 0.3:
            await storage.executions.drop_batches(parent.execution.id, "loop", SOON)
        await storage.executions.commit(end_of(parent, progress=OWN))

    async with AsyncExitStack() as stack:
        processes = [await open_real(stack, empty_postgres_url, empty_redis_url) for _ in range(PROCESSES)]
        parents = [(storage, await parent_of_loop(storage)) for storage in processes for _ in range(PARENTS // 3)]
        ids: list[UUID] = []
        for storage, parent in parents:
            new = [new_batch(parent, 3 * number, priority=3 * number) for number in range(BATCHES)]
            await storage.executions.create_batches(new)
            ids += [batch.id for batch in new]
        chance.shuffle(ids)
        async with asyncio.timeout(60):
            await asyncio.gather(
                *(run_batches(storage, ids) for storage in processes),
                *(run_parent(storage, parent) for storage, parent in parents),
            )
        storage = processes[0]
        for _, parent in parents:
            found = await stored(storage, parent.execution.id)
            assert (found.status, found.progress.running) == (ExecutionStatus.COMPLETED, OWN.running)
            running = StepFilter(path_prefix="loop[", statuses=frozenset({StepStatus.RUNNING}))
            assert await steps_counted(storage, found.id, running) == 0
        assert await storage.queries.get_many(ids) == {}
        assert await storage.recovery.due_executions(now=LATER, limit=99) == []
        await _assert_no_deadlocks(empty_postgres_url)


async def _assert_no_deadlocks(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        question = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        assert await connection.fetchval(question) == 0
    finally:
        await connection.close()
