"""HTTP_REQUEST against the example service: the outputs of its steps, and the ways in which they fail."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from actors.http.client import HttpClient
from actors.steps.http_request import HttpRequestExecutor
from domain.executions.step_executor import Failed, Outcome, StepCall, Succeeded
from domain.expressions.evaluator import Evaluator
from domain.expressions.templates import compile_template
from domain.kernel.failures import FailureCode
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import StepType
from domain.workflows.definitions.definition import CompiledStep
from domain.workflows.steps.http_request import HttpRequestConfig
from example_service import ExampleService
from tests.http_clients import http_client
from tests.waiting import wait_until

pytestmark = pytest.mark.usefixtures("transport")

NOW = datetime(2026, 1, 31, 8, 0, tzinfo=UTC)


class Steps:
    """Runs HTTP_REQUEST steps against the example service."""

    def __init__(self, client: HttpClient, service: ExampleService) -> None:
        self._executor = HttpRequestExecutor(client, Evaluator(), max_items_bytes=1_000_000)
        self.service = service

    async def run(
        self, path: str, method: str = "GET", config: Mapping[str, Any] | None = None, **given: JsonValue
    ) -> Outcome:
        """Run a step. `given` is the rest of its input; `config` that of its configuration, as a document says it."""
        url = path if path.startswith(("http:", "ftp:")) else self.service.url + path
        value: JsonValue = {"method": method, "url": url, **given}
        step = CompiledStep(
            id="call",
            path="call",
            position="0000",
            type=StepType.HTTP_REQUEST,
            config=HttpRequestConfig.model_validate({"url": url, **(config or {})}),
            inputs=compile_template(value),
            depends_on=(),
            dependants=(),
        )
        outcome = self._executor.execute(
            StepCall(
                execution_id=UUID(int=1),
                path="call",
                attempt=1,
                step=step,
                input=value,
                scope={},
                now=NOW,
                idempotency_key="key-of-the-step",
                called_at=NOW,
            )
        )
        return await outcome if isinstance(outcome, Awaitable) else outcome

    async def output(self, path: str, method: str = "GET", **given: Any) -> dict[str, Any]:
        """The output of a step that succeeds."""
        outcome = await self.run(path, method, **given)
        assert isinstance(outcome, Succeeded), outcome
        assert isinstance(outcome.output, dict)
        return outcome.output

    async def failed(self, path: str, method: str = "GET", **given: Any) -> Failed:
        """The failure of a step that fails."""
        outcome = await self.run(path, method, **given)
        assert isinstance(outcome, Failed), outcome
        return outcome


@pytest.fixture
async def steps() -> AsyncIterator[Steps]:
    async with ExampleService() as service, http_client() as client:
        yield Steps(client, service)


async def test_a_json_answer_is_parsed(steps: Steps) -> None:
    outcome = await steps.run("/stock/blue%20widget")

    assert outcome == Succeeded(
        output={
            "status": 200,
            "headers": {"content-type": "application/json", "content-length": "66"},
            "body": {"sku": "blue widget", "available": 42, "price": 12.5, "currency": "EUR"},
        },
        status_code=200,
    )


async def test_other_answers_are_text_base64_or_nothing(steps: Steps) -> None:
    assert (await steps.output("/drip?bytes=3&interval_ms=1"))["body"] == "..."
    assert (await steps.output("/bytes/3"))["body"] == "eHh4"
    assert (await steps.output("/status/204"))["body"] is None


async def test_a_request_carries_what_the_step_says(steps: Steps) -> None:
    output = await steps.output(
        "/echo?a=1", "PUT", query={"b": [2, 3]}, headers={"X-Trace": 7}, body={"sku": "a"}, config={"method": "PUT"}
    )

    echoed = output["body"]
    assert echoed["method"] == "PUT"
    assert echoed["query"] == {"a": ["1"], "b": ["2", "3"]}
    assert echoed["body"] == {"sku": "a"}
    assert echoed["headers"]["x-trace"] == "7"
    assert echoed["headers"]["content-type"] == "application/json"
    assert echoed["headers"]["user-agent"] == "stepgraph/test"
    assert echoed["headers"]["accept-encoding"] == "gzip"


async def test_text_and_forms_are_sent_as_such(steps: Steps) -> None:
    text = (await steps.output("/echo", "POST", body="hello"))["body"]
    assert text["body"] == "hello"
    assert text["headers"]["content-type"] == "text/plain; charset=utf-8"

    form_type = "application/x-www-form-urlencoded"
    form = (await steps.output("/echo", "POST", headers={"Content-Type": form_type}, body={"a": 1}))["body"]
    assert form["body"] == "a=1"
    assert form["headers"]["content-type"] == form_type


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_every_request_but_a_get_carries_the_idempotency_key(steps: Steps, method: str) -> None:
    echoed = (await steps.output("/echo", method))["body"]

    assert echoed["headers"]["idempotency-key"] == "key-of-the-step"


async def test_a_get_carries_no_idempotency_key_and_a_key_of_the_users_own_wins(steps: Steps) -> None:
    get = (await steps.output("/echo"))["body"]
    post = (await steps.output("/echo", "POST", headers={"Idempotency-Key": "mine"}))["body"]

    assert "idempotency-key" not in get["headers"]
    assert post["headers"]["idempotency-key"] == "mine"


@pytest.mark.parametrize(
    ("auth", "name", "value"),
    [
        ({"bearer": "token"}, "authorization", "Bearer token"),
        ({"basic": {"username": "a", "password": "b"}}, "authorization", "Basic YTpi"),
        ({"header": {"name": "X-Api-Key", "value": "k"}}, "x-api-key", "k"),
    ],
)
async def test_a_request_says_who_it_comes_from(steps: Steps, auth: JsonValue, name: str, value: str) -> None:
    echoed = (await steps.output("/echo", auth=auth))["body"]

    assert echoed["headers"][name] == value


async def test_credentials_stay_at_home_when_a_redirect_leads_elsewhere(steps: Steps) -> None:
    elsewhere = steps.service.url.replace("127.0.0.1", "localhost")
    output = await steps.output(
        f"/redirect?to={elsewhere}/echo",
        auth={"header": {"name": "X-Api-Key", "value": "k"}},
        config={"followRedirects": True},
    )

    assert "x-api-key" not in output["body"]["headers"]


@pytest.mark.parametrize(
    ("status", "is_retryable"), [(301, False), (400, False), (404, False), (429, True), (500, True), (503, True)]
)
async def test_an_unexpected_status_fails_with_what_the_service_said(
    steps: Steps, status: int, is_retryable: bool
) -> None:
    outcome = await steps.failed(f"/status/{status}")

    assert outcome.status_code == status
    assert outcome.error.code is FailureCode.HTTP_STATUS
    assert outcome.error.is_retryable is is_retryable
    assert outcome.error.details == {
        "status": status,
        "headers": {"content-type": "application/json", "content-length": "14"},
        "body": {"status": status},
    }
    assert outcome.error.message == f"GET {steps.service.url}/status/{status}: the service answered {status}."


async def test_a_long_answer_with_an_unexpected_status_is_cut_short(steps: Steps) -> None:
    outcome = await steps.failed("/bytes/100000", config={"expectedStatus": [404]})

    assert outcome.error.details is not None
    assert outcome.error.details["body"] == "x" * 2000


@pytest.mark.parametrize("expected", [[404], ["4xx"], ["400-404"], ["2xx", 404]])
async def test_a_step_says_which_statuses_it_expects(steps: Steps, expected: list[Any]) -> None:
    output = await steps.output("/status/404", config={"expectedStatus": expected})

    assert output["status"] == 404


@pytest.mark.parametrize(
    ("value", "retry_after"),
    [
        ("7", timedelta(seconds=7)),
        ("0", timedelta(0)),
        ("99999999999999", timedelta(days=7)),
        ("Sat, 31 Jan 2026 08:01:00 GMT", timedelta(minutes=1)),
        ("Sat, 31 Jan 2026 07:00:00 GMT", timedelta(0)),
        ("soon", None),
        ("-5", None),
    ],
)
async def test_a_service_can_ask_to_be_left_alone(steps: Steps, value: str, retry_after: timedelta | None) -> None:
    outcome = await steps.failed(f"/retry-after/{value.replace(' ', '%20')}")

    assert outcome.status_code == 429
    assert outcome.retry_after == retry_after


@pytest.mark.parametrize(
    ("path", "config", "code"),
    [
        ("/broken-json", {}, FailureCode.INVALID_RESPONSE),
        ("/garbage", {}, FailureCode.INVALID_RESPONSE),
        ("/gzip-bomb", {}, FailureCode.RESPONSE_TOO_LARGE),
        ("/bytes/1001", {"maxResponseBytes": 1000}, FailureCode.RESPONSE_TOO_LARGE),
        ("/hang", {"readTimeout": "PT0.05S"}, FailureCode.TIMEOUT),
        ("/close", {}, FailureCode.CONNECTION_LOST),
        ("http://127.0.0.1:1/", {}, FailureCode.CONNECT_FAILED),
        ("http://10.0.0.1/", {}, FailureCode.DESTINATION_BLOCKED),
        ("ftp://127.0.0.1/", {}, FailureCode.INVALID_REQUEST),
    ],
)
async def test_every_way_to_fail_has_a_code(
    steps: Steps, path: str, config: Mapping[str, Any], code: FailureCode
) -> None:
    assert (await steps.failed(path, config=config)).error.code is code


@pytest.mark.parametrize(
    "given",
    [
        {"url": None},
        {"url": 7},
        {"query": "a=1"},
        {"headers": [1]},
        {"headers": {"x-a": "1\r\nx-evil: 1"}},
        {"headers": {"Host": "evil.example"}},
        {"auth": {"bearer": None}},
        {"auth": {"basic": {"username": "a:b", "password": "c"}}},
        {"body": "\ud800"},
    ],
)
async def test_an_input_that_cannot_be_sent_is_an_invalid_request(steps: Steps, given: dict[str, Any]) -> None:
    outcome = await steps.failed("/echo", **given)

    assert outcome.error.code is FailureCode.INVALID_REQUEST
    assert not outcome.error.is_retryable
    assert steps.service.counters.total() == 0


async def test_a_payment_succeeds_with_the_third_attempt_because_the_key_stays_the_same(steps: Steps) -> None:
    outcomes = [await steps.run("/payments", "POST", body={"amount": 1}) for _ in range(3)]

    assert [type(outcome) for outcome in outcomes] == [Failed, Failed, Succeeded]


async def test_cancelling_a_step_stops_its_request(steps: Steps) -> None:
    call = asyncio.ensure_future(steps.run("/hang"))
    await wait_until(lambda: steps.service.connections == 1, "the call is under way")

    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await wait_until(lambda: steps.service.connections == 0, "its connection is closed")
