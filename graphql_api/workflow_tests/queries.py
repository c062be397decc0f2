"""The query that tests a workflow."""

from datetime import datetime

import strawberry

from domain.workflow_tests.model import WorkflowTestRequest
from graphql_api.context import Info
from graphql_api.executions.reads import ExecutionReads
from graphql_api.kit.json_input import json_value
from graphql_api.kit.scalars import JSON
from graphql_api.workflow_tests.types import WorkflowTest


@strawberry.type
class WorkflowTestQueries:
    """The part of Query that is about tests of workflows."""

    @strawberry.field(
        description="Run a portable document without side effects: steps answer as the mocks say, those that would "
        "call out have to be mocked, and all waiting is skipped. `mocks` is an object of the paths of steps, such as "
        'fetch or loop[*].fetch, each with an answer or a list of one for each attempt: {"output": …}, {"payload": …} '
        'for a signal or a callback, or {"failure": {"status": 503}}. `now` is the time at which the execution is '
        "created, by default the present."
    )
    async def test_workflow(
        self,
        info: Info,
        document: JSON,
        input: JSON | None = strawberry.UNSET,
        mocks: JSON | None = strawberry.UNSET,
        now: datetime | None = strawberry.UNSET,
    ) -> WorkflowTest:
        request = WorkflowTestRequest(
            document=json_value(document),
            input=None if input is strawberry.UNSET else json_value(input),
            mocks=None if mocks is strawberry.UNSET else json_value(mocks),
            now=now or None,
        )
        result = await info.context.services.workflow_tests.test(request, info.context.trial)
        info.context.shared(ExecutionReads).add(result)
        return WorkflowTest.from_result(result)
