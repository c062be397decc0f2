"""Calls that steps make behind circuit breakers: each asks for a permit, and its outcome is told exactly once."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from actors.activations.activation import Activation
from actors.activations.step_runner import StepRunner
from actors.circuit_breakers.guarding import service_of
from actors.http.client import HttpClient
from actors.http.destinations import DestinationPolicy
from actors.steps.http_request import HttpRequestExecutor
from actors.steps.webhook_call import WebhookCallExecutor
from domain.circuit_breakers.ports import Permit, Refused
from domain.executions.step_executor import Deferred, Failed, Outcome, Succeeded
from domain.expressions.evaluator import Evaluator
from domain.kernel.failures import FailureCode
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import ExecutionStatus, StepType, WaitKind
from tests.builders import a_definition, http, step
from tests.calls import NOW, a_call, run
from tests.registered import no_webhooks
from tests.scripted_service import HANG, ScriptedService, raw_reply, reply, scripted_service
from tests.unit.actors.world import RunningClock, World
from tests.waiting import wait_until

UNTIL = NOW + timedelta(seconds=30)


@dataclass
class ScriptedBreakers:
    """Breakers that admit every call but those for which `refusals` has something, and write down what they are told.

    A permit that is given back twice is a mistake at once.
    """

    refusals: deque[timedelta | None] = field(default_factory=deque)
    asked: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    out: set[Permit] = field(default_factory=set)

    async def admit(self, service_id: str) -> Permit | Refused:
        self.asked.append(service_id)
        refused = self.refusals.popleft() if self.refusals else None
        if refused is not None:
            return Refused(service_id, NOW + refused)
        permit = Permit(service_id, len(self.asked))
        self.out.add(permit)
        return permit

    async def succeeded(self, permit: Permit) -> None:
        await self._back(permit, "succeeded")

    async def failed(self, permit: Permit) -> None:
        await self._back(permit, "failed")

    def abandoned(self, permit: Permit) -> None:
        self.out.remove(permit)
        self.told.append("abandoned")

    async def _back(self, permit: Permit, what: str) -> None:
        self.out.remove(permit)
        await asyncio.sleep(0)
        self.told.append(what)


@dataclass
class Guarded:
    """Steps that call a scripted service, guarded by scripted breakers."""

    service: ScriptedService
    breakers: ScriptedBreakers
    requests: HttpRequestExecutor
    webhooks: WebhookCallExecutor

    @property
    def id(self) -> str:
        """The service's id."""
        return self.service.url.removeprefix("http://")

    def refuse(self, *seconds: float | None) -> None:
        """Refuse the next calls for these seconds, one after the other; None admits a call."""
        self.breakers.refusals.extend(None if each is None else timedelta(seconds=each) for each in seconds)

    async def request(
        self, target: str = "/", *, checkpoint: JsonValue = None, after: float = 0, **config: Any
    ) -> Outcome:
        """One call of an HTTP_REQUEST step."""
        url = target if "://" in target else self.service.url + target
        called_at = NOW + timedelta(seconds=after)
        return await run(self.requests, a_call(http("call", url, **config), checkpoint=checkpoint, called_at=called_at))

    async def webhook(self, checkpoint: JsonValue = None, held_for: float = 0, **config: Any) -> Outcome:
        """One call of a WEBHOOK_CALL step."""
        call = a_call(
            step("tell", "WEBHOOK_CALL", {"url": self.service.url, "eventType": "order.paid", **config}),
            checkpoint=checkpoint,
            called_at=NOW + timedelta(seconds=held_for),
        )
        return await run(self.webhooks, replace(call, held_for=timedelta(seconds=held_for)))


@pytest.fixture
async def guarded() -> AsyncIterator[Guarded]:
    policy, breakers = DestinationPolicy(allow_loopback=True), ScriptedBreakers()
    async with scripted_service(lambda _: reply({})) as service, HttpClient(policy, user_agent="test") as client:
        yield Guarded(
            service,
            breakers,
            HttpRequestExecutor(client, Evaluator(), max_items_bytes=1_000, breakers=breakers),
            WebhookCallExecutor(client, no_webhooks(), key=b"key", public_url="http://here.test", breakers=breakers),
        )
    assert not breakers.out, "a permit was never given back"


def held(outcome: Outcome, checkpoint: JsonValue) -> Deferred:
    """A step that waits for its breaker, and what it has kept."""
    assert isinstance(outcome, Deferred), outcome
    assert outcome.until is not None
    assert UNTIL <= outcome.until < UNTIL + timedelta(seconds=1)
    assert outcome.reason.kind is WaitKind.CIRCUIT_BREAKER
    assert outcome.reason.until == outcome.until
    assert outcome.checkpoint == checkpoint
    return outcome


ANSWERS: Mapping[str, tuple[bytes, str, FailureCode | None]] = {
    "a success": (reply({}), "succeeded", None),
    "not found": (reply({}, 404), "succeeded", FailureCode.HTTP_STATUS),
    "too many requests": (reply({}, 429), "succeeded", FailureCode.HTTP_STATUS),
    "a redirect": (reply({}, 302, location="/"), "succeeded", FailureCode.HTTP_STATUS),
    "an error of the service": (reply({}, 500), "failed", FailureCode.HTTP_STATUS),
    "unavailable": (reply({}, 503), "failed", FailureCode.HTTP_STATUS),
    "not JSON": (raw_reply(b"{", content_type="application/json"), "failed", FailureCode.INVALID_RESPONSE),
    "not HTTP": (b"hello\r\n\r\n", "failed", FailureCode.INVALID_RESPONSE),
    "half an answer": (b"HTTP/1.1 200 -\r\ncontent-length: 9\r\n\r\nhalf", "failed", FailureCode.TIMEOUT),
    "silence": (HANG, "failed", FailureCode.TIMEOUT),
    "too large": (raw_reply(b"x" * 200), "succeeded", FailureCode.RESPONSE_TOO_LARGE),
}


@pytest.mark.parametrize("name", ANSWERS)
async def test_a_breaker_is_told_once_how_each_call_went(guarded: Guarded, name: str) -> None:
    answer, told, code = ANSWERS[name]
    guarded.service.script = lambda _: answer

    outcome = await guarded.request(readTimeout="PT0.2S", maxResponseBytes=100)

    assert guarded.breakers.asked == [guarded.id]
    assert guarded.breakers.told == [told]
    assert (outcome.error.code if isinstance(outcome, Failed) else None) is code


async def test_a_status_of_the_service_that_is_expected_is_no_failure(guarded: Guarded) -> None:
    guarded.service.script = lambda _: reply({}, 503)

    assert isinstance(await guarded.request(expectedStatus=[200, 503]), Succeeded)
    assert guarded.breakers.told == ["succeeded"]


async def test_a_service_that_cannot_be_reached_has_failed(guarded: Guarded) -> None:
    outcome = await guarded.request("http://127.0.0.1:1/")

    assert isinstance(outcome, Failed) and outcome.error.code is FailureCode.CONNECT_FAILED
    assert (guarded.breakers.asked, guarded.breakers.told) == (["127.0.0.1:1"], ["failed"])


async def test_a_blocked_destination_says_nothing_of_a_service(guarded: Guarded) -> None:
    outcome = await guarded.request("http://169.254.169.254/")

    assert isinstance(outcome, Failed) and outcome.error.code is FailureCode.DESTINATION_BLOCKED
    assert guarded.breakers.told == ["abandoned"]


@pytest.mark.parametrize("url", ["ftp://service.test/", "http:///path", "http://service.test:99999/"])
async def test_no_breaker_is_asked_about_what_is_no_address(guarded: Guarded, url: str) -> None:
    outcome = await guarded.request(url)

    assert isinstance(outcome, Failed) and outcome.error.code is FailureCode.INVALID_REQUEST
    assert (guarded.breakers.asked, guarded.breakers.told) == ([], [])


@pytest.mark.parametrize(
    ("url", "id"),
    {
        "https://API.Example.com/a?b#c": "api.example.com:443",
        "http://api.example.com": "api.example.com:80",
        "HTTPS://api.example.com:443?x=http://other/": "api.example.com:443",
        "http://api.example.com:8080/a": "api.example.com:8080",
        "http://[::1]/a": "[::1]:80",
        "http://[2001:DB8::1]:81/a": "[2001:db8::1]:81",
        "http://u:p@api.example.com/": "api.example.com:80",
        "api.example.com": None,
        "http://[::1": None,
        "": None,
    }.items(),
)
def test_a_service_is_the_host_and_the_port_of_a_url(url: str, id: str | None) -> None:
    assert service_of(url) == id


async def test_a_service_can_be_named(guarded: Guarded) -> None:
    await guarded.request(serviceId="Payments")

    assert guarded.breakers.asked == ["Payments"]


async def test_off_asks_and_tells_no_breaker(guarded: Guarded) -> None:
    guarded.refuse(30)

    assert isinstance(await guarded.request(circuitBreaker="OFF"), Succeeded)
    assert isinstance(await guarded.webhook(circuitBreaker="OFF"), Succeeded)
    assert (guarded.breakers.asked, guarded.breakers.told) == ([], [])


async def test_fail_fails_at_once_and_is_not_worth_a_retry(guarded: Guarded) -> None:
    guarded.refuse(30, 30)

    for outcome in (await guarded.request(circuitBreaker="FAIL"), await guarded.webhook(circuitBreaker="FAIL")):
        assert isinstance(outcome, Failed)
        assert outcome.error.code is FailureCode.CIRCUIT_OPEN
        assert not outcome.error.is_retryable
        assert outcome.error.details == {"serviceId": guarded.id, "until": "2026-01-31T08:00:30Z"}
    assert not guarded.service.asked


async def test_wait_is_what_happens_where_nothing_is_said(guarded: Guarded) -> None:
    guarded.refuse(30, 30)

    for outcome in (await guarded.request(), await guarded.webhook(circuitBreaker="WAIT")):
        assert held(outcome, {}).reason.detail == guarded.id
    assert not guarded.service.asked
    assert guarded.breakers.told == []


async def test_a_step_that_was_held_up_is_then_called(guarded: Guarded) -> None:
    assert isinstance(await guarded.request(checkpoint={}, after=30), Succeeded)
    assert isinstance(await guarded.webhook(checkpoint={}, held_for=30), Succeeded)


async def test_the_time_to_call_back_begins_with_the_delivery(guarded: Guarded) -> None:
    outcome = await guarded.webhook(checkpoint={}, held_for=300, awaitCallback="PT1M")

    assert isinstance(outcome, Deferred)
    assert outcome.until == NOW + timedelta(seconds=360)


async def test_every_page_is_guarded_and_those_that_were_read_are_kept(guarded: Guarded) -> None:
    guarded.refuse(None, None, 30)
    guarded.service.script = lambda asked: reply([asked.target])
    paginate = {"next": "page < 3 ? '/' & $string(page + 1)", "items": "response.body"}

    outcome = await guarded.request("/1", paginate=paginate)

    kept = held(outcome, {"pages": 2, "items": ["/1", "/2"], "next": f"{guarded.service.url}/3"}).checkpoint
    done = await guarded.request("/1", paginate=paginate, checkpoint=kept)
    assert isinstance(done, Succeeded) and isinstance(done.output, dict)
    assert done.output["body"] == ["/1", "/2", "/3"]
    assert guarded.service.targets == ["/1", "/2", "/3"]
    assert guarded.breakers.told == ["succeeded"] * 3


async def test_every_call_of_a_poll_is_guarded_and_its_progress_is_kept(guarded: Guarded) -> None:
    guarded.refuse(30, None, 30)
    poll = {"until": "false", "interval": "PT10S", "timeout": "PT1M"}

    held(await guarded.request(poll=poll), {})
    asked = await guarded.request(poll=poll, checkpoint={})
    assert isinstance(asked, Deferred) and asked.reason.kind is WaitKind.TIMER
    kept = held(await guarded.request(poll=poll, checkpoint=asked.checkpoint), asked.checkpoint)
    # The last call is made however late it is let through.
    last = await guarded.request(poll=poll, checkpoint=kept.checkpoint, after=3600)

    assert isinstance(last, Failed) and last.error.code is FailureCode.TIMEOUT
    assert len(guarded.service.asked) == 2
    assert guarded.breakers.told == ["succeeded"] * 2


async def test_a_token_is_no_call_of_the_service_and_both_calls_with_one_are(guarded: Guarded) -> None:
    def answer(asked: Any) -> bytes:
        return reply({"access_token": "t"}) if asked.target == "/token" else reply({}, 401)

    guarded.service.script = answer
    oauth2 = {"tokenUrl": f"{guarded.service.url}/token", "clientId": "a", "clientSecret": "b"}

    await guarded.request("/data", auth={"oauth2": oauth2})

    assert guarded.service.targets == ["/token", "/data", "/token", "/data"]
    assert guarded.breakers.told == ["succeeded", "succeeded"]


async def test_a_call_that_is_given_up_is_abandoned(guarded: Guarded) -> None:
    guarded.service.script = lambda _: HANG
    calling = asyncio.create_task(guarded.request())
    await wait_until(lambda: guarded.service.asked, "the service was called")

    calling.cancel()
    await asyncio.wait([calling])

    assert guarded.breakers.told == ["abandoned"]


async def test_a_step_whose_own_timeout_ends_a_call_blames_the_service_and_one_that_is_cancelled_does_not(
    guarded: Guarded,
) -> None:
    guarded.service.script = lambda _: HANG
    world = World(clock=RunningClock())
    parts = world.parts
    attempts = StepRunner({**parts.attempts.executors, StepType.HTTP_REQUEST: guarded.requests}, 1_000)
    definition = a_definition(
        steps=[
            http("slow", guarded.service.url, members={"timeout": "PT0.2S", "onError": {"continue": True}}),
            http("cancelled", guarded.service.url),
        ]
    )
    id = await world.execution(definition)
    activation = Activation(await world.claim(id), definition, replace(parts, attempts=attempts))
    running = asyncio.create_task(activation.run())
    await wait_until(lambda: len(guarded.service.asked) == 2, "the second step calls")
    assert guarded.breakers.told == ["failed"]

    await world.ask_to_cancel(id)
    activation.nudge()
    await running

    assert (await world.record(id)).status is ExecutionStatus.CANCELLED
    await wait_until(lambda: not guarded.breakers.out, "both permits are back")
    assert guarded.breakers.told == ["failed", "abandoned"]


async def test_many_that_wait_come_again_one_after_the_other(guarded: Guarded) -> None:
    guarded.refuse(*[30] * 50)

    turns = [outcome.until for outcome in [await guarded.request() for _ in range(50)] if isinstance(outcome, Deferred)]

    assert len(set(turns)) == 50
    assert all(turn is not None and turn >= UNTIL for turn in turns)
    assert turns == sorted(turns)  # type: ignore[type-var]
    # Whoever is refused again, because a place is taken, goes to the end: so many come in a second, and not more.
    guarded.refuse(31)
    again = await guarded.request()
    assert isinstance(again, Deferred) and again.until is not None
    assert again.until >= max(turn for turn in turns if turn is not None)


async def test_a_service_that_is_well_again_has_nobody_waiting(guarded: Guarded) -> None:
    guarded.refuse(*[30] * 50, None, 30)
    for _ in range(51):
        await guarded.request()

    held(await guarded.request(), {})
