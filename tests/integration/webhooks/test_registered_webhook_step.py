"""WEBHOOK_CALL to a registered webhook: signed, listed among its events, and otherwise the step's own affair."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook

from actors.http.client import HttpClient
from actors.http.destinations import DestinationPolicy
from actors.steps.webhook_call import WebhookCallExecutor, event_id
from actors.webhooks.registered_webhooks import RegisteredWebhooks
from domain.circuit_breakers.ports import CircuitBreakers, Permit, Refused
from domain.executions.step_executor import Deferred, Failed, Outcome, StepCall, Succeeded
from domain.kernel.errors import Unavailable
from domain.kernel.failures import FailureCode
from domain.kernel.ids import IdKind, from_public, new_id, to_public
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import WebhookDirection, WebhookEventStatus
from domain.webhooks.model import WebhookEventRecord, WebhookRecord, purpose_of
from domain.webhooks.standard_webhooks import secret_text
from persistence.memory.tables import MemoryTables
from persistence.memory.webhooks.deliveries import MemoryWebhookDeliveries
from persistence.memory.webhooks.store import MemoryWebhookStore
from persistence.postgres.secrets.cipher import AesGcmCipher
from tests.builders import step
from tests.calls import EXECUTION, KEY, NOW, a_call, run
from tests.scripted_service import HANG, ScriptedService, reply, scripted_service
from tests.waiting import wait_until

SECRET, OLD_SECRET = secret_text(b"s" * 32), secret_text(b"o" * 32)
EVENT = event_id(EXECUTION, "tell")


class Storage(MemoryWebhookStore):
    """Webhooks that count how often one is looked up, and can be away."""

    lookups = 0
    is_away = False

    async def find(self, **given: Any) -> WebhookRecord | None:
        self.lookups += 1
        await asyncio.sleep(0)
        if self.is_away:
            raise Unavailable("PostgreSQL cannot be reached.")
        return await super().find(**given)


class Deliveries(MemoryWebhookDeliveries):
    """Deliveries that can be away."""

    is_away = False

    async def record_call(self, **given: Any) -> None:
        if self.is_away:
            raise Unavailable("PostgreSQL cannot be reached.")
        await super().record_call(**given)


@dataclass
class World:
    """A registered receiver, and steps that tell it of something."""

    executor: WebhookCallExecutor
    receiver: ScriptedService
    tables: MemoryTables
    webhooks: Storage
    deliveries: Deliveries
    webhook: WebhookRecord

    def register(self, **changes: Any) -> None:
        """Change the webhook."""
        self.webhook = replace(self.webhook, **changes)
        self.tables.webhooks[self.webhook.id] = self.webhook

    def call(self, *, given: dict[str, Any] | None = None, **config: Any) -> StepCall:
        called_at = {"called_at": datetime.now(UTC)}  # the public package asks the clock of the machine
        webhook_id = to_public(IdKind.WEBHOOK, self.webhook.id)
        config = {"webhookId": webhook_id, "eventType": "order.{{ input.what }}", **config}
        scope: dict[str, JsonValue] = {"input": {"what": "paid", "id": 7}}
        return a_call(step("tell", "WEBHOOK_CALL", config), scope=scope, **(called_at | (given or {})))

    async def run(self, **config: Any) -> Outcome:
        return await run(self.executor, self.call(**config))

    async def failed(self, code: FailureCode, **config: Any) -> Failed:
        outcome = await self.run(**config)
        assert isinstance(outcome, Failed), outcome
        assert outcome.error.code is code
        return outcome

    @property
    def event(self) -> WebhookEventRecord:
        [event] = self.tables.webhook_events.values()
        return event


@pytest.fixture
async def world() -> AsyncIterator[World]:
    tables, cipher, id = MemoryTables(), AesGcmCipher([bytes(32)]), new_id()
    webhooks, deliveries = Storage(tables), Deliveries(tables)
    registered = RegisteredWebhooks(webhooks, deliveries, cipher, kept_for=3_600)
    async with (
        scripted_service(lambda _: reply({"took": "it"}, status=202)) as receiver,
        HttpClient(DestinationPolicy(allow_loopback=True), user_agent="test") as client,
    ):
        webhook = WebhookRecord(
            id=id,
            name="warehouse",
            direction=WebhookDirection.OUTBOUND,
            url=f"{receiver.url}/hook",
            secret=cipher.encrypt(SECRET.encode(), purpose=purpose_of(id)),
            previous_secret=cipher.encrypt(OLD_SECRET.encode(), purpose=purpose_of(id)),
            previous_secret_until=datetime.now(UTC) + timedelta(hours=1),
            created_at=datetime.now(UTC),
            updated_at=datetime.now(UTC),
        )
        executor = WebhookCallExecutor(client, registered, key=b"k" * 32, public_url="https://flows.example")
        world = World(executor, receiver, tables, webhooks, deliveries, webhook)
        world.register()
        yield world


async def test_a_registered_webhook_is_called_at_its_address_and_signed_with_its_secrets(world: World) -> None:
    outcome = await world.run(
        payload={"orderId": "{{ input.id }}"}, headers={"x-tenant": "a", "webhook-signature": "-"}
    )

    assert outcome == Succeeded(output={"eventId": EVENT, "status": 202, "callback": None}, status_code=202)
    [asked] = world.receiver.asked
    assert (asked.method, asked.target) == ("POST", "/hook")
    for secret in (SECRET, OLD_SECRET):
        payload = Webhook(secret).verify(asked.body, dict(asked.headers))
        assert payload == {"type": "order.paid", "timestamp": "2026-01-31T08:00:00Z", "data": {"orderId": 7}}
    assert asked.headers["webhook-id"] == EVENT
    assert asked.headers["idempotency-key"] == KEY
    assert asked.headers["x-tenant"] == "a"


async def test_the_call_is_an_event_of_the_webhook(world: World) -> None:
    await world.run(payload={"orderId": 7})

    event = world.event
    assert (event.webhook_id, event.execution_id) == (world.webhook.id, EXECUTION)
    assert (to_public(IdKind.WEBHOOK_EVENT, event.id), event.event_type) == (EVENT, "order.paid")
    assert (event.status, event.last_status_code, event.last_error) == (WebhookEventStatus.DELIVERED, 202, None)
    assert event.payload == world.receiver.asked[0].json
    assert event.attempts[0].excerpt == '{"took": "it"}'


async def test_each_attempt_of_the_step_is_one_of_the_event(world: World) -> None:
    world.receiver.script = lambda _: reply({}, 503, retry_after="7")
    outcome = await world.failed(FailureCode.HTTP_STATUS)
    assert (outcome.retry_after, outcome.error.is_retryable) == (timedelta(seconds=7), True)
    assert (world.event.status, world.event.last_error) == (WebhookEventStatus.FAILED, "The receiver answered 503.")
    assert world.event.next_attempt_at is None
    world.receiver.script = lambda _: reply({})
    await world.run(given={"attempt": 2})

    assert [attempt.status_code for attempt in world.event.attempts] == [503, 200]
    assert world.event.status is WebhookEventStatus.DELIVERED
    assert [asked.headers["webhook-id"] for asked in world.receiver.asked] == [EVENT, EVENT]


async def test_an_attempt_that_the_step_gives_up_is_remembered_as_well(world: World) -> None:
    world.receiver.script = lambda _: HANG
    attempt = asyncio.ensure_future(run(world.executor, world.call()))
    await wait_until(lambda: world.receiver.asked, "the receiver is asked")
    attempt.cancel()
    await asyncio.wait([attempt])

    assert attempt.cancelled()
    await wait_until(lambda: world.tables.webhook_events, "it is remembered")
    assert (world.event.status, world.event.last_error) == (WebhookEventStatus.FAILED, "The step has given it up.")


class SilentBreakers(CircuitBreakers):
    """Breakers that never say whether a call may be made, and so are told of none."""

    asked = 0

    async def admit(self, service_id: str) -> Permit | Refused:
        self.asked += 1
        await asyncio.Event().wait()
        raise AssertionError("nobody waits for ever")

    async def succeeded(self, permit: Permit) -> None:
        raise AssertionError

    async def failed(self, permit: Permit) -> None:
        raise AssertionError

    def abandoned(self, permit: Permit) -> None:
        raise AssertionError


async def test_a_step_that_is_given_up_before_it_may_call_has_made_no_attempt(world: World) -> None:
    breakers = SilentBreakers()
    async with HttpClient(DestinationPolicy(allow_loopback=True), user_agent="test") as client:
        registered = RegisteredWebhooks(world.webhooks, world.deliveries, AesGcmCipher([bytes(32)]))
        executor = WebhookCallExecutor(client, registered, key=b"k", public_url="http://here.test", breakers=breakers)
        attempt = asyncio.ensure_future(run(executor, world.call()))
        await wait_until(lambda: breakers.asked, "the breaker is asked")
        attempt.cancel()
        await asyncio.wait([attempt])

    assert attempt.cancelled()
    assert not world.tables.webhook_events
    assert not world.receiver.asked


async def test_a_step_can_wait_for_a_registered_receiver_to_call_back(world: World) -> None:
    outcome = await world.run(awaitCallback="PT1H", given={"called_at": NOW})

    assert isinstance(outcome, Deferred)
    assert outcome.checkpoint == {"eventId": EVENT, "status": 202}
    url = world.receiver.asked[0].json["callbackUrl"]
    assert url.startswith("https://flows.example/hooks/")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"enabled": False}, "The webhook 'warehouse' is disabled."),
        (
            {"enabled": False, "disabled_reason": "The receiver answered 410 Gone."},
            "The webhook 'warehouse' is disabled: The receiver answered 410 Gone.",
        ),
        (
            {"direction": WebhookDirection.INBOUND, "url": None},
            "The webhook 'warehouse' is inbound: it can start a workflow, but not be called.",
        ),
    ],
)
async def test_what_cannot_be_called_fails_the_step_for_good(
    world: World, changes: dict[str, Any], message: str
) -> None:
    world.register(**changes)
    outcome = await world.failed(FailureCode.INVALID_REQUEST)

    assert outcome.error.message == message
    assert not outcome.error.is_retryable
    assert world.receiver.asked == []
    assert world.tables.webhook_events == {}


async def test_a_webhook_that_does_not_exist_fails_the_step_for_good(world: World) -> None:
    unknown = to_public(IdKind.WEBHOOK, new_id())
    outcome = await world.failed(FailureCode.INVALID_REQUEST, webhookId=unknown)
    assert outcome.error.message == f"There is no webhook {unknown!r}."
    outcome = await world.failed(FailureCode.INVALID_REQUEST, webhookId="warehouse")
    assert outcome.error.message == "The webhookId is malformed: 'warehouse' is not an id that starts with wh_."


async def test_a_secret_that_cannot_be_opened_fails_the_attempt(world: World) -> None:
    world.register(secret=b"?")
    outcome = await world.failed(FailureCode.INTERNAL)

    assert "cannot be decrypted" in outcome.error.message
    assert world.receiver.asked == []


async def test_steps_that_run_at_the_same_time_look_a_webhook_up_once(world: World) -> None:
    outcomes = await asyncio.gather(*(world.run() for _ in range(20)))

    assert all(isinstance(outcome, Succeeded) for outcome in outcomes)
    assert world.webhooks.lookups == 1


async def test_a_step_waits_for_the_address_of_its_webhook_while_the_database_is_away(world: World) -> None:
    world.webhooks.is_away = True
    waiting = asyncio.create_task(world.run())
    await wait_until(lambda: world.webhooks.lookups > 1, "the webhook is looked up again")
    assert not waiting.done()
    world.webhooks.is_away = False
    assert isinstance(await waiting, Succeeded)


async def test_what_was_delivered_is_no_failure_because_it_cannot_be_listed(world: World) -> None:
    world.deliveries.is_away = True
    assert isinstance(await world.run(), Succeeded)
    assert world.tables.webhook_events == {}


async def test_an_event_of_a_step_has_the_same_id_in_both_places(world: World) -> None:
    await world.run()
    assert from_public(world.receiver.asked[0].headers["webhook-id"], IdKind.WEBHOOK_EVENT) == world.event.id
