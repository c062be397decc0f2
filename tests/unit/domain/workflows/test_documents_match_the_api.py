"""The typed GraphQL inputs and the models of the document say the same, member for member and default for default."""

from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLNonNull, build_schema, is_required_input_field
from graphql.utilities import value_from_ast_untyped
from pydantic_core import to_jsonable_python

from domain.workflows.fields.types import DocumentModel, OneOf
from tests.repository import ROOT
from tests.typed_inputs import INPUTS

SCHEMA = build_schema((ROOT / "graphql_api" / "schema.graphql").read_text())

ONLY_TYPED = {"CreateWorkflowInput": {"status"}}
ONLY_IN_DOCUMENTS = {"StepInput": {"type"}}


def the_input(name: str) -> GraphQLInputObjectType:
    found = SCHEMA.type_map[name]
    assert isinstance(found, GraphQLInputObjectType)
    return found


def members(model: type[DocumentModel]) -> dict[str, Any]:
    return {str(info.alias): info for info in model.model_fields.values()}


@pytest.mark.parametrize("name", INPUTS)
def test_the_members_are_the_same(name: str) -> None:
    typed = set(the_input(name).fields) - ONLY_TYPED.get(name, set())
    assert typed == set(members(INPUTS[name])) - ONLY_IN_DOCUMENTS.get(name, set())


@pytest.mark.parametrize("name", INPUTS)
def test_the_same_members_are_required(name: str) -> None:
    typed = {
        field
        for field, definition in the_input(name).fields.items()
        if isinstance(definition.type, GraphQLNonNull) and is_required_input_field(definition)
    }
    required = {alias for alias, info in members(INPUTS[name]).items() if info.is_required()}
    assert typed == required - ONLY_IN_DOCUMENTS.get(name, set())


@pytest.mark.parametrize("name", INPUTS)
def test_the_defaults_are_the_same(name: str) -> None:
    known = members(INPUTS[name])
    for field, definition in the_input(name).fields.items():
        if field in ONLY_TYPED.get(name, set()) or known[field].is_required():
            continue
        written = definition.ast_node.default_value if definition.ast_node else None
        typed = None if written is None else value_from_ast_untyped(written)
        assert typed == to_jsonable_python(known[field].default, timedelta_mode="iso8601"), field


@pytest.mark.parametrize("name", INPUTS)
def test_what_takes_exactly_one_member_does_so_in_both(name: str) -> None:
    assert the_input(name).is_one_of == issubclass(INPUTS[name], OneOf)
