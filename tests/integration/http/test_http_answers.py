"""Odd answers of services: read as what they are, quoted in errors, and never with a secret in them."""

import json
from collections.abc import AsyncIterator, Awaitable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, quote_plus, unquote, unquote_plus
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.http.client import HttpClient
from actors.secrets.values import concealed
from actors.steps.http_request import HttpRequestExecutor
from domain.executions.step_executor import Failed, Outcome, StepCall, Succeeded
from domain.expressions.evaluator import Evaluator
from domain.expressions.templates import compile_template
from domain.kernel.failures import FailureCode
from domain.kernel.json.text import dumps
from domain.kernel.statuses import StepType
from domain.secrets.mask import MASK, SecretMask
from domain.workflows.definitions.definition import CompiledStep
from domain.workflows.steps.http_request import HttpRequestConfig
from tests.http_clients import http_client
from tests.scripted_service import Asked, ScriptedService, raw_reply, reply, scripted_service

pytestmark = pytest.mark.usefixtures("transport")

NOW = datetime(2026, 1, 31, 8, 0, tzinfo=UTC)
SECRET = "S3cr3t value/with+every@kind?of=letter&and/../more"
SCHEMELESS = "://"


class Calls:
    """Makes HTTP_REQUEST steps call a scripted service, as attempts do: with an input to send and one to show."""

    def __init__(self, client: HttpClient, service: ScriptedService) -> None:
        self._executor = HttpRequestExecutor(client, Evaluator(), max_items_bytes=1_000_000)
        self.service = service

    async def call(
        self, path: str, method: str = "GET", *, secret: str = "", config: Mapping[str, Any] | None = None, **rest: Any
    ) -> Outcome:
        """The outcome of a call; `{secret}` in what is given stands for the secret."""
        url = path if SCHEMELESS in path else self.service.url + path
        sent, shown = (
            {"method": method, "url": url.replace("{secret}", each), **rest} for each in (secret or "", MASK)
        )
        mask = SecretMask([secret]) if secret else None
        step = CompiledStep(
            id="call",
            path="call",
            position="0000",
            type=StepType.HTTP_REQUEST,
            config=HttpRequestConfig.model_validate({"url": "http://x/", "method": method, **(config or {})}),
            inputs=compile_template("x"),
            depends_on=(),
            dependants=(),
        )
        call = StepCall(
            execution_id=UUID(int=1),
            path="call",
            attempt=1,
            step=step,
            input=sent,
            scope={},
            now=NOW,
            idempotency_key="key",
            called_at=NOW,
            shown_input=shown,
            mask=mask,
        )
        outcome = self._executor.execute(call)
        ended = await outcome if isinstance(outcome, Awaitable) else outcome
        return ended if mask is None else concealed(ended, mask)

    async def failed(self, path: str, method: str = "GET", **given: Any) -> Failed:
        """The failure of a call that fails."""
        outcome = await self.call(path, method, **given)
        assert isinstance(outcome, Failed), outcome
        return outcome

    async def output(self, path: str, method: str = "GET", **given: Any) -> Any:
        """The output of a call that succeeds."""
        outcome = await self.call(path, method, **given)
        assert isinstance(outcome, Succeeded), outcome
        return outcome.output


@pytest.fixture
async def calls() -> AsyncIterator[Calls]:
    async with scripted_service(lambda _: reply({})) as service, http_client() as client:
        yield Calls(client, service)


@pytest.mark.parametrize(
    "target", ["/a%2Fb/%2e%2e/c?q=%2F%3A%40%2C&r=a+b", "/%3a%40%3D%26/x;y=z?sig=%2b%3d", "/a/../b//c?d[e]=f"]
)
async def test_a_url_reaches_the_service_as_it_was_written(calls: Calls, target: str) -> None:
    await calls.output(target)

    assert calls.service.targets == [target]


async def test_a_blank_is_sent_as_an_escape(calls: Calls) -> None:
    await calls.output("/my file?q=a b")

    assert calls.service.targets == ["/my%20file?q=a%20b"]


@pytest.mark.parametrize("body", [b" ", b"\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf \r\n"])
async def test_json_of_blanks_alone_is_null(calls: Calls, body: bytes) -> None:
    calls.service.script = lambda _: raw_reply(body, content_type="application/json")

    assert (await calls.output("/"))["body"] is None


async def test_cookies_stay_apart(calls: Calls) -> None:
    cookies = ["a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Path=/", "b=2, 3"]
    lines = "".join(f"Set-Cookie: {cookie}\r\n" for cookie in cookies)
    calls.service.script = lambda _: f"HTTP/1.1 200 -\r\ncontent-length: 0\r\n{lines}\r\n".encode()

    assert (await calls.output("/"))["headers"]["set-cookie"] == cookies


async def test_an_answer_that_is_not_what_it_says_is_shown(calls: Calls) -> None:
    calls.service.script = lambda _: raw_reply(b"OK", content_type="application/json", x_trace="7")

    outcome = await calls.failed("/orders", "POST", body={})

    assert outcome.error.code is FailureCode.INVALID_RESPONSE
    assert outcome.status_code == 200
    assert outcome.error.details == {
        "method": "POST",
        "status": 200,
        "headers": {"content-length": "2", "content-type": "application/json", "x-trace": "7"},
        "body": "OK",
    }
    assert not outcome.error.is_retryable


async def test_a_read_that_is_not_what_it_says_may_be_repeated(calls: Calls) -> None:
    calls.service.script = lambda _: raw_reply(b"OK", content_type="application/json")

    assert (await calls.failed("/orders")).error.is_retryable


@pytest.mark.parametrize("headers", [{"retry_after": "60"}, {"x_ratelimit_remaining": "0", "x_ratelimit_reset": "60"}])
async def test_a_refusal_that_says_when_to_come_again_is_tried_again(calls: Calls, headers: dict[str, str]) -> None:
    calls.service.script = lambda _: reply({}, 403, **headers)

    outcome = await calls.failed("/")

    assert outcome.error.is_retryable
    assert outcome.retry_after is not None
    assert outcome.retry_after.total_seconds() == 60
    assert outcome.error.details is not None
    assert outcome.error.details["retryAfter"] == 60


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_no_redirect_takes_a_body_to_another_origin(calls: Calls, status: int, method: str) -> None:
    elsewhere = calls.service.url.replace("127.0.0.1", "localhost") + "/there"
    calls.service.script = lambda asked: reply({}, status, location=elsewhere) if asked.target == "/" else reply({})

    outcome = await calls.call("/", method, body={"password": "hunter2"}, config={"followRedirects": True})

    if isinstance(outcome, Failed):
        assert outcome.error.code is FailureCode.DESTINATION_BLOCKED
        assert outcome.error.details == {"status": status}
        assert calls.service.targets == ["/"]
    else:
        assert [(asked.method, asked.body) for asked in calls.service.asked[1:]] == [("GET", b"")]
    assert isinstance(outcome, Failed) is not (status == 303 or (status in (301, 302) and method == "POST"))


def parts_of(secret: str) -> set[str]:
    """Pieces of a secret that must not be found, long enough to be no accident."""
    return {secret[start : start + 6] for start in range(len(secret) - 5)}


def leaks(outcome: Failed, secret: str) -> list[str]:
    """The pieces of a secret that can be read in a failure, in whatever way they are quoted."""
    text = dumps({**outcome.error.to_json(), "checkpoint": outcome.checkpoint})
    readings = {text, unquote(text), unquote_plus(text), text.lower(), json.dumps(json.loads(text), ensure_ascii=False)}
    return sorted(part for part in parts_of(secret) for reading in readings if part in reading)


def echoing(asked: Asked) -> bytes:
    """An error that quotes what it was asked, in several ways."""
    target = asked.target
    ways = [target, unquote(target), quote(target), quote_plus(unquote(target)), json.dumps(unquote(target))]
    return raw_reply("\n".join(ways).encode(), 404, content_type="text/plain", x_asked=target, location=target)


def redirecting(asked: Asked) -> bytes:
    return reply({}, 302, location=asked.target + "/x") if asked.target.count("/x") < 3 else echoing(asked)


@pytest.mark.parametrize(
    "where",
    [
        "/hooks/{secret}",
        "/{secret}/orders",
        "/" + "a" * 180 + "/{secret}/orders",
        "/" + "a" * 195 + "{secret}",
        "/orders?key={secret}",
        "/hooks/x{secret}y/../z",
        "http://127.0.0.1:1/{secret}/refused",
        "http://10.0.0.1/{secret}/blocked",
        "ftp://127.0.0.1/{secret}",
        "http://{secret}.invalid/",
        "http://127.0.0.1:{secret}/",
        "http://{secret}@127.0.0.1/",
    ],
)
@pytest.mark.parametrize(
    "secret", [SECRET, "kk@9+Zq 7/w?x#y&z=1", "plainsecretof30lettersandmore1", "ünïcödé%41%2fpass"]
)
@pytest.mark.parametrize("script", [echoing, redirecting])
async def test_a_secret_in_a_url_is_in_no_failure(calls: Calls, where: str, secret: str, script: Any) -> None:
    calls.service.script = script

    outcome = await calls.failed(where, secret=secret, config={"followRedirects": True, "readTimeout": "PT2S"})

    assert leaks(outcome, secret) == []


@given(
    secret=st.text(st.sampled_from("aZ9 +@?/.#&%=;:<>\"'\\{}|é§€"), min_size=8, max_size=60),
    before=st.integers(0, 210),
    after=st.sampled_from(["", "/x", "?y=1"]),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_secret_of_any_letters_is_in_a_failure(calls: Calls, secret: str, before: int, after: str) -> None:
    calls.service.script = echoing
    outcome = await calls.call(f"/{'p' * before}/{{secret}}{after}", secret=secret)

    if isinstance(outcome, Failed):
        assert leaks(outcome, secret) == []
