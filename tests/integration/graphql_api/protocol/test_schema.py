"""The schema itself: what is exported is what is served."""

import subprocess
import sys

from graphql import build_schema as build_from_text
from graphql import find_schema_changes, get_introspection_query

from graphql_api.context import ApiOptions
from graphql_api.export import SCHEMA_FILE, exported_schema, main
from graphql_api.schema import build_schema
from tests.integration.graphql_api.api import Api


def test_the_exported_schema_is_the_one_in_the_code() -> None:
    assert SCHEMA_FILE.read_text() == exported_schema(), "run python -m graphql_api.export"
    assert main(["--check"]) == 0


def test_the_exported_schema_has_all_that_is_served() -> None:
    exported = build_from_text(SCHEMA_FILE.read_text())

    assert find_schema_changes(build_from_text(build_schema().as_str()), exported) == []


def test_the_export_is_a_command() -> None:
    finished = subprocess.run([sys.executable, "-m", "graphql_api.export", "--check"], check=False, capture_output=True)

    assert finished.returncode == 0, finished.stderr


async def test_exactly_one_kind_of_step_is_given(api: Api) -> None:
    steps = '[{id: "a", config: {wait: {duration: "PT1S"}, validation: {}}}]'

    [error] = await api.errors(f'{{ validateWorkflow(input: {{name: "x", steps: {steps}}}) {{ valid }} }}')

    assert "exactly one" in error["message"].lower()


async def test_one_of_is_checked_in_variables_too(api: Api) -> None:
    steps = [{"id": "a", "config": {"wait": {"duration": "PT1S"}, "validation": {}}}]

    errors = await api.errors(
        "query($i: CreateWorkflowInput) { validateWorkflow(input: $i) { valid } }", i={"name": "x", "steps": steps}
    )

    assert errors[0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert "steps[0].config" in errors[0]["message"]


async def test_introspection_can_be_switched_off() -> None:
    api = Api(options=ApiOptions(introspection=False))

    error = (await api.errors("{ __schema { queryType { name } } }"))[0]
    [unknown] = await api.errors("{ healt { status } }")

    assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert "Did you mean" not in unknown["message"]


async def test_the_introspection_of_tools_is_within_the_limits(api: Api) -> None:
    data = await api.run(get_introspection_query(input_value_deprecation=True, specified_by_url=True))

    assert data["__schema"]["queryType"]["name"] == "Query"
