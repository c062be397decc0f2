"""The contract of what an execution remembers besides its steps' results: checkpoints, signals, pauses, failures."""

import pytest

from domain.engine.state import Signal, WaitReason
from domain.executions.records import StepFilter
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.ids import new_id
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import ExecutionStatus, StepStatus, WaitKind
from tests.contract.conftest import Storage
from tests.contract.rows import LATER, NOW, SOON, claimed, delta_of, end_of, step, stored

SIGNALS = (
    Signal(name="paid", payload={"z": 2**70, "a": None}),
    Signal(path="hook[3].call", payload=None),
    Signal(name="paid", payload="twice"),
)


async def test_signals_are_kept_in_their_order_until_they_are_consumed(storage: Storage) -> None:
    claim = await claimed(storage)
    id = claim.execution.id
    assert claim.execution.signals == ()
    await storage.executions.commit(delta_of(claim, signals=SIGNALS, release=True, due_at=SOON))
    assert (await stored(storage, id)).signals == SIGNALS
    again = await claimed(storage, id)
    assert again.execution.signals == SIGNALS
    await storage.executions.commit(delta_of(again, signals=SIGNALS[1:]))
    assert (await stored(storage, id)).signals == SIGNALS[1:]
    await storage.executions.commit(delta_of(again))
    assert (await stored(storage, id)).signals == ()


async def test_a_pause_has_a_beginning_and_an_end(storage: Storage) -> None:
    claim = await claimed(storage)
    id = claim.execution.id
    await storage.executions.commit(
        delta_of(
            claim,
            status=ExecutionStatus.PAUSED,
            paused_at=SOON,
            waiting_for=WaitReason(kind=WaitKind.PAUSED),
            release=True,
        )
    )
    found = await stored(storage, id)
    assert (found.status, found.paused_at) == (ExecutionStatus.PAUSED, SOON)
    assert await storage.executions.claim([id], worker_id=new_id(), now=LATER) == []
    assert await storage.recovery.due_executions(now=LATER, limit=9) == []


async def test_an_execution_that_goes_on_after_a_pause_is_not_paused(storage: Storage) -> None:
    claim = await claimed(storage)
    await storage.executions.commit(delta_of(claim, status=ExecutionStatus.PAUSED, paused_at=SOON))
    await storage.executions.commit(delta_of(claim, deadline_at=LATER))
    found = await stored(storage, claim.execution.id)
    assert (found.status, found.paused_at, found.deadline_at) == (ExecutionStatus.RUNNING, None, LATER)


async def test_an_error_may_be_known_before_the_end(storage: Storage) -> None:
    claim = await claimed(storage)
    error = StepError(code=FailureCode.STEP_FAILED, message="no", path="a[2].b", details={"failed": 3})
    await storage.executions.commit(delta_of(claim, error=error, release=True, due_at=NOW))
    again = await claimed(storage, claim.execution.id)
    assert (again.execution.status, again.execution.error) == (ExecutionStatus.RUNNING, error)
    await storage.executions.commit(end_of(again, status=ExecutionStatus.FAILED, error=error))
    assert (await stored(storage, claim.execution.id)).error == error


@pytest.mark.parametrize("checkpoint", [{"items": [1, 2**70, None]}, [], False, 0, "", {"since": "x", "calls": 3}])
async def test_a_step_that_is_not_done_remembers(storage: Storage, checkpoint: JsonValue) -> None:
    claim = await claimed(storage)
    id = claim.execution.id
    poll = step("poll", status=StepStatus.WAITING, due_at=SOON, checkpoint=checkpoint)
    await storage.executions.commit(delta_of(claim, poll, release=True, due_at=SOON))
    again = await claimed(storage, id)
    assert [row.state for row in again.steps] == [poll.state]
    page = await storage.queries.steps_page(id, StepFilter(), first=9, after=None)
    assert [row.state for row in page.rows] == [poll.state]
    pages = await storage.queries.steps_pages([id], StepFilter(), first=9)
    assert pages[id] == page
    assert (await storage.queries.steps_by_path([(id, "poll")]))[id, "poll"].state == poll.state

    await storage.executions.commit(delta_of(again, step("poll")))
    assert (await storage.queries.steps_by_path([(id, "poll")]))[id, "poll"].state.checkpoint is None


async def test_subscribers_see_no_checkpoints(storage: Storage) -> None:
    claim = await claimed(storage)
    id = claim.execution.id
    async with storage.feed.listen(id) as changes:
        await storage.executions.commit(delta_of(claim, step("poll", checkpoint={"calls": 1})))
        change = await anext(changes)
    since = await storage.queries.changes_since(id, 0)
    for found in (change, since):
        assert found is not None
        assert [row.state for row in found.steps or ()] == [step("poll").state]
