"""Inbound webhooks over HTTP: what each sender signs gets in, and nothing else, whatever is thrown at the door."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import httpx
import pytest
from standardwebhooks import Webhook

from domain.kernel.errors import Unavailable
from domain.kernel.ids import IdKind, from_public, to_public
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import WebhookEventStatus
from domain.webhooks.standard_webhooks import signed_headers
from tests.integration.graphql_api.api import Api, LiveServer
from tests.interruptions import interruptible

JSON = {"Content-Type": "application/json"}
NOTHING = {"code": "NOT_FOUND", "message": "There is nothing at this address."}
CREATE = """
mutation ($input: CreateWebhookInput!) {
  createWebhook(input: $input) { ... on WebhookCreated { secret webhook { id url } } ... on Error { message } }
}
"""


@dataclass
class Door:
    """An inbound webhook, and a client in front of it."""

    api: Api
    client: httpx.AsyncClient
    id: str
    url: str
    secret: str

    async def post(self, content: bytes = b"{}", headers: Mapping[str, str] = JSON, **request: Any) -> httpx.Response:
        return await self.client.post(self.url, content=content, headers=headers, **request)

    async def signed(self, content: bytes = b'{"n": 1}', id: str = "msg_1", **request: Any) -> httpx.Response:
        headers = signed_headers([self.secret], id=id, at=self.api.clock.now(), body=content)
        return await self.post(content, {**JSON, **headers}, **request)

    def input_of(self, answer: httpx.Response) -> JsonValue:
        assert answer.status_code == 202, answer.text
        id = from_public(answer.json()["executionId"], IdKind.EXECUTION)
        return self.api.storage.tables.executions[id].input

    @property
    def started(self) -> int:
        return len(self.api.storage.tables.executions)

    @property
    def statuses(self) -> list[WebhookEventStatus]:
        return [event.status for event in self.api.storage.tables.webhook_events.values()]


async def a_door(api: Api, client: httpx.AsyncClient, signature: str = "STANDARD_WEBHOOKS", **input: Any) -> Door:
    workflow = await api.create_workflow()
    given = {"name": "door", "direction": "INBOUND", "workflowId": workflow["id"], "signature": signature, **input}
    created = (await api.run(CREATE, input=given))["createWebhook"]
    return Door(api, client, created["webhook"]["id"], created["webhook"]["url"], created["secret"])


@pytest.fixture
async def client(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(api.app)) as client:
        yield client


@pytest.fixture
async def door(api: Api, client: httpx.AsyncClient) -> Door:
    return await a_door(api, client)


async def test_a_signed_message_starts_the_workflow(door: Door) -> None:
    answer = await door.signed(b'{"type": "order.paid", "n": 9007199254740993}')
    assert door.input_of(answer) == {"type": "order.paid", "n": 9007199254740993}
    query = """query ($id: ID!) { webhook(id: $id) {
      events { nodes { eventType status payload lastError execution { id workflow { name } labels } } }
    } }"""
    [event] = (await door.api.run(query, id=door.id))["webhook"]["events"]["nodes"]
    execution_id = answer.json()["executionId"]
    assert event == {
        "eventType": "order.paid",
        "status": "RECEIVED",
        "payload": {"type": "order.paid", "n": 9007199254740993},
        "lastError": None,
        "execution": {"id": execution_id, "workflow": {"name": "orders"}, "labels": {"webhook": "door"}},
    }
    assert door.api.storage.queue.hints == [from_public(execution_id, IdKind.EXECUTION)]


def by_package(secret: str, body: bytes, api: Api) -> dict[str, str]:
    at = api.clock.now()
    signature = Webhook(secret).sign("msg_9", at, body.decode())
    return {"webhook-id": "msg_9", "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}


def by_github(secret: str, body: bytes, _: Api) -> dict[str, str]:
    code = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={code}", "X-GitHub-Event": "push", "X-GitHub-Delivery": "72d3162e"}


def by_stripe(secret: str, body: bytes, api: Api) -> dict[str, str]:
    at = int(api.clock.now().timestamp())
    code = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={at},v1={code},v0={'0' * 64}"}


def by_hmac(secret: str, body: bytes, _: Api) -> dict[str, str]:
    return {"X-Signature": hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


@pytest.mark.parametrize(
    ("signature", "sign"),
    [("STANDARD_WEBHOOKS", by_package), ("GITHUB", by_github), ("STRIPE", by_stripe), ("HMAC_SHA256", by_hmac)],
)
async def test_each_scheme_gets_in_as_its_senders_sign_and_not_otherwise(
    api: Api, client: httpx.AsyncClient, signature: str, sign: Callable[[str, bytes, Api], dict[str, str]]
) -> None:
    door = await a_door(api, client, signature)
    body = b'{"id": "evt_1", "type": "push", "n": 1}'
    headers = {**JSON, **sign(door.secret, body, api)}
    first = await door.post(body, headers)
    again = await door.post(body, headers)
    assert door.input_of(first) == {"id": "evt_1", "type": "push", "n": 1}
    assert (again.status_code, again.json()) == (202, first.json())

    for wrong, content in (
        (JSON, body),
        (headers, body + b" "),
        ({**JSON, **sign("whsec_" + "A" * 43 + "=", body, api)}, body),
        ({**headers, **dict.fromkeys(sign(door.secret, body, api), "")}, body),
    ):
        answer = await door.post(content, wrong)
        assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED")
        assert answer.headers["www-authenticate"] == "Signature"
        assert door.secret not in answer.text
    assert door.started == 1


async def test_without_a_signature_the_address_alone_lets_in(api: Api, client: httpx.AsyncClient) -> None:
    door = await a_door(api, client, "NONE")
    assert door.secret == ""
    assert door.input_of(await door.post(b'{"n": 1}')) == {"n": 1}


async def test_the_input_is_built_from_headers_and_query_too(api: Api, client: httpx.AsyncClient) -> None:
    door = await a_door(api, client, "NONE", input='{"a": headers."x-a", "q": query.q, "b": body}')
    answer = await client.post(
        f"{door.url}?q=1&q=%F0%9F%8D%8A", content=b"a=1", headers=[("X-A", "1"), ("X-A", "2"), ("Content-Type", "x/y")]
    )
    assert door.input_of(answer) == {"a": "1, 2", "q": ["1", "🍊"], "b": "a=1"}


async def test_nothing_at_an_address_looks_the_same_whatever_is_wrong_with_it(door: Door) -> None:
    good = door.url
    update = "mutation ($id: ID!) { updateWebhook(id: $id, input: {enabled: false}) { __typename } }"
    await door.api.run(update, id=door.id)
    disabled = await door.signed()
    await door.api.run("mutation ($id: ID!) { deleteWebhook(id: $id) { __typename } }", id=door.id)
    deleted = await door.signed()
    door.url = good[:-2] + ("AA" if not good.endswith("AA") else "BB")
    forged = await door.signed()
    for answer in (disabled, deleted, forged):
        assert (answer.status_code, answer.json()) == (404, NOTHING)
        assert answer.headers.keys() == forged.headers.keys()
    assert (door.started, door.statuses) == (0, [])


async def test_a_token_that_was_not_given_out_is_never_looked_up(door: Door) -> None:
    interruptible(door.api.storage.webhooks).fail("find", AssertionError("the database was asked"))
    token = door.url.rpartition("/")[2]
    for index in range(len(token)):
        other = "A" if token[index] != "A" else "B"
        door.url = f"http://localhost/hooks/{token[:index]}{other}{token[index + 1 :]}"
        assert (await door.signed()).status_code == 404


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_only_post_is_answered(door: Door, method: str) -> None:
    answer = await door.client.request(method, door.url)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"{", "application/json"),
        (b'{"a": "\xff"}', "application/json"),
        (b'{"a": "\\ud800"}', "application/json"),
        (b'{"a": "\\u0000"}', "application/json"),
        (b"[" * 40_000, "application/json"),
        (b'{"a":' * 250 + b"1" + b"}" * 250, "application/json"),
        (b"\x00", "application/octet-stream"),
    ],
)
async def test_a_body_that_cannot_be_taken_is_refused_and_says_where(
    door: Door, content: bytes, content_type: str
) -> None:
    headers = signed_headers([door.secret], id="a", at=door.api.clock.now(), body=content)
    answer = await door.post(content, {"Content-Type": content_type, **headers})
    assert (answer.status_code, answer.json()["code"]) == (422, "INVALID_INPUT")
    assert answer.json()["problems"][0]["path"][0] == "body"
    assert (door.started, door.statuses) == (0, [WebhookEventStatus.REJECTED])


async def test_a_body_that_nobody_signed_is_not_even_parsed(door: Door) -> None:
    assert (await door.post(b"[" * 200_000)).status_code == 401


async def test_what_the_expression_and_the_schema_have_against_it_is_told(api: Api, client: httpx.AsyncClient) -> None:
    door = await a_door(api, client, "NONE", input='{"n": body.n + 1}')
    answer = await door.post(b'{"n": "x"}')
    assert (answer.status_code, answer.json()["problems"][0]["path"]) == (422, ["input"])

    await api.create_workflow(inputSchema={"type": "object", "properties": {"n": {"maximum": 5}}})
    answer = await door.post(b'{"n": 7}')
    assert (answer.status_code, answer.json()["problems"][0]["path"]) == (422, ["input", "n"])
    events = await api.run(
        "query ($id: ID!) { webhook(id: $id) { events { nodes { status lastError } } } }", id=door.id
    )
    newest = events["webhook"]["events"]["nodes"][0]
    assert (newest["status"], newest["lastError"]) == ("REJECTED", answer.json()["message"])


async def test_a_workflow_that_cannot_be_started_is_a_conflict(door: Door) -> None:
    [workflow] = door.api.storage.tables.workflows
    pause = "mutation ($id: ID!) { updateWorkflow(id: $id, input: {status: PAUSED}) { __typename } }"
    await door.api.run(pause, id=to_public(IdKind.WORKFLOW, workflow))
    answer = await door.signed()
    assert (answer.status_code, answer.json()["code"]) == (409, "INVALID_STATE")


async def test_a_body_over_the_cap_is_refused_before_it_is_all_there(server: LiveServer, api: Api) -> None:
    async with httpx.AsyncClient() as client:
        door = await a_door(api, client)
        path = f"/hooks/{door.url.rpartition('/')[2]}"
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\n"
        for request in (
            head.encode() + b"Content-Length: 2000000\r\n\r\n",
            head.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + (b"10000\r\n" + b" " * 65_536 + b"\r\n") * 20,
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(request)  # and never the end of it
            assert (await reader.readline()).startswith(b"HTTP/1.1 413")
            writer.close()
            await writer.wait_closed()
        door.url = f"{server.url}{path}"
        assert (await door.signed(b'"' + b"x" * 999_000 + b'"')).status_code == 202


async def test_headers_that_come_twice_convince_nobody(server: LiveServer, api: Api) -> None:
    async with httpx.AsyncClient() as client:
        door = await a_door(api, client, "GITHUB")
        url = f"{server.url}/hooks/{door.url.rpartition('/')[2]}"
        good = by_github(door.secret, b"{}", api)["X-Hub-Signature-256"]
        for values in ([good, "sha256=" + "0" * 64], ["sha256=" + "0" * 64, good], [good, good]):
            headers = [("Content-Type", "application/json"), *(("X-Hub-Signature-256", value) for value in values)]
            assert (await client.post(url, content=b"{}", headers=headers)).status_code == 401
        assert (await client.post(url, content=b"{}", headers={**JSON, "X-Hub-Signature-256": good})).status_code == 202


async def test_fifty_at_the_same_moment_start_one(door: Door) -> None:
    answers = await asyncio.gather(*(door.signed() for _ in range(50)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["executionId"] for answer in answers}) == 1
    assert (door.started, len(door.statuses)) == (1, 1)


async def test_while_the_database_is_away_the_sender_is_asked_to_try_again(door: Door) -> None:
    interruptible(door.api.storage.webhooks).fail("find", Unavailable("PostgreSQL cannot be reached."))
    answer = await door.signed()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


async def test_a_secret_that_cannot_be_opened_is_a_fault_of_ours_and_lets_nobody_in(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    rows = door.api.storage.tables.webhooks
    id: UUID = from_public(door.id, IdKind.WEBHOOK)
    rows[id] = replace(rows[id], secret=b"broken")
    answer = await door.signed()
    assert (answer.status_code, answer.json()["code"]) == (500, "INTERNAL")
    assert "cannot be decrypted" in caplog.text
    assert door.started == 0
