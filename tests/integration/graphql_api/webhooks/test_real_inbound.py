"""Webhooks on PostgreSQL: many deliveries at once through two processes, a crash in between, and what a page costs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from domain.kernel.errors import Unavailable
from domain.kernel.ids import IdKind, from_public
from domain.webhooks.model import WebhookEventRecord
from domain.webhooks.standard_webhooks import signed_headers
from persistence.postgres.webhooks.store import PostgresWebhookStore
from tests.integration.graphql_api.api import Api
from tests.integration.graphql_api.real import Real
from tests.integration.graphql_api.webhooks.test_webhooks import create


@asynccontextmanager
async def a_client(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(api.app)) as client:
        yield client


async def inbound(api: Api, **input: Any) -> dict[str, Any]:
    workflow = await api.create_workflow()
    return await create(api, name="door", direction="INBOUND", url=None, workflowId=workflow["id"], **input)


def signed(api: Api, created: dict[str, Any], body: bytes, id: str = "msg_1") -> dict[str, str]:
    headers = signed_headers([created["secret"]], id=id, at=api.clock.now(), body=body)
    return {"Content-Type": "application/json", **headers}


async def test_fifty_identical_deliveries_at_once_through_two_processes_are_one_execution(real: Real) -> None:
    created = await inbound(real.api)
    other = Api(storage=real.api.storage)
    async with a_client(real.api) as one, a_client(other) as two:
        headers = signed(real.api, created, b'{"n": 1}')
        answers = await asyncio.gather(
            *(
                client.post(created["webhook"]["url"], content=b'{"n": 1}', headers=headers)
                for _ in range(25)
                for client in (one, two)
            )
        )
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["executionId"] for answer in answers}) == 1
    found = await real.api.run(
        "query ($id: ID!) { executions { totalCount } webhook(id: $id) { events { totalCount } } }",
        id=created["webhook"]["id"],
    )
    assert found == {"executions": {"totalCount": 1}, "webhook": {"events": {"totalCount": 1}}}


class CrashingStore(PostgresWebhookStore):
    """Dies where an event is to be stored, as long as it is told to."""

    crashes = True

    async def record_inbound(self, event: WebhookEventRecord) -> WebhookEventRecord:
        if self.crashes:
            raise Unavailable("PostgreSQL cannot be reached.")
        return await super().record_inbound(event)


async def test_a_crash_between_the_start_and_the_event_starts_nothing_twice(real: Real) -> None:
    storage: Any = real.api.storage
    storage.webhooks = store = CrashingStore(real.database)
    api = Api(storage=storage)
    created = await inbound(api)
    headers = signed(api, created, b"{}")
    async with a_client(api) as client:
        assert (await client.post(created["webhook"]["url"], content=b"{}", headers=headers)).status_code == 503
        assert len(api.storage.queue.hints) == 1
        store.crashes = False
        answers = [await client.post(created["webhook"]["url"], content=b"{}", headers=headers) for _ in range(2)]
    started = [from_public(answer.json()["executionId"], IdKind.EXECUTION) for answer in answers]
    assert started == api.storage.queue.hints * 2


async def test_an_event_shows_what_came_in_to_the_last_digit(real: Real) -> None:
    created = await inbound(real.api)
    body = '{"n": 123456789012345678901234567890, "s": "käse 🧀", "o": {"b": 1, "a": [null, 1.50]}}'.encode()
    async with a_client(real.api) as client:
        answer = await client.post(created["webhook"]["url"], content=body, headers=signed(real.api, created, body))
    assert answer.status_code == 202
    query = "query ($id: ID!) { webhook(id: $id) { events { nodes { payload execution { input } } } } }"
    [event] = (await real.api.run(query, id=created["webhook"]["id"]))["webhook"]["events"]["nodes"]
    assert event["payload"] == event["execution"]["input"]
    assert list(event["payload"]["o"]) == ["b", "a"]
    assert event["payload"]["n"] == 123456789012345678901234567890


async def test_a_page_of_webhooks_with_their_events_costs_the_same_however_many_they_are(real: Real) -> None:
    created = await inbound(real.api)
    workflow_id = (await real.api.run("{ workflows { nodes { id } } }"))["workflows"]["nodes"][0]["id"]
    query = """
    { webhooks(first: 50) { totalCount nodes {
        url workflow { name } events(first: 3) { totalCount nodes { status webhook { name } execution { status } } }
    } } }
    """
    counts = []
    async with a_client(real.api) as client:
        for number in range(6):
            for id in ("a", "b"):
                headers = signed(real.api, created, b"{}", id)
                await client.post(created["webhook"]["url"], content=b"{}", headers=headers)
            with real.database.counting() as statements:
                await real.api.run(query)
                counts.append(len(statements))
            created = await create(
                real.api,
                name=f"door-{number}",
                direction="INBOUND",
                url=None,
                workflowId=workflow_id,
            )
    assert len(set(counts)) == 1, counts
    assert counts[0] <= 8
