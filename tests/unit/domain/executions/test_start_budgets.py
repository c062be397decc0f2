"""Budgets of requests that start many executions: the sandbox serves each for as long as the setting says."""

from datetime import timedelta

import pytest

from domain.executions.service import ExecuteRequest, ExecutionService
from domain.kernel.errors import LimitExceeded
from domain.kernel.limits import Limits
from domain.workflows.service import CreateWorkflow, WorkflowService
from tests.builders import a_document
from tests.sandboxes import SchemaSandbox
from tests.unit.domain.conftest import Services

COSTLY = {"type": "string", "pattern": "^(((a{1,9}){1,9}){1,9}){1,9}$"}


@pytest.mark.parametrize("seconds", [0, 60])
async def test_a_request_that_starts_many_has_the_time_of_the_sandbox_that_is_set(
    services: Services, seconds: int
) -> None:
    storage = services.storage
    workflows = WorkflowService(workflows=storage.workflows, clock=services.clock, sandbox=SchemaSandbox())
    await workflows.create(CreateWorkflow(document=a_document(name="orders", inputSchema=COSTLY)))
    executions = ExecutionService(
        workflows=storage.workflows,
        executions=storage.executions,
        queries=storage.queries,
        queue=storage.queue,
        feed=storage.feed,
        definitions=services.definitions,
        clock=services.clock,
        limits=Limits(max_sandbox_time=timedelta(seconds=seconds)),
        sandbox=SchemaSandbox(),
    )

    answers = await executions.execute_many([ExecuteRequest(workflow_name="orders", input="a" * 40)] * 3)

    refused = [each for each in answers if isinstance(each, LimitExceeded)]
    assert len(refused) == (0 if seconds else 3)
    assert all("STEPGRAPH_MAX_SANDBOX_TIME" in str(each) for each in refused)
