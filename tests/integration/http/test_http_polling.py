"""HTTP_REQUEST with `poll`: called again as durable waits until the answer is what is wanted."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from actors.steps.http_request import HttpRequestExecutor
from domain.engine.state import WaitReason
from domain.executions.step_executor import Deferred, Failed, Outcome, Succeeded
from domain.expressions.evaluator import Evaluator
from domain.kernel.failures import FailureCode
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import WaitKind
from tests.builders import http
from tests.calls import KEY, NOW, a_call, run
from tests.http_clients import http_client
from tests.scripted_service import HANG, ScriptedService, raw_reply, reply, scripted_service

pytestmark = pytest.mark.usefixtures("transport")

SINCE = "2026-01-31T08:00:00Z"
POLL = {"until": "response.body.done", "interval": "PT10S", "timeout": "PT1M"}


@dataclass
class Polled:
    """A polling step against a scripted service."""

    executor: HttpRequestExecutor
    service: ScriptedService

    def answers(self, answers: Iterable[bytes]) -> None:
        waiting = iter(answers)
        self.service.script = lambda _: next(waiting)

    async def call(
        self,
        after: float = 0,
        checkpoint: JsonValue = None,
        poll: Any = POLL,
        scope: dict[str, JsonValue] | None = None,
        **config: Any,
    ) -> Outcome:
        """The call that is made `after` seconds."""
        step = http("job", f"{self.service.url}/job", poll=poll, **config)
        called_at = NOW + timedelta(seconds=after)
        return await run(self.executor, a_call(step, scope=scope, checkpoint=checkpoint, called_at=called_at))


@pytest.fixture
async def polled() -> AsyncIterator[Polled]:
    async with (
        scripted_service(lambda _: reply({"done": False})) as service,
        http_client() as client,
    ):
        yield Polled(HttpRequestExecutor(client, Evaluator(), max_items_bytes=1_000_000), service)


def waits(seconds: float, calls: int) -> Deferred:
    until = NOW + timedelta(seconds=seconds)
    return Deferred(
        until=until,
        reason=WaitReason(kind=WaitKind.TIMER, until=until, detail=f"polling, call {calls + 1}"),
        checkpoint={"since": SINCE, "calls": calls},
    )


def failed(outcome: Outcome, code: FailureCode) -> Failed:
    assert isinstance(outcome, Failed), outcome
    assert outcome.error.code is code
    return outcome


async def test_an_answer_that_is_what_is_wanted_ends_the_step(polled: Polled) -> None:
    polled.answers([reply({"done": True, "url": "/files/1"})])

    outcome = await polled.call()

    assert isinstance(outcome, Succeeded)
    assert outcome.status_code == 200
    assert isinstance(outcome.output, dict)
    assert outcome.output["body"] == {"done": True, "url": "/files/1"}
    assert set(outcome.output) == {"status", "headers", "body"}


async def test_any_other_answer_lets_go_of_the_step_for_the_interval(polled: Polled) -> None:
    assert await polled.call() == waits(10, 1)
    assert await polled.call(10, {"since": SINCE, "calls": 1}) == waits(20, 2)


async def test_the_condition_sees_the_status_and_all_that_steps_see(polled: Polled) -> None:
    polled.answers([reply({}, status=202), reply({}, status=200)])
    poll = {"until": "response.status = input.wanted"}
    scope: dict[str, JsonValue] = {"input": {"wanted": 200}}

    assert isinstance(await polled.call(poll=poll, scope=scope), Deferred)
    assert isinstance(await polled.call(5, {"since": SINCE, "calls": 1}, poll=poll, scope=scope), Succeeded)


async def test_the_last_wait_ends_with_the_time_and_has_a_call(polled: Polled) -> None:
    assert await polled.call(55, {"since": SINCE, "calls": 5}) == waits(60, 6)

    outcome = failed(await polled.call(60, {"since": SINCE, "calls": 6}), FailureCode.TIMEOUT)

    assert outcome.error.message == (
        "The response was not what is wanted within 60 s, after 7 calls; the last was answered with 200."
    )
    assert outcome.status_code == 200
    assert outcome.checkpoint is None  # the next attempt begins anew


async def test_the_last_call_may_still_be_the_one(polled: Polled) -> None:
    polled.answers([reply({"done": True})])

    assert isinstance(await polled.call(600, {"since": SINCE, "calls": 6}), Succeeded)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (reply({"error": "busy"}, status=503, retry_after="7"), FailureCode.HTTP_STATUS),
        (raw_reply(b'{"done": tr', content_type="application/json"), FailureCode.INVALID_RESPONSE),
        (b"\x00\x01 no HTTP at all\r\n\r\n", FailureCode.INVALID_RESPONSE),
        (b"HTTP/1.1 200 -\r\ncontent-length: 100\r\n\r\nhalf", FailureCode.TIMEOUT),
        (HANG, FailureCode.TIMEOUT),
    ],
)
async def test_a_call_that_fails_is_retried_as_the_same_call(polled: Polled, answer: bytes, code: FailureCode) -> None:
    polled.answers([answer])
    outcome = await polled.call(10, {"since": SINCE, "calls": 1}, readTimeout="PT0.05S")

    assert failed(outcome, code).error.is_retryable
    assert isinstance(outcome, Failed)
    assert outcome.checkpoint == {"since": SINCE, "calls": 1}
    assert outcome.retry_after == (timedelta(seconds=7) if code is FailureCode.HTTP_STATUS else None)


@pytest.mark.parametrize("body", [{"done": "yes"}, {"done": None}, {}, [], "done"])
async def test_a_condition_that_does_not_answer_fails_the_step(polled: Polled, body: Any) -> None:
    polled.answers([reply(body)])

    outcome = failed(await polled.call(), FailureCode.EXPRESSION_FAILED)

    assert not outcome.error.is_retryable
    assert outcome.status_code == 200


async def test_each_call_has_its_own_key_and_a_repeated_one_the_same(polled: Polled) -> None:
    for calls in (0, 1, 1):
        checkpoint = {"since": SINCE, "calls": calls} if calls else None
        await polled.call(checkpoint=checkpoint, method="POST", body={})

    assert [each.headers["idempotency-key"] for each in polled.service.asked] == [f"{KEY}-1", f"{KEY}-2", f"{KEY}-2"]


async def test_a_get_has_no_key(polled: Polled) -> None:
    await polled.call()

    assert "idempotency-key" not in polled.service.asked[0].headers


async def test_a_request_that_cannot_be_sent_is_not_polled(polled: Polled) -> None:
    failed(await polled.call(query=[1]), FailureCode.INVALID_REQUEST)

    assert polled.service.asked == []
