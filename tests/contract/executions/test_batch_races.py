"""Executions and their batches that change at the same time: no deadlock, nothing lost, nothing left behind."""

import asyncio
from uuid import UUID

from domain.executions.records import Claim, StepFilter
from domain.kernel.errors import LeaseLost
from domain.kernel.ids import new_id
from domain.kernel.statuses import ExecutionStatus, StepStatus
from tests.contract.conftest import Storage
from tests.contract.loops import OWN, batch_of, counted, parent_of_loop
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


async def test_an_execution_and_its_batches_commit_side_by_side(storage: Storage) -> None:
    parents = [await parent_of_loop(storage) for _ in range(3)]
    batches = [await batch_of(storage, parent, first) for parent in parents for first in (0, 100, 200, 300)]
    rounds = 25

    async def run_batch(batch: Claim, first: int) -> None:
        for number in range(rounds):
            done = counted(rounds, number + 1, ended=number + 1)
            await storage.executions.commit(delta_of(batch, item_step(first + number), progress=done))
        await storage.executions.commit(end_of(batch, progress=done, notify=ended_child(batch, first=first)))

    async def run_parent(parent: Claim) -> None:
        for number in range(rounds):
            await storage.executions.commit(delta_of(parent, step(f"own{number}"), progress=OWN))

    async with asyncio.timeout(60):
        await asyncio.gather(
            *(run_batch(batch, first) for batch, first in zip(batches, (0, 100, 200, 300) * 3, strict=True)),
            *(run_parent(parent) for parent in parents),
        )
    for parent in parents:
        found = await stored(storage, parent.execution.id)
        assert found.progress == counted(3 + 4 * rounds, 1 + 4 * rounds, 0, 1, 1 + 4 * rounds)
        assert await steps_counted(storage, found.id, StepFilter()) == 2 + 5 * rounds
        assert len(await storage.executions.commands(found.id)) == 4


async def test_ends_and_batches_that_meet_leave_nothing_behind(storage: Storage) -> None:
    """Whichever comes first: no deadlock, no batch without its execution, no step that still runs."""

    async def run_batches(held: list[Claim]) -> None:
        for number in range(6):
            items = [item_step(3 * n + number % 3, status=StepStatus.RUNNING) for n in range(len(held))]
            deltas = [delta_of(batch, item) for batch, item in zip(held, items, strict=True)]
            outcomes = await asyncio.gather(*map(storage.executions.commit, deltas), return_exceptions=True)
            assert all(isinstance(outcome, int | LeaseLost) for outcome in outcomes), outcomes

    async def end(parent: Claim, new: list[UUID], number: int) -> None:
        for _ in range(number % 4):
            await storage.executions.commit(delta_of(parent, progress=OWN))
        if number % 3 == 0:
            await storage.executions.drop_batches(parent.execution.id, "loop", SOON)
        await asyncio.gather(
            storage.executions.commit(end_of(parent)),
            storage.executions.create_batches([new_batch(parent, 100)]),
            storage.executions.claim(new, worker_id=new_id(), now=SOON),
        )

    parents = [await parent_of_loop(storage) for _ in range(8)]
    work = []
    waiting: list[UUID] = []
    for number, parent in enumerate(parents):
        held = [await batch_of(storage, parent, first) for first in (0, 3, 6)]
        free = [new_batch(parent, first) for first in (9, 12)]
        await storage.executions.create_batches(free)
        waiting += [batch.id for batch in free]
        work += [run_batches(held), end(parent, waiting, number)]
    async with asyncio.timeout(60):
        await asyncio.gather(*work)

    await storage.executions.claim(
        await storage.recovery.due_executions(now=LATER, limit=99), worker_id=new_id(), now=LATER
    )
    for parent in parents:
        found = await stored(storage, parent.execution.id)
        assert (found.status, found.progress.running) == (ExecutionStatus.COMPLETED, 0)
        page = await storage.queries.steps_page(
            found.id, StepFilter(path_prefix="loop[", statuses=frozenset({StepStatus.RUNNING})), first=9, after=None
        )
        assert page.rows == ()
    assert await storage.recovery.due_executions(now=LATER, limit=99) == []
    assert await storage.recovery.release_dead(dead_before=LATER, limit=99) == []
