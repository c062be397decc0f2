"""Inbound webhooks: what is believed starts one execution, whatever is repeated, raced or cut short."""

import asyncio
import hashlib
import hmac
from datetime import timedelta
from uuid import UUID

import pytest

from domain.kernel.errors import NotFound, Unauthenticated, Unavailable
from domain.kernel.ids import IdKind, to_public
from domain.kernel.json.text import JsonValue, dumps
from domain.kernel.statuses import InboundSignature, WebhookEventStatus, WorkflowStatus
from domain.webhooks.model import WebhookChanges
from domain.webhooks.standard_webhooks import signed_headers
from domain.workflows.service import UpdateWorkflow
from tests.unit.domain.conftest import Services
from tests.unit.domain.executions.gate import JSON, Gate, UnrecordedEvents, a_gate, receiving_over


@pytest.fixture
async def gate(services: Services) -> Gate:
    return await a_gate(services)


async def test_a_message_starts_an_execution_with_its_body(gate: Gate) -> None:
    await gate.open()
    execution_id = await gate.send({"type": "order.paid", "n": 2**70})

    assert gate.input_of(execution_id) == {"type": "order.paid", "n": 2**70}
    assert execution_id is not None
    record = gate.services.storage.tables.executions[execution_id]
    assert (record.workflow_id, record.labels) == (gate.workflow_id, {"webhook": "gate"})
    [event] = gate.events
    assert (event.status, event.event_type, event.external_id) == (
        WebhookEventStatus.RECEIVED,
        "order.paid",
        "msg_1",
    )
    assert (event.execution_id, event.payload) == (execution_id, {"type": "order.paid", "n": 2**70})


async def test_the_expression_builds_the_input_and_sees_nothing_secret(gate: Gate) -> None:
    await gate.open(input='{"n": body.n, "source": headers."x-source", "mode": query.mode, "by": webhook.name}')
    body = dumps({"n": 7}).encode()
    signed = signed_headers([gate.secret], id="a", at=gate.services.clock.now(), body=body)
    headers = {**JSON, **signed, "x-source": "shop", "authorization": "Bearer x", "cookie": "c", "x-api-key": "k"}
    started = await gate.deliver(body, headers, {"mode": ["a", "b"]})
    assert gate.input_of(started) == {"n": 7, "source": "shop", "mode": ["a", "b"], "by": "gate"}

    await gate.webhooks.update(gate.id, WebhookChanges(input="headers"))
    signed = signed_headers([gate.secret], id="b", at=gate.services.clock.now(), body=body)
    seen = gate.input_of(await gate.deliver(body, {**headers, **signed}))
    assert isinstance(seen, dict)
    assert sorted(seen) == ["content-type", "webhook-id", "webhook-timestamp", "x-source"]

    await gate.webhooks.update(gate.id, WebhookChanges(input="webhook.id"))
    assert gate.input_of(await gate.send({}, id="c")) == to_public(IdKind.WEBHOOK, gate.id)


async def test_a_repeated_message_gives_the_same_execution(gate: Gate) -> None:
    await gate.open()
    first = await gate.send({"n": 1})
    gate.services.clock.advance(timedelta(minutes=3))

    assert await gate.send({"n": 1}) == first
    assert await gate.send({"n": 2}, id="msg_1") == first  # signed, so it is the sender who says so
    assert await gate.send({"n": 1}, id="msg_2") != first
    assert (gate.executions, len(gate.events)) == (2, 2)


async def test_fifty_at_the_same_moment_start_one(gate: Gate) -> None:
    await gate.open()
    answers = await asyncio.gather(*(gate.send({"n": 1}) for _ in range(50)))
    assert len(set(answers)) == 1
    assert (gate.executions, len(gate.events)) == (1, 1)


async def test_a_crash_before_the_event_is_stored_starts_nothing_twice(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    await gate.open()

    async def away(*_: object) -> None:
        raise Unavailable("PostgreSQL cannot be reached.")

    with monkeypatch.context() as broken:
        broken.setattr(gate.services.storage.webhooks, "record_inbound", away)
        with pytest.raises(Unavailable):
            await gate.send({"n": 1})
    assert (gate.executions, gate.events) == (1, [])

    [started] = gate.services.storage.tables.executions
    assert await gate.send({"n": 1}) == started
    assert (gate.executions, len(gate.events)) == (1, 1)


async def test_a_repeated_message_has_its_answer_even_when_nothing_could_be_started_any_more(gate: Gate) -> None:
    await gate.open()
    first = await gate.send({"n": 1})
    await gate.services.workflows.update(UpdateWorkflow(workflow_id=gate.workflow_id, status=WorkflowStatus.PAUSED))
    assert await gate.send({"n": 1}) == first


async def test_githubs_messages_are_known_by_their_body_for_nothing_else_is_signed(gate: Gate) -> None:
    await gate.open(InboundSignature.GITHUB)
    body = b'{"ref": "refs/heads/main"}'
    code = hmac.new(gate.secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {**JSON, "x-hub-signature-256": f"sha256={code}", "x-github-event": "push", "x-github-delivery": "1"}

    first = await gate.deliver(body, headers)
    gate.services.clock.advance(timedelta(days=20))
    assert await gate.deliver(body, {**headers, "x-github-delivery": "2"}) == first
    assert (gate.executions, gate.events[0].event_type) == (1, "push")


async def test_githubs_ping_is_taken_and_starts_nothing(gate: Gate) -> None:
    await gate.open(InboundSignature.GITHUB)
    body = b'{"zen": "Keep it logically awesome."}'
    code = hmac.new(gate.secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {**JSON, "x-hub-signature-256": f"sha256={code}", "x-github-event": "ping"}

    assert await gate.deliver(body, headers) is None
    assert await gate.deliver(body, headers) is None
    [event] = gate.events
    assert (gate.executions, event.status, event.event_type) == (0, WebhookEventStatus.RECEIVED, "ping")


async def test_stripes_messages_are_known_by_the_id_of_the_event(gate: Gate) -> None:
    await gate.open(InboundSignature.STRIPE)

    async def send(value: JsonValue) -> UUID | None:
        body, at = dumps(value).encode(), int(gate.services.clock.now().timestamp())
        code = hmac.new(gate.secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        return await gate.deliver(body, {**JSON, "stripe-signature": f"t={at},v1={code}"})

    first = await send({"id": "evt_1", "type": "charge.succeeded"})
    gate.services.clock.advance(timedelta(hours=1))
    assert await send({"id": "evt_1", "type": "charge.succeeded", "pending_webhooks": 2}) == first
    assert await send({"id": "evt_2", "type": "charge.succeeded"}) != first
    assert [event.event_type for event in gate.events] == ["charge.succeeded"] * 2


async def test_without_a_signature_each_message_counts_unless_it_has_an_id(gate: Gate) -> None:
    await gate.open(InboundSignature.NONE)
    assert await gate.deliver() != await gate.deliver()
    keyed = {**JSON, "idempotency-key": "k"}
    assert await gate.deliver(b"1", keyed) == await gate.deliver(b"2", keyed)
    assert gate.executions == 3


@pytest.mark.parametrize(
    ("body", "content_type", "value"),
    [
        (b"", "application/json", None),
        (b"null", "application/json", None),
        (b'{"a": [1]}', "application/cloudevents+json; charset=utf-8", {"a": [1]}),
        (b'{"a": 1}', "", {"a": 1}),
        (b"a=1&b=2", "application/x-www-form-urlencoded", "a=1&b=2"),
        (b'{"a": 1}', "text/plain", '{"a": 1}'),
        ("käse".encode(), "text/plain; charset=utf-8", "käse"),
        (b"hello", "", "hello"),
    ],
)
async def test_json_is_read_and_anything_else_is_a_text(
    gate: Gate, body: bytes, content_type: str, value: JsonValue
) -> None:
    await gate.open(InboundSignature.NONE)
    headers = {"content-type": content_type} if content_type else {}
    assert gate.input_of(await gate.deliver(body, headers)) == value


async def test_during_a_rotation_both_secrets_are_good(gate: Gate) -> None:
    await gate.open()
    new = (await gate.webhooks.rotate(gate.id)).secret
    assert await gate.send({}, id="a") is not None
    assert await gate.send({}, id="b", secret=new) is not None
    gate.services.clock.advance(timedelta(hours=25))
    with pytest.raises(Unauthenticated):
        await gate.send({}, id="c")
    assert await gate.send({}, id="d", secret=new) is not None


async def test_a_webhook_that_is_deleted_meanwhile_still_answers(gate: Gate) -> None:
    await gate.open()
    gone = UnrecordedEvents(gate.services, NotFound("webhook", "x"))
    gate.receiving = receiving_over(gate.services, webhooks=gone)
    assert await gate.send({}) is not None


async def test_an_id_of_any_length_makes_a_key_that_is_allowed(gate: Gate) -> None:
    await gate.open()
    first = await gate.send({}, id="x" * 5000)
    assert await gate.send({}, id="x" * 5000) == first
    assert await gate.send({}, id="x" * 4999) != first
