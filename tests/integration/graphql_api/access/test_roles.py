"""The mutations that each role may ask for, and those that it may not."""

from dataclasses import replace

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLType,
    get_nullable_type,
    is_required_argument,
    is_required_input_field,
)

from domain.access.model import Principal
from domain.kernel.statuses import Role
from graphql_api.permissions import MUTATIONS
from graphql_api.schema import build_schema
from tests.integration.graphql_api.api import Api


def least(type_: GraphQLType) -> str:
    """The smallest literal that an argument of this type takes."""
    if not isinstance(type_, GraphQLNonNull):
        return "null"
    of = type_.of_type
    if isinstance(of, GraphQLList):
        return "[]"
    if isinstance(of, GraphQLEnumType):
        return str(next(iter(of.values)))
    if isinstance(of, GraphQLInputObjectType):
        needed = {name: each for name, each in of.fields.items() if is_required_input_field(each)}
        return "{" + ", ".join(f"{name}: {least(each.type)}" for name, each in needed.items()) + "}"
    return {"Int": "1", "JSON": "{}"}.get(str(of), '"a"')


@pytest.mark.parametrize("name", MUTATIONS)
async def test_every_mutation_is_for_its_role_and_for_none_below(api: Api, name: str) -> None:
    schema = build_schema()._schema
    assert schema.mutation_type is not None
    field = schema.mutation_type.fields[name]
    needed = (f"{each}: {least(of.type)}" for each, of in field.args.items() if is_required_argument(of))
    arguments = ", ".join(needed)
    inner = "" if isinstance(get_nullable_type(field.type), GraphQLScalarType) else " { __typename }"
    query = f"mutation {{ {name}({arguments}){inner} }}"
    for role in Role:
        principal = Principal(name="somebody", role=role)
        result = await api.schema.execute(query, context_value=replace(api.context(), principal=principal))
        codes = [(error.extensions or {}).get("code") for error in result.errors or ()]
        assert ("FORBIDDEN" in codes) == (not role.covers(MUTATIONS[name])), (role, codes)
        assert "INTERNAL" not in codes
        assert "GRAPHQL_VALIDATION_FAILED" not in codes
