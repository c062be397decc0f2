"""Secrets on real parts: they reach the service, which says them back, and are in nothing that is kept or shown."""

import base64
import logging
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote, quote_plus

import orjson
import pytest

from actors.activations.step_runner import StepRunner
from actors.secrets.values import StoredSecrets
from domain.kernel.ids import IdKind, from_public
from persistence.postgres.secrets.cipher import AesGcmCipher
from persistence.postgres.secrets.reencryption import reencrypt
from tests.integration.graphql_api.real import Real
from tests.integration.graphql_api.secret_world import World, secret_world
from tests.scripted_service import Asked, reply

SECRETS = {
    "token": "tök-en/9f8e7d6c+5b4a",
    "password": 'pass "word" & more',
    "client": "client:s€cret/%",
    "query_key": "key=1&2 3",
    "hook": "hook-0123456789",
}
SET = "mutation Set($name: String!, $value: String!) { setSecret(name: $name, value: $value) { __typename } }"


@pytest.fixture
async def world(real: Real) -> AsyncIterator[World]:
    async with secret_world(real) as world:
        yield world


def call(id: str, url: str, **config: Any) -> dict[str, Any]:
    return {"id": id, "type": "HTTP_REQUEST", "config": {"url": url, **config}, "onError": {"continue": True}}


def told(id: str, config: dict[str, Any]) -> dict[str, Any]:
    return {"id": id, "type": "WEBHOOK_CALL", "config": config, "onError": {"continue": True}}


def forms_of(value: str) -> set[str]:
    """A value as it may be written somewhere, at least."""
    texts = {value, quote(value), quote(value, safe=""), quote_plus(value)}
    texts |= {orjson.dumps(text).decode()[1:-1] for text in texts}
    return texts | {base64.b64encode(f"{before}{text}".encode()).decode() for text in texts for before in ("", "ada:")}


def assert_nowhere(value: str, place: str, text: str) -> None:
    for form in forms_of(value):
        assert form not in text, f"{form} is in {place}"


async def dump(real: Real) -> dict[str, str]:
    """Every row of every table as text, and what its bytes say as text."""
    tables = await real.database.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    dumped = {}
    for table in tables:
        rows = await real.database.fetch(f'SELECT * FROM "{table["tablename"]}"')
        values = [value for row in rows for value in row.values()]
        dumped[table["tablename"]] = "\n".join(
            value.decode("latin-1") + value.decode(errors="replace") if isinstance(value, bytes) else str(value)
            for value in values
        )
    return dumped


async def test_a_secret_reaches_the_service_and_is_in_nothing_that_is_stored_logged_or_shown(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    api, url = world.real.api, world.service.url
    for name, value in SECRETS.items():
        await api.run(SET, name=name, value=value)
    created = await api.run(
        "mutation Create($i: CreateWebhookInput!) { createWebhook(input: $i) "
        "{ ... on WebhookCreated { webhook { id } } } }",
        i={"name": "told", "direction": "OUTBOUND", "url": f"{url}/500"},
    )
    client = {"tokenUrl": f"{url}/token", "clientId": "{{ secrets.hook }}", "clientSecret": "{{ secrets.client }}"}
    webhook_id = created["createWebhook"]["webhook"]["id"]

    execution = await world.run(
        call("header", f"{url}/200", headers={"x-key": "Key {{ secrets.token }}", "x-plain": "seen"}),
        call("refused", f"{url}/401", auth={"bearer": "{{ secrets.hook }}"}),
        call("basic", f"{url}/403", auth={"basic": {"username": "ada", "password": "{{ secrets.password }}"}}),
        call("named", f"{url}/200", auth={"header": {"name": "x-token", "value": "{{ secrets.hook }}"}}),
        call("oauth2", f"{url}/200", auth={"oauth2": client}),
        call("path", f"{url}/404/{{{{ secrets.hook }}}}?key={{{{ secrets.hook }}}}"),
        call("query", f"{url}/200", query={"key": "{{ secrets.query_key }}"}),
        call("body", f"{url}/200", method="POST", body={"deep": ["a {{ secrets.password }}"], "plain": "seen"}),
        call("form", f"{url}/422", method="POST", body="key={{ secrets.query_key }}"),
        call("nowhere", "http://127.0.0.1:1/{{ secrets.hook }}"),
        call("malformed", "{{ secrets.token }}"),
        told("hook", {"url": f"{url}/500", "eventType": "x", "headers": {"x-key": "{{ secrets.hook }}"}}),
        told("registered", {"webhookId": webhook_id, "eventType": "x", "headers": {"x-key": "{{ secrets.hook }}"}}),
        call("last", f"{url}/200", headers={"x-key": "{{ secrets.hook }}"}),
    )

    sent = {each.target.partition("?")[0]: each for each in world.service.asked}
    everything = str(world.service.asked)
    basic = base64.b64encode(f"ada:{SECRETS['password']}".encode()).decode()
    assert basic in everything
    assert f"/404/{SECRETS['hook']}" in sent
    assert f"Bearer {SECRETS['hook']}" in everything
    assert "an-access-token" in everything

    assert execution["status"] == "COMPLETED"
    steps = {step["path"]: step for step in execution["steps"]["nodes"]}
    assert steps["header"]["input"]["headers"] == {"x-key": "Key ***", "x-plain": "seen"}
    assert steps["header"]["output"]["body"]["headers"]["x-plain"] == "seen"
    assert steps["header"]["output"]["body"]["headers"]["x-key"] == "Key ***"
    assert steps["refused"]["error"]["code"] == "HTTP_STATUS"
    assert steps["refused"]["error"]["details"]["headers"]["x-said"] == "Bearer ***"
    assert steps["path"]["input"]["url"] == f"{url}/404/***?key=***"
    assert steps["body"]["input"]["body"] == {"deep": ["a ***"], "plain": "seen"}
    assert "***" in steps["nowhere"]["error"]["message"] + str(steps["nowhere"]["input"])
    assert steps["last"]["output"]["body"]["headers"]["x-key"] == "***"
    [event] = await world.real.database.fetch("SELECT attempts::text AS attempts FROM webhook_event")
    assert "***" in event["attempts"]

    shown = orjson.dumps([execution, await api.run("{ secrets { nodes { name createdAt updatedAt } } }")]).decode()
    dumped = await dump(world.real)
    assert {"secret", "step_execution", "workflow_execution", "webhook_event"} <= dumped.keys()
    for value in SECRETS.values():
        assert_nowhere(value, "what the API shows", shown)
        assert_nowhere(value, "what was logged", caplog.text)
        for table, text in dumped.items():
            assert_nowhere(value, table, text)


async def test_another_attempt_has_the_new_value(world: World) -> None:
    api = world.real.api
    await api.run(SET, name="token", value="the-old-value")
    seen: list[str] = []

    def rotating(asked: Asked) -> bytes:
        seen.append(asked.headers["x-key"])
        return reply({}, 200 if len(seen) == 2 else 503, retry_after="0")

    world.service.script = rotating
    step = call("a", world.service.url, headers={"x-key": "{{ secrets.token }}"})
    original = world.attempts.secrets

    class Rotated:
        """Sets the secret anew after it was first read."""

        async def opened(self, names: frozenset[str]) -> Any:
            found = await original.opened(names)
            await api.run(SET, name="token", value="the-new-value")
            return found

    world.attempts = StepRunner(world.attempts.executors, 100_000, secrets=Rotated())
    step["retry"] = {"strategy": "FIXED", "delay": "PT0.01S", "jitter": "NONE", "maxAttempts": 2}
    execution = await world.run(step)

    assert execution["status"] == "COMPLETED"
    assert seen == ["the-old-value", "the-new-value"]


async def test_a_header_with_a_secret_stays_at_home_when_a_redirect_leads_elsewhere(world: World) -> None:
    await world.real.api.run(SET, name="token", value="a-token-0123456789")
    elsewhere = world.service.url.replace("127.0.0.1", "localhost")

    def leading_away(asked: Asked) -> bytes:
        return reply({}, 302, location=f"{elsewhere}/there") if asked.target == "/here" else reply({})

    world.service.script = leading_away
    headers = {"x-key": "Key {{ secrets.token }}", "x-plain": "seen"}
    execution = await world.run(call("a", f"{world.service.url}/here", headers=headers, followRedirects=True))

    assert execution["status"] == "COMPLETED"
    here, there = world.service.asked
    assert here.headers["x-key"] == "Key a-token-0123456789"
    assert "x-key" not in there.headers
    assert there.headers["x-plain"] == "seen"


async def test_a_missing_secret_fails_its_step_at_once_and_says_what_to_do(world: World) -> None:
    execution = await world.run(call("a", world.service.url, headers={"x-key": "{{ secrets.nobody }}"}))

    [step] = execution["steps"]["nodes"]
    assert step["error"]["code"] == "SECRET_UNAVAILABLE"
    assert "stepgraph secrets set nobody" in step["error"]["message"]
    assert world.service.asked == []


async def test_everything_is_sealed_anew_under_the_newest_key(world: World, empty_postgres_url: str) -> None:
    api, old, new = world.real.api, bytes(32), bytes(range(32))
    for number in range(3):
        await api.run(SET, name=f"s{number}", value=f"value {number}")
    webhook = await api.run(
        "mutation Create($i: CreateWebhookInput!) { createWebhook(input: $i) "
        "{ ... on WebhookCreated { secret webhook { id } } } }",
        i={"name": "told", "direction": "OUTBOUND", "url": "https://receiver.example"},
    )

    first = webhook["createWebhook"]["secret"]
    id = webhook["createWebhook"]["webhook"]["id"]
    await world.real.database.fetch("UPDATE webhook SET previous_secret = secret, previous_secret_until = 'infinity'")

    done = await reencrypt(empty_postgres_url, [new, old])

    assert (done.secrets, done.webhooks, done.lost) == (3, 1, ())
    assert (await reencrypt(empty_postgres_url, [new])).secrets == 0
    opened = await StoredSecrets(api.storage.secrets, AesGcmCipher([new])).opened(frozenset({"s0", "s1", "s2"}))
    assert not hasattr(opened, "code")
    record = await api.storage.webhooks.find(id=from_public(id, IdKind.WEBHOOK))
    assert record is not None
    for sealed in (record.secret, record.previous_secret or b""):
        assert AesGcmCipher([new]).decrypt(sealed, purpose=f"webhook {record.id}").decode() == first

    lost = await reencrypt(empty_postgres_url, [bytes([7] * 32)])
    assert lost.lost == ("secret s0", "secret s1", "secret s2", f"webhook {id}")
