"""Saved views over GraphQL: own ones, shared ones, and what each role may do with them."""

from dataclasses import replace
from typing import Any

import pytest

from domain.access.model import Principal
from domain.kernel.ids import new_id
from domain.kernel.statuses import Role
from graphql_api.context import Context
from tests.integration.graphql_api.api import Api

FIELDS = "id kind name filter columns shared owner isOwn createdAt updatedAt"
RESULT = f"""__typename ... on SavedView {{ {FIELDS} }} ... on Error {{ message }}
  ... on ValidationError {{ problems {{ path }} }}"""
CREATE = f"mutation($input: CreateSavedViewInput!) {{ createSavedView(input: $input) {{ {RESULT} }} }}"
UPDATE = (
    f"mutation($id: ID!, $input: UpdateSavedViewInput!) {{ updateSavedView(id: $id, input: $input) {{ {RESULT} }} }}"
)
DELETE = "mutation($id: ID!) { deleteSavedView(id: $id) { __typename ... on Deleted { id } } }"
LIST = f"query($kind: ViewKind) {{ savedViews(kind: $kind) {{ totalCount nodes {{ {FIELDS} }} }} }}"
ONE = f"query($id: ID!) {{ savedView(id: $id) {{ {FIELDS} }} node(id: $id) {{ id }} }}"


class Person:
    """Somebody with a key of this role."""

    def __init__(self, api: Api, role: Role, name: str) -> None:
        self._api = api
        self.principal = Principal(name=name, role=role, key_id=new_id())

    def context(self) -> Context:
        return replace(self._api.context(), principal=self.principal)

    async def ask(self, query: str, **variables: Any) -> Any:
        """The value of the only field of an operation; the code of its error where it is refused."""
        result = await self._api.schema.execute(query, variable_values=variables, context_value=self.context())
        if result.errors:
            return (result.errors[0].extensions or {})["code"]
        assert result.data is not None
        return next(iter(result.data.values()))

    async def save(self, name: str = "on call", **given: Any) -> Any:
        return await self.ask(CREATE, input={"kind": "EXECUTIONS", "name": name, **given})


@pytest.fixture
def ann(api: Api) -> Person:
    return Person(api, Role.OPERATOR, "ann")


@pytest.fixture
def ben(api: Api) -> Person:
    return Person(api, Role.VIEWER, "ben")


@pytest.fixture
def eve(api: Api) -> Person:
    return Person(api, Role.EDITOR, "eve")


async def test_a_view_is_saved_and_listed(ann: Person) -> None:
    view = await ann.save(filter={"status": ["FAILED"]}, columns=["id", "error"])
    found = await ann.ask(LIST)
    assert found == {"totalCount": 1, "nodes": [{name: view[name] for name in FIELDS.split()}]}
    assert (view["filter"], view["columns"]) == ({"status": ["FAILED"]}, ["id", "error"])
    assert (view["shared"], view["owner"], view["isOwn"]) == (False, "ann", True)
    assert await ann.ask(LIST, kind="WORKFLOWS") == {"totalCount": 0, "nodes": []}


async def test_what_is_private_is_seen_by_nobody_else(ann: Person, ben: Person, eve: Person) -> None:
    view = await ann.save()
    assert (await ben.ask(LIST))["nodes"] == []
    assert await ben.ask(ONE, id=view["id"]) is None
    assert await ben.ask("query($id: ID!) { node(id: $id) { id } }", id=view["id"]) is None
    assert (await eve.ask(UPDATE, id=view["id"], input={"name": "x"}))["__typename"] == "NotFoundError"
    assert (await eve.ask(DELETE, id=view["id"]))["__typename"] == "NotFoundError"
    assert (await ann.ask(ONE, id=view["id"]))["id"] == view["id"]


async def test_what_is_shared_is_seen_by_everybody_and_changed_by_editors(
    ann: Person, ben: Person, eve: Person
) -> None:
    view = await ann.save(shared=True)
    [seen] = (await ben.ask(LIST))["nodes"]
    assert (seen["owner"], seen["isOwn"]) == ("ann", False)
    assert await ben.ask(UPDATE, id=view["id"], input={"name": "x"}) == "FORBIDDEN"
    assert await ben.ask(DELETE, id=view["id"]) == "FORBIDDEN"
    changed = await eve.ask(UPDATE, id=view["id"], input={"columns": ["id"]})
    assert (changed["name"], changed["columns"], changed["owner"]) == ("on call", ["id"], "ann")
    assert await eve.ask(DELETE, id=view["id"]) == {"__typename": "Deleted", "id": view["id"]}


async def test_a_viewer_saves_views_and_shares_none(ben: Person) -> None:
    view = await ben.save()
    assert view["__typename"] == "SavedView"
    assert await ben.save("all", shared=True) == "FORBIDDEN"
    assert await ben.ask(UPDATE, id=view["id"], input={"shared": True}) == "FORBIDDEN"
    assert (await ben.ask(UPDATE, id=view["id"], input={"name": "mine"}))["name"] == "mine"
    assert (await ben.ask(DELETE, id=view["id"]))["__typename"] == "Deleted"


async def test_changes_leave_what_is_left_out(ann: Person) -> None:
    view = await ann.save(filter={"a": 1}, columns=["id"])
    changed = await ann.ask(UPDATE, id=view["id"], input={"name": "other"})
    emptied = await ann.ask(UPDATE, id=view["id"], input={"filter": None, "columns": [], "shared": True})
    assert (changed["filter"], changed["columns"], changed["shared"]) == ({"a": 1}, ["id"], False)
    assert (emptied["name"], emptied["filter"], emptied["columns"], emptied["shared"]) == ("other", {}, [], True)


async def test_a_name_is_taken_for_one_key_only(ann: Person, ben: Person) -> None:
    await ann.save()
    other = await ann.save("other")
    assert (await ann.save())["__typename"] == "ConflictError"
    assert (await ann.ask(UPDATE, id=other["id"], input={"name": "on call"}))["__typename"] == "ConflictError"
    assert (await ben.save())["__typename"] == "SavedView"


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"name": ""}, ["name"]),
        ({"name": "x" * 101}, ["name"]),
        ({"name": "a\nb"}, ["name"]),
        ({"filter": [1]}, ["filter"]),
        ({"filter": {"x": "y" * 20_000}}, ["filter"]),
        ({"columns": ["ok", ""]}, ["columns", "1"]),
        ({"columns": ["x"] * 51}, ["columns"]),
    ],
)
async def test_what_is_wrong_with_a_view_is_said_at_its_place(ann: Person, given: Any, path: list[str]) -> None:
    view = await ann.save("fine")
    created = await ann.save(**{"name": "new", **given})
    changed = await ann.ask(UPDATE, id=view["id"], input=given)
    assert created["problems"] == changed["problems"] == [{"path": path}]


async def test_what_a_view_always_has_is_not_removed(ann: Person) -> None:
    view = await ann.save()
    refused = await ann.ask(UPDATE, id=view["id"], input={"name": None, "columns": None, "shared": None})
    assert refused["problems"] == [{"path": ["name"]}, {"path": ["columns"]}, {"path": ["shared"]}]


async def test_without_keys_there_is_one_owner(api: Api) -> None:
    data = await api.run(CREATE, input={"kind": "WORKFLOWS", "name": "all", "shared": True})
    assert (data["createSavedView"]["owner"], data["createSavedView"]["isOwn"]) == ("anybody", True)
    assert (await api.run(LIST))["savedViews"]["totalCount"] == 1
