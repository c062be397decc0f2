"""Signals over HTTP: whoever has the address that an execution gives out may signal it, and nobody else."""

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from domain.kernel.ids import new_id
from domain.kernel.limits import Limits
from domain.kernel.statuses import CommandKind
from domain.webhooks.hook_tokens import HookAddresses
from tests.integration.graphql_api.api import Api, Hand
from tests.repository import ROOT

PAGE = ROOT / "docs" / "workflows" / "wait.md"
SIGNAL_URL = "query ($id: ID!, $name: String!) { execution(id: $id) { signalUrl(name: $name) } }"


@pytest.fixture
async def hand(api: Api) -> Hand:
    await api.create_workflow()
    return await api.start()


@pytest.fixture
async def client(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(api.app)) as client:
        yield client


async def url_of(api: Api, hand: Hand, name: str) -> str:
    url: str = (await api.run(SIGNAL_URL, id=hand.id, name=name))["execution"]["signalUrl"]
    return url


async def told(api: Api, hand: Hand) -> list[Any]:
    commands = await api.storage.executions.commands(hand.execution_id)
    assert all(command.kind is CommandKind.SIGNAL for command in commands)
    return [command.payload for command in commands]


async def test_a_post_to_the_address_is_a_signal(api: Api, hand: Hand, client: httpx.AsyncClient) -> None:
    url = await url_of(api, hand, "approval")
    assert url.startswith("http://127.0.0.1:8000/hooks/")
    answer = await client.post(url, json={"granted": True})
    assert (answer.status_code, answer.json()) == (202, {"executionId": hand.id})
    assert (await client.post(url)).status_code == 202  # without a body
    assert await told(api, hand) == [
        {"name": "approval", "payload": {"granted": True}},
        {"name": "approval", "payload": None},
    ]


@pytest.mark.parametrize("name", ["a&b=c", "ja, bitte", "käse/brot?", "%00#", "+ +"])
async def test_any_name_survives_the_way(api: Api, hand: Hand, client: httpx.AsyncClient, name: str) -> None:
    assert (await client.post(await url_of(api, hand, name))).status_code == 202
    assert await told(api, hand) == [{"name": name, "payload": None}]


async def test_the_name_must_be_there_and_be_one(api: Api, hand: Hand, client: httpx.AsyncClient) -> None:
    url = (await url_of(api, hand, "x")).removesuffix("?name=x")
    for query in ("", "?name=", "?name=%00", "?name=" + "x" * 257):
        answer = await client.post(f"{url}{query}", json=1)
        assert (answer.status_code, answer.json()["code"]) == (422, "INVALID_INPUT")
        assert [problem["path"] for problem in answer.json()["problems"]] == [["name"]]
    assert await told(api, hand) == []


async def test_an_address_is_good_for_its_own_execution_and_for_signals_alone(
    api: Api, hand: Hand, client: httpx.AsyncClient
) -> None:
    key = await api.storage.installation.key()
    mine = HookAddresses(key, "http://localhost")
    for url in (
        HookAddresses(b"another key", "http://localhost").of_signals(hand.execution_id, "x"),
        mine.of_signals(new_id(), "x"),
        mine.of_webhook(hand.execution_id) + "?name=x",
        mine.of_callback(hand.execution_id, "nowhere")[:-4] + "?name=x",
    ):
        answer = await client.post(url, json=1)
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    assert await told(api, hand) == []


async def test_an_execution_that_has_ended_takes_no_signals(api: Api, hand: Hand, client: httpx.AsyncClient) -> None:
    url = await url_of(api, hand, "x")
    await hand.finish()
    answer = await client.post(url)
    assert (answer.status_code, answer.json()["code"]) == (410, "INVALID_STATE")


async def test_the_page_shows_how_the_address_is_got(api: Api, hand: Hand) -> None:
    [query] = [text for text in re.findall(r"```graphql\n(.*?)```", PAGE.read_text(), re.DOTALL) if "signalUrl" in text]
    shown = (await api.run(query, executionId=hand.id))["execution"]["signalUrl"]
    assert shown == await url_of(api, hand, "answer")


async def test_more_signals_than_may_wait_are_refused_for_now() -> None:
    api = Api(limits=Limits(max_signals=2))
    await api.create_workflow()
    hand = await api.start()
    url = await url_of(api, hand, "x")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(api.app)) as client:
        answers = [await client.post(url) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert (answers[2].json()["code"], answers[2].headers["retry-after"]) == ("LIMIT_EXCEEDED", "5")
