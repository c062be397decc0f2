"""The examples of docs/schema.md: all of them fit the schema, and those that need no id run as they stand."""

import re

import pytest
from graphql import OperationDefinitionNode, parse, validate

from tests.integration.graphql_api.api import Api
from tests.repository import ROOT

PAGE = ROOT / "docs" / "schema.md"
EXAMPLES = re.findall(r"```graphql\n(.*?)```", PAGE.read_text(), re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_fits_the_schema(example: str) -> None:
    assert validate(Api().schema._schema, parse(example)) == []


async def test_the_examples_run_in_their_order(api: Api) -> None:
    answers = []
    for example in EXAMPLES:
        [operation] = parse(example).definitions
        assert isinstance(operation, OperationDefinitionNode)
        if not operation.variable_definitions:
            answers.append(await api.run(example))

    created, applied, started, found, listed, counted, evaluated = answers
    assert created["createWorkflow"]["__typename"] == "Workflow"
    assert applied["applyWorkflow"]["version"] == 1
    assert started["executeWorkflow"]["status"] == "PENDING"
    assert [step["stepId"] for step in found["workflow"]["steps"]] == ["person", "greeting"]
    assert listed["executions"]["nodes"][0]["id"] == started["executeWorkflow"]["id"]
    assert counted["executionCounts"]["total"] == 1
    assert evaluated["evaluate"]["value"] is True
