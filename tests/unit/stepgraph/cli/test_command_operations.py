"""Operations that the command line sends: they stand in files, are valid, and all of them are used."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import (
    ExecutableDefinitionNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    Visitor,
    build_schema,
    parse,
    validate,
    visit,
)

from stepgraph.cli.kit.operations import operation
from tests.repository import ROOT

SCHEMA = build_schema((ROOT / "graphql_api/schema.graphql").read_text())
FOLDER = ROOT / "stepgraph" / "cli"
FILES = sorted(FOLDER.glob("*/*.graphql"))
MODULES = sorted((ROOT / "stepgraph").glob("**/*.py"))
BEGINNING = re.compile(r"\s*(query|mutation|subscription|fragment)\b[^\n]*\{|\s*\{\s*\w+\s*[({]")


def definitions(kind: type[OperationDefinitionNode | FragmentDefinitionNode]) -> Iterator[str]:
    """The names of all definitions of a kind, each after its subject."""
    for file in FILES:
        for definition in parse(file.read_text()).definitions:
            if isinstance(definition, kind) and definition.name is not None:
                yield f"{file.parent.name}.{definition.name.value}"


OPERATIONS = sorted(definitions(OperationDefinitionNode))


def strings_in(module: Path) -> Iterator[str]:
    """The text of every string in a module, that of f-strings piece by piece."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


class Spreads(Visitor):
    """The names of the fragments that a document spreads."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_fragment_spread(self, node: FragmentSpreadNode, *_: object) -> None:
        self.names.add(node.name.value)


def test_the_operations_are_found() -> None:
    assert {"workflows.Apply", "access.Keys", "executions.Follow"} <= set(OPERATIONS)


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_is_valid_against_the_schema_with_the_fragments_that_it_is_sent_with(name: str) -> None:
    document = parse(operation(name))

    assert [error.message for error in validate(SCHEMA, document)] == []
    assert sum(isinstance(each, OperationDefinitionNode) for each in document.definitions) == 1


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_every_definition_of_a_file_has_a_name_of_its_own(file: Path) -> None:
    shared = [] if file.parent.name == "kit" else parse((FOLDER / "kit" / "fragments.graphql").read_text()).definitions
    named = [*parse(file.read_text()).definitions, *shared]
    names = [each.name.value for each in named if isinstance(each, ExecutableDefinitionNode) and each.name is not None]

    assert len(set(names)) == len(named)


def test_every_fragment_is_used() -> None:
    spreads = Spreads()
    for name in OPERATIONS:
        visit(parse(operation(name)), spreads)

    assert {name.rpartition(".")[2] for name in definitions(FragmentDefinitionNode)} == spreads.names


def test_every_operation_is_sent_by_a_command_and_every_one_that_is_sent_is_there() -> None:
    subjects = "|".join(file.parent.name for file in FILES)
    name = re.compile(rf"(?:{subjects})\.[A-Z]\w+")
    sent = {text for module in FOLDER.glob("*/*.py") for text in strings_in(module) if name.fullmatch(text)}

    assert sent == set(OPERATIONS)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(ROOT)))
def test_no_operation_is_written_in_a_string_of_python(module: Path) -> None:
    assert [text for text in strings_in(module) if BEGINNING.match(text)] == []
