"""Callbacks over HTTP: what comes to /hooks/{token} reaches its step, and nothing else gets in."""

import gzip
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from domain.kernel.errors import Unavailable
from domain.kernel.ids import IdKind, to_public
from domain.kernel.statuses import CommandKind, ExecutionStatus, StepStatus, StepType
from domain.webhooks.hook_tokens import callback_token
from graphql_api.context import ApiOptions
from tests.integration.graphql_api.api import Api, Hand, LiveServer, a_step
from tests.interruptions import interruptible

JSON = {"Content-Type": "application/json"}
NOTHING = {"code": "NOT_FOUND", "message": "There is nothing at this address."}


@pytest.fixture
async def hand(api: Api) -> Hand:
    """An execution whose step `a` waits for a callback."""
    await api.create_workflow()
    hand = await api.start()
    await hand.commit(a_step("a", StepStatus.WAITING, type=StepType.WEBHOOK_CALL), status=ExecutionStatus.WAITING)
    return hand


@pytest.fixture
async def client(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(api.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


async def hook(api: Api, execution_id: UUID, path: str = "a") -> str:
    return f"/hooks/{callback_token(await api.storage.installation.key(), execution_id, path)}"


async def told(api: Api, hand: Hand) -> list[Any]:
    commands = await api.storage.executions.commands(hand.execution_id)
    assert all(command.kind is CommandKind.CALLBACK for command in commands)
    return [command.payload for command in commands]


async def test_a_callback_reaches_its_step_and_the_worker_that_holds_it(
    api: Api, hand: Hand, client: httpx.AsyncClient
) -> None:
    answer = await client.post(await hook(api, hand.execution_id), json={"approved": True, "n": 2**70})

    assert answer.status_code == 202
    assert answer.json() == {"executionId": to_public(IdKind.EXECUTION, hand.execution_id)}
    assert await told(api, hand) == [{"path": "a", "payload": {"approved": True, "n": 2**70}}]
    assert [id for _, id in api.storage.queue.nudges] == [hand.execution_id]


async def test_an_empty_body_is_null(api: Api, hand: Hand, client: httpx.AsyncClient) -> None:
    assert (await client.post(await hook(api, hand.execution_id))).status_code == 202
    assert await told(api, hand) == [{"path": "a", "payload": None}]


async def test_sending_it_again_changes_nothing(api: Api, hand: Hand, client: httpx.AsyncClient) -> None:
    for body in (1, 2):
        assert (await client.post(await hook(api, hand.execution_id), json=body)).status_code == 202
    assert await told(api, hand) == [{"path": "a", "payload": 1}]


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
async def test_only_post_is_answered(api: Api, hand: Hand, client: httpx.AsyncClient, method: str) -> None:
    answer = await client.request(method, await hook(api, hand.execution_id))
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


async def test_a_token_of_nobody_is_not_found(api: Api, hand: Hand, client: httpx.AsyncClient) -> None:
    good = await hook(api, hand.execution_id)
    foreign = callback_token(b"another key", hand.execution_id, "a")
    gone = await hook(api, UUID(int=1))
    for path in (
        "/hooks/x",
        "/hooks/%00",
        f"{good[:-2]}AA",
        f"{good}A",
        f"/hooks/{foreign}",
        gone,
        "/hooks/" + "A" * 5000,
    ):
        answer = await client.post(path, json=1)
        assert (answer.status_code, answer.json()) == (404, NOTHING)
    assert (await client.post("/hooks/", json=1)).status_code == 404
    assert await told(api, hand) == []


async def test_what_has_ended_is_gone(api: Api, hand: Hand, client: httpx.AsyncClient) -> None:
    await hand.commit(a_step("a", type=StepType.WEBHOOK_CALL))
    step_ended = await client.post(await hook(api, hand.execution_id), json=1)
    await hand.finish()
    execution_ended = await client.post(await hook(api, hand.execution_id, "b"), json=1)
    assert (step_ended.status_code, execution_ended.status_code) == (410, 410)
    assert step_ended.json()["code"] == execution_ended.json()["code"] == "INVALID_STATE"
    assert "COMPLETED" in step_ended.json()["message"]


@pytest.mark.parametrize(
    ("status", "content", "headers"),
    [
        (400, b"{", JSON),
        (400, b"\xff", JSON),
        (400, b'{"a": "\\u0000"}', JSON),
        (400, b'{"a": "\\ud800"}', JSON),
        (400, b"[" * 300 + b"]" * 300, JSON),
        (413, b'"' + b"x" * 1_000_000 + b'"', JSON),
        (413, b"[" + b"{}," * 50_000 + b"1]", JSON),
        (415, b"a=1", {"Content-Type": "application/x-www-form-urlencoded"}),
        (415, b"1", {"Content-Type": "application/json; charset=idna"}),
        (415, b"1", {**JSON, "Content-Encoding": "br"}),
        (400, b"1", {**JSON, "Content-Encoding": "gzip"}),
        (413, gzip.compress(b" " * 2_000_000 + b"1"), {**JSON, "Content-Encoding": "gzip"}),
    ],
)
async def test_a_body_that_cannot_be_taken_is_refused_with_a_sentence(
    api: Api, hand: Hand, client: httpx.AsyncClient, status: int, content: bytes, headers: dict[str, str]
) -> None:
    answer = await client.post(await hook(api, hand.execution_id), content=content, headers=headers)
    code = "LIMIT_EXCEEDED" if status == 413 else "INVALID_INPUT"
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["message"]
    assert await told(api, hand) == []


async def test_the_objects_and_lists_of_a_body_are_bounded_by_the_setting() -> None:
    api = Api(options=ApiOptions(max_hook_members=1_000))
    await api.create_workflow()
    hand = await api.start()
    await hand.commit(a_step("a", StepStatus.WAITING, type=StepType.WEBHOOK_CALL), status=ExecutionStatus.WAITING)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(api.app), base_url="http://localhost") as client:
        refused = await client.post(await hook(api, hand.execution_id), json=[{}] * 1_000)
        taken = await client.post(await hook(api, hand.execution_id), json=[{}] * 999)

    assert (refused.status_code, taken.status_code) == (413, 202)
    assert "1,000 objects and lists" in refused.json()["message"]


async def test_a_body_without_a_length_is_cut_off(server: LiveServer, api: Api, hand: Hand) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 65_536

    async with httpx.AsyncClient() as client:
        answer = await client.post(f"{server.url}{await hook(api, hand.execution_id)}", content=endless(), headers=JSON)
    assert answer.status_code == 413


async def test_while_the_database_is_away_the_sender_is_asked_to_try_again(
    api: Api, hand: Hand, client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    interruptible(api.storage.queries).fail("get_many", Unavailable("PostgreSQL cannot be reached."))
    answer = await client.post(await hook(api, hand.execution_id), json=1)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert caplog.text == ""


async def test_a_fault_of_ours_is_logged_and_not_shown(
    api: Api, hand: Hand, client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    interruptible(api.storage.queries).fail("get_many", RuntimeError("the secret inside"))
    answer = await client.post(await hook(api, hand.execution_id), json=1)
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "the secret inside" in caplog.text
