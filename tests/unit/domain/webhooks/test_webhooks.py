"""Registering webhooks: every problem at once, secrets shown once and kept sealed, what may be changed and how."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.kernel.errors import Conflict, InvalidInput, InvalidState, NotFound
from domain.kernel.ids import new_id
from domain.kernel.statuses import EventType, InboundSignature, WebhookDirection, WebhookEventStatus
from domain.webhooks.checks import input_problems
from domain.webhooks.model import WebhookChanges, WebhookEventRecord
from domain.webhooks.secrets import opened_secrets
from domain.webhooks.service import CreatedWebhook, CreateWebhook, WebhookService
from domain.webhooks.standard_webhooks import secret_key, secret_text
from persistence.postgres.secrets.cipher import AesGcmCipher
from tests.unit.domain.conftest import Services

CIPHER = AesGcmCipher([bytes(32)])
URL = "https://example.com/hooks"
IN, OUT = WebhookDirection.INBOUND, WebhookDirection.OUTBOUND


@dataclass(frozen=True)
class Desk:
    """The service, and a workflow to start."""

    services: Services
    webhooks: WebhookService
    workflow_id: UUID

    async def outbound(self, **members: Any) -> CreatedWebhook:
        given = {"name": "audit", "url": URL, **members}
        return await self.webhooks.create(CreateWebhook(direction=OUT, **given))

    async def inbound(self, **members: Any) -> CreatedWebhook:
        given = {"name": "pushes", "workflow_id": self.workflow_id, **members}
        return await self.webhooks.create(CreateWebhook(direction=IN, **given))

    async def paths(self, **members: Any) -> list[tuple[str, ...]]:
        """The paths of a webhook's problems."""
        with pytest.raises(InvalidInput) as refused:
            await self.webhooks.create(CreateWebhook(**members))
        return [problem.path for problem in refused.value.problems]


@pytest.fixture
async def desk(services: Services) -> Desk:
    storage = services.storage
    webhooks = WebhookService(
        webhooks=storage.webhooks, workflows=storage.workflows, cipher=CIPHER, clock=services.clock
    )
    return Desk(services, webhooks, (await services.store_workflow()).id)


async def test_an_outbound_webhook_knows_where_to_and_what_of(desk: Desk) -> None:
    created = await desk.outbound(event_types=["execution.failed", "execution.completed", "execution.failed"])

    stored = await desk.services.storage.webhooks.find(id=created.webhook.id)
    assert stored == created.webhook
    assert (stored.url, stored.enabled, stored.input, stored.workflow_id) == (URL, True, None, None)
    assert stored.event_types == (EventType.EXECUTION_FAILED, EventType.EXECUTION_COMPLETED)
    assert len(secret_key(created.secret)) == 32


async def test_a_secret_is_sealed_and_only_its_webhook_can_open_it(desk: Desk) -> None:
    created = await desk.outbound()
    other = await desk.outbound(name="other")

    assert created.secret.encode() not in created.webhook.secret
    assert opened_secrets(created.webhook, CIPHER, desk.services.clock.now()) == [created.secret]
    swapped = replace(other.webhook, secret=created.webhook.secret)
    with pytest.raises(Exception, match="cannot be decrypted"):
        opened_secrets(swapped, CIPHER, desk.services.clock.now())


@pytest.mark.parametrize("signature", InboundSignature)
async def test_each_scheme_has_a_secret_of_its_kind_made_up(desk: Desk, signature: InboundSignature) -> None:
    secret = (await desk.inbound(signature=signature)).secret
    match signature:
        case InboundSignature.NONE:
            assert secret == ""
        case InboundSignature.STANDARD_WEBHOOKS:
            assert secret.startswith("whsec_")
        case _:
            assert len(secret) >= 40


async def test_a_secret_may_be_given(desk: Desk) -> None:
    secret = secret_text(b"k" * 24)
    assert (await desk.inbound(secret=secret)).secret == secret
    text = "It's a Secret to Everybody"
    created = await desk.inbound(name="github", signature=InboundSignature.GITHUB, secret=text)
    assert created.secret == text


@pytest.mark.parametrize(
    ("signature", "secret"),
    [
        (InboundSignature.STANDARD_WEBHOOKS, "whsec_" + "a" * 20),
        (InboundSignature.STANDARD_WEBHOOKS, "not base64 at all, but long enough"),
        (InboundSignature.GITHUB, "x" * 15),
        (InboundSignature.STRIPE, "x" * 1025),
        (InboundSignature.HMAC_SHA256, "x" * 20 + "\n"),
        (InboundSignature.NONE, "x" * 20),
    ],
)
async def test_a_secret_that_is_none_is_refused(desk: Desk, signature: InboundSignature, secret: str) -> None:
    paths = await desk.paths(name="a", direction=IN, workflow_id=desk.workflow_id, signature=signature, secret=secret)
    assert paths == [("secret",)]


async def test_all_problems_of_an_inbound_webhook_are_told_at_once(desk: Desk) -> None:
    paths = await desk.paths(
        name=" ", direction=IN, url=URL, event_types=["execution.failed"], input="body.", secret="short"
    )
    assert paths == [("name",), ("workflowId",), ("url",), ("eventTypes",), ("input",), ("secret",)]
    assert await desk.paths(name="a", direction=IN, workflow_id=new_id()) == [("workflowId",)]


async def test_all_problems_of_an_outbound_webhook_are_told_at_once(desk: Desk) -> None:
    paths = await desk.paths(
        name="x" * 257,
        direction=OUT,
        workflow_id=new_id(),
        event_types=["execution.failed", "execution.faild"],
        input="body",
        signature=InboundSignature.GITHUB,
    )
    assert paths == [("name",), ("url",), ("eventTypes", "1"), ("input",), ("workflowId",), ("signature",)]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "ftp://example.com",
        "https://",
        "http://user:password@example.com",
        "https://example.com/#here",
        "https://example.com/a b",
        "https://example.com:port",
        "https://[::1",
        "https://example.com/\n",
        "https://example.com/" + "a" * 2048,
        "javascript:alert(1)",
    ],
)
async def test_an_address_is_http_and_nothing_else(desk: Desk, url: str) -> None:
    assert await desk.paths(name="a", direction=OUT, url=url) == [("url",)]


def test_the_expression_of_an_input_sees_the_message_and_the_webhook() -> None:
    assert (
        input_problems('{"a": body.items[0].x, "b": headers."x-github-event", "c": query.q, "d": webhook.name}') == []
    )
    for source, words in (
        ("input.x", "Nothing is called `input`"),
        ("steps.a.output", "Nothing is called `steps`"),
        ("webhook.secret", "There is no 'secret' in `webhook`"),
        ("secrets.key", "Secrets are for steps"),
        ("body.(", "at character"),
        ("", "empty"),
        ('"\0"', "cannot be stored"),
    ):
        [problem] = input_problems(source)
        assert words in problem.message


async def test_a_name_is_taken_once(desk: Desk) -> None:
    created = await desk.outbound()
    with pytest.raises(Conflict):
        await desk.inbound(name="audit")
    other = await desk.outbound(name="other")
    with pytest.raises(Conflict):
        await desk.webhooks.update(other.webhook.id, WebhookChanges(name="audit"))
    assert (await desk.webhooks.update(created.webhook.id, WebhookChanges(name="audit"))).name == "audit"


async def test_what_is_left_out_of_a_change_stays(desk: Desk) -> None:
    id = (await desk.inbound(input="body.x")).webhook.id

    changed = await desk.webhooks.update(id, WebhookChanges(enabled=False))
    assert (changed.enabled, changed.input, changed.workflow_id) == (False, "body.x", desk.workflow_id)
    changed = await desk.webhooks.update(id, WebhookChanges(input=None, name="other"))
    assert (changed.enabled, changed.input, changed.name) == (False, None, "other")


async def test_a_change_is_checked_like_a_new_one(desk: Desk) -> None:
    inbound, outbound = (await desk.inbound()).webhook.id, (await desk.outbound()).webhook.id
    for id, changes, path in (
        (inbound, WebhookChanges(url=URL), ("url",)),
        (inbound, WebhookChanges(workflow_id=None), ("workflowId",)),
        (inbound, WebhookChanges(workflow_id=new_id()), ("workflowId",)),
        (inbound, WebhookChanges(input="steps.x"), ("input",)),
        (inbound, WebhookChanges(enabled=None), ("enabled",)),
        (outbound, WebhookChanges(url=None), ("url",)),
        (outbound, WebhookChanges(name=None), ("name",)),
        (outbound, WebhookChanges(event_types=["x"]), ("eventTypes", "0")),
    ):
        with pytest.raises(InvalidInput) as refused:
            await desk.webhooks.update(id, changes)
        assert [problem.path for problem in refused.value.problems] == [path]
    assert (await desk.webhooks.update(outbound, WebhookChanges(event_types=None))).event_types == ()


async def test_a_webhook_whose_workflow_is_gone_can_still_be_switched_off(desk: Desk) -> None:
    id = (await desk.inbound()).webhook.id
    await desk.services.workflows.delete(desk.workflow_id)
    assert not (await desk.webhooks.update(id, WebhookChanges(enabled=False))).enabled


async def test_enabling_forgets_past_failures(desk: Desk) -> None:
    storage = desk.services.storage
    webhook = (await desk.outbound()).webhook
    failed = replace(
        webhook, enabled=False, disabled_reason="Every delivery has failed.", failing_since=desk.services.clock.now()
    )
    storage.tables.webhooks[webhook.id] = failed

    enabled = await desk.webhooks.update(webhook.id, WebhookChanges(enabled=True))
    assert (enabled.disabled_reason, enabled.failing_since) == (None, None)


async def test_after_a_rotation_both_secrets_are_good_for_a_day(desk: Desk) -> None:
    created = await desk.inbound()
    rotated = await desk.webhooks.rotate(created.webhook.id)
    clock = desk.services.clock

    assert rotated.secret not in ("", created.secret)
    assert opened_secrets(rotated.webhook, CIPHER, clock.now()) == [rotated.secret, created.secret]
    clock.advance(timedelta(hours=24))
    assert opened_secrets(rotated.webhook, CIPHER, clock.now()) == [rotated.secret]


async def test_a_rotation_may_bring_a_secret_of_the_senders(desk: Desk) -> None:
    stripe = (await desk.inbound(signature=InboundSignature.STRIPE)).webhook.id
    assert (await desk.webhooks.rotate(stripe, "whsec_from_stripe")).secret == "whsec_from_stripe"
    with pytest.raises(InvalidInput):
        await desk.webhooks.rotate(stripe, "short")


async def test_where_nothing_is_signed_nothing_can_be_rotated(desk: Desk) -> None:
    id = (await desk.inbound(signature=InboundSignature.NONE)).webhook.id
    with pytest.raises(InvalidInput, match="has no secret"):
        await desk.webhooks.rotate(id)


async def test_a_deleted_webhook_is_gone_with_its_events(desk: Desk) -> None:
    id = (await desk.outbound()).webhook.id
    event = an_event(id, WebhookEventStatus.DELIVERED, desk)
    await desk.webhooks.delete(id)

    assert await desk.services.storage.webhooks.events([event.id]) == {}
    for use in (desk.webhooks.delete(id), desk.webhooks.rotate(id), desk.webhooks.update(id, WebhookChanges())):
        with pytest.raises(NotFound) as missing:
            await use
        assert missing.value.key.startswith("wh_")


async def test_an_event_that_was_sent_can_be_sent_again(desk: Desk) -> None:
    id = (await desk.outbound()).webhook.id
    for status in (WebhookEventStatus.DELIVERED, WebhookEventStatus.FAILED):
        replayed = await desk.webhooks.replay(an_event(id, status, desk).id)
        assert (replayed.status, replayed.next_attempt_at) == (WebhookEventStatus.PENDING, desk.services.clock.now())


async def test_what_came_in_or_is_on_its_way_cannot_be_sent_again(desk: Desk) -> None:
    id = (await desk.outbound()).webhook.id
    for status in (WebhookEventStatus.PENDING, WebhookEventStatus.RECEIVED, WebhookEventStatus.REJECTED):
        with pytest.raises(InvalidState):
            await desk.webhooks.replay(an_event(id, status, desk).id)
    with pytest.raises(NotFound) as missing:
        await desk.webhooks.replay(new_id())
    assert missing.value.key.startswith("we_")


def an_event(webhook_id: UUID, status: WebhookEventStatus, desk: Desk) -> WebhookEventRecord:
    """An event that is stored."""
    event = WebhookEventRecord(
        id=new_id(),
        webhook_id=webhook_id,
        event_type="execution.completed",
        status=status,
        payload={},
        created_at=desk.services.clock.now(),
    )
    desk.services.storage.tables.webhook_events[event.id] = event
    return event
