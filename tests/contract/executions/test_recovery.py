"""The contract of Recovery and WorkerRegistry: leadership, dead workers, what is due, what is poisoned."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from domain.executions.records import PendingCommand
from domain.kernel.errors import LeaseLost
from domain.kernel.failures import FailureCode
from domain.kernel.ids import new_id
from domain.kernel.statuses import CommandKind, ExecutionStatus, StepStatus
from domain.system.records import Term
from tests.contract.conftest import Storage
from tests.contract.rows import LATER, NOW, SOON, claimed, created, delta_of, end_of, step, stored
from tests.waiting import wait_until

LONG_AGO = NOW - timedelta(hours=1)


LEASE = timedelta(seconds=60)
SHORT = timedelta(milliseconds=50)


async def test_one_leads_at_a_time_and_stays_it_as_long_as_it_says_so(storage: Storage) -> None:
    first, second = new_id(), new_id()
    term = await storage.recovery.lead(first, lease=LEASE)
    assert term is not None
    assert term.epoch == 1
    assert await storage.recovery.lead(second, lease=LEASE) is None
    again = await storage.recovery.lead(first, lease=LEASE, has_worked=True)
    assert again is not None
    assert again.epoch == 1
    assert again.now >= term.now


async def test_leadership_ends_by_itself_where_its_holder_is_silent(storage: Storage) -> None:
    """No connection holds it: a leader that is stopped, or whose machine is gone, keeps it for its lease."""
    silent, other = new_id(), new_id()
    assert await storage.recovery.lead(silent, lease=SHORT)

    async def takes_over() -> Term | None:
        return await storage.recovery.lead(other, lease=LEASE)

    term = await wait_until(takes_over, "another leads")
    assert term is not None
    assert term.epoch == 2
    assert await storage.recovery.lead(silent, lease=LEASE) is None


async def test_whoever_resigns_is_followed_at_once(storage: Storage) -> None:
    first, second = new_id(), new_id()
    await storage.recovery.lead(first, lease=LEASE)
    await storage.recovery.resign(second)
    assert await storage.recovery.lead(second, lease=LEASE) is None
    await storage.recovery.resign(first)
    assert await storage.recovery.lead(second, lease=LEASE) is not None


async def test_one_that_stands_back_leads_what_nobody_wants_and_gives_it_up_to_anybody(storage: Storage) -> None:
    shy, bold = new_id(), new_id()
    await storage.recovery.lead(bold, lease=timedelta(0))
    assert await storage.recovery.lead(shy, lease=LEASE, stands_back=LEASE) is None

    async def takes_over() -> Term | None:
        return await storage.recovery.lead(shy, lease=LEASE, stands_back=SHORT)

    await wait_until(takes_over, "the shy one leads")
    assert await storage.recovery.lead(shy, lease=LEASE, stands_back=LEASE) is not None
    assert await storage.recovery.lead(bold, lease=LEASE) is not None
    assert await storage.recovery.lead(shy, lease=LEASE, stands_back=SHORT) is None


async def test_of_many_that_come_at_once_one_leads(storage: Storage) -> None:
    terms = await asyncio.gather(*(storage.recovery.lead(new_id(), lease=LEASE) for _ in range(8)))
    assert len([term for term in terms if term is not None]) == 1


async def test_what_is_due_is_what_nobody_holds_and_whose_time_has_come(storage: Storage) -> None:
    fresh = await created(storage)
    await created(storage, start_at=LATER)
    await claimed(storage)
    await storage.executions.commit(end_of(await claimed(storage)))
    for_ever, due, commanded = [await claimed(storage) for _ in range(3)]
    await storage.executions.commit(delta_of(for_ever, release=True))
    await storage.executions.commit(delta_of(due, release=True, due_at=SOON))
    await storage.executions.commit(delta_of(commanded, release=True, due_at=LATER))
    await storage.executions.add_command(
        PendingCommand(
            id=new_id(), execution_id=commanded.execution.id, kind=CommandKind.CANCEL, payload=None, created_at=NOW
        )
    )

    found = await storage.recovery.due_executions(now=SOON, limit=10)
    assert set(found) == {fresh, due.execution.id, commanded.execution.id}
    assert len(found) == 3
    assert len(await storage.recovery.due_executions(now=SOON, limit=2)) == 2
    assert len(await storage.recovery.due_executions(now=LATER, limit=10)) == 4


async def test_it_is_quiet_while_there_is_nothing_to_recover(storage: Storage) -> None:
    async def is_quiet(now: datetime = SOON, dead_before: datetime = LONG_AGO) -> bool:
        return await storage.recovery.is_quiet(now=now, dead_before=dead_before, crashes=2)

    assert await is_quiet()
    worker = new_id()
    await storage.registry.register(worker, host="a", now=NOW)
    assert await is_quiet()
    assert not await is_quiet(dead_before=SOON), "a worker is dead"

    fresh = await created(storage)
    assert not await is_quiet(), "one is due"
    claim = await claimed(storage, fresh, worker_id=worker)
    assert await is_quiet()

    await storage.executions.commit(delta_of(claim, release=True, due_at=LATER))
    assert await is_quiet()
    assert not await is_quiet(now=LATER), "a wait is over"
    await storage.executions.add_command(
        PendingCommand(id=new_id(), execution_id=fresh, kind=CommandKind.CANCEL, payload=None, created_at=NOW)
    )
    assert not await is_quiet(), "one was told something"


async def test_it_is_not_quiet_while_something_is_held_by_nobody_or_kills_its_workers(storage: Storage) -> None:
    async def is_quiet() -> bool:
        return await storage.recovery.is_quiet(now=LONG_AGO, dead_before=LONG_AGO, crashes=2)

    id = (await claimed(storage)).execution.id
    assert not await is_quiet(), "its worker is not known"
    for _ in range(2):
        await storage.recovery.release_dead(dead_before=NOW, limit=10)
        await claimed(storage, id)
    await storage.recovery.release_dead(dead_before=NOW, limit=10)
    assert not await is_quiet(), "it has outlived two workers"


async def test_a_due_execution_with_a_command_is_told_once(storage: Storage) -> None:
    id = await created(storage)
    for _ in range(2):
        await storage.executions.add_command(
            PendingCommand(id=new_id(), execution_id=id, kind=CommandKind.CANCEL, payload=None, created_at=NOW)
        )
    assert await storage.recovery.due_executions(now=SOON, limit=10) == [id]


async def test_what_a_dead_worker_held_is_free_and_due_at_a_new_epoch(storage: Storage) -> None:
    dead, alive, unknown = new_id(), new_id(), new_id()
    await storage.registry.register(dead, host="a", now=LONG_AGO)
    await storage.registry.register(alive, host="b", now=NOW)
    lost = [await claimed(storage, worker_id=dead) for _ in range(3)]
    kept = await claimed(storage, worker_id=alive)
    stray = await claimed(storage, worker_id=unknown)

    released = await storage.recovery.release_dead(dead_before=NOW, limit=10)

    assert set(released) == {claim.execution.id for claim in (*lost, stray)}
    assert [worker.id for worker in await storage.registry.workers()] == [alive]
    for claim in (*lost, stray):
        found = await stored(storage, claim.execution.id)
        assert (found.worker_id, found.epoch, found.crashes) == (None, 2, 1)
    assert (await stored(storage, kept.execution.id)).epoch == 1
    with pytest.raises(LeaseLost):
        await storage.executions.commit(delta_of(lost[0]))
    assert set(await storage.recovery.due_executions(now=NOW, limit=10)) == set(released)
    assert await storage.recovery.release_dead(dead_before=NOW, limit=10) == []


async def test_dead_workers_are_released_in_batches(storage: Storage) -> None:
    worker = new_id()
    for _ in range(5):
        await claimed(storage, worker_id=worker)
    sizes = [len(await storage.recovery.release_dead(dead_before=NOW, limit=2)) for _ in range(4)]
    assert sizes == [2, 2, 1, 0]


async def test_two_reconcilers_at_once_release_each_execution_once(storage: Storage) -> None:
    ids = [(await claimed(storage)).execution.id for _ in range(10)]
    answers = await asyncio.gather(*(storage.recovery.release_dead(dead_before=NOW, limit=100) for _ in range(3)))
    assert sorted(id for answer in answers for id in answer) == sorted(ids)
    assert {(await stored(storage, id)).crashes for id in ids} == {1}


async def test_what_keeps_killing_workers_fails_as_poisoned(storage: Storage) -> None:
    id = await created(storage)
    for _ in range(3):
        claim = await claimed(storage, id)
        await storage.executions.commit(
            delta_of(claim, step("a", status=StepStatus.RUNNING), step("b", status=StepStatus.PENDING))
        )
        assert await storage.recovery.quarantine(crashes=3, now=SOON, limit=10) == []
        await storage.recovery.release_dead(dead_before=NOW, limit=10)
    assert await storage.recovery.quarantine(crashes=3, now=SOON, limit=10) == [id]

    found = await stored(storage, id)
    assert (found.status, found.finished_at, found.sequence) == (ExecutionStatus.FAILED, SOON, 4)
    assert found.error is not None
    assert found.error.code is FailureCode.POISONED
    assert (found.progress.running, found.progress.ended) == (0, 2)
    steps = await storage.queries.steps_by_path([(id, "a"), (id, "b")])
    assert {row.state.status for row in steps.values()} == {StepStatus.CANCELLED}
    assert {row.sequence for row in steps.values()} == {4}
    assert await storage.recovery.due_executions(now=LATER, limit=10) == []
    assert await storage.executions.claim([id], worker_id=new_id(), now=LATER) == []
    assert await storage.recovery.quarantine(crashes=3, now=SOON, limit=10) == []


async def test_an_execution_that_gets_on_between_crashes_is_not_poisoned(storage: Storage) -> None:
    id = await created(storage)
    for number in range(4):
        claim = await claimed(storage, id)
        await storage.executions.commit(delta_of(claim, step(f"s{number}")))
        await storage.recovery.release_dead(dead_before=NOW, limit=10)
    assert (await stored(storage, id)).crashes == 1
    assert await storage.recovery.quarantine(crashes=2, now=SOON, limit=10) == []


async def test_a_registered_worker_is_listed_with_its_last_heartbeat(storage: Storage) -> None:
    """By the store's clock: what the worker takes for the time is nobody's business."""
    first, second = new_id(), new_id()
    await storage.registry.register(second, host="two", now=SOON)
    await storage.registry.register(first, host="one", now=NOW)
    before = datetime.now(UTC)
    assert await storage.registry.heartbeat(first, active_executions=7) is True
    workers = await storage.registry.workers()
    assert [(worker.id, worker.host, worker.active_executions) for worker in workers] == [
        (first, "one", 7),
        (second, "two", 0),
    ]
    assert workers[0].started_at == NOW
    assert abs(workers[0].heartbeat_at - before) < timedelta(seconds=30)


async def test_a_worker_that_was_taken_for_dead_is_told_so(storage: Storage) -> None:
    worker = new_id()
    await storage.registry.register(worker, host="a", now=LONG_AGO)
    await storage.recovery.release_dead(dead_before=NOW, limit=10)
    assert await storage.registry.heartbeat(worker, active_executions=0) is False
    await storage.registry.register(worker, host="a", now=NOW)
    assert await storage.registry.heartbeat(worker, active_executions=0) is True


async def test_a_worker_that_leaves_lets_go_without_a_crash(storage: Storage) -> None:
    worker = new_id()
    await storage.registry.register(worker, host="a", now=NOW)
    claim = await claimed(storage, worker_id=worker)
    other = await claimed(storage)
    assert await storage.registry.unregister(worker) == [claim.execution.id]
    found = await stored(storage, claim.execution.id)
    assert (found.worker_id, found.epoch, found.crashes) == (None, 2, 0)
    assert await storage.registry.workers() == []
    assert await storage.recovery.due_executions(now=SOON, limit=10) == [claim.execution.id]
    assert (await stored(storage, other.execution.id)).worker_id is not None
    with pytest.raises(LeaseLost):
        await storage.executions.commit(delta_of(claim))


async def test_what_workers_held_that_are_known_to_have_ended_is_released_at_once_as_after_a_crash(
    storage: Storage,
) -> None:
    ended, before, alive = [new_id() for _ in range(3)]
    for worker in (ended, before, alive):
        await storage.registry.register(worker, host="a", now=NOW)
    claims = [await claimed(storage, worker_id=worker) for worker in (ended, before, alive)]
    lost = [claim.execution.id for claim in claims[:2]]

    assert sorted(await storage.registry.release_ended([ended, before, new_id()], crashes=2)) == sorted(lost)

    for id in lost:
        found = await stored(storage, id)
        assert (found.worker_id, found.epoch, found.crashes) == (None, 2, 1)
    assert [worker.id for worker in await storage.registry.workers()] == [alive]
    assert (await stored(storage, claims[2].execution.id)).worker_id == alive
    assert sorted(await storage.recovery.due_executions(now=SOON, limit=10)) == sorted(lost)
    assert await storage.registry.release_ended([ended], crashes=2) == []
    assert await storage.registry.release_ended([], crashes=2) == []
    with pytest.raises(LeaseLost):
        await storage.executions.commit(delta_of(claims[0]))


async def test_of_what_ended_workers_held_suspects_are_left_to_the_reconciler(storage: Storage) -> None:
    """Released here it could be claimed by anybody, and kill one worker after the other, before it is quarantined."""
    worker, again = new_id(), new_id()
    await storage.registry.register(worker, host="a", now=NOW)
    claim = await claimed(storage, worker_id=worker)
    assert await storage.registry.release_ended([worker], crashes=2) == [claim.execution.id]
    await storage.registry.register(again, host="a", now=NOW)
    await claimed(storage, claim.execution.id, worker_id=again)

    assert await storage.registry.release_ended([again], crashes=2) == []

    assert (await stored(storage, claim.execution.id)).worker_id == again
    assert await storage.recovery.release_dead(dead_before=LONG_AGO, limit=10) == [claim.execution.id]
    assert (await stored(storage, claim.execution.id)).crashes == 2


async def test_a_worker_sees_what_it_holds_and_lets_go_of_what_it_names_at_that_epoch(storage: Storage) -> None:
    worker = new_id()
    stray, driven, retaken = [await claimed(storage, worker_id=worker) for _ in range(3)]
    other = await claimed(storage)
    seen = await storage.registry.holdings(worker)
    assert seen == {claim.execution.id: 1 for claim in (stray, driven, retaken)}
    await claimed(storage, retaken.execution.id, worker_id=worker)

    wanted = {claim.execution.id: 1 for claim in (stray, retaken, other)}
    assert await storage.registry.release(worker, wanted) == [stray.execution.id]

    assert await storage.registry.holdings(worker) == {driven.execution.id: 1, retaken.execution.id: 2}
    found = await stored(storage, stray.execution.id)
    assert (found.worker_id, found.epoch, found.crashes) == (None, 2, 1)
    assert (await stored(storage, other.execution.id)).epoch == 1
    assert await storage.recovery.due_executions(now=NOW, limit=9) == [stray.execution.id]
