"""The contract of metrics: every execution is counted once, with its steps, in a minute, an hour and a day."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.engine.state import Attempt
from domain.kernel.ids import new_id
from domain.kernel.statuses import ExecutionStatus, StepStatus, StepType
from domain.metrics.model import EVERYTHING, EXECUTIONS, ORCHESTRATIONS, Resolution, Span, Tally
from tests.contract.conftest import Storage
from tests.contract.rows import NOW, SOON, claimed, delta_of, end_of, step

MINUTE = Resolution.MINUTE.floor(NOW)
WHOLE_HOUR = [Span(Resolution.HOUR, Resolution.HOUR.floor(NOW), Resolution.HOUR.floor(NOW) + timedelta(hours=1))]


async def totals_of(storage: Storage, series: UUID, spans: list[Span] | None = None) -> Mapping[str, Tally]:
    """The tallies of a series, once all events are relayed."""
    while await storage.relay.relay(100, SOON):
        pass
    return (await storage.metrics.totals({series}, spans or WHOLE_HOUR))[series]


async def ended(storage: Storage, workflow_id: UUID | None = None, *steps: Any, **given: Any) -> UUID:
    """An execution that starts and ends in one commit."""
    claim = await claimed(storage, workflow_id=workflow_id)
    await storage.executions.commit(end_of(claim, *steps, starts=True, **given))
    return claim.execution.id


async def test_each_end_is_counted_once_as_what_it_is(storage: Storage) -> None:
    workflow_id = new_id()
    for status in (
        ExecutionStatus.COMPLETED,
        ExecutionStatus.COMPLETED,
        ExecutionStatus.FAILED,
        ExecutionStatus.TIMED_OUT,
        ExecutionStatus.CANCELLED,
    ):
        await ended(storage, workflow_id, status=status)
    for _ in range(2):
        tally = (await totals_of(storage, workflow_id))[EXECUTIONS]
        assert (tally.started, tally.completed, tally.failed, tally.cancelled) == (5, 2, 2, 1)
    assert tally.timed == 5
    assert tally.mean == SOON - NOW
    assert abs(tally.durations.quantiles([0.5])[0] / (SOON - NOW) - 1) < 0.05


async def test_minutes_hours_and_days_say_the_same(storage: Storage) -> None:
    await ended(storage, None, step("a"))
    expected = await totals_of(storage, EVERYTHING)
    for resolution in Resolution:
        start = resolution.floor(NOW)
        span = Span(resolution, start, start + timedelta(seconds=resolution))
        assert await totals_of(storage, EVERYTHING, [span]) == expected
        before = Span(resolution, start - timedelta(days=2), start)
        assert await totals_of(storage, EVERYTHING, [before]) == {}
    assert expected[EXECUTIONS].completed == 1


async def test_an_orchestration_is_counted_apart_and_among_everything(storage: Storage) -> None:
    await ended(storage)
    await ended(storage, new_id())
    assert (await totals_of(storage, ORCHESTRATIONS))[EXECUTIONS].completed == 1
    assert (await totals_of(storage, EVERYTHING))[EXECUTIONS].completed == 2
    assert await totals_of(storage, new_id()) == {}


async def test_a_start_is_counted_before_the_end(storage: Storage) -> None:
    workflow_id = new_id()
    claim = await claimed(storage, workflow_id=workflow_id)
    await storage.executions.commit(delta_of(claim, starts=True))
    tally = (await totals_of(storage, workflow_id))[EXECUTIONS]
    assert (tally.started, tally.ended, tally.timed) == (1, 0, 0)
    assert await storage.metrics.running({workflow_id, EVERYTHING, ORCHESTRATIONS}) == {
        workflow_id: 1,
        EVERYTHING: 1,
        ORCHESTRATIONS: 0,
    }
    await storage.executions.commit(end_of(claim))
    tally = (await totals_of(storage, workflow_id))[EXECUTIONS]
    assert (tally.started, tally.ended, tally.timed) == (1, 1, 1)
    assert await storage.metrics.running({workflow_id}) == {workflow_id: 0}


async def test_what_waits_does_not_run(storage: Storage) -> None:
    claim = await claimed(storage)
    await storage.executions.commit(delta_of(claim, starts=True, status=ExecutionStatus.WAITING))
    assert await storage.metrics.running({EVERYTHING}) == {EVERYTHING: 0}


async def test_steps_are_counted_by_type_with_their_retries_when_their_execution_ends(storage: Storage) -> None:
    workflow_id = new_id()
    attempts = tuple(Attempt(number=number, started_at=NOW, finished_at=NOW) for number in (1, 2, 3))
    long = timedelta(milliseconds=250)
    await ended(
        storage,
        workflow_id,
        step("a", finished_at=NOW + long),
        step("b", status=StepStatus.FAILED, attempts=attempts, finished_at=NOW + long),
        step("c", status=StepStatus.SKIPPED, started_at=None, attempts=()),
        step("d", status=StepStatus.CANCELLED, started_at=None, attempts=()),
        step("e", status=StepStatus.CANCELLED),
        step("f", type=StepType.WAIT, finished_at=NOW + timedelta(days=3)),
        step("g", type=StepType.DATA_TRANSFORM, attempts=()),
    )
    totals = await totals_of(storage, workflow_id)
    http = totals[StepType.HTTP_REQUEST]
    assert (http.completed, http.failed, http.cancelled, http.retries) == (1, 1, 1, 2)
    assert http.mean == (long + long) / 3
    assert abs(http.durations.quantiles([0.95])[0] / long - 1) < 0.05
    assert abs(totals[StepType.WAIT].durations.quantiles([0.5])[0] / timedelta(days=3) - 1) < 0.05
    assert totals[StepType.DATA_TRANSFORM].durations.quantiles([0.99])[0] == timedelta(0)
    assert set(totals) == {EXECUTIONS, StepType.HTTP_REQUEST, StepType.WAIT, StepType.DATA_TRANSFORM}


async def test_one_that_was_deleted_before_it_was_counted_counts_without_its_steps(storage: Storage) -> None:
    id = await ended(storage, None, step("a"))
    assert await storage.executions.delete([id]) == [id]
    totals = await totals_of(storage, EVERYTHING)
    assert totals[EXECUTIONS].completed == 1
    assert set(totals) == {EXECUTIONS}


async def test_what_was_counted_stays_when_an_execution_is_deleted(storage: Storage) -> None:
    id = await ended(storage, None, step("a"))
    before = await totals_of(storage, EVERYTHING)
    await storage.executions.delete([id])
    assert await totals_of(storage, EVERYTHING) == before


async def test_a_minute_is_the_one_of_the_end(storage: Storage) -> None:
    later = NOW + timedelta(minutes=5)
    await ended(storage, None, finished_at=later)
    await totals_of(storage, EVERYTHING)
    span = Span(Resolution.MINUTE, MINUTE, MINUTE + timedelta(minutes=10))
    found = (await storage.metrics.points({EVERYTHING}, [span], timedelta(minutes=1)))[EVERYTHING]
    assert {at: (tally.started, tally.completed) for at, tally in found.items()} == {
        MINUTE: (1, 0),
        Resolution.MINUTE.floor(later): (0, 1),
    }
    found = (await storage.metrics.points({EVERYTHING}, [span], timedelta(hours=1)))[EVERYTHING]
    assert {at: (tally.started, tally.completed) for at, tally in found.items()} == {Resolution.HOUR.floor(NOW): (1, 1)}


async def test_minutes_and_hours_are_forgotten_days_never(storage: Storage) -> None:
    await ended(storage)
    await totals_of(storage, EVERYTHING)

    async def prune(minutes_before: datetime, hours_before: datetime, limit: int = 100) -> int:
        return await storage.metrics.prune(minutes_before=minutes_before, hours_before=hours_before, limit=limit)

    far = NOW + timedelta(days=1_000)
    assert await prune(MINUTE, NOW - timedelta(days=1)) == 0
    assert await prune(far, NOW - timedelta(days=1), limit=1) == 1
    assert await prune(far, far) == 3
    assert await prune(far, far) == 0
    start = Resolution.DAY.floor(NOW)
    span = Span(Resolution.DAY, start, start + timedelta(days=1))
    assert (await totals_of(storage, EVERYTHING, [span]))[EXECUTIONS].completed == 1
