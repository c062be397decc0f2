"""The contract of ProgressFeed and ProgressPublisher: hearing, merging, and leaving."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from domain.engine.state import WaitReason
from domain.executions.records import ExecutionChange, Progress, StepRecord
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.ids import new_id
from domain.kernel.statuses import ExecutionStatus, StepStatus, WaitKind
from tests.contract.conftest import Storage
from tests.contract.rows import NOW, SOON, claimed, created, delta_of, end_of, step


def change(execution_id: UUID, sequence: int, *paths: str, **given: object) -> ExecutionChange:
    """A change that touched these steps."""
    values: dict[str, object] = {
        "execution_id": execution_id,
        "workflow_id": None,
        "sequence": sequence,
        "status": ExecutionStatus.RUNNING,
        "progress": Progress(total=9, completed=sequence, failed=0, running=0, ended=sequence),
        "started_at": NOW,
        "finished_at": None,
        "output": None,
        "error": None,
        "waiting_for": None,
        "steps": tuple(
            StepRecord(
                execution_id=execution_id, position=path, sequence=sequence, state=step(path, output=sequence).state
            )
            for path in dict.fromkeys(paths)
        ),
    }
    return ExecutionChange(**(values | given))  # type: ignore[arg-type]


async def heard(changes: AsyncIterator[ExecutionChange | None]) -> ExecutionChange:
    """The next change; wake-ups are passed over."""
    async with asyncio.timeout(60):
        while (found := await anext(changes)) is None:
            pass
        return found


async def test_a_listener_hears_every_change_in_order(storage: Storage) -> None:
    id = new_id()
    sent = [change(id, sequence, f"s{sequence}") for sequence in range(1, 21)]
    async with storage.feed.listen(id) as changes:
        storage.publisher.publish(sent[:7])
        storage.publisher.publish(sent[7:])
        assert [await heard(changes) for _ in sent] == sent


async def test_a_listener_hears_its_own_execution_alone(storage: Storage) -> None:
    mine, other = new_id(), new_id()
    async with storage.feed.listen(mine) as first, storage.feed.listen(mine) as second:
        storage.publisher.publish([change(other, 1), change(mine, 1), change(other, 2)])
        assert (await heard(first)).execution_id == mine
        assert (await heard(second)).execution_id == mine


async def test_what_was_said_before_listening_is_not_heard(storage: Storage) -> None:
    id = new_id()
    async with storage.feed.listen(id) as before:
        storage.publisher.publish([change(id, 1)])
        await heard(before)
        async with storage.feed.listen(id) as changes:
            storage.publisher.publish([change(id, 2)])
            assert (await heard(changes)).sequence == 2


async def test_a_listener_that_reads_slowly_gets_changes_merged(storage: Storage) -> None:
    id = new_id()
    async with storage.feed.listen(id) as fast, storage.feed.listen(id) as slow:
        for sequence in range(1, 501):
            storage.publisher.publish([change(id, sequence, f"s{sequence % 5}", f"s{sequence % 3}")])
            assert (await heard(fast)).sequence == sequence
        merged: list[ExecutionChange] = []
        while not merged or merged[-1].sequence < 500:
            merged.append(await heard(slow))

    assert len(merged) < 100
    # Nothing is missing: each begins where the one before it ended.
    assert [found.sequence - found.covers for found in merged] == [0, *(found.sequence for found in merged[:-1])]
    assert merged[0].steps is not None
    newest: dict[str, int] = {}
    for found in merged:
        assert found.steps is not None
        assert len({row.state.path for row in found.steps}) == len(found.steps)
        newest.update({row.state.path: row.sequence for row in found.steps})
    assert newest == {f"s{n}": max(s for s in range(1, 501) if n in (s % 5, s % 3)) for n in range(5)}


async def test_a_change_without_its_steps_stays_so_when_it_is_merged(storage: Storage) -> None:
    id = new_id()
    async with storage.feed.listen(id) as fast, storage.feed.listen(id) as slow:
        for sequence in range(1, 101):
            large = {"steps": None} if sequence == 3 else {}
            storage.publisher.publish([change(id, sequence, "a", **large)])
            await heard(fast)
        first = await heard(slow)
    assert first.covers > 3
    assert first.steps is None


async def test_leaving_ends_the_iteration(storage: Storage) -> None:
    async with storage.feed.listen(new_id()) as changes, storage.feed.listen_all() as everything:
        waiting = asyncio.ensure_future(anext(changes))
        await asyncio.sleep(0)
    with pytest.raises(StopAsyncIteration):
        await waiting
    with pytest.raises(StopAsyncIteration):
        await anext(everything)


async def test_listeners_to_all_hear_new_statuses_without_steps(storage: Storage) -> None:
    async with storage.feed.listen_all() as changes:
        id = await created(storage, workflow_id=(workflow_id := new_id()))
        claim = await claimed(storage, id)
        await storage.executions.commit(delta_of(claim, step("a")))
        await storage.executions.commit(delta_of(claim, step("b")))
        await storage.executions.commit(delta_of(claim, step("c")))
        await storage.executions.commit(end_of(claim, step("d")))
        found = [await heard(changes) for _ in range(3)]
    assert [(item.sequence, item.status.value) for item in found] == [
        (0, "PENDING"),
        (1, "RUNNING"),
        (4, "COMPLETED"),
    ]
    assert {item.execution_id for item in found} == {id}
    assert {item.workflow_id for item in found} == {workflow_id}
    assert all(item.steps == () for item in found)


async def test_a_commit_is_heard_as_it_was_stored(storage: Storage) -> None:
    claim = await claimed(storage)
    id = claim.execution.id
    error = StepError(code=FailureCode.HTTP_STATUS, message="no", path="a", details={"status": 500, "n": 2**90})
    failed = step("a", status=StepStatus.FAILED, output={"n": 2**90, "ü": ["\u0000", 1.25, None]}, error=error)
    waiting = step(
        "b",
        status=StepStatus.WAITING,
        due_at=SOON,
        waiting_for=WaitReason(kind=WaitKind.TIMER, until=SOON, detail="b"),
    )
    async with storage.feed.listen(id) as changes:
        await storage.executions.commit(
            delta_of(claim, failed, waiting, error=error, waiting_for=WaitReason(kind=WaitKind.SIGNAL))
        )
        found = await heard(changes)
    assert found == await storage.queries.changes_since(id, 0)
    assert found.steps is not None
    assert [row.state for row in found.steps] == [failed.state, waiting.state]
