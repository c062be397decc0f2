"""Operations that the command line sends: all are valid against the schema of the API."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from graphql import build_schema, parse, validate

import stepgraph.cli
from tests.repository import ROOT

SCHEMA = build_schema((ROOT / "graphql_api/schema.graphql").read_text())


def operations() -> Iterator[tuple[str, str]]:
    """Every constant of every module of operations, by its name."""
    for path in sorted(Path(stepgraph.cli.__file__).parent.glob("*/operations.py")):
        for name, value in vars(import_module(f"stepgraph.cli.{path.parent.name}.operations")).items():
            if name.isupper() and not name.startswith("_") and isinstance(value, str):
                yield f"{path.parent.name}.{name}", value


OPERATIONS = dict(operations())


def test_the_operations_are_found() -> None:
    assert {"workflows.APPLY", "access.KEYS"} <= OPERATIONS.keys()


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_is_valid_against_the_schema(name: str) -> None:
    assert [error.message for error in validate(SCHEMA, parse(OPERATIONS[name]))] == []
