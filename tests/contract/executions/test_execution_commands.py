"""The contract of ExecutionStore's commands: stored first, told to whoever holds the execution, applied once."""

import pytest

from domain.executions.records import PendingCommand
from domain.kernel.errors import InvalidState, LeaseLost, NotFound
from domain.kernel.ids import new_id
from domain.kernel.statuses import CommandKind
from tests.contract.conftest import Storage
from tests.contract.rows import LATER, NOW, SOON, claimed, created, delta_of, end_of, step


async def test_a_command_is_stored_and_tells_who_holds_the_execution(storage: Storage) -> None:
    id = await created(storage)
    first, second = new_id(), new_id()
    assert (
        await storage.executions.add_command(
            PendingCommand(
                id=first, execution_id=id, kind=CommandKind.CANCEL, payload={"reason": "no need"}, created_at=NOW
            )
        )
        is None
    )
    worker = new_id()
    claim = await claimed(storage, id, worker_id=worker)
    assert [command.id for command in claim.commands] == [first]
    assert (
        await storage.executions.add_command(
            PendingCommand(id=second, execution_id=id, kind=CommandKind.CANCEL, payload=None, created_at=NOW)
        )
        == worker
    )

    commands = await storage.executions.commands(id)
    assert [(command.id, command.kind, command.payload) for command in commands] == [
        (first, CommandKind.CANCEL, {"reason": "no need"}),
        (second, CommandKind.CANCEL, None),
    ]
    assert await storage.executions.commanded(worker) == [id]
    assert await storage.executions.commanded(new_id()) == []


async def test_a_command_makes_a_waiting_execution_claimable(storage: Storage) -> None:
    claim = await claimed(storage)
    id = claim.execution.id
    await storage.executions.commit(delta_of(claim, step("a"), release=True, due_at=LATER))
    assert await storage.executions.claim([id], worker_id=new_id(), now=SOON) == []
    await storage.executions.add_command(
        PendingCommand(id=new_id(), execution_id=id, kind=CommandKind.CANCEL, payload=None, created_at=NOW)
    )
    (again,) = await storage.executions.claim([id], worker_id=new_id(), now=SOON)
    assert len(again.commands) == 1
    assert len(again.steps) == 1


async def test_an_applied_command_is_gone_with_the_commit_that_applies_it(storage: Storage) -> None:
    claim = await claimed(storage)
    id = claim.execution.id
    applied, other = new_id(), new_id()
    for command_id in (applied, other):
        await storage.executions.add_command(
            PendingCommand(id=command_id, execution_id=id, kind=CommandKind.CANCEL, payload=None, created_at=NOW)
        )
    with pytest.raises(LeaseLost):
        await storage.executions.commit(delta_of(claim, epoch=9, applied_commands=(applied,)))
    assert len(await storage.executions.commands(id)) == 2
    await storage.executions.commit(delta_of(claim, applied_commands=(applied,)))
    assert [command.id for command in await storage.executions.commands(id)] == [other]


async def test_a_command_for_nothing_or_for_what_has_ended_is_refused(storage: Storage) -> None:
    with pytest.raises(NotFound):
        await storage.executions.add_command(
            PendingCommand(id=new_id(), execution_id=new_id(), kind=CommandKind.CANCEL, payload=None, created_at=NOW)
        )
    claim = await claimed(storage)
    await storage.executions.commit(end_of(claim))
    with pytest.raises(InvalidState) as caught:
        await storage.executions.add_command(
            PendingCommand(
                id=new_id(), execution_id=claim.execution.id, kind=CommandKind.CANCEL, payload=None, created_at=NOW
            )
        )
    assert caught.value.status == "COMPLETED"
