"""Transformation rules over the API: saving, what is wrong with one, workflows that name them, and their page."""

import re
from typing import Any

import yaml

from actors.activations.activation import Activation
from actors.activations.step_runner import StepRunner
from actors.steps.data_transform import DataTransformExecutor
from actors.transformation_rules.applied_rules import AppliedRules
from actors.transformation_rules.rules import StoredRules
from domain.expressions.evaluator import Evaluator
from domain.kernel.ids import IdKind, from_public
from domain.kernel.statuses import StepType
from domain.workflows.definitions.cache import DefinitionCache
from tests.integration.graphql_api.api import Api
from tests.integration.graphql_api.real import Real
from tests.repository import ROOT
from tests.unit.actors.world import World

PAGE = (ROOT / "docs" / "transformation-rules.md").read_text()
GRAPHQL = re.findall(r"```graphql\n(.*?)```", PAGE, re.DOTALL)
YAML = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]

SAVE = """
mutation ($input: TransformationRuleInput!) {
  saveTransformationRule(input: $input) {
    __typename
    ... on TransformationRule {
      id name description expression inputSchema outputSchema examples { input output } createdAt updatedAt
    }
    ... on Error { code message }
    ... on ValidationError { problems { path message hint } }
  }
}
"""
DELETE = """
mutation ($name: String!) {
  deleteTransformationRule(name: $name) { __typename ... on Deleted { id } ... on Error { code message } }
}
"""
RULE = "query ($name: String!) { transformationRule(name: $name) { id name expression examples { input output } } }"


async def save(api: Api, **input: Any) -> dict[str, Any]:
    data = await api.run(SAVE, input={"name": "double", "expression": "input * 2"} | input)
    answer: dict[str, Any] = data["saveTransformationRule"]
    return answer


async def execute(api: Api, document: dict[str, Any], input: Any) -> Any:
    """The output of a workflow, run by a worker that knows the API's rules."""
    await api.create_workflow(**document)
    data = await api.run(
        "mutation ($i: ExecuteWorkflowInput!) { executeWorkflow(input: $i) { ... on WorkflowExecution { id } } }",
        i={"workflowName": document["name"], "input": input},
    )
    id = from_public(data["executeWorkflow"]["id"], IdKind.EXECUTION)
    world = World(storage=api.storage)
    claim = await world.claim(id)
    definition = await DefinitionCache(api.storage.workflows).get(claim.execution.definition_id)
    rules = AppliedRules(StoredRules(api.storage.rules), Evaluator())
    parts = world.parts
    attempts = StepRunner({**parts.attempts.executors, StepType.DATA_TRANSFORM: DataTransformExecutor(rules)}, 10_000)
    await Activation(claim, definition, type(parts)(**{**_members(parts), "attempts": attempts})).run()
    record = await world.record(id)
    assert record.error is None, record.error
    return record.output


def _members(parts: Any) -> dict[str, Any]:
    return {name: getattr(parts, name) for name in parts.__dataclass_fields__}


async def test_a_saved_rule_comes_back(api: Api) -> None:
    saved = await save(
        api,
        description="Twice as much",
        inputSchema={"type": "integer"},
        outputSchema=True,
        examples=[{"input": 1, "output": 2.0}],
    )

    assert saved.pop("id").startswith("tr_")
    assert saved == {
        "__typename": "TransformationRule",
        "name": "double",
        "description": "Twice as much",
        "expression": "input * 2",
        "inputSchema": {"type": "integer"},
        "outputSchema": True,
        "examples": [{"input": 1, "output": 2.0}],
        "createdAt": "2030-01-01T12:00:00Z",
        "updatedAt": "2030-01-01T12:00:00Z",
    }


async def test_rules_are_listed_by_name_and_found_by_their_ids(api: Api) -> None:
    ids = [(await save(api, name=name))["id"] for name in ("b", "a")]

    data = await api.run("{ transformationRules { nodes { name inputSchema examples { input } } } }")
    listed = data["transformationRules"]["nodes"]
    assert listed == [{"name": name, "inputSchema": None, "examples": []} for name in ("a", "b")]
    node = "query ($id: ID!) { node(id: $id) { __typename id ... on TransformationRule { name } } }"
    assert (await api.run(node, id=ids[0]))["node"] == {"__typename": "TransformationRule", "id": ids[0], "name": "b"}
    assert (await api.run(RULE, name="c"))["transformationRule"] is None
    await api.run(DELETE, name="b")
    assert (await api.run(node, id=ids[0]))["node"] is None


async def test_everything_that_is_wrong_is_told_at_once(api: Api) -> None:
    refused = await save(
        api,
        name="",
        inputSchema={"type": "string"},
        examples=[{"input": 1, "output": 2}, {"input": "a", "output": "b"}],
    )

    assert (refused["__typename"], refused["code"]) == ("ValidationError", "INVALID_INPUT")
    assert [problem["path"] for problem in refused["problems"]] == [
        ["name"],
        ["examples", "0", "input"],
        ["examples", "1", "output"],
    ]


async def test_a_workflow_may_only_name_rules_that_exist(api: Api) -> None:
    query = """
    mutation ($rule: String!) {
      createWorkflow(input: {name: "w", steps: [{id: "a", config: {dataTransform: {rule: {name: $rule}}}}]}) {
        __typename
        ... on ValidationError { problems { path message } }
      }
    }
    """
    refused = (await api.run(query, rule="double"))["createWorkflow"]
    assert refused["problems"] == [
        {
            "path": ["steps", "0", "config", "dataTransform", "rule", "name"],
            "message": "There is no transformation rule 'double'.",
        }
    ]

    await save(api)
    assert (await api.run(query, rule="double"))["createWorkflow"]["__typename"] == "Workflow"
    refusal = (await api.run(DELETE, name="double"))["deleteTransformationRule"]
    assert refusal == {
        "__typename": "ConflictError",
        "code": "CONFLICT",
        "message": "The rule 'double' is used by 'w': take it out of them first.",
    }


async def test_deleting_what_is_not_there_is_told(api: Api) -> None:
    deleted = (await api.run(DELETE, name="double"))["deleteTransformationRule"]
    assert (deleted["__typename"], deleted["code"]) == ("NotFoundError", "NOT_FOUND")


async def test_the_examples_of_the_page_run_in_their_order(api: Api) -> None:
    save_it, find, delete, evaluate = GRAPHQL
    checkout, full_name = YAML

    assert (await api.run(save_it))["saveTransformationRule"]["name"] == "order-total"
    found = await api.run(find)
    assert [rule["name"] for rule in found["transformationRules"]["nodes"]] == ["order-total"]
    assert found["transformationRule"]["outputSchema"] == {"type": "number", "minimum": 0}

    output = await execute(api, checkout, {"cart": [{"price": 12.5, "quantity": 2}]})
    assert f'with the input `{{"cart": [{{"price": 12.5, "quantity": 2}}]}}`, it gives `"{output}"`' in PAGE
    refused = (await api.run(delete))["deleteTransformationRule"]
    assert (refused["__typename"], "'checkout'" in refused["message"]) == ("ConflictError", True)

    assert (await api.run(evaluate))["evaluate"] == {"value": 5, "error": None}
    assert (await save(api, **full_name))["__typename"] == "TransformationRule"


async def test_rules_on_real_parts(real: Real) -> None:
    saved = await save(real.api, examples=[{"input": {"b": [1, {"a": None}]}, "output": 1}], expression="input.b[0]")
    assert (await save(real.api, expression="input"))["id"] == saved["id"]

    await real.api.create_workflow(
        name="uses", steps=[{"id": "a", "type": "DATA_TRANSFORM", "config": {"rule": {"name": "double"}}}]
    )
    with real.database.counting() as statements:
        await real.api.create_workflow(
            name="uses more",
            steps=[
                {"id": f"s{number}", "type": "DATA_TRANSFORM", "config": {"rule": {"name": "double"}}}
                for number in range(50)
            ],
        )
    assert len([each for each in statements if "transformation_rule" in each]) == 1
    refused = (await real.api.run(DELETE, name="double"))["deleteTransformationRule"]
    assert "'uses', 'uses more'" in refused["message"]
    assert (await real.api.run(RULE, name="a\0b"))["transformationRule"] is None
    odd = {"name": "odd", "steps": [{"id": "a", "type": "DATA_TRANSFORM", "config": {"rule": {"name": "a\0b"}}}]}
    validate = "query ($d: JSON!) { validateWorkflow(document: $d) { problems { message } } }"
    told = [each["message"] for each in (await real.api.run(validate, d=odd))["validateWorkflow"]["problems"]]
    assert any("U+0000" in message for message in told)
