"""The contract of forgetting executions: what ended long ago goes, with its steps, and nothing else does."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from domain.executions.records import ExecutionFilter, StepFilter
from domain.kernel.ids import new_id
from tests.contract.conftest import Storage
from tests.contract.rows import claimed, created, end_of, step

NOW = datetime.now(UTC)
OLD = NOW + timedelta(hours=1)
"""Ids say when they were made, so what is old here ends in an hour, and what is new in two."""
NEW = NOW + timedelta(hours=2)
BETWEEN = NOW + timedelta(hours=1, minutes=30)


async def ended(storage: Storage, at: datetime = OLD, **given: Any) -> UUID:
    held = await claimed(storage, **given)
    await storage.executions.commit(end_of(held, step("a"), finished_at=at))
    return held.execution.id


async def left(storage: Storage) -> set[UUID]:
    page = await storage.queries.page(ExecutionFilter(), first=50, after=None)
    return {record.id for record in page.rows}


async def test_what_ended_before_goes_with_its_steps_and_what_ended_later_stays(storage: Storage) -> None:
    old, new = await ended(storage, OLD), await ended(storage, NEW)

    assert await storage.executions.prune(BETWEEN, 10) == 1
    assert await left(storage) == {new}
    assert await storage.queries.steps_counts([old, new], StepFilter()) == {old: 0, new: 1}
    assert await storage.executions.prune(BETWEEN, 10) == 0


async def test_what_has_not_ended_stays_however_old_it_is(storage: Storage) -> None:
    waiting = await created(storage)
    running = (await claimed(storage)).execution.id

    assert await storage.executions.prune(NEW, 10) == 0
    assert await left(storage) == {waiting, running}


async def test_a_child_stays_while_its_parent_may_still_read_it(storage: Storage) -> None:
    parent = await claimed(storage)
    child = await ended(storage, parent_id=parent.execution.id, parent_path="sub")
    orphan = await ended(storage, parent_id=new_id(), parent_path="sub")
    assert await storage.executions.prune(BETWEEN, 10) == 1
    assert await left(storage) == {parent.execution.id, child}
    assert orphan not in await left(storage)

    await storage.executions.commit(end_of(parent, finished_at=OLD))
    assert await storage.executions.prune(BETWEEN, 10) == 2
    assert await left(storage) == set()


async def test_the_oldest_go_first_and_no_more_than_were_asked_for(storage: Storage) -> None:
    first, second, third = [await ended(storage) for _ in range(3)]

    assert await storage.executions.prune(BETWEEN, 2) == 2
    assert await left(storage) == {third}
    assert {first, second}.isdisjoint(await left(storage))


async def test_those_who_forget_at_the_same_time_do_not_get_in_each_others_way(storage: Storage) -> None:
    for _ in range(12):
        await ended(storage)

    removed = await asyncio.gather(*(storage.executions.prune(BETWEEN, 5) for _ in range(4)))

    assert sum(removed) == 12
    assert await left(storage) == set()


async def test_a_key_may_be_used_again_once_its_execution_is_forgotten(storage: Storage) -> None:
    workflow_id = new_id()
    old = await ended(storage, workflow_id=workflow_id, idempotency_key="order-7")
    assert await created(storage, workflow_id=workflow_id, idempotency_key="order-7") == old

    await storage.executions.prune(BETWEEN, 10)
    assert await created(storage, workflow_id=workflow_id, idempotency_key="order-7") != old
