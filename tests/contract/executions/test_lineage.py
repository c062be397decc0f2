"""The contract of where executions come from: what retries carry over, the children of a step, the newest retry."""

from uuid import UUID

from domain.engine.state import CarriedStep
from domain.kernel.ids import new_id
from tests.contract.conftest import Storage
from tests.contract.rows import claimed, created, end_of, new_batch, new_execution, step

CARRIED = (
    CarriedStep(path="", origins=(UUID(int=1),)),
    CarriedStep(path="call", origins=(UUID(int=1),), checkpoint={"calls": 3}),
    CarriedStep(path="loop[12].call", origins=(UUID(int=1),)),
    CarriedStep(path="loop[2].sub", origins=(UUID(int=2), UUID(int=1)), checkpoint={"child": None}),
    CarriedStep(path="loops[0].call", origins=(UUID(int=1),)),
)


async def test_a_retry_is_claimed_with_what_it_carries_over(storage: Storage) -> None:
    id = await created(storage, retried_from_id=new_id(), carried=CARRIED)
    plain = await created(storage, retried_from_id=new_id())

    claim = await claimed(storage, id)
    assert sorted(claim.carried, key=lambda each: each.path) == list(CARRIED)
    assert (await claimed(storage, plain)).carried == ()
    found = await storage.queries.carried([id, plain])
    assert sorted(found[id], key=lambda each: each.path) == list(CARRIED)
    assert plain not in found


async def test_many_at_once_each_have_their_own(storage: Storage) -> None:
    news = [new_execution(retried_from_id=new_id(), carried=(each,), steps=(step("a"),)) for each in CARRIED]
    await storage.executions.create([*news, new_execution()])
    found = await storage.queries.carried([new.id for new in news])
    assert [tuple(found[new.id]) for new in news] == [(each,) for each in CARRIED]


async def test_a_batch_is_claimed_with_what_is_carried_over_for_its_loop(storage: Storage) -> None:
    parent = await claimed(storage, retried_from_id=new_id(), carried=CARRIED)
    batch = new_batch(parent)
    await storage.executions.create_batches([batch])

    claim = await claimed(storage, batch.id)

    assert batch.range.path == "loop"
    assert {each.path for each in claim.carried} == {"", "loop[2].sub", "loop[12].call"}


async def test_what_is_carried_over_goes_with_its_execution(storage: Storage) -> None:
    claim = await claimed(storage, retried_from_id=new_id(), carried=CARRIED)
    await storage.executions.commit(end_of(claim))
    await storage.executions.delete([claim.execution.id])
    assert await storage.queries.carried([claim.execution.id]) == {}


async def test_the_children_of_a_step_come_with_all_their_retries(storage: Storage) -> None:
    one, other = new_id(), new_id()
    first = await created(storage, parent_id=one, parent_path="sub")
    await created(storage, parent_id=one, parent_path="loop[0].sub")
    second = await created(storage, parent_id=other, parent_path="sub", retried_from_id=first)
    alone = await created(storage, retried_from_id=second)
    unrelated = await created(storage, parent_id=new_id(), parent_path="sub")

    assert [each.id for each in await storage.queries.children_at([one], "sub")] == [first, second, alone]
    assert [each.id for each in await storage.queries.children_at([other], "sub")] == [second, alone]
    assert await storage.queries.children_at([unrelated], "sub") == []


async def test_the_newest_retry_of_a_retry_is_found(storage: Storage) -> None:
    first = await created(storage)
    await created(storage, retried_from_id=first)
    second = await created(storage, retried_from_id=first)
    third = await created(storage, retried_from_id=second)
    lonely = await created(storage)

    found = await storage.queries.newest_retries([first, second, lonely, new_id()])

    assert {asked: record.id for asked, record in found.items()} == {first: third, second: third, lonely: lonely}
