"""Variables that would take long to make arguments of are refused before that is begun; JSON is not counted."""

from typing import Any

import pytest

from graphql_api.context import ApiOptions
from tests.costs import least_hold, least_seconds_awaited
from tests.integration.graphql_api.api import Api

RULE = "mutation ($v: TransformationRuleInput!) { saveTransformationRule(input: $v) { __typename } }"
TEMPLATE = "mutation ($v: WorkflowTemplateInput!) { saveWorkflowTemplate(input: $v) { __typename } }"
CREATE = "mutation ($v: CreateWorkflowInput!) { createWorkflow(input: $v) { __typename } }"
ORCHESTRATE = "mutation ($v: OrchestrateInput!) { orchestrate(input: $v) { __typename } }"
BATCH = "mutation ($v: [ExecuteWorkflowInput!]!) { executeWorkflows(inputs: $v) { __typename } }"
WEBHOOK = "mutation ($v: CreateWebhookInput!) { createWebhook(input: $v) { __typename } }"
STATUSES = "query ($v: [ExecutionStatus!]) { executions(filter: {status: $v}) { totalCount } }"
APPLY = "mutation ($v: JSON!) { applyWorkflow(document: $v) { __typename } }"


def steps(count: int) -> list[Any]:
    return [{"id": f"s{number}", "config": {"dataTransform": {"output": number}}} for number in range(count)]


def nested(levels: int, count: int) -> Any:
    inner = steps(count)
    for level in range(levels):
        inner = [{"id": f"n{level}", "config": {"forEach": {"items": "[1]", "steps": inner}}}]
    return inner


TOO_MUCH: dict[str, tuple[str, Any]] = {
    "examples of a rule": (RULE, {"name": "r", "expression": "1", "examples": [{"input": 1, "output": 1}] * 30_000}),
    "parameters of a template": (TEMPLATE, {"name": "t", "document": {}, "parameters": [{"name": "p"}] * 20_000}),
    "starts": (BATCH, [{"workflowName": "x"}] * 20_000),
    "starts that are none": (BATCH, [{"x": 1}] * 20_000),
    "no objects": (BATCH, [1] * 100_000),
    "steps": (CREATE, {"name": "x", "steps": steps(20_000)}),
    "steps in blocks": (CREATE, {"name": "x", "steps": nested(8, 20_000)}),
    "steps that are none": (ORCHESTRATE, {"steps": [[[]]] * 50_000}),
    "names of events": (WEBHOOK, {"name": "w", "direction": "OUTBOUND", "eventTypes": ["x"] * 200_000}),
    "statuses": (STATUSES, ["FAILED"] * 200_000),
}


@pytest.mark.parametrize(("operation", "value"), TOO_MUCH.values(), ids=TOO_MUCH)
async def test_variables_that_cost_too_much_are_refused_at_once(api: Api, operation: str, value: Any) -> None:
    async def refused() -> None:
        [error] = await api.errors(operation, v=value)
        assert error["extensions"]["code"] == "OPERATION_TOO_COMPLEX"
        assert "STEPGRAPH_MAX_INPUT_WORK" in error["message"]

    # Making arguments of them takes up to two seconds.
    assert await least_seconds_awaited(refused, enough=0.2) < 0.2


async def test_as_many_steps_as_a_workflow_may_have_are_made_into_arguments(api: Api) -> None:
    data = await api.run(CREATE, v={"name": "large", "steps": steps(10_000)})
    assert data["createWorkflow"]["__typename"] == "Workflow"


async def test_json_costs_nothing_however_large_it_is(api: Api) -> None:
    small = Api(options=ApiOptions(max_input_work=1_000))
    data = await small.run(APPLY, v={"name": "x", "steps": [], "variables": {"a": [{}] * 50_000}})
    assert data["applyWorkflow"]["__typename"] == "ValidationError"


async def test_the_bound_is_a_setting() -> None:
    api = Api(options=ApiOptions(max_input_work=1_000))
    await api.run(BATCH, v=[{"workflowName": "x"}] * 50)
    [error] = await api.errors(BATCH, v=[{"workflowName": "x"}] * 51)
    assert "more than 1,000 units" in error["message"]


async def test_of_variables_that_do_not_fit_ten_errors_are_told(api: Api) -> None:
    errors = await api.errors(
        CREATE, v={"name": "x", "steps": [], **{f"unknown{number}": 1 for number in range(5_000)}}
    )
    assert len(errors) == 11
    assert "Too many errors" in errors[-1]["message"]


async def test_a_batch_in_which_everything_is_wrong_lets_others_have_the_event_loop(api: Api) -> None:
    labels: Any = {f"l{number}": [] for number in range(50)}

    async def start() -> None:
        await api.run(BATCH, v=[{"workflowName": "x", "labels": labels}] * 1_000)

    assert await least_hold(start, enough=0.25) < 0.25
