"""Retrying executions that failed, timed out or were cancelled."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from domain.engine.state import Attempt, StepState
from domain.executions.records import ExecutionFilter, StepFilter, StepRecord
from domain.executions.retries.service import RetryRequest
from domain.executions.service import ExecuteRequest, OrchestrateRequest
from domain.kernel.errors import InvalidInput, InvalidState, LimitExceeded, NotFound
from domain.kernel.statuses import ExecutionStatus, StepStatus, StepType
from tests.builders import a_document, constant
from tests.unit.domain.conftest import FAILURE, Services

STEPS = [constant("a"), constant("b"), constant("c")]


def done(services: Services, path: str, status: StepStatus = StepStatus.COMPLETED) -> StepState:
    now = services.clock.now()
    return StepState(
        path=path,
        step_id=path,
        type=StepType.DATA_TRANSFORM,
        status=status,
        attempts=(Attempt(number=1, started_at=now, finished_at=now),),
        output=path,
        error=FAILURE if status is StepStatus.FAILED else None,
        started_at=now,
        finished_at=now,
    )


async def a_failed_one(services: Services, status: ExecutionStatus = ExecutionStatus.FAILED, **members: Any) -> UUID:
    """An execution that failed at `b`."""
    id = await services.start(**members)
    await services.change(id, status, done(services, "a"), done(services, "b", StepStatus.FAILED))
    return id


async def steps_of(services: Services, id: UUID) -> Sequence[StepRecord]:
    return (await services.storage.queries.steps_page(id, StepFilter(), first=100, after=None)).rows


@pytest.fixture(autouse=True)
async def workflow_id(services: Services) -> UUID:
    return (await services.store_workflow(steps=STEPS)).id


async def test_a_retry_is_a_new_execution_that_begins_with_what_was_done(services: Services) -> None:
    failed = await a_failed_one(services, input={"x": 1}, labels={"team": "a"}, priority=5, idempotency_key="k")
    services.storage.queue.hints.clear()

    retry = await services.retries.retry(failed)

    assert retry.id != failed
    assert (retry.status, retry.retried_from_id, retry.parent_id) == (ExecutionStatus.PENDING, failed, None)
    assert (retry.input, retry.labels, retry.priority) == ({"x": 1}, {"team": "a"}, 5)
    assert retry.idempotency_key is None
    assert (retry.progress.total, retry.progress.completed, retry.progress.percent) == (3, 1, 33.33)
    [kept] = await steps_of(services, retry.id)
    assert kept.state == done(services, "a")
    assert services.storage.queue.hints == [retry.id]


async def test_the_one_that_failed_stays_as_it_was(services: Services) -> None:
    failed = await a_failed_one(services)
    before = (await services.storage.queries.get_many([failed]), await steps_of(services, failed))
    await services.retries.retry(failed)
    assert (await services.storage.queries.get_many([failed]), await steps_of(services, failed)) == before


@pytest.mark.parametrize("status", [ExecutionStatus.TIMED_OUT, ExecutionStatus.CANCELLED])
async def test_what_timed_out_or_was_cancelled_can_be_retried(services: Services, status: ExecutionStatus) -> None:
    retry = await services.retries.retry(await a_failed_one(services, status))
    assert retry.status is ExecutionStatus.PENDING


@pytest.mark.parametrize("status", [ExecutionStatus.COMPLETED, ExecutionStatus.RUNNING, ExecutionStatus.PAUSED])
async def test_what_completed_or_has_not_ended_cannot(services: Services, status: ExecutionStatus) -> None:
    id = await a_failed_one(services, status)
    with pytest.raises(InvalidState) as caught:
        await services.retries.retry(id)
    assert caught.value.status == status.value


async def test_a_retry_can_begin_from_a_step(services: Services) -> None:
    failed = await a_failed_one(services)
    retry = await services.retries.retry(failed, RetryRequest(from_step="a"))
    assert await steps_of(services, retry.id) == ()
    with pytest.raises(InvalidInput) as caught:
        await services.retries.retry(failed, RetryRequest(from_step="c"))
    assert caught.value.problems[0].path == ("fromStep",)


async def test_a_retry_of_a_retry_goes_on_from_there(services: Services) -> None:
    first = await services.retries.retry(await a_failed_one(services))
    await services.change(first.id, ExecutionStatus.FAILED, done(services, "b"))
    second = await services.retries.retry(first.id)
    assert second.retried_from_id == first.id
    assert [step.state.path for step in await steps_of(services, second.id)] == ["a", "b"]


async def test_more_steps_than_a_page_holds_are_all_looked_at(services: Services) -> None:
    ids = [f"s{n}" for n in range(620)]
    await services.store_workflow(name="long", steps=[constant(id, after=[]) for id in ids])
    started = await services.executions.execute(ExecuteRequest(workflow_name="long"))
    await services.change(started.id, ExecutionStatus.FAILED, *(done(services, step) for step in ids))
    retry = await services.retries.retry(started.id)
    assert retry.progress.completed == 620


class TestVersions:
    async def test_a_retry_keeps_the_version_that_failed(self, services: Services) -> None:
        failed = await a_failed_one(services)
        await services.workflows.apply(a_document(steps=[constant("z")]))
        assert (await services.retries.retry(failed)).workflow_version == 1

    async def test_or_it_has_the_newest(self, services: Services) -> None:
        failed = await a_failed_one(services)
        await services.workflows.apply(a_document(steps=[constant("a"), constant("new"), constant("b")]))
        retry = await services.retries.retry(failed, RetryRequest(latest_version=True))
        assert retry.workflow_version == 2
        assert [step.state.path for step in await steps_of(services, retry.id)] == ["a"]

    async def test_the_input_must_meet_the_newest_schema(self, services: Services) -> None:
        failed = await a_failed_one(services, input=1)
        await services.workflows.apply(a_document(steps=STEPS, inputSchema={"type": "string"}))
        with pytest.raises(InvalidInput) as caught:
            await services.retries.retry(failed, RetryRequest(latest_version=True))
        assert caught.value.problems[0].path == ("input",)

    async def test_one_of_a_deleted_workflow_can_be_retried_with_its_own_version(
        self, services: Services, workflow_id: UUID
    ) -> None:
        failed = await a_failed_one(services)
        await services.workflows.delete(workflow_id)
        assert (await services.retries.retry(failed)).workflow_version == 1
        with pytest.raises(NotFound, match="wf_"):
            await services.retries.retry(failed, RetryRequest(latest_version=True))

    async def test_an_orchestration_can_be_retried_but_has_one_version_only(self, services: Services) -> None:
        started = await services.executions.orchestrate(OrchestrateRequest(document={"steps": STEPS}))
        await services.change(started.id, ExecutionStatus.FAILED, done(services, "a"))
        retry = await services.retries.retry(started.id)
        assert (retry.workflow_id, retry.progress.completed) == (None, 1)
        with pytest.raises(InvalidInput) as caught:
            await services.retries.retry(started.id, RetryRequest(latest_version=True))
        assert caught.value.problems[0].path == ("latestVersion",)


class TestMany:
    async def test_every_matching_one_that_may_be_retried_is(self, services: Services) -> None:
        failed = [await a_failed_one(services, labels={"team": "a"}) for _ in range(3)]
        await a_failed_one(services, ExecutionStatus.COMPLETED, labels={"team": "a"})
        await a_failed_one(services)
        services.storage.queue.hints.clear()

        result = await services.retries.retry_many(ExecutionFilter(labels={"team": "a"}))

        assert (result.matched, result.changed) == (4, 3)
        started = await services.storage.queries.get_many(services.storage.queue.hints)
        assert {each.retried_from_id for each in started.values()} == set(failed)
        assert {each.progress.completed for each in started.values()} == {1}

    async def test_those_that_never_reached_the_step_are_left_as_they_are(self, services: Services) -> None:
        reached = await a_failed_one(services)
        unreached = await services.start()
        await services.change(unreached, ExecutionStatus.FAILED, done(services, "a", StepStatus.FAILED))
        result = await services.retries.retry_many(ExecutionFilter(), RetryRequest(from_step="b"))
        assert (result.matched, result.changed) == (2, 1)
        [retry] = (await services.storage.queries.page(ExecutionFilter(), first=1, after=None)).rows
        assert retry.retried_from_id == reached

    async def test_too_many_are_refused_before_anything_is_done(self, services: Services) -> None:
        for _ in range(11):
            await a_failed_one(services)
        with pytest.raises(LimitExceeded, match="11 executions match"):
            await services.retries.retry_many(ExecutionFilter())
        assert await services.storage.queries.count(ExecutionFilter()) == 11
