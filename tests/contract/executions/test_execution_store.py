"""The contract of ExecutionStore: creating, claiming, fencing, commits and posts."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from domain.engine.state import Attempt, WaitReason
from domain.executions.records import Progress, StepFilter
from domain.kernel.errors import LeaseLost
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.ids import new_id
from domain.kernel.statuses import ExecutionStatus, StepStatus, WaitKind
from tests.contract.conftest import Storage
from tests.contract.rows import LATER, NOW, SOON, claimed, created, delta_of, end_of, new_execution, step, stored
from tests.waiting import wait_until


async def test_a_created_execution_is_pending_and_waits_for_a_worker(storage: Storage) -> None:
    new = new_execution(labels={"team": "billing"}, priority=3, total_steps=5)
    (answer,) = await storage.executions.create([new])

    found = await stored(storage, new.id)
    assert found == answer
    assert found.status is ExecutionStatus.PENDING
    assert found.sequence == 0
    assert found.progress == Progress(total=5, completed=0, failed=0, running=0, ended=0)
    assert found.waiting_for == WaitReason(kind=WaitKind.WORKER)
    assert (found.input, found.labels, found.priority) == ({"order": 7}, {"team": "billing"}, 3)
    assert (found.worker_id, found.epoch, found.created_at) == (None, 0, NOW)


async def test_input_keeps_the_order_of_its_keys_and_every_digit(storage: Storage) -> None:
    payload = {"z": 12345678901234567890123, "a": [1.5, "π", None], "m": {"b": 1, "a": 2}}
    id = await created(storage, input=payload)
    found = await stored(storage, id)
    assert found.input == payload
    assert isinstance(found.input, dict)
    assert list(found.input) == ["z", "a", "m"]


async def test_executions_are_answered_in_the_order_of_the_call(storage: Storage) -> None:
    news = [new_execution() for _ in range(50)][::-1]
    answers = await storage.executions.create(news)
    assert [answer.id for answer in answers] == [new.id for new in news]


async def test_the_same_idempotency_key_answers_the_first_execution(storage: Storage) -> None:
    workflow_id = new_id()
    first = await created(storage, workflow_id=workflow_id, idempotency_key="order-7")
    again = await created(storage, workflow_id=workflow_id, idempotency_key="order-7")
    elsewhere = await created(storage, workflow_id=new_id(), idempotency_key="order-7")
    orchestrated = await created(storage, idempotency_key="order-7")
    assert again == first
    assert len({first, elsewhere, orchestrated}) == 3


async def test_a_key_twice_in_one_call_makes_one_execution(storage: Storage) -> None:
    first, second, other = (new_execution(idempotency_key=key) for key in ("a", "a", "b"))
    answers = await storage.executions.create([first, second, other])
    assert [answer.id for answer in answers] == [first.id, first.id, other.id]
    assert set(await storage.queries.get_many([first.id, second.id, other.id])) == {first.id, other.id}


async def test_a_hundred_creations_at_once_with_one_key_make_one_execution(storage: Storage) -> None:
    answers = await asyncio.gather(*(created(storage, idempotency_key="same") for _ in range(100)))
    assert len(set(answers)) == 1


async def test_creating_again_with_the_same_id_changes_nothing(storage: Storage) -> None:
    new = new_execution()
    await storage.executions.create([new])
    claim = await claimed(storage, new.id)
    (answer,) = await storage.executions.create([new])
    assert answer.epoch == claim.execution.epoch == 1


async def test_a_claim_holds_the_execution_at_a_new_epoch(storage: Storage) -> None:
    id, worker = await created(storage), new_id()
    (claim,) = await storage.executions.claim([id], worker_id=worker, now=SOON)
    assert (claim.execution.worker_id, claim.execution.epoch) == (worker, 1)
    assert claim.execution.status is ExecutionStatus.PENDING
    assert (claim.steps, claim.commands) == ((), ())
    assert claim.execution == await stored(storage, id)


async def test_two_workers_that_claim_at_once_never_hold_the_same_execution(storage: Storage) -> None:
    ids = [await created(storage) for _ in range(20)]
    answers = await asyncio.gather(*(storage.executions.claim(ids, worker_id=new_id(), now=SOON) for _ in range(5)))
    held = [claim.execution.id for claims in answers for claim in claims]
    assert sorted(held) == sorted(ids)


async def test_an_execution_asked_for_twice_in_one_call_is_claimed_once(storage: Storage) -> None:
    id = await created(storage)
    (claim,) = await storage.executions.claim([id, id], worker_id=new_id(), now=SOON)
    assert claim.execution.epoch == 1


async def test_a_worker_that_lost_the_answer_claims_its_execution_again(storage: Storage) -> None:
    worker = new_id()
    lost = await claimed(storage, worker_id=worker)
    again = await claimed(storage, lost.execution.id, worker_id=worker)
    assert (again.execution.worker_id, again.execution.epoch) == (worker, 2)
    with pytest.raises(LeaseLost):
        await storage.executions.commit(delta_of(lost))


async def test_what_is_unknown_held_not_due_or_ended_is_not_claimed(storage: Storage) -> None:
    held = (await claimed(storage)).execution.id
    future = await created(storage, start_at=LATER)
    ended = await claimed(storage)
    await storage.executions.commit(end_of(ended))
    waits_for_ever = await claimed(storage)
    await storage.executions.commit(delta_of(waits_for_ever, release=True, status=ExecutionStatus.WAITING))

    ids = [new_id(), held, future, ended.execution.id, waits_for_ever.execution.id]
    assert await storage.executions.claim(ids, worker_id=new_id(), now=SOON) == []


async def test_a_start_in_the_future_is_claimed_when_it_has_come(storage: Storage) -> None:
    id = await created(storage, start_at=LATER)
    assert (await stored(storage, id)).waiting_for == WaitReason(kind=WaitKind.TIMER, until=LATER)
    (claim,) = await storage.executions.claim([id], worker_id=new_id(), now=LATER)
    assert claim.execution.id == id


async def test_a_new_execution_is_claimed_by_a_worker_whose_clock_is_behind(storage: Storage) -> None:
    id = await created(storage)
    (claim,) = await storage.executions.claim([id], worker_id=new_id(), now=NOW - timedelta(minutes=1))
    assert claim.execution.id == id


async def test_a_commit_stores_execution_and_steps_at_the_next_sequence(storage: Storage) -> None:
    claim = await claimed(storage)
    reason = WaitReason(kind=WaitKind.RETRY, until=SOON, detail="b")
    error = StepError(code=FailureCode.HTTP_STATUS, message="503", path="b", details={"status": 503, "big": 2**70})
    a = step("a", output={"n": 2**80, "s": "x"})
    b = step(
        "b",
        status=StepStatus.WAITING,
        error=error,
        waiting_for=reason,
        due_at=SOON,
        attempts=(
            Attempt(number=1, started_at=NOW, finished_at=SOON, error=error, status_code=503),
            Attempt(number=2, started_at=SOON),
        ),
    )
    progress = Progress(total=3, completed=1, failed=0, running=0, ended=1)

    sequence = await storage.executions.commit(
        delta_of(claim, a, b, progress=progress, deadline_at=LATER, waiting_for=reason)
    )

    assert sequence == 1
    found = await stored(storage, claim.execution.id)
    assert (found.status, found.sequence, found.progress) == (ExecutionStatus.RUNNING, 1, progress)
    assert (found.started_at, found.deadline_at, found.waiting_for) == (NOW, LATER, reason)
    assert found.input == {"order": 7}
    steps = await storage.queries.steps_by_path([(found.id, "a"), (found.id, "b")])
    assert [steps[found.id, path].state for path in ("a", "b")] == [a.state, b.state]
    assert {row.sequence for row in steps.values()} == {1}


async def test_a_step_that_is_committed_again_is_overwritten(storage: Storage) -> None:
    claim = await claimed(storage)
    await storage.executions.commit(delta_of(claim, step("a", status=StepStatus.RUNNING), step("b")))
    done = step("a", output=[1, 2])
    assert await storage.executions.commit(delta_of(claim, done)) == 2

    id = claim.execution.id
    steps = await storage.queries.steps_by_path([(id, "a"), (id, "b")])
    assert steps[id, "a"].state == done.state
    assert (steps[id, "a"].sequence, steps[id, "b"].sequence) == (2, 1)


async def test_an_end_sets_what_it_carries_and_lets_go(storage: Storage) -> None:
    claim = await claimed(storage)
    await storage.executions.commit(end_of(claim, step("a")))
    found = await stored(storage, claim.execution.id)
    assert (found.status, found.output, found.finished_at) == (ExecutionStatus.COMPLETED, {"done": True}, SOON)
    assert (found.worker_id, found.due_at) == (None, None)


@pytest.mark.parametrize("status", [status for status in ExecutionStatus if status.is_terminal])
async def test_what_has_ended_never_changes(storage: Storage, status: ExecutionStatus) -> None:
    claim = await claimed(storage)
    await storage.executions.commit(end_of(claim, status=status))
    before = await stored(storage, claim.execution.id)
    with pytest.raises(LeaseLost):
        await storage.executions.commit(delta_of(claim, step("late")))
    assert await stored(storage, claim.execution.id) == before
    assert not await storage.queries.steps_by_path([(claim.execution.id, "late")])


async def test_a_commit_at_an_older_epoch_changes_nothing(storage: Storage) -> None:
    old = await claimed(storage)
    await storage.executions.commit(delta_of(old, release=True, due_at=NOW))
    new = await claimed(storage, old.execution.id)
    assert new.execution.epoch == 2

    with pytest.raises(LeaseLost) as caught:
        await storage.executions.commit(end_of(old, step("stale")))
    assert (caught.value.execution_id, caught.value.epoch) == (old.execution.id, 1)
    found = await stored(storage, old.execution.id)
    assert (found.status, found.sequence) == (ExecutionStatus.RUNNING, 1)
    assert not await storage.queries.steps_by_path([(old.execution.id, "stale")])
    assert await storage.executions.commit(end_of(new)) == 2


async def test_after_letting_go_the_same_worker_has_no_lease(storage: Storage) -> None:
    claim = await claimed(storage)
    await storage.executions.commit(delta_of(claim, release=True, due_at=LATER))
    with pytest.raises(LeaseLost):
        await storage.executions.commit(delta_of(claim))
    with pytest.raises(LeaseLost):
        await storage.executions.commit(delta_of(await claimed(storage), epoch=7))


async def test_a_released_execution_comes_back_with_its_steps(storage: Storage) -> None:
    first = await claimed(storage)
    waiting = step("b", status=StepStatus.WAITING, due_at=SOON)
    await storage.executions.commit(
        delta_of(first, step("a"), waiting, release=True, due_at=SOON, status=ExecutionStatus.WAITING)
    )
    second = await claimed(storage, first.execution.id)
    assert second.execution.status is ExecutionStatus.WAITING
    assert {row.state.path: row.state for row in second.steps} == {
        "a": step("a").state,
        "b": waiting.state,
    }
    assert {row.position for row in second.steps} == {"a", "b"}


async def test_many_executions_committed_at_once_each_get_their_own_sequence(storage: Storage) -> None:
    claims = [await claimed(storage) for _ in range(40)]

    async def run(number: int) -> list[int]:
        return [
            await storage.executions.commit(delta_of(claims[number], step(f"s{i}", output=[number, i])))
            for i in range(5)
        ]

    assert await asyncio.gather(*(run(number) for number in range(40))) == [[1, 2, 3, 4, 5]] * 40
    for number, claim in enumerate(claims):
        page = await storage.queries.steps_page(claim.execution.id, StepFilter(), first=10, after=None)
        assert [row.state.output for row in page.rows] == [[number, i] for i in range(5)]


async def test_a_lost_lease_among_many_harms_no_other(storage: Storage) -> None:
    good = [await claimed(storage) for _ in range(5)]
    lost = [await claimed(storage) for _ in range(5)]
    answers = await asyncio.gather(
        *(storage.executions.commit(delta_of(claim, step("a"))) for claim in good),
        *(storage.executions.commit(delta_of(claim, step("a"), epoch=9)) for claim in lost),
        return_exceptions=True,
    )
    assert answers[:5] == [1] * 5
    assert all(isinstance(answer, LeaseLost) for answer in answers[5:])


async def test_a_posted_change_is_stored_soon(storage: Storage) -> None:
    claim = await claimed(storage)
    id = claim.execution.id
    storage.executions.post(delta_of(claim, step("a", status=StepStatus.RUNNING)))
    await wait_until(lambda: storage.queries.steps_by_path([(id, "a")]), "the posted step is stored")
    assert (await stored(storage, id)).sequence == 1


async def test_a_posted_change_travels_with_the_next_commit(storage: Storage) -> None:
    claim = await claimed(storage)
    id = claim.execution.id
    storage.executions.post(delta_of(claim, step("a", status=StepStatus.RUNNING)))
    storage.executions.post(delta_of(claim, step("b", status=StepStatus.RUNNING)))
    assert await storage.executions.commit(delta_of(claim, step("a"))) == 1
    steps = await storage.queries.steps_by_path([(id, "a"), (id, "b")])
    assert {path: row.state.status for (_, path), row in steps.items()} == {
        "a": StepStatus.COMPLETED,
        "b": StepStatus.RUNNING,
    }


async def test_a_post_without_a_lease_is_only_told_to_the_next_commit(storage: Storage) -> None:
    claim = await claimed(storage)
    await storage.executions.commit(delta_of(claim, release=True, due_at=SOON))
    storage.executions.post(delta_of(claim, step("a", status=StepStatus.RUNNING)))
    with pytest.raises(LeaseLost):
        await storage.executions.commit(delta_of(claim, step("a")))
    assert not await storage.queries.steps_by_path([(claim.execution.id, "a")])


async def test_times_come_back_to_the_microsecond_and_in_utc(storage: Storage) -> None:
    claim = await claimed(storage)
    times = [datetime(1969, 7, 20, 20, 17, 40, 1, UTC), datetime(2250, 4, 11, 23, 47, 16, 854775, UTC)]
    await storage.executions.commit(delta_of(claim, started_at=times[0], deadline_at=times[1]))
    found = await stored(storage, claim.execution.id)
    assert [found.started_at, found.deadline_at] == times
    assert found.started_at is not None
    assert found.started_at.utcoffset() == timedelta(0)
