"""Inbound webhooks: what is refused, what the sender is told of that, and what is remembered of it."""

from datetime import timedelta

import pytest

from domain.executions.records import ExecutionRecord
from domain.executions.service import ExecuteRequest
from domain.kernel.errors import InvalidInput, InvalidState, NotFound, StepgraphError, Unauthenticated, Unavailable
from domain.kernel.ids import new_id
from domain.kernel.statuses import InboundSignature, WebhookDirection, WebhookEventStatus, WorkflowStatus
from domain.webhooks.model import WebhookChanges
from domain.webhooks.receiving import REFUSALS_A_MINUTE
from domain.webhooks.service import CreateWebhook
from domain.webhooks.standard_webhooks import signed_headers
from domain.workflows.service import UpdateWorkflow
from tests.unit.domain.conftest import Services
from tests.unit.domain.executions.gate import JSON, Gate, UnrecordedEvents, a_gate, receiving_over


@pytest.fixture
async def gate(services: Services) -> Gate:
    return await a_gate(services)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"{", "application/json"),
        (b"NaN", "application/json"),
        (b'"\xff"', "application/json"),
        (b'{"a": "\\u0000"}', "application/json"),
        (b'{"\\u0000": 1}', "application/json"),
        (b'{"a": "\\ud800"}', "application/json"),
        (b"[" * 300 + b"]" * 300, "application/json"),
        (b"[" * 100_000, "application/json"),
        (b"a\0b", "text/plain"),
        (b'{"a": "\\u0000"}', ""),
        (b'"' + b"x" * 20_000 + b'"', "application/json"),
    ],
)
async def test_a_body_that_cannot_be_taken_is_refused_with_where_it_is_wrong(
    gate: Gate, body: bytes, content_type: str
) -> None:
    await gate.open(InboundSignature.NONE)
    with pytest.raises(InvalidInput) as refused:
        await gate.deliver(body, {"content-type": content_type} if content_type else {})
    assert refused.value.problems[0].path[0] in ("body", "input")
    assert gate.executions == 0
    assert [event.status for event in gate.events] == [WebhookEventStatus.REJECTED]


async def test_an_expression_that_fails_rejects_the_message_and_says_why(gate: Gate) -> None:
    await gate.open(input="body.order.id + 1")
    with pytest.raises(InvalidInput) as refused:
        await gate.send({"order": {"id": "x"}})
    [problem] = refused.value.problems
    assert problem.path == ("input",)
    with pytest.raises(InvalidInput):
        await gate.send({})  # it gives nothing at all

    assert [event.status for event in gate.events] == [WebhookEventStatus.REJECTED]
    assert gate.events[0].last_error == str(refused.value)
    assert gate.events[0].payload == {"order": {"id": "x"}}


async def test_why_a_message_was_refused_can_be_stored_whatever_it_quotes(gate: Gate) -> None:
    await gate.open(InboundSignature.NONE, input="$number(query.q)")
    for number, value in enumerate(("\0", "x" * 100_000)):
        with pytest.raises(InvalidInput):
            await gate.deliver(query={"q": value})
        reason = gate.events[number].last_error
        assert reason is not None
        assert "\0" not in reason
        assert len(reason) <= 1_000


async def test_an_input_that_the_workflow_does_not_take_is_rejected_with_its_problems(gate: Gate) -> None:
    strict = await gate.services.store_workflow(
        name="strict", inputSchema={"type": "object", "required": ["a", "b"], "properties": {"a": {"type": "integer"}}}
    )
    gate.workflow_id = strict.id
    await gate.open()
    with pytest.raises(InvalidInput) as refused:
        await gate.send({"a": "x"})
    assert len(refused.value.problems) == 2
    assert all(problem.path[0] == "input" for problem in refused.value.problems)

    assert await gate.send({"a": 1, "b": 2}) is not None  # the same id, now that it is right
    assert [event.status for event in gate.events] == [WebhookEventStatus.REJECTED, WebhookEventStatus.RECEIVED]


async def test_a_paused_or_deleted_workflow_starts_nothing(gate: Gate) -> None:
    await gate.open()
    await gate.services.workflows.update(UpdateWorkflow(workflow_id=gate.workflow_id, status=WorkflowStatus.PAUSED))
    with pytest.raises(InvalidState, match="PAUSED"):
        await gate.send({})
    await gate.services.workflows.delete(gate.workflow_id)
    with pytest.raises(InvalidState, match="was deleted"):
        await gate.send({})
    assert gate.executions == 0
    assert [event.status for event in gate.events] == [WebhookEventStatus.REJECTED]  # both are the same message


async def test_what_is_not_signed_is_not_read(gate: Gate) -> None:
    await gate.open()
    for headers in (JSON, {**JSON, **signed_headers(["a" * 40], id="x", at=gate.services.clock.now(), body=b"{}")}):
        with pytest.raises(Unauthenticated):
            await gate.deliver(b"{}", headers)
    assert gate.executions == 0
    assert {(event.status, event.payload, event.external_id) for event in gate.events} == {
        (WebhookEventStatus.REJECTED, None, None)
    }


async def test_strangers_cannot_fill_the_table_nor_hide_what_others_are_refused_for(gate: Gate) -> None:
    await gate.open(input="body.x")

    async def knock(times: int) -> None:
        for _ in range(times):
            with pytest.raises(Unauthenticated):
                await gate.deliver()

    await knock(200)
    assert len(gate.events) == REFUSALS_A_MINUTE
    with pytest.raises(InvalidInput):
        await gate.send({})
    assert len(gate.events) == REFUSALS_A_MINUTE + 1
    gate.services.clock.advance(timedelta(minutes=1))
    await knock(1)
    assert len(gate.events) == REFUSALS_A_MINUTE + 2


async def test_an_old_message_is_refused_even_if_it_was_never_seen(gate: Gate) -> None:
    await gate.open()
    signed = signed_headers([gate.secret], id="a", at=gate.services.clock.now(), body=b"{}")
    gate.services.clock.advance(timedelta(minutes=6))
    with pytest.raises(Unauthenticated, match="too far"):
        await gate.deliver(b"{}", {**JSON, **signed})


async def test_a_webhook_that_is_disabled_deleted_or_outbound_is_not_there(gate: Gate) -> None:
    await gate.open()
    outbound = await gate.webhooks.create(
        CreateWebhook(name="out", direction=WebhookDirection.OUTBOUND, url="https://example.com")
    )
    await gate.webhooks.update(gate.id, WebhookChanges(enabled=False))

    async def refused() -> None:
        with pytest.raises(NotFound):
            await gate.send({})

    await refused()
    await gate.webhooks.update(gate.id, WebhookChanges(enabled=True))
    assert await gate.send({}) is not None
    await gate.webhooks.delete(gate.id)
    await refused()
    gate.id = outbound.webhook.id
    await refused()
    gate.id = new_id()
    await refused()


async def test_the_database_away_while_a_refusal_is_stored_changes_nothing_about_the_refusal(
    gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    await gate.open()
    away = UnrecordedEvents(gate.services, Unavailable("PostgreSQL cannot be reached."))
    gate.receiving = receiving_over(gate.services, webhooks=away)
    with pytest.raises(Unauthenticated):
        await gate.deliver()
    assert "is not stored" in caplog.text


@pytest.mark.parametrize("error", [StepgraphError("no"), ValueError("no")])
async def test_what_nobody_foresaw_is_not_taken_for_a_refusal(gate: Gate, error: Exception) -> None:
    class Broken:
        async def execute(self, request: ExecuteRequest) -> ExecutionRecord:
            raise error

    await gate.open()
    gate.receiving = receiving_over(gate.services, executions=Broken())
    with pytest.raises(type(error)):
        await gate.send({})
    assert gate.events == []
