"""WEBHOOK_CALL to a direct URL: what the receiver gets, and how the step waits for its answer."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from actors.http.client import HttpClient
from actors.http.destinations import DestinationPolicy
from actors.steps.webhook_call import WebhookCallExecutor, event_id
from domain.engine.state import WaitReason
from domain.executions.step_executor import Deferred, Failed, Outcome, StepCall, Succeeded
from domain.kernel.failures import FailureCode
from domain.kernel.ids import IdKind, from_public
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import WaitKind
from domain.webhooks.hook_tokens import CallbackHook, read_hook_token
from tests.builders import step
from tests.calls import EXECUTION, KEY, NOW, a_call, run
from tests.registered import no_webhooks
from tests.scripted_service import HANG, ScriptedService, raw_reply, reply, scripted_service

SECRET = b"k" * 32
EVENT = event_id(EXECUTION, "tell")


@dataclass
class World:
    """A receiver, and steps that tell it of something."""

    executor: WebhookCallExecutor
    receiver: ScriptedService

    def call(self, *, given: dict[str, Any] | None = None, **config: Any) -> StepCall:
        config = {"url": f"{self.receiver.url}/hook", "eventType": "order.{{ input.what }}", **config}
        return a_call(step("tell", "WEBHOOK_CALL", config), scope={"input": {"what": "paid", "id": 7}}, **(given or {}))

    async def run(self, **config: Any) -> Outcome:
        return await run(self.executor, self.call(**config))

    async def failed(self, code: FailureCode, **config: Any) -> Failed:
        outcome = await self.run(**config)
        assert isinstance(outcome, Failed), outcome
        assert outcome.error.code is code
        return outcome


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with (
        scripted_service(lambda _: reply({}, status=202)) as receiver,
        HttpClient(DestinationPolicy(allow_loopback=True), user_agent="test", read_timeout=timedelta(seconds=0.1))
        as client,
    ):  # fmt: skip
        executor = WebhookCallExecutor(client, no_webhooks(), key=SECRET, public_url="https://flows.example/")
        yield World(executor, receiver)


async def test_a_receiver_is_told_what_has_happened(world: World) -> None:
    outcome = await world.run(payload={"orderId": "{{ input.id }}"})

    assert outcome == Succeeded(output={"eventId": EVENT, "status": 202, "callback": None}, status_code=202)
    [asked] = world.receiver.asked
    assert (asked.method, asked.target) == ("POST", "/hook")
    assert asked.json == {"type": "order.paid", "timestamp": "2026-01-31T08:00:00Z", "data": {"orderId": 7}}
    assert asked.headers["content-type"] == "application/json"
    assert asked.headers["webhook-id"] == EVENT
    assert asked.headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    assert asked.headers["idempotency-key"] == KEY


async def test_an_event_without_a_payload_has_no_data(world: World) -> None:
    await world.run()

    assert world.receiver.asked[0].json["data"] is None


async def test_headers_are_added_but_those_of_the_event_are_its_own(world: World) -> None:
    headers = {"X-Tenant": "a", "Webhook-Id": "mine", "Content-Type": "text/plain", "Authorization": "Bearer token"}
    await world.run(headers=headers)

    asked = world.receiver.asked[0]
    assert asked.headers["x-tenant"] == "a"
    assert asked.headers["authorization"] == "Bearer token"
    assert asked.headers["webhook-id"] == EVENT
    assert asked.headers["content-type"] == "application/json"


async def test_every_attempt_tells_of_the_same_event(world: World) -> None:
    for attempt in (1, 2):
        await world.run(given={"attempt": attempt, "called_at": NOW + timedelta(minutes=attempt)})

    first, second = world.receiver.asked
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 60


@pytest.mark.parametrize("status", [200, 201, 204, 299])
async def test_any_success_will_do(world: World, status: int) -> None:
    world.receiver.script = lambda _: raw_reply(b"", status)

    assert isinstance(await world.run(), Succeeded)


async def test_the_body_of_a_success_does_not_matter(world: World) -> None:
    world.receiver.script = lambda _: raw_reply(b"{" * 10_000_000, content_type="application/json")

    assert isinstance(await world.run(), Succeeded)


@pytest.mark.parametrize(
    ("status", "is_retryable"), [(302, False), (400, False), (410, False), (429, True), (500, True)]
)
async def test_any_other_status_fails(world: World, status: int, is_retryable: bool) -> None:
    world.receiver.script = lambda _: reply({"why": "no"}, status, retry_after="7", location="/elsewhere")

    outcome = await world.failed(FailureCode.HTTP_STATUS)

    assert outcome.status_code == status
    assert outcome.retry_after == timedelta(seconds=7)
    assert outcome.error.is_retryable is is_retryable
    assert outcome.error.details is not None
    assert outcome.error.details["body"] == {"why": "no"}
    assert len(world.receiver.asked) == 1


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (HANG, FailureCode.TIMEOUT),
        (b"no HTTP at all\r\n\r\n", FailureCode.INVALID_RESPONSE),
    ],
)
async def test_a_receiver_that_does_not_answer_fails_the_step(world: World, answer: bytes, code: FailureCode) -> None:
    world.receiver.script = lambda _: answer

    assert (await world.failed(code)).error.is_retryable


@pytest.mark.parametrize(
    ("config", "code"),
    [
        ({"url": "{{ input.id }}"}, FailureCode.INVALID_REQUEST),
        ({"eventType": "{{ input.id }}"}, FailureCode.INVALID_REQUEST),
        ({"headers": [1]}, FailureCode.INVALID_REQUEST),
        ({"headers": {"Host": "evil.example"}}, FailureCode.INVALID_REQUEST),
        ({"url": "ftp://127.0.0.1/"}, FailureCode.INVALID_REQUEST),
        ({"url": "http://169.254.169.254/"}, FailureCode.DESTINATION_BLOCKED),
    ],
)
async def test_what_cannot_be_sent_is_not_sent(world: World, config: dict[str, Any], code: FailureCode) -> None:
    assert not (await world.failed(code, **config)).error.is_retryable
    assert world.receiver.asked == []


def waits() -> Deferred:
    until = NOW + timedelta(hours=1)
    return Deferred(
        until=until,
        reason=WaitReason(kind=WaitKind.CALLBACK, until=until, detail=EVENT),
        checkpoint={"eventId": EVENT, "status": 202},
    )


async def test_a_step_may_wait_for_the_receiver_to_call_back(world: World) -> None:
    assert await world.run(awaitCallback="PT1H") == waits()

    url = world.receiver.asked[0].json["callbackUrl"]
    token = url.removeprefix("https://flows.example/hooks/")
    assert read_hook_token(SECRET, token) == CallbackHook(EXECUTION, "tell")


@pytest.mark.parametrize("payload", [None, {"approved": True}, [1]])
async def test_what_comes_back_is_part_of_the_output(world: World, payload: JsonValue) -> None:
    given = {"checkpoint": {"eventId": EVENT, "status": 202}, "received": {"payload": payload}}
    outcome = await world.run(awaitCallback="PT1H", given=given)

    assert outcome == Succeeded(output={"eventId": EVENT, "status": 202, "callback": payload}, status_code=202)
    assert world.receiver.asked == []


async def test_a_receiver_that_does_not_call_back_in_time_fails_the_step(world: World) -> None:
    given = {"checkpoint": {"eventId": EVENT, "status": 202}, "called_at": NOW + timedelta(hours=1)}
    outcome = await world.failed(FailureCode.TIMEOUT, awaitCallback="PT1H", given=given)

    assert outcome.error.message == "Nobody called back within 3600 s."
    assert world.receiver.asked == []


async def test_a_step_that_is_called_before_its_time_waits_on(world: World) -> None:
    given = {"checkpoint": {"eventId": EVENT, "status": 202}, "called_at": NOW + timedelta(minutes=59)}

    assert await world.run(awaitCallback="PT1H", given=given) == waits()
    assert world.receiver.asked == []


def test_events_have_ids_of_their_own() -> None:
    ids = {event_id(execution, path) for execution in (EXECUTION, UUID(int=1)) for path in ("a", "b", "loop[1].a")}

    assert len(ids) == 6
    for id in ids:
        parsed = from_public(id, IdKind.WEBHOOK_EVENT)
        assert (parsed.version, parsed.variant) == (8, "specified in RFC 4122")


def test_an_event_is_as_old_as_its_execution() -> None:
    assert from_public(EVENT, IdKind.WEBHOOK_EVENT).bytes[:6] == EXECUTION.bytes[:6]


async def test_a_payload_may_be_anything_that_json_can_say(world: World) -> None:
    payload = {"é": ["\u2028", 12345678901234567890, None, 0.1]}
    await world.run(payload=payload)

    assert json.loads(world.receiver.asked[0].body)["data"] == payload
