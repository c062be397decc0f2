"""Secrets over GraphQL: set, listed and deleted, and never given back."""

from datetime import timedelta
from typing import Any

import pytest

from domain.secrets.model import MAX_VALUE_BYTES
from persistence.postgres.secrets.cipher import NoCipher
from tests.integration.graphql_api.api import Api

SET = """mutation Set($name: String!, $value: String!) {
  setSecret(name: $name, value: $value) {
    ... on Secret { name createdAt updatedAt } ... on Error { code message }
    ... on ValidationError { problems { path message } } } }"""
DELETE = """mutation Delete($name: String!) { deleteSecret(name: $name) {
  __typename ... on Deleted { id } ... on Error { message code } } }"""
READERS = """{ secrets { nodes { name readers(first: 1) {
  totalCount pageInfo { hasNextPage endCursor } nodes { version paths workflow { name status } } } } } }"""
MORE = """query ($after: String) { secret(name: "token") { readers(after: $after) {
  nodes { workflow { name } } pageInfo { hasNextPage } } } }"""
LIST = "{ secrets { nodes { name createdAt updatedAt } } }"
VALUE = "a-value-0123456789"


def reading(name: str) -> list[dict[str, Any]]:
    return [{"id": "a", "type": "HTTP_REQUEST", "config": {"url": f"https://a.test/{{{{ secrets.{name} }}}}"}}]


async def test_a_secret_is_set_and_listed_without_its_value(api: Api) -> None:
    first = (await api.run(SET, name="token", value=VALUE))["setSecret"]
    api.clock.advance(timedelta(minutes=1))
    second = (await api.run(SET, name="token", value="another value"))["setSecret"]

    assert first == {"name": "token", "createdAt": "2030-01-01T12:00:00Z", "updatedAt": "2030-01-01T12:00:00Z"}
    assert (await api.run(LIST))["secrets"]["nodes"] == [second]
    assert second == {**first, "updatedAt": "2030-01-01T12:01:00Z"}


async def test_what_is_stored_is_not_the_value(api: Api) -> None:
    await api.run(SET, name="token", value=VALUE)

    record = (await api.storage.secrets.find_many(["token"]))["token"]
    assert VALUE.encode() not in record.sealed
    assert api.cipher.decrypt(record.sealed, purpose="secret 'token'").decode() == VALUE


@pytest.mark.parametrize("name", ["", "a b", "1a", "a-b", "ä", "a" * 65, "a.b", "a\n"])
async def test_a_name_that_no_expression_could_read_is_refused(api: Api, name: str) -> None:
    refused = (await api.run(SET, name=name, value=VALUE))["setSecret"]

    assert refused["code"] == "INVALID_INPUT"
    assert refused["problems"][0]["path"] == ["name"]
    assert VALUE not in str(refused)


@pytest.mark.parametrize("value", ["", "a" * (MAX_VALUE_BYTES + 1)])
async def test_a_value_that_cannot_be_stored_is_refused_without_being_said(api: Api, value: str) -> None:
    refused = (await api.run(SET, name="token", value=value))["setSecret"]

    assert refused["problems"][0]["path"] == ["value"]
    assert "aaaa" not in str(refused)
    assert (await api.run(LIST))["secrets"]["nodes"] == []


async def test_without_a_key_nothing_is_stored_and_the_way_out_is_said() -> None:
    api = Api(cipher=NoCipher())

    [error] = await api.errors(SET, name="token", value=VALUE)

    assert error["extensions"]["code"] == "UNAVAILABLE"
    assert "STEPGRAPH_ENCRYPTION_KEYS" in error["message"]
    assert "stepgraph encryption-key" in error["message"]
    assert (await api.run(LIST))["secrets"]["nodes"] == []
    await api.create_workflow()  # whatever needs no secret works


async def test_a_secret_is_deleted_by_its_name(api: Api) -> None:
    await api.run(SET, name="token", value=VALUE)

    assert (await api.run(DELETE, name="token"))["deleteSecret"] == {"__typename": "Deleted", "id": "sk_token"}
    missing = (await api.run(DELETE, name="token"))["deleteSecret"]
    assert missing == {"__typename": "NotFoundError", "message": "There is no secret 'token'.", "code": "NOT_FOUND"}


async def test_a_secret_that_a_workflow_reads_cannot_be_deleted(api: Api) -> None:
    await api.run(SET, name="token", value=VALUE)
    await api.create_workflow("reader", steps=reading("token"))

    refused = (await api.run(DELETE, name="token"))["deleteSecret"]
    await api.create_workflow("reader", steps=reading("another"))
    deleted = (await api.run(DELETE, name="token"))["deleteSecret"]

    assert refused["__typename"] == "ConflictError"
    assert refused["message"] == "The secret 'token' is read by 'reader': take it out of them first."
    assert deleted["__typename"] == "Deleted"


async def test_what_reads_a_secret_is_told_page_by_page(api: Api) -> None:
    for name in ("token", "unread"):
        await api.run(SET, name=name, value=VALUE)
    for name in ("b", "a"):
        await api.create_workflow(name, steps=reading("token"))

    read, unread = (await api.run(READERS))["secrets"]["nodes"]
    rest = (await api.run(MORE, after=read["readers"]["pageInfo"]["endCursor"]))["secret"]

    assert read["readers"]["nodes"] == [{"version": 1, "paths": ["a"], "workflow": {"name": "a", "status": "ACTIVE"}}]
    assert (read["readers"]["totalCount"], read["readers"]["pageInfo"]["hasNextPage"]) == (2, True)
    assert (unread["readers"]["nodes"], unread["readers"]["totalCount"]) == ([], 0)
    assert rest["readers"] == {"nodes": [{"workflow": {"name": "b"}}], "pageInfo": {"hasNextPage": False}}
    assert (await api.run('{ secret(name: "no such") { name } }')) == {"secret": None}


async def test_an_expression_that_is_tried_out_sees_no_secret(api: Api) -> None:
    await api.run(SET, name="token", value=VALUE)

    evaluated = (await api.run('{ evaluate(expression: "secrets.token", context: {}) { value error } }'))["evaluate"]

    assert evaluated["value"] is None
    assert "yields nothing" in evaluated["error"]


async def test_the_audit_names_the_secret_and_not_its_value(api: Api) -> None:
    await api.run(SET, name="token", value=VALUE)

    [entry] = (await api.storage.audit.page(first=10, after=None)).rows
    assert (entry.action, entry.target, entry.outcome) == ("setSecret", "token", "Secret")
    assert VALUE not in repr(entry)
