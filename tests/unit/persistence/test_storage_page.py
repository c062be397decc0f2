"""The page on storage names what there is: each table, what removes its rows, and the keys in Redis."""

import re

from graphql import GraphQLObjectType, build_schema
from tortoise import Model

from persistence.postgres import models
from persistence.redis.circuit_breakers.sharing import CHANNEL, key_of
from persistence.redis.progress.codec import STATUS_CHANNEL
from stepgraph.settings import Settings
from tests.repository import ROOT

PAGE = (ROOT / "docs" / "storage.md").read_text()


def test_every_table_is_on_the_page_and_no_other() -> None:
    known = [each for each in vars(models).values() if isinstance(each, type) and issubclass(each, Model)]
    tables = {model.describe()["table"] for model in known if model is not Model}
    assert set(re.findall(r"^\| `([a-z_]+)` \|", PAGE, re.MULTILINE)) == tables


def test_the_mutations_and_settings_that_remove_rows_exist() -> None:
    mutation = build_schema((ROOT / "graphql_api" / "schema.graphql").read_text()).mutation_type
    assert isinstance(mutation, GraphQLObjectType)
    named = set(re.findall(r"`((?:delete|revoke)[A-Z]\w+)`", PAGE))
    assert named
    assert named <= set(mutation.fields)
    settings = {f"STEPGRAPH_{name.upper()}" for name in Settings.model_fields}
    assert set(re.findall(r"`(STEPGRAPH_\w+)`", PAGE)) <= settings


def test_the_keys_and_channels_are_the_ones_in_use() -> None:
    assert f"`{key_of('<service>')}`" in PAGE
    assert f"`{CHANNEL}`" in PAGE
    assert f"`{STATUS_CHANNEL}`" in PAGE
