"""What the command line sends is valid against the schema of the API."""

from pathlib import Path

import pytest
from graphql import build_schema, parse, validate

from stepgraph.commands.operations import ALL

SCHEMA = build_schema((Path(__file__).parents[2] / "graphql_api/schema.graphql").read_text())


@pytest.mark.parametrize("name", ALL)
def test_every_operation_is_valid_against_the_schema(name: str) -> None:
    assert [error.message for error in validate(SCHEMA, parse(ALL[name]))] == []
