"""The typed inputs of steps say what the models of the portable document say, member for member."""

from datetime import timedelta
from enum import Enum
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, Undefined

from domain.kernel.statuses import StepType
from domain.workflows.steps.registry import step_kinds
from graphql_api.schema import build_schema
from graphql_api.workflows.documents import CONFIG_KEYS
from tests.typed_inputs import INPUTS

SCHEMA = build_schema()._schema
ONLY_IN_GRAPHQL = {"CreateWorkflowInput": {"status"}}
ONLY_IN_DOCUMENTS = {"StepInput": {"type"}}
"""A step's type is in its config's name."""


def an_input(name: str) -> GraphQLInputObjectType:
    found = SCHEMA.type_map[name]
    assert isinstance(found, GraphQLInputObjectType)
    return found


def plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    return value.total_seconds() if isinstance(value, timedelta) else value


@pytest.mark.parametrize("name", INPUTS)
def test_an_input_has_the_members_and_defaults_of_its_model(name: str) -> None:
    fields = an_input(name).fields
    members = {info.alias or field: info for field, info in INPUTS[name].model_fields.items()}

    assert set(fields) - ONLY_IN_GRAPHQL.get(name, set()) == set(members) - ONLY_IN_DOCUMENTS.get(name, set())
    for field, info in members.items():
        if field not in fields:
            continue
        given = fields[field].default_value
        is_required = str(fields[field].type).endswith("!") and given is Undefined
        assert is_required is info.is_required(), field
        if given is not Undefined:
            assert plain(given) == plain(info.default), field


def test_every_kind_of_step_has_a_config() -> None:
    assert set(CONFIG_KEYS) == set(StepType) == set(step_kinds())
    assert set(an_input("StepConfigInput").fields) == set(CONFIG_KEYS.values())
    for step_type, key in CONFIG_KEYS.items():
        named = str(an_input("StepConfigInput").fields[key].type)
        assert INPUTS[named] is step_kinds()[step_type].config
