"""Addresses by which approvals are granted: hidden from readers, wherever they are stored."""

from datetime import timedelta
from typing import Any

import pytest

from domain.access.model import Principal
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.statuses import Role, StepStatus, WebhookEventStatus
from domain.webhooks.hook_tokens import HookAddresses
from domain.webhooks.model import WebhookAttempt
from tests.integration.graphql_api.api import NOON, Api, Hand, a_step
from tests.integration.graphql_api.webhooks.test_webhooks import create, store_event

STEPS = """execution(id: $id) { input output error { message details } steps { nodes {
  input output error { message details } attempts { error { message details } } } } }"""
PROGRESS = "subscription($id: ID!) { executionProgress(id: $id) { execution { output } steps { input output %s } } }"


async def address_everywhere(api: Api) -> tuple[Hand, str]:
    """An execution that has the address of its signals in everything that is stored of it."""
    await api.create_workflow()
    hand = await api.start()
    key = await api.services.installation.key()
    url = HookAddresses(key, api.options.public_url).of_signals(hand.execution_id, "approval")
    error = StepError(code=FailureCode.HTTP_STATUS, message=f"{url} answered 500", details={"sent": [url]})
    step = a_step("a", StepStatus.FAILED, input={"body": {"url": url}}, output=[url], error=error)
    await hand.commit(step, output={"text": f"see {url}"})
    return hand, url.rpartition("/")[2].partition("?")[0]


async def shown_to(api: Api, role: Role, hand: Hand) -> str:
    context = api.context()
    context.principal = Principal(name="somebody", role=role)
    query = f"query($id: ID!) {{ {STEPS} }}"
    result = await api.schema.execute(query, variable_values={"id": hand.id}, context_value=context)
    assert result.errors is None
    assert result.data is not None
    return str(result.data)


async def test_a_viewer_sees_a_mask_in_its_place(api: Api) -> None:
    hand, token = await address_everywhere(api)

    shown = await shown_to(api, Role.VIEWER, hand)

    assert token not in shown
    assert shown.count("/hooks/***?name=approval") == 5


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.EDITOR, Role.ADMIN])
async def test_who_may_send_signals_sees_it(api: Api, role: Role) -> None:
    hand, token = await address_everywhere(api)

    assert (await shown_to(api, role, hand)).count(token) == 5


EVENT = "payload attemptLog { error response } lastError"
WAYS = {
    "node": "query($id: ID!) { node(id: $id) { ... on WebhookEvent { %s } } }",
    "webhook": "query($webhook: ID!) { webhook(id: $webhook) { events { nodes { %s } } } }",
    "webhooks": "query { webhooks { nodes { events { nodes { %s } } } } }",
}
"""The queries that show a webhook's event."""


async def event_shown_to(api: Api, role: Role, way: str) -> tuple[str, str]:
    """An event whose payload and attempts all hold an address, as it is shown, and the address's token."""
    hand, token = await address_everywhere(api)
    url = HookAddresses(await api.services.installation.key(), api.options.public_url).of_callback(
        hand.execution_id, "a"
    )
    token = url.rpartition("/")[2]
    webhook = (await create(api))["webhook"]["id"]
    attempts = (
        WebhookAttempt(at=NOON, duration=timedelta(), error=f"Nobody answered at {url}."),
        WebhookAttempt(at=NOON, duration=timedelta(), status_code=500, error="500", excerpt=f'{{"called": "{url}"}}'),
        WebhookAttempt(at=NOON, duration=timedelta(), status_code=500, error="500", excerpt=f"cut off at {url[:-8]}"),
    )
    payload = {"data": {"callbackUrl": url, "list": [url], token: "as a name"}}
    id = store_event(
        api, webhook, status=WebhookEventStatus.FAILED, payload=payload, attempts=attempts, last_error=f"lost {url}"
    )
    context = api.context()
    context.principal = Principal(name="somebody", role=role)
    variables = {"id": id, "webhook": webhook}
    result = await api.schema.execute(WAYS[way] % EVENT, variable_values=variables, context_value=context)
    assert result.errors is None
    return str(result.data), token


@pytest.mark.parametrize("way", WAYS)
async def test_events_of_webhooks_and_their_attempts_are_masked_for_a_viewer(api: Api, way: str) -> None:
    shown, token = await event_shown_to(api, Role.VIEWER, way)

    assert token[:16] not in shown
    assert shown.count("/hooks/***") == 6


@pytest.mark.parametrize("way", WAYS)
async def test_events_of_webhooks_are_whole_for_who_may_answer_them(api: Api, way: str) -> None:
    shown, token = await event_shown_to(api, Role.OPERATOR, way)

    assert shown.count(token) == 6


@pytest.mark.parametrize("beside", ["path", "attempts { number }"])
async def test_events_are_masked_too(api: Api, beside: str) -> None:
    hand, token = await address_everywhere(api)
    context = api.context()
    context.principal = Principal(name="a viewer", role=Role.VIEWER)
    query = PROGRESS.replace("%s", beside)
    stream: Any = await api.schema.stream(query, variable_values={"id": hand.id}, context_value=context)

    event = await anext(stream)
    await stream.aclose()

    assert event.errors is None
    assert token not in str(event.data)
    assert "***" in str(event.data)
