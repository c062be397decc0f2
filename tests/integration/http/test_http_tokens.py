"""HTTP_REQUEST with `auth.oauth2`: access tokens by client credentials."""

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import pytest

from actors.circuit_breakers.guarding import GuardedClient
from actors.http.client import HttpClient
from actors.steps.http.calls import HttpCalls
from actors.steps.http.oauth2 import AccessTokens, ClientCredentials
from actors.steps.http_request import HttpRequestExecutor
from domain.executions.step_executor import Failed, Outcome, Succeeded
from domain.expressions.evaluator import Evaluator
from domain.kernel.failures import FailureCode
from tests.builders import http
from tests.calls import NOW, a_call, run
from tests.http_clients import http_client
from tests.scripted_service import HANG, Asked, ScriptedService, raw_reply, reply, scripted_service
from tests.waiting import wait_until

pytestmark = pytest.mark.usefixtures("transport")

SECRET = "s€cret:/%"


@dataclass
class World:
    """A service that wants the newest token, and the server that gives out `token-1`, `token-2`, …"""

    client: HttpClient
    executor: HttpRequestExecutor
    server: ScriptedService
    service: ScriptedService

    async def call(self, *, scope: str | None = "orders:read", secret: str = SECRET, **config: Any) -> Outcome:
        oauth2 = {"tokenUrl": f"{self.server.url}/token", "clientId": "shop:1", "clientSecret": secret}
        auth = {"oauth2": oauth2 if scope is None else {**oauth2, "scope": scope}}
        return await run(self.executor, a_call(http("call", f"{self.service.url}/orders", auth=auth, **config)))

    async def failed(self, code: FailureCode, **given: Any) -> Failed:
        outcome = await self.call(**given)
        assert isinstance(outcome, Failed), outcome
        assert outcome.error.code is code
        assert SECRET not in str(outcome)
        assert "token-" not in str(outcome)
        return outcome

    @property
    def sent_tokens(self) -> list[str]:
        return [each.headers["authorization"].removeprefix("Bearer ") for each in self.service.asked]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with (
        scripted_service(lambda _: token(len(server.asked))) as server,
        scripted_service(lambda _: reply({"ok": True})) as service,
        http_client() as client,
    ):
        yield World(client, HttpRequestExecutor(client, Evaluator(), max_items_bytes=1_000), server, service)


def token(number: int, **changes: Any) -> bytes:
    return reply({"access_token": f"token-{number}", "token_type": "Bearer", "expires_in": 3600, **changes})


async def test_a_token_is_asked_for_as_the_standard_says(world: World) -> None:
    assert isinstance(await world.call(), Succeeded)

    [asked] = world.server.asked
    user, _, password = base64.b64decode(asked.headers["authorization"].removeprefix("Basic ")).decode().partition(":")
    assert (user, password) == ("shop%3A1", "s%E2%82%ACcret%3A%2F%25")
    assert asked.method == "POST"
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(asked.body.decode()) == {"grant_type": ["client_credentials"], "scope": ["orders:read"]}
    assert world.sent_tokens == ["token-1"]


async def test_no_scope_is_sent_where_none_is_given(world: World) -> None:
    await world.call(scope=None)

    assert parse_qs(world.server.asked[0].body.decode()) == {"grant_type": ["client_credentials"]}


async def test_a_token_is_kept_for_the_next_call(world: World) -> None:
    for _ in range(3):
        await world.call()

    assert world.sent_tokens == ["token-1"] * 3
    assert len(world.server.asked) == 1


@pytest.mark.parametrize("other", [{"scope": "orders:write"}, {"scope": None}, {"secret": "other"}])
async def test_other_credentials_have_a_token_of_their_own(world: World, other: dict[str, Any]) -> None:
    await world.call()
    await world.call(**other)

    assert world.sent_tokens == ["token-1", "token-2"]


async def test_many_calls_at_once_ask_for_one_token(world: World) -> None:
    outcomes = await asyncio.gather(*(world.call() for _ in range(50)))

    assert all(isinstance(outcome, Succeeded) for outcome in outcomes)
    assert len(world.server.asked) == 1
    assert world.sent_tokens == ["token-1"] * 50


async def test_a_call_that_is_cancelled_does_not_take_the_token_from_others(world: World) -> None:
    world.server.script = lambda _: HANG
    first, second = asyncio.ensure_future(world.call()), asyncio.ensure_future(world.call())
    await wait_until(lambda: world.server.asked, "a token is asked for")

    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first

    assert len(world.server.asked) == 1
    assert not second.done()
    second.cancel()


async def test_a_token_that_is_refused_is_fetched_anew_once(world: World) -> None:
    world.service.script = lambda asked: reply({}, status=200 if asked.headers["authorization"].endswith("2") else 401)

    assert isinstance(await world.call(method="POST", body={"a": 1}), Succeeded)

    assert world.sent_tokens == ["token-1", "token-2"]
    assert [each.json for each in world.service.asked] == [{"a": 1}] * 2
    assert len({each.headers["idempotency-key"] for each in world.service.asked}) == 1
    assert isinstance(await world.call(), Succeeded)
    assert len(world.server.asked) == 2


async def test_many_calls_that_are_refused_ask_for_one_new_token(world: World) -> None:
    await world.call()
    world.service.script = lambda asked: reply({}, status=200 if asked.headers["authorization"].endswith("2") else 401)

    outcomes = await asyncio.gather(*(world.call() for _ in range(20)))

    assert all(isinstance(outcome, Succeeded) for outcome in outcomes)
    assert len(world.server.asked) == 2


async def test_a_service_that_refuses_every_token_fails_the_step_itself(world: World) -> None:
    world.service.script = lambda _: reply({}, status=401)

    outcome = await world.failed(FailureCode.HTTP_STATUS)

    assert outcome.status_code == 401
    assert outcome.error.message == f"GET {world.service.url}/orders: the service answered 401."
    assert world.sent_tokens == ["token-1", "token-2"]


async def test_a_step_that_expects_a_401_gets_it(world: World) -> None:
    world.service.script = lambda _: reply({}, status=401)

    assert isinstance(await world.call(expectedStatus=[401]), Succeeded)
    assert len(world.service.asked) == 1


@pytest.mark.parametrize(
    ("answer", "reason", "is_retryable"),
    [
        (reply({"error": "invalid_client"}, 401), "its server answered 401 with invalid_client.", False),
        (reply({"error": SECRET}, 400), "its server answered 400.", False),
        (raw_reply(SECRET.encode(), 500), "its server answered 500.", True),
        (reply({}, 302, location="/elsewhere"), "its server answered 302.", False),
    ],
)
async def test_a_server_that_gives_out_no_token_fails_the_step(
    world: World, answer: bytes, reason: str, is_retryable: bool
) -> None:
    world.server.script = lambda _: answer

    outcome = await world.failed(FailureCode.HTTP_STATUS)

    assert outcome.error.message == f"There is no access token: {reason}"
    assert outcome.error.is_retryable is is_retryable
    assert world.service.asked == []


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (raw_reply(b"<html>"), "the answer is not JSON."),
        (reply(["token"]), "the answer holds no access token."),
        (reply({"access_token": 7}), "the answer holds no access token."),
        (reply({"access_token": "a", "token_type": "mac"}), "the token is no bearer token."),
        (reply({"access_token": ""}), "the token holds characters that no header can carry."),
        (reply({"access_token": "a\r\nx-evil: 1"}), "the token holds characters that no header can carry."),
    ],
)
async def test_an_answer_without_a_token_fails_the_step(world: World, answer: bytes, reason: str) -> None:
    world.server.script = lambda _: answer

    outcome = await world.failed(FailureCode.INVALID_RESPONSE)

    assert outcome.error.message == f"There is no access token: {reason}"
    assert outcome.error.is_retryable
    assert world.service.asked == []


async def test_garbage_in_place_of_a_token_fails_the_step(world: World) -> None:
    world.server.script = lambda _: b"\x00 no HTTP at all\r\n\r\n"

    outcome = await world.failed(FailureCode.INVALID_RESPONSE)

    assert outcome.error.message.startswith(f"There is no access token: POST {world.server.url}/token: ")


async def test_a_failure_is_not_kept(world: World) -> None:
    world.server.script = lambda _: reply({}, status=503, retry_after="7")
    outcome = await world.failed(FailureCode.HTTP_STATUS)
    assert outcome.retry_after is not None and outcome.retry_after.total_seconds() == 7

    world.server.script = lambda _: token(1)
    assert isinstance(await world.call(), Succeeded)


async def test_a_redirect_to_another_origin_takes_no_token_along(world: World) -> None:
    elsewhere = world.server.url.replace("127.0.0.1", "localhost")
    world.service.script = lambda _: reply({}, status=302, location=f"{elsewhere}/stolen")

    await world.call(followRedirects=True)

    assert [each.target for each in world.server.asked] == ["/token", "/stolen"]
    assert "authorization" not in world.server.asked[1].headers


async def test_a_page_of_another_origin_is_asked_without_a_token(world: World) -> None:
    elsewhere = world.server.url.replace("127.0.0.1", "localhost")
    world.service.script = lambda _: reply({"items": [1], "next": f"{elsewhere}/page"})

    def serve(asked: Asked) -> bytes:
        return token(1) if asked.target == "/token" else reply({"items": [2]})

    world.server.script = serve
    outcome = await world.call(paginate={"next": "response.body.next", "items": "response.body.items"})

    assert isinstance(outcome, Succeeded)
    assert "authorization" not in world.server.asked[-1].headers


@pytest.mark.parametrize(
    ("expires_in", "kept_for"),
    [
        (3600, 3570),
        (100, 90),
        ("3600", 3570),
        (None, 270),
        ("soon", 270),
        ("1e400", 86_370),
        (0, 0),
        (-5, 0),
        (1e300, 86_370),
    ],
)
async def test_a_token_is_kept_until_shortly_before_it_expires(world: World, expires_in: Any, kept_for: float) -> None:
    world.server.script = lambda _: token(len(world.server.asked), expires_in=expires_in)
    now = 1000.0
    tokens = AccessTokens(world.client, clock=lambda: now)
    credentials = ClientCredentials(token_url=world.server.url, client_id="a", client_secret="b")

    assert await tokens.token(credentials, now=NOW) == "token-1"
    if kept_for:
        now = 1000.0 + kept_for - 0.5
        assert await tokens.token(credentials, now=NOW) == "token-1"
    now = 1000.0 + kept_for
    assert await tokens.token(credentials, now=NOW) == "token-2"


async def test_a_thousand_tokens_are_kept_at_most(world: World) -> None:
    tokens = AccessTokens(world.client)
    every = [
        ClientCredentials(token_url=world.server.url, client_id=str(number), client_secret="b")
        for number in range(1_001)
    ]
    given = [await tokens.token(credentials, now=NOW) for credentials in every]

    assert await tokens.token(every[1], now=NOW) == given[1]
    assert await tokens.token(every[0], now=NOW) == "token-1002"


async def test_a_secret_is_nowhere_to_be_seen(world: World) -> None:
    step = http("call", auth={"oauth2": {"tokenUrl": "http://a", "clientId": "b", "clientSecret": SECRET}})
    outgoing = HttpCalls(GuardedClient(world.client, None), AccessTokens(world.client)).outgoing(a_call(step), "key")

    assert SECRET not in repr(outgoing)


@pytest.mark.parametrize("scope", [7, ["a"], {"a": 1}])
async def test_a_scope_that_is_no_text_is_an_invalid_request(world: World, scope: Any) -> None:
    auth = {"oauth2": {"tokenUrl": "http://a", "clientId": "b", "clientSecret": "c", "scope": "{{ input.scope }}"}}
    outcome = await run(world.executor, a_call(http("call", auth=auth), scope={"input": {"scope": scope}}))

    assert isinstance(outcome, Failed)
    assert outcome.error.code is FailureCode.INVALID_REQUEST
