"""Event streams as browsers open them: by GET, with a ticket, and again after a lost connection."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx

from domain.kernel.statuses import Role
from tests.integration.graphql_api.api import Api, LiveServer, a_step, post, serving

PROGRESS = "subscription($id: ID!) { executionProgress(id: $id, afterSequence: 0) { kind steps { path } } }"
STREAM = {"Accept": "text/event-stream"}


@asynccontextmanager
async def stream(
    server: LiveServer, headers: dict[str, str] | None = None, **parameters: Any
) -> AsyncIterator[httpx.Response]:
    asked = {name: value if isinstance(value, str) else json.dumps(value) for name, value in parameters.items()}
    async with (
        httpx.AsyncClient() as client,
        client.stream(
            "GET", f"{server.url}/graphql", params=asked, headers={**STREAM, **(headers or {})}, timeout=10
        ) as response,
    ):
        yield response


async def an_ended_execution(api: Api) -> str:
    """Its steps a and b have completed at sequences 1 and 2, the execution at 3."""
    await api.create_workflow()
    hand = await api.start()
    await hand.commit(a_step("a"))
    await hand.commit(a_step("b"))
    await hand.finish()
    return hand.id


async def test_events_end_in_two_line_feeds_and_carry_their_sequence(server: LiveServer) -> None:
    id = await an_ended_execution(server.api)

    async with stream(server, query=PROGRESS, variables={"id": id}) as response:
        text = (await response.aread()).decode()

    assert response.headers["Content-Type"].startswith("text/event-stream")
    assert "\r" not in text
    event, end, rest = text.split("\n\n")
    assert event.startswith("id: 3\nevent: next\ndata: {")
    assert (end, rest) == ("id: complete\nevent: complete\ndata: ", "")


async def test_who_comes_again_goes_on_after_the_last_event(server: LiveServer) -> None:
    id = await an_ended_execution(server.api)

    async with stream(server, {"Last-Event-ID": "1"}, query=PROGRESS, variables={"id": id}) as response:
        text = (await response.aread()).decode()

    event = json.loads(text.split("data: ")[1].split("\n")[0])["data"]["executionProgress"]
    assert event == {"kind": "DELTA", "steps": [{"path": "b"}]}


async def test_what_is_no_sequence_as_last_event_means_nothing(server: LiveServer) -> None:
    id = await an_ended_execution(server.api)

    for last in ("-1", "x", "9" * 40, "²", ""):
        async with stream(server, {"Last-Event-ID": last.encode()}, query=PROGRESS, variables={"id": id}) as response:  # type: ignore[dict-item]
            assert '{"path":"a"},{"path":"b"}' in (await response.aread()).decode()


async def test_after_the_last_event_there_is_nothing_more(server: LiveServer) -> None:
    async with stream(server, {"Last-Event-ID": "complete"}, query=PROGRESS, variables={"id": "x"}) as response:
        assert response.status_code == 204


async def a_ticket(server: LiveServer, token: str | None) -> str:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    answer = await post(server, {"query": "{ streamTicket { ticket expiresAt } }"}, headers=headers)
    ticket: str = answer.json()["data"]["streamTicket"]["ticket"]
    return ticket


async def test_a_ticket_opens_subscriptions_and_nothing_else() -> None:
    api = Api(requires_keys=True)
    _, token = await api.access.create("a page", Role.VIEWER, None)
    id = await an_ended_execution(api)
    async with serving(api) as server:
        ticket = await a_ticket(server, token)

        async with stream(server, ticket=ticket, query=PROGRESS, variables={"id": id}) as followed:
            assert followed.status_code == 200
            assert "next" in (await followed.aread()).decode()
        async with stream(server, ticket=ticket, query="{ __typename }") as query:
            assert query.status_code == 403
        posted = await post(server, {"query": "{ __typename }"}, params={"ticket": ticket})
        assert posted.status_code == 401


async def test_a_ticket_ends_with_its_time_and_with_its_key() -> None:
    api = Api(requires_keys=True)
    key, token = await api.access.create("a page", Role.VIEWER, None)
    id = await an_ended_execution(api)
    async with serving(api) as server:
        old = await a_ticket(server, token)
        api.clock.advance(timedelta(minutes=11))
        new = await a_ticket(server, token)
        forged = new[:-2] + ("A" if new[-2] != "A" else "B") + new[-1]  # the last character may hold less than six bits

        statuses = []
        for ticket in (old, forged, "é", new):
            async with stream(server, ticket=ticket, query=PROGRESS, variables={"id": id}) as response:
                statuses.append(response.status_code)
        await api.access.revoke(key.id)
        async with stream(server, ticket=new, query=PROGRESS, variables={"id": id}) as response:
            statuses.append(response.status_code)

    assert statuses == [401, 401, 401, 200, 401]


async def test_where_no_keys_are_asked_for_a_ticket_is_good_too(server: LiveServer) -> None:
    id = await an_ended_execution(server.api)
    ticket = await a_ticket(server, None)

    async with stream(server, ticket=ticket, query=PROGRESS, variables={"id": id}) as response:
        assert response.status_code == 200
