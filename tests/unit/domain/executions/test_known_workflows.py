"""Starts of a workflow that was started before: it is not looked up again, and they notice whatever changes of it."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from domain.executions.service import ExecuteRequest, ExecutionService
from domain.kernel.errors import InvalidInput, InvalidState, NotFound
from domain.kernel.statuses import WorkflowStatus
from domain.workflows.known_workflows import KnownWorkflows
from domain.workflows.service import UpdateWorkflow
from domain.workflows.summaries import WorkflowSummary
from persistence.memory.workflows import MemoryWorkflowStore
from tests.builders import a_document, constant
from tests.unit.domain.conftest import Services

TEXT = {"type": "object", "properties": {"n": {"type": "string"}}}
NUMBER = {"type": "object", "properties": {"n": {"type": "integer"}}}


class CountedLookUps(MemoryWorkflowStore):
    """Counts how often a workflow is looked up."""

    look_ups = 0

    async def find_summary(self, *, id: UUID | None = None, name: str | None = None) -> WorkflowSummary | None:
        self.look_ups += 1
        return await super().find_summary(id=id, name=name)


@pytest.fixture
def workflows(services: Services) -> CountedLookUps:
    return CountedLookUps(services.storage.tables)


@pytest.fixture
def executions(services: Services, workflows: CountedLookUps) -> ExecutionService:
    storage = services.storage
    return ExecutionService(
        workflows=workflows,
        executions=storage.executions,
        queries=storage.queries,
        queue=storage.queue,
        feed=storage.feed,
        definitions=services.definitions,
        clock=services.clock,
    )


def request(**given: Any) -> ExecuteRequest:
    return ExecuteRequest(**({"workflow_name": "orders"} | given))


async def test_a_workflow_is_looked_up_for_its_first_start_only(
    services: Services, executions: ExecutionService, workflows: CountedLookUps
) -> None:
    stored = await services.store_workflow()
    for _ in range(3):
        assert (await executions.execute(request())).workflow_id == stored.id
    assert workflows.look_ups == 1

    for _ in range(3):
        await executions.execute(ExecuteRequest(workflow_id=stored.id))
    assert workflows.look_ups == 2
    assert len(services.storage.tables.executions) == 6


async def test_a_new_version_is_what_the_next_start_runs(services: Services, executions: ExecutionService) -> None:
    await services.store_workflow(inputSchema=TEXT)
    assert (await executions.execute(request(input={"n": "1"}))).workflow_version == 1

    await services.workflows.apply(a_document(steps=[constant("a"), constant("b")], inputSchema=NUMBER))

    record = await executions.execute(request(input={"n": 1}))
    assert (record.workflow_version, record.progress.total) == (2, 2)
    with pytest.raises(InvalidInput):
        await executions.execute(request(input={"n": "1"}))
    assert (await executions.execute(request(version=1, input={"n": "1"}))).workflow_version == 1


async def test_a_workflow_that_is_paused_is_not_started_until_it_is_active_again(
    services: Services, executions: ExecutionService
) -> None:
    stored = await services.store_workflow()
    await executions.execute(request())

    await services.workflows.update(UpdateWorkflow(workflow_id=stored.id, status=WorkflowStatus.PAUSED))
    for _ in range(2):
        with pytest.raises(InvalidState):
            await executions.execute(request())
    await services.workflows.update(UpdateWorkflow(workflow_id=stored.id, status=WorkflowStatus.ACTIVE))

    assert (await executions.execute(request())).workflow_id == stored.id


async def deleted(services: Services, id: UUID) -> None:
    for execution in list(services.storage.tables.executions):
        del services.storage.tables.executions[execution]
    await services.workflows.delete(id)


async def renamed(services: Services, id: UUID) -> None:
    await services.workflows.update(UpdateWorkflow(workflow_id=id, changes={"name": "others"}))


@pytest.mark.parametrize("gone", [deleted, renamed])
async def test_a_name_that_means_nothing_any_more_is_not_found_and_one_that_means_another_starts_that(
    services: Services, executions: ExecutionService, gone: Callable[[Services, UUID], Awaitable[None]]
) -> None:
    stored = await services.store_workflow()
    await executions.execute(request())

    await gone(services, stored.id)
    with pytest.raises(NotFound):
        await executions.execute(request())
    other = await services.store_workflow()

    assert (await executions.execute(request())).workflow_id == other.id != stored.id


async def test_a_key_starts_one_execution_however_well_the_workflow_is_known(
    services: Services, executions: ExecutionService
) -> None:
    await services.store_workflow()
    await executions.execute(request())

    first = await executions.execute(request(idempotency_key="k"))
    again = [await executions.execute(request(idempotency_key="k")) for _ in range(3)]

    assert {record.id for record in again} == {first.id}
    assert len(services.storage.tables.executions) == 2


async def test_a_limit_on_executions_counts_for_every_start(services: Services, executions: ExecutionService) -> None:
    await services.store_workflow(maxConcurrentExecutions=1)
    records = [await executions.execute(request()) for _ in range(3)]
    assert [record.is_queued for record in records] == [False, True, True]


async def test_an_input_that_is_refused_is_refused_each_time(services: Services, executions: ExecutionService) -> None:
    await services.store_workflow(inputSchema=NUMBER)
    await executions.execute(request(input={"n": 1}))
    for _ in range(2):
        with pytest.raises(InvalidInput):
            await executions.execute(request(input={"n": "1"}))
    assert (await executions.execute(request(input={"n": 2}))).input == {"n": 2}


async def test_of_more_workflows_than_are_kept_those_that_were_looked_up_last_are(services: Services) -> None:
    known = KnownWorkflows(most=2)
    summary = (await services.store_workflow()).summary
    for key in ("a", "b", "a", "c"):
        known.remember(key, summary)
    assert [key for key in ("a", "b", "c") if known.get(key)] == ["a", "c"]
