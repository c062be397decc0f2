"""The contract of claims for suspects: one at a time, so that what kills workers is told from what was beside it."""

from collections.abc import Sequence
from uuid import UUID

import pytest

from domain.executions.records import Claim, PendingCommand
from domain.executions.suspects import SUSPECT_AFTER
from domain.kernel.ids import new_id
from domain.kernel.statuses import CommandKind
from tests.contract.conftest import Storage
from tests.contract.rows import NOW, SOON, created, delta_of, step, stored


async def take(storage: Storage, ids: Sequence[UUID], worker: UUID, watched: Sequence[UUID] = ()) -> list[Claim]:
    return await storage.executions.claim(ids, worker_id=worker, now=SOON, watched=watched)


def ids_of(claims: Sequence[Claim]) -> list[UUID]:
    return [claim.execution.id for claim in claims]


async def lose_workers(storage: Storage, ids: Sequence[UUID], count: int) -> None:
    """Give each execution to a worker of its own and let all those workers die at once, `count` times."""
    for _ in range(count):
        for id in ids:
            await take(storage, [id], new_id())
        await storage.recovery.release_dead(dead_before=NOW, limit=100)


async def suspects(storage: Storage, count: int) -> list[UUID]:
    ids = [await created(storage) for _ in range(count)]
    await lose_workers(storage, ids, SUSPECT_AFTER)
    return ids


async def test_of_suspects_one_is_claimed_and_others_with_it(storage: Storage) -> None:
    suspicious = await suspects(storage, 3)
    ordinary = [await created(storage) for _ in range(3)]
    once = [await created(storage)]
    await lose_workers(storage, once, SUSPECT_AFTER - 1)
    worker = new_id()

    taken = ids_of(await take(storage, [*suspicious, *ordinary, *once], worker))

    assert len(set(taken) & set(suspicious)) == 1
    assert set(taken) - set(suspicious) == {*ordinary, *once}


async def test_a_worker_that_holds_a_suspect_takes_no_other_and_another_worker_does(storage: Storage) -> None:
    first, second = await suspects(storage, 2)
    ordinary = await created(storage)
    worker = new_id()
    assert ids_of(await take(storage, [first], worker)) == [first]

    assert ids_of(await take(storage, [second, ordinary], worker)) == [ordinary]
    assert ids_of(await take(storage, [second], new_id())) == [second]


async def test_the_suspect_that_has_lost_the_fewest_workers_comes_first(storage: Storage) -> None:
    """Most of those that have lost many are what their workers died of; the others are cleared the sooner."""
    first, second = await suspects(storage, 2)
    await lose_workers(storage, [first], 1)

    assert ids_of(await take(storage, [first, second], new_id())) == [second]


async def test_a_suspect_that_cannot_be_claimed_does_not_stand_before_one_that_can(storage: Storage) -> None:
    first, second = await suspects(storage, 2)
    await take(storage, [first], new_id())

    assert ids_of(await take(storage, [first, second], new_id())) == [second]


async def test_a_suspect_whose_step_has_ended_is_none_any_more(storage: Storage) -> None:
    first, second = await suspects(storage, 2)
    worker = new_id()
    [claim] = await take(storage, [first], worker)
    await storage.executions.commit(delta_of(claim, step("a")))

    assert (await stored(storage, first)).crashes == 0
    assert ids_of(await take(storage, [second], worker)) == [second]


async def test_a_suspect_that_has_been_watched_for_long_keeps_no_other_away(storage: Storage) -> None:
    first, second, third = await suspects(storage, 3)
    worker = new_id()
    await take(storage, [first], worker)

    assert ids_of(await take(storage, [second, third], worker, [first])) == [second]
    assert await take(storage, [third], worker, [first]) == []


async def test_a_claim_of_a_suspect_whose_answer_was_lost_is_safe_to_make_again(storage: Storage) -> None:
    [first] = await suspects(storage, 1)
    worker = new_id()
    await take(storage, [first], worker)

    assert ids_of(await take(storage, [first], worker)) == [first]


@pytest.mark.parametrize("kind", [CommandKind.CANCEL, CommandKind.PAUSE])
async def test_a_suspect_that_was_told_something_waits_like_others(storage: Storage, kind: CommandKind) -> None:
    first, second = await suspects(storage, 2)
    worker = new_id()
    await take(storage, [first], worker)
    await storage.executions.add_command(
        PendingCommand(id=new_id(), execution_id=second, kind=kind, payload=None, created_at=SOON)
    )

    assert await take(storage, [second], worker) == []
    assert ids_of(await take(storage, [second], new_id())) == [second]


async def test_an_innocent_neighbour_is_cleared_where_the_culprit_kills_every_worker_at_once(storage: Storage) -> None:
    """One worker, given both at every turn: it dies of the culprit, and the innocent gets on whenever it is alone."""
    ids = [await created(storage) for _ in range(4)]
    culprit, failed = ids[1], list[UUID]()
    for _ in range(20):
        claims = await take(storage, ids, new_id())
        for claim in claims:
            if culprit not in ids_of(claims):
                await storage.executions.commit(delta_of(claim, step("a")))
        await storage.recovery.release_dead(dead_before=NOW, limit=100)
        failed += await storage.recovery.quarantine(crashes=SUSPECT_AFTER + 1, now=SOON, limit=100)
        if failed:
            break
    assert failed == [culprit]
