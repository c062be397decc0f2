"""The contract of families: no more executions come from one than are allowed, however many are started at once."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from domain.kernel.errors import LimitExceeded
from domain.kernel.ids import new_id
from tests.contract.conftest import Storage
from tests.contract.rows import claimed, created, end_of, new_execution


async def child(storage: Storage, root: UUID, *, most: int = 4, **given: Any) -> UUID:
    new = new_execution(parent_id=root, parent_path="sub", root_id=root, max_family=most, **given)
    [record] = await storage.executions.create([new])
    return record.id


async def test_a_family_has_room_for_so_many_and_no_more(storage: Storage) -> None:
    root, other = await created(storage), await created(storage)
    for _ in range(3):
        await child(storage, root)
    with pytest.raises(LimitExceeded, match="4 executions have come from ex_"):
        await child(storage, root)
    await child(storage, other)
    await child(storage, root, most=5)


async def test_of_many_that_are_started_at_once_so_many_are(storage: Storage) -> None:
    root = await created(storage)
    answers = await asyncio.gather(*(child(storage, root, most=11) for _ in range(40)), return_exceptions=True)
    assert sum(isinstance(answer, UUID) for answer in answers) == 10
    assert sum(isinstance(answer, LimitExceeded) for answer in answers) == 30
    assert len(await storage.queries.children_at([root], "sub")) == 10


async def test_one_that_is_started_again_under_its_key_is_counted_once(storage: Storage) -> None:
    root, workflow_id = await created(storage), new_id()
    asked = [child(storage, root, most=3, workflow_id=workflow_id, idempotency_key="a") for _ in range(20)]
    assert len(set(await asyncio.gather(*asked))) == 1
    await child(storage, root, most=3)
    await child(storage, root, most=3, workflow_id=workflow_id, idempotency_key="a")
    with pytest.raises(LimitExceeded):
        await child(storage, root, most=3)


async def test_one_that_is_refused_stops_no_other(storage: Storage) -> None:
    full, free = await created(storage), await created(storage)
    answers = await asyncio.gather(
        child(storage, full, most=1), child(storage, free), created(storage), return_exceptions=True
    )
    assert isinstance(answers[0], LimitExceeded)
    assert isinstance(answers[1], UUID)
    assert isinstance(answers[2], UUID)


async def test_the_count_goes_with_the_first_of_the_family(storage: Storage) -> None:
    claim = await claimed(storage)
    root = claim.execution.id
    await child(storage, root, most=2)
    await storage.executions.commit(end_of(claim))
    assert await storage.executions.delete([root]) == [root]
    await child(storage, root, most=2)
