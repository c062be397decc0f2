"""The page about webhooks does what it says: its operations are run, its shell sends, and its Python checks."""

import asyncio
import os
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from inspect import signature as signature_of
from typing import Any

import yaml

from actors.webhooks.sender import WebhookSender
from domain.kernel.statuses import EventType, InboundSignature, WebhookEventStatus
from domain.webhooks.checks import MAX_SECRET_CHARACTERS, MIN_SECRET_CHARACTERS
from domain.webhooks.inbound_signatures import refusal_of
from domain.webhooks.model import DISABLED_AFTER, EXCERPT_BYTES, LONGEST_RETRY_AFTER, RETRY_DELAYS, ROTATION_GRACE
from domain.webhooks.payloads import MAX_OUTPUT_BYTES
from domain.webhooks.receiving import REFUSALS_A_MINUTE
from domain.webhooks.standard_webhooks import TOLERANCE, signed_headers
from graphql_api.context import ApiOptions
from tests.examples import EXAMPLES
from tests.integration.graphql_api.api import Api, LiveServer, serving
from tests.integration.graphql_api.webhooks.test_webhooks import store_event
from tests.repository import ROOT

PAGE = (ROOT / "docs" / "webhooks.md").read_text()
OPERATIONS = {text.split()[1].partition("(")[0]: text for text in re.findall(r"```graphql\n(.*?)```", PAGE, re.DOTALL)}
APPLY = "mutation ($document: JSON!) { applyWorkflow(document: $document) { ... on Workflow { id } } }"


async def incident_response(api: Api) -> str:
    """The id of the workflow of the examples, stored."""
    document = yaml.safe_load((EXAMPLES / "incident.yaml").read_text())
    id: str = (await api.run(APPLY, document=document))["applyWorkflow"]["id"]
    return id


async def test_being_told_from_the_registration_to_the_removal(api: Api) -> None:
    created = (await api.run(OPERATIONS["Tell"]))["createWebhook"]
    id = created["webhook"]["id"]
    assert created["secret"].startswith("whsec_")
    event_id = store_event(api, id, status=WebhookEventStatus.FAILED)

    shown = (await api.run(OPERATIONS["Deliveries"], id=id))["webhook"]
    assert [event["status"] for event in shown["events"]["nodes"]] == ["FAILED"]
    assert (await api.run(OPERATIONS["SendAgain"], eventId=event_id))["replayWebhookEvent"]["status"] == "PENDING"
    assert (await api.run(OPERATIONS["List"]))["webhooks"]["totalCount"] == 1
    changed = (await api.run(OPERATIONS["Change"], id=id))["updateWebhook"]
    assert changed == {"id": id, "enabled": True, "eventTypes": []}
    rotated = (await api.run(OPERATIONS["NewSecret"], id=id))["rotateWebhookSecret"]
    assert rotated["webhook"]["previousSecretUntil"] == "2030-01-02T12:00:00Z"
    assert (await api.run(OPERATIONS["Remove"], id=id))["deleteWebhook"] == {"id": id}


async def test_the_shell_of_a_monitoring_system_starts_the_incident_response() -> None:
    api = Api()
    async with serving(api) as server:
        api = moved(api, server)
        created = (await api.run(OPERATIONS["LetIn"], workflowId=await incident_response(api)))["createWebhook"]
        [script] = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
        surroundings = {**os.environ, "URL": created["webhook"]["url"], "SECRET": created["secret"], "NO_PROXY": "*"}
        process = await asyncio.create_subprocess_exec(
            "sh", "-ec", script, env=surroundings, stdout=asyncio.subprocess.PIPE
        )
        answer, _ = await asyncio.wait_for(process.communicate(), 20)

    [execution] = api.storage.tables.executions.values()
    assert answer.decode().startswith('{"executionId":"ex_')
    assert execution.labels == {"webhook": "alerts"}
    assert execution.input == {
        "service": "checkout",
        "severity": "critical",
        "summary": "5 % of the payments fail",
    }


def moved(api: Api, server: LiveServer) -> Api:
    """The API with the server's address as its public URL."""
    return Api(storage=api.storage, clock=api.clock, options=replace(api.options, public_url=server.url))


def test_the_python_of_a_receiver_believes_us_and_nobody_else() -> None:
    [code] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    receive = names["receive"]
    secret, other = "whsec_" + "a" * 32, "whsec_" + "b" * 32
    body = b'{"type": "execution.failed"}'
    headers = signed_headers([secret, other], id="we_1", at=datetime.now(UTC), body=body)

    assert receive(secret, body, headers) == receive(other, body, headers) == {"type": "execution.failed"}
    assert receive("whsec_" + "c" * 32, body, headers) is None
    assert receive(secret, body + b" ", headers) is None
    assert refusal_of(InboundSignature.STANDARD_WEBHOOKS, [secret], headers, body, datetime.now(UTC)) is None


def test_the_numbers_and_names_on_the_page_are_those_in_the_code() -> None:
    told = set(re.findall(r"`([a-z_]+\.[a-z_]+)`", PAGE))
    assert {type.value for type in EventType} <= told
    seconds = [delay.total_seconds() for delay in RETRY_DELAYS]
    assert seconds == [5, 300, 1800, *(hours * 3600 for hours in (2, 5, 10, 14, 20, 24))]
    assert "after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h and 24 h" in PAGE
    assert (TOLERANCE.total_seconds(), REFUSALS_A_MINUTE) == (300, 10)
    page = " ".join(PAGE.split())
    for said in (
        f"within {signature_of(WebhookSender).parameters['timeout'].default.total_seconds():.0f} seconds has failed",
        f"An output of more than {MAX_OUTPUT_BYTES // 1024} KiB is left out",
        f"the first {EXCERPT_BYTES // 1024} KiB of the answer",
        f"For {ROTATION_GRACE // timedelta(hours=1)} hours both secrets are good",
        f"any text of {MIN_SECRET_CHARACTERS} to {MAX_SECRET_CHARACTERS:,} characters",
        f"The body is larger than {ApiOptions().max_hook_bytes // 1_000_000} MB.",
    ):
        assert said in page
    assert [DISABLED_AFTER.days, LONGEST_RETRY_AFTER.days] == [5, 1]
    for signature in InboundSignature:
        assert len(re.findall(rf"\|.*`{signature.value}`.*\|", PAGE)) >= 2


async def test_the_expressions_in_the_text_are_accepted(api: Api) -> None:
    workflow_id = await incident_response(api)
    sources = re.findall(r"--input '([^']+)'", PAGE)
    assert sources
    for number, source in enumerate(sources):
        input = {"name": str(number), "direction": "INBOUND", "workflowId": workflow_id, "input": source}
        created = await api.run(
            "mutation ($input: CreateWebhookInput!) { createWebhook(input: $input) { __typename } }", input=input
        )
        assert created["createWebhook"]["__typename"] == "WebhookCreated"
