"""Keys: who gets in, what each role may do, and that everything ends with the key."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import httpx
import pytest
import websockets
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from domain.access.model import ANYBODY, Principal
from domain.kernel.ids import IdKind, from_public, oldest_id_of
from domain.kernel.statuses import Role
from graphql_api.permissions import MUTATIONS, READING
from graphql_api.schema import build_schema
from tests.integration.graphql_api.api import Api, LiveServer, a_step, post, serving
from tests.repository import ROOT
from tests.waiting import wait_until

PROTOCOL = Subprotocol("graphql-transport-ws")
NAME = {"query": "{ __typename }"}
CREATE = "mutation($name: String!, $role: Role!, $expiresAt: DateTime) { createApiKey(name: $name, role: $role, \
expiresAt: $expiresAt) { ... on ApiKeyCreated { token apiKey { id name role prefix expiresAt lastUsedAt } } \
... on Error { code message } ... on ValidationError { problems { path hint } } } }"
CANCEL = 'mutation { cancelExecution(id: "ex_01h455vb4pex5vsknk084sn02q") { __typename } }'
APPLY = "mutation { applyWorkflow(document: {}) { __typename } }"
REVOKE = "mutation($id: ID!) { revokeApiKey(id: $id) { __typename } }"
AUDIT = "{ auditEntries { totalCount nodes { principal apiKeyId action target outcome } } }"
PROGRESS = "subscription($id: ID!) { executionProgress(id: $id) { kind sequence } }"


@pytest.fixture
def locked() -> Api:
    """An API that asks for keys."""
    return Api(requires_keys=True)


@pytest.fixture
async def closed(locked: Api) -> AsyncIterator[LiveServer]:
    """`locked` behind a real socket."""
    async with serving(locked) as live:
        yield live


async def a_token(api: Api, role: Role = Role.VIEWER, **given: Any) -> tuple[str, str]:
    """A new key's token and id."""
    created = (await api.run(CREATE, name="somebody", role=role.value, **given))["createApiKey"]
    return created["token"], created["apiKey"]["id"]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def code_of(server: LiveServer, query: str, token: str) -> str | None:
    """The code of the first error of an operation, None where there is none."""
    answer = (await post(server, {"query": query}, headers=bearer(token))).json()
    return answer["errors"][0]["extensions"]["code"] if "errors" in answer else None


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Basic c2c6c2c="},
        {"Authorization": "Bearer"},
        bearer("sg_x_y"),
        bearer("x" * 9_999),
    ],
    ids=lambda headers: str(headers)[:40],
)
async def test_without_a_valid_key_nothing_is_answered(closed: LiveServer, headers: dict[str, str]) -> None:
    response = await post(closed, NAME, headers=headers)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert "data" not in response.json()


async def test_an_open_api_refuses_a_key_that_is_wrong(server: LiveServer) -> None:
    assert (await post(server, NAME)).status_code == 200
    assert (await post(server, NAME, headers=bearer("sg_wrong"))).status_code == 401


async def test_a_token_is_shown_once_and_never_stored(locked: Api, closed: LiveServer) -> None:
    created = (await locked.run(CREATE, name="reports", role="OPERATOR"))["createApiKey"]
    token, key = created["token"], created["apiKey"]

    assert (key["name"], key["role"], key["expiresAt"]) == ("reports", "OPERATOR", None)
    assert token.startswith(f"{key['prefix']}_")
    listed = await locked.run("{ apiKeys { nodes { id name role prefix createdAt expiresAt lastUsedAt } } }")
    assert token not in json.dumps(listed)
    assert repr(token[20:]) not in repr(vars(locked.storage.keys))
    assert (await post(closed, NAME, headers=bearer(token))).json() == {"data": {"__typename": "Query"}}
    assert (await locked.run("{ apiKeys { nodes { lastUsedAt } } }"))["apiKeys"]["nodes"][0]["lastUsedAt"] is not None


async def test_a_key_without_a_name_or_already_over_is_refused(locked: Api) -> None:
    refused = (await locked.run(CREATE, name=" ", role="VIEWER", expiresAt="2020-01-01T00:00:00Z"))["createApiKey"]
    assert [problem["path"] for problem in refused["problems"]] == [["name"], ["expiresAt"]]


async def test_an_expired_key_is_refused(locked: Api, closed: LiveServer) -> None:
    ends = locked.clock.now() + timedelta(hours=1)
    token, _ = await a_token(locked, expiresAt=ends.isoformat())
    assert (await post(closed, NAME, headers=bearer(token))).status_code == 200
    locked.clock.advance(timedelta(hours=1))
    assert (await post(closed, NAME, headers=bearer(token))).status_code == 401


async def test_a_revoked_key_is_refused(locked: Api, closed: LiveServer) -> None:
    token, id = await a_token(locked)
    assert (await post(closed, NAME, headers=bearer(token))).status_code == 200
    assert (await locked.run(REVOKE, id=id))["revokeApiKey"] == {"__typename": "Deleted"}
    assert (await post(closed, NAME, headers=bearer(token))).status_code == 401
    assert (await locked.run(REVOKE, id=id))["revokeApiKey"] == {"__typename": "NotFoundError"}


async def test_a_key_that_another_process_revokes_is_refused_within_two_seconds(
    locked: Api, closed: LiveServer
) -> None:
    token, _ = await a_token(locked)
    assert (await post(closed, NAME, headers=bearer(token))).status_code == 200
    [key] = (await locked.storage.keys.page(first=10, after=None)).rows
    await locked.storage.keys.remove(key.id)
    assert (await post(closed, NAME, headers=bearer(token))).status_code == 200
    locked.clock.advance(timedelta(seconds=2))
    assert (await post(closed, NAME, headers=bearer(token))).status_code == 401


@pytest.mark.parametrize("role", Role)
async def test_a_role_may_do_what_it_covers_and_nothing_more(locked: Api, closed: LiveServer, role: Role) -> None:
    token, _ = await a_token(locked, role)
    asked = {
        Role.VIEWER: "{ executions { totalCount } }",
        Role.OPERATOR: CANCEL,
        Role.EDITOR: APPLY,
        Role.ADMIN: "{ apiKeys { nodes { id } } }",
    }
    for needed, query in asked.items():
        expected = None if list(Role).index(role) >= list(Role).index(needed) else "FORBIDDEN"
        assert await code_of(closed, query, token) == expected


async def test_a_key_is_told_its_role_and_every_field_that_is_denied_to_it(locked: Api, closed: LiveServer) -> None:
    query = {"query": "{ principal { name role apiKeyId deniedFields } }"}
    token, id = await a_token(locked, Role.OPERATOR)
    answer = (await post(closed, query, headers=bearer(token))).json()["data"]["principal"]

    assert (answer["name"], answer["role"], answer["apiKeyId"]) == ("somebody", "OPERATOR", id)
    assert {"Mutation.applyWorkflow", "Query.secrets", "Query.apiKeys"} < set(answer["deniedFields"])
    assert not {"Mutation.cancelExecution", "Webhook.url"} & set(answer["deniedFields"])
    assert answer["deniedFields"] == sorted(answer["deniedFields"])


async def test_without_keys_everything_is_allowed(api: Api) -> None:
    everything: dict[str, object] = {"name": "anybody", "role": "ADMIN", "apiKeyId": None, "deniedFields": []}
    assert (await api.run("{ principal { name role apiKeyId deniedFields } }"))["principal"] == everything


def test_every_mutation_says_which_role_it_needs() -> None:
    schema = build_schema()._schema
    assert schema.mutation_type is not None
    assert schema.mutation_type.fields.keys() == MUTATIONS.keys()
    for type_name, field in READING:
        assert field in schema.type_map[type_name].fields  # type: ignore[attr-defined]


async def test_a_mutation_that_is_forbidden_changes_nothing(locked: Api, closed: LiveServer) -> None:
    token, _ = await a_token(locked)
    document = '{ name: "a", steps: [{ id: "s", type: "DATA_TRANSFORM", config: { output: 1 } }] }'
    query = f"mutation {{ applyWorkflow(document: {document}) {{ __typename }} }}"
    assert await code_of(closed, query, token) == "FORBIDDEN"
    assert (await locked.run("{ workflows { totalCount } }"))["workflows"]["totalCount"] == 0


async def test_entries_of_the_audit_have_ids_of_the_time_that_they_tell(locked: Api, closed: LiveServer) -> None:
    token, _ = await a_token(locked, Role.OPERATOR)
    await code_of(closed, CANCEL, token)

    for node in (await locked.run("{ auditEntries { nodes { id } } }"))["auditEntries"]["nodes"]:
        id = from_public(node["id"], IdKind.AUDIT_ENTRY)
        assert oldest_id_of(locked.clock.now()) <= id < oldest_id_of(locked.clock.now() + timedelta(milliseconds=1))


async def test_every_mutation_leaves_an_entry_of_the_audit(locked: Api, closed: LiveServer) -> None:
    token, id = await a_token(locked, Role.OPERATOR)
    await locked.create_workflow("orders")
    await code_of(closed, CANCEL, token)
    await code_of(closed, APPLY, token)

    found = (await locked.run(AUDIT))["auditEntries"]

    assert found["totalCount"] == 4
    assert found["nodes"] == [
        {"principal": "somebody", "apiKeyId": id, "action": "applyWorkflow", "target": None, "outcome": "FORBIDDEN"},
        {
            "principal": "somebody",
            "apiKeyId": id,
            "action": "cancelExecution",
            "target": "ex_01h455vb4pex5vsknk084sn02q",
            "outcome": "NotFoundError",
        },
        {
            "principal": "anybody",
            "apiKeyId": None,
            "action": "applyWorkflow",
            "target": "orders",
            "outcome": "Workflow",
        },
        {
            "principal": "anybody",
            "apiKeyId": None,
            "action": "createApiKey",
            "target": "somebody",
            "outcome": "ApiKeyCreated",
        },
    ]


async def begin(server: LiveServer, payload: Any = None, **options: Any) -> ClientConnection:
    socket = await connect(server.websocket_url, subprotocols=[PROTOCOL], **options)
    await socket.send(json.dumps({"type": "connection_init", "payload": payload}))
    return socket


async def test_a_websocket_says_its_key_in_connection_init_or_in_the_handshake(locked: Api, closed: LiveServer) -> None:
    token, _ = await a_token(locked)
    for payload, headers in (
        ({"authorization": f"Bearer {token}"}, {}),
        ({"Authorization": f"bearer {token}"}, {}),
        (None, bearer(token)),
    ):
        socket = await begin(closed, payload, additional_headers=headers)
        assert json.loads(await socket.recv()) == {"type": "connection_ack"}
        await socket.close()


@pytest.mark.parametrize("payload", [None, {}, {"authorization": "Bearer sg_wrong"}, {"authorization": 7}], ids=str)
async def test_a_websocket_without_a_key_is_closed(closed: LiveServer, payload: Any) -> None:
    socket = await begin(closed, payload)
    with pytest.raises(websockets.ConnectionClosedError):
        await socket.recv()
    assert socket.close_code == 4401  # which clients of graphql-ws hold to be final
    assert "key" in (socket.close_reason or "")


async def test_what_is_asked_on_a_websocket_after_its_key_has_ended_is_refused(locked: Api, closed: LiveServer) -> None:
    token, id = await a_token(locked)
    async with await begin(closed, {"authorization": f"Bearer {token}"}) as socket:
        await socket.recv()
        await locked.run(REVOKE, id=id)
        await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": NAME}))
        refused = json.loads(await socket.recv())
    assert refused["type"] == "error"
    assert refused["payload"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_live_subscription_ends_with_its_key(locked: Api, closed: LiveServer) -> None:
    token, id = await a_token(locked)
    await locked.create_workflow("orders")
    hand = await locked.start("orders")
    async with await begin(closed, {"authorization": f"Bearer {token}"}) as socket:
        await socket.recv()
        asked = {"query": PROGRESS, "variables": {"id": hand.id}}
        await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": asked}))
        snapshot = json.loads(await socket.recv())
        await hand.commit(a_step("a"))
        delta = json.loads(await socket.recv())
        await locked.run(REVOKE, id=id)
        with pytest.raises(websockets.ConnectionClosedError):
            await asyncio.wait_for(socket.recv(), 10)
    assert [each["payload"]["data"]["executionProgress"]["sequence"] for each in (snapshot, delta)] == [0, 1]
    assert socket.close_code == 4403


@pytest.mark.parametrize("how", ["revoked", "expired"])
@pytest.mark.parametrize("is_subscribed", [True, False])
async def test_a_socket_is_closed_with_its_key_so_that_its_client_comes_back_with_another(
    locked: Api, closed: LiveServer, how: str, is_subscribed: bool
) -> None:
    expires_at = locked.clock.now() + timedelta(hours=1) if how == "expired" else None
    key, token = await locked.access.create("page", Role.VIEWER, expires_at)
    await locked.create_workflow("orders")
    hand = await locked.start("orders")
    async with await begin(closed, {"authorization": f"Bearer {token}"}) as socket:
        await socket.recv()
        said = []
        if is_subscribed:
            asked = {"query": PROGRESS, "variables": {"id": hand.id}}
            await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": asked}))
            await socket.recv()
        if how == "revoked":
            await locked.access.revoke(key.id)
        else:
            locked.clock.advance(timedelta(hours=2))
        with suppress(websockets.ConnectionClosedError):
            async with asyncio.timeout(20):
                said.extend([json.loads(message) async for message in socket])

    assert socket.close_code == 4403  # after which clients of graphql-ws ask for a key anew
    assert "not valid any more" in (socket.close_reason or "")
    assert said == []  # an operation that was ended would not be resumed
    async with await begin(closed, {"authorization": f"Bearer {token}"}) as again:
        with pytest.raises(websockets.ConnectionClosedError):
            await again.recv()
    assert again.close_code == 4401  # after which they stop


async def test_a_subscription_with_a_key_ends_by_itself_and_leaves_nothing_behind(
    locked: Api, closed: LiveServer
) -> None:
    token, _ = await a_token(locked)
    await locked.create_workflow("orders")
    hand = await locked.start("orders")
    tasks = len(asyncio.all_tasks())
    async with await begin(closed, {"authorization": f"Bearer {token}"}) as socket:
        await socket.recv()
        asked = {"query": PROGRESS, "variables": {"id": hand.id}}
        await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": asked}))
        await socket.recv()
        await hand.finish()
        messages = [json.loads(await socket.recv()) for _ in range(2)]
    assert [message["type"] for message in messages] == ["next", "complete"]
    await wait_until(lambda: len(asyncio.all_tasks()) <= tasks, "the tasks of the connection are gone")


async def test_hooks_and_health_ask_for_no_key(closed: LiveServer) -> None:
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"{closed.url}/livez")).status_code == 200
        assert (await client.post(f"{closed.url}/hooks/none", json={})).status_code == 404


def test_anybody_may_do_everything_where_no_keys_are_asked_for() -> None:
    assert Principal(name="anybody", role=Role.ADMIN) == ANYBODY


async def test_the_examples_of_the_page_run_as_they_stand(locked: Api) -> None:
    page = (ROOT / "docs/access.md").read_text()
    principal, create, listing, revoke, audit = re.findall(r"```graphql\n(.*?)```", page, re.DOTALL)

    assert (await locked.run(principal))["principal"]["role"] == "ADMIN"
    created = (await locked.run(create))["createApiKey"]
    listed = (await locked.run(listing))["apiKeys"]["nodes"]
    revoked = (await locked.run(revoke, id=created["apiKey"]["id"]))["revokeApiKey"]
    entries = (await locked.run(audit))["auditEntries"]["nodes"]

    assert [key["name"] for key in listed] == ["nightly reports"]
    assert revoked == {"id": created["apiKey"]["id"]}
    assert [entry["action"] for entry in entries] == ["revokeApiKey", "createApiKey"]
