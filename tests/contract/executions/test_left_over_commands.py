"""The contract of commands that nobody will apply any more: none outlives its execution for longer than a round."""

from uuid import UUID

from domain.kernel.statuses import CommandKind, ExecutionStatus
from tests.contract.conftest import Storage
from tests.contract.rows import LATER, claimed, command, delta_of, end_of, step

MANY = 100


async def told(storage: Storage, id: UUID) -> UUID:
    """Tell an execution something, and let nobody apply it."""
    sent = command(id, CommandKind.SIGNAL, payload={"name": "go", "payload": None})
    await storage.executions.add_commands([sent])
    return sent.id


async def test_what_comes_in_the_moment_of_the_end_is_dropped(storage: Storage) -> None:
    claim = await claimed(storage)
    late = await told(storage, claim.execution.id)
    await storage.executions.commit(end_of(claim))
    assert [each.id for each in await storage.executions.commands(claim.execution.id)] == [late]

    assert await storage.recovery.drop_commands(MANY) == 1

    assert await storage.executions.commands(claim.execution.id) == []
    assert await storage.recovery.drop_commands(MANY) == 0


async def test_what_a_poisoned_execution_was_told_is_dropped(storage: Storage) -> None:
    claim = await claimed(storage)
    id = claim.execution.id
    await told(storage, id)
    await storage.recovery.release_dead(dead_before=LATER, limit=MANY)
    assert list(await storage.recovery.quarantine(crashes=1, now=LATER, limit=MANY)) == [id]

    assert await storage.recovery.drop_commands(MANY) == 1
    assert await storage.executions.commands(id) == []


async def test_what_an_execution_will_still_apply_stays(storage: Storage) -> None:
    waiting = await claimed(storage)
    await storage.executions.commit(delta_of(waiting, step("a"), release=True, status=ExecutionStatus.WAITING))
    kept = await told(storage, waiting.execution.id)
    held = await claimed(storage)
    also = await told(storage, held.execution.id)

    assert await storage.recovery.drop_commands(MANY) == 0

    assert [each.id for each in await storage.executions.commands(waiting.execution.id)] == [kept]
    assert [each.id for each in await storage.executions.commands(held.execution.id)] == [also]


async def test_no_more_than_so_many_are_dropped_at_once(storage: Storage) -> None:
    claim = await claimed(storage)
    for _ in range(5):
        await told(storage, claim.execution.id)
    await storage.executions.commit(end_of(claim))
    assert [await storage.recovery.drop_commands(2) for _ in range(4)] == [2, 2, 1, 0]
