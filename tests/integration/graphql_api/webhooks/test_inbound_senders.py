"""Inbound webhooks over HTTP as odd senders use them: no body, no JSON, a ping, and what is said about them in logs."""

import logging

import httpx
import pytest

from domain.kernel.statuses import WebhookEventStatus
from tests.integration.graphql_api.api import Api, LiveServer
from tests.integration.graphql_api.webhooks.test_inbound import JSON, a_door, by_github, by_hmac, by_stripe

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def client(api: Api) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(api.app))


@pytest.mark.parametrize(
    ("signature", "sign"), [("GITHUB", by_github), ("STRIPE", by_stripe), ("HMAC_SHA256", by_hmac)]
)
async def test_a_secret_of_the_senders_may_be_any_text(
    api: Api, client: httpx.AsyncClient, signature: str, sign: object
) -> None:
    assert callable(sign)
    door = await a_door(api, client, signature, secret="Schlüssel für die Tür 🔑")
    assert door.input_of(await door.post(b"{}", {**JSON, **sign(door.secret, b"{}", api)})) == {}
    assert (await door.post(b"{}", {**JSON, **sign("Schlussel fur die Tur 🔑", b"{}", api)})).status_code == 401


async def test_a_message_without_a_body_starts_the_workflow_with_null(api: Api, client: httpx.AsyncClient) -> None:
    door = await a_door(api, client)
    assert door.input_of(await door.signed(b"")) is None


async def test_a_form_is_a_text(api: Api, client: httpx.AsyncClient) -> None:
    door = await a_door(api, client, "GITHUB", input="$length(body)")
    body = b"payload=%7B%7D"
    assert door.input_of(await door.post(body, {**FORM, **by_github(door.secret, body, api)})) == 14


async def test_githubs_ping_is_answered_and_starts_nothing(api: Api, client: httpx.AsyncClient) -> None:
    door = await a_door(api, client, "GITHUB")
    body = b'{"zen": "Keep it logically awesome.", "hook_id": 1}'
    ping = {**JSON, **by_github(door.secret, body, api), "X-GitHub-Event": "ping"}

    for _ in range(2):
        answer = await door.post(body, ping)
        assert (answer.status_code, answer.json()) == (202, {"executionId": None})
    assert (await door.post(body + b" ", ping)).status_code == 401
    assert door.started == 0
    assert door.statuses == [WebhookEventStatus.RECEIVED, WebhookEventStatus.REJECTED]


async def test_neither_the_address_nor_a_secret_is_logged(
    server: LiveServer, api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "stepgraph")
    caplog.set_level(logging.DEBUG, "domain")
    caplog.set_level(logging.DEBUG, "graphql_api")
    async with httpx.AsyncClient() as client:
        door = await a_door(api, client, input="body.n + 1")
        token = door.url.rpartition("/")[2]
        door.url = f"{server.url}/hooks/{token}"
        answers = [
            await door.signed(),
            await door.signed(b'{"n": "x"}', id="msg_2"),
            await door.post(),
            await door.signed(b"{", id="msg_3"),
        ]
        for row in list(api.storage.tables.webhooks):
            api.storage.tables.webhooks.pop(row)
        answers.append(await door.signed())
    assert [answer.status_code for answer in answers] == [202, 422, 401, 422, 404]
    said = " ".join(
        record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))
    )
    assert token not in said
    assert door.secret not in said
