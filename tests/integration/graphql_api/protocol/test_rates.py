"""Rate limits: counted by key and by address, told in the standard headers, and off on this machine."""

import json
import re
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from domain.access.model import new_token
from domain.kernel.statuses import Role
from graphql_api.context import ApiOptions
from graphql_api.edge.rates import Counters, RateKind, Rates
from tests.integration.graphql_api.api import Api, LiveServer, serving
from tests.waiting import wait_until

PROXIED = ("127.0.0.1/32",)
QUERY = "{ __typename }"
PROTOCOL = Subprotocol("graphql-transport-ws")
PROGRESS = "subscription($id: ID!) { executionProgress(id: $id) { sequence } }"


def api_with(**budgets: Any) -> Api:
    """An API with keys behind a proxy on this machine, whose clients are elsewhere."""
    return Api(options=ApiOptions(trusted_proxies=PROXIED, **budgets), requires_keys=True)


async def a_key(api: Api, name: str = "client") -> str:
    _, token = await api.access.create(name, Role.ADMIN, None)
    return token


async def posted(
    server: LiveServer, query: str = QUERY, *, token: str = "", address: str = "203.0.113.7", **headers: str
) -> httpx.Response:
    named = {"x-forwarded-for": address, **({"authorization": f"Bearer {token}"} if token else {}), **headers}
    async with httpx.AsyncClient() as client:
        return await client.post(f"{server.url}/graphql", json={"query": query}, headers=named)


async def test_queries_are_counted_by_key_and_every_answer_tells_how_its_sender_stands() -> None:
    api = api_with(rate_queries="3/minute")
    one, other = await a_key(api), await a_key(api)
    async with serving(api) as server:
        answers = [await posted(server, token=one, address=f"203.0.113.{n}") for n in range(5)]
        elsewhere = await posted(server, token=other)

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert answers[0].headers["ratelimit-policy"] == '"queries";q=3;w=60'
    assert re.fullmatch(r'"queries";r=2;t=\d+', answers[0].headers["ratelimit"])
    assert "retry-after" not in answers[0].headers
    error = answers[3].json()["errors"][0]
    assert error["extensions"]["code"] == "LIMIT_EXCEEDED"
    assert error["extensions"]["retryAfter"] == int(answers[3].headers["retry-after"]) > 0
    assert "3 queries in 60 seconds" in error["message"]
    assert "STEPGRAPH_RATE_QUERIES" in error["message"]
    assert answers[3].headers["ratelimit"].startswith('"queries";r=0;')
    assert elsewhere.status_code == 200


async def test_mutations_are_counted_apart_and_none_that_is_refused_is_done() -> None:
    api = api_with(rate_mutations="1/minute")
    token = await a_key(api)
    create = 'mutation { createApiKey(name: "more", role: VIEWER) { __typename } }'
    async with serving(api) as server:
        statuses = [(await posted(server, create, token=token)).status_code for _ in range(3)]
        query = await posted(server, token=token)

    assert statuses == [200, 429, 429]
    assert query.status_code == 200
    assert await api.storage.keys.count() == 2


async def test_requests_are_counted_by_address_whatever_they_hold() -> None:
    api = api_with(rate_requests="2/minute")
    async with serving(api) as server:
        answers = [await posted(server, address="203.0.113.7") for _ in range(3)]
        network = [await posted(server, address=f"2001:db8::{n}") for n in range(3)]
        other = await posted(server, address="203.0.113.8")

    assert [answer.status_code for answer in answers] == [401, 401, 429]
    assert [answer.status_code for answer in network] == [401, 401, 429]
    extensions = answers[2].json()["errors"][0]["extensions"]
    assert (extensions["code"], extensions["retryAfter"]) == ("LIMIT_EXCEEDED", int(answers[2].headers["retry-after"]))
    assert other.status_code == 401


async def test_hooks_are_counted_by_address() -> None:
    api = api_with(rate_hooks="2/minute")
    async with serving(api) as server, httpx.AsyncClient() as client:
        headers = {"x-forwarded-for": "203.0.113.7"}
        answers = [await client.post(f"{server.url}/hooks/x", json={}, headers=headers) for _ in range(3)]
        live = await client.get(f"{server.url}/livez", headers=headers)

    assert [answer.status_code for answer in answers] == [404, 404, 429]
    assert answers[2].headers["retry-after"]
    assert live.status_code == 200


async def test_nothing_is_counted_on_this_machine_and_nothing_told() -> None:
    api = Api(
        options=ApiOptions(rate_requests="1/minute", rate_queries="1/minute", rate_hooks="1/minute"), requires_keys=True
    )
    token = await a_key(api)
    async with serving(api) as server, httpx.AsyncClient() as client:
        headers = {"authorization": f"Bearer {token}", "x-forwarded-for": "203.0.113.7"}  # which nobody believes
        answers = [await client.post(f"{server.url}/graphql", json={"query": QUERY}, headers=headers) for _ in range(5)]

    assert {answer.status_code for answer in answers} == {200}
    assert "ratelimit" not in answers[0].headers


async def test_a_stream_of_events_says_that_its_operation_is_refused() -> None:
    api = api_with(rate_queries="1/minute")
    token = await a_key(api)
    async with serving(api) as server:
        await posted(server, token=token)
        refused = await posted(server, token=token, accept="text/event-stream")

    assert "LIMIT_EXCEEDED" in refused.text
    assert "event: complete" in refused.text


async def test_operations_of_a_websocket_are_counted_too_and_only_they_are_refused() -> None:
    api = api_with(rate_queries="2/minute")
    token = await a_key(api)
    async with (
        serving(api) as server,
        connect(
            server.websocket_url, subprotocols=[PROTOCOL], additional_headers={"X-Forwarded-For": "203.0.113.7"}
        ) as socket,
    ):
        await socket.send(json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}))
        await socket.recv()
        said = []
        for id in ("1", "2", "3"):
            await socket.send(json.dumps({"id": id, "type": "subscribe", "payload": {"query": QUERY}}))
            said.append(json.loads(await socket.recv()))
            if said[-1]["type"] == "next":
                await socket.recv()
        await socket.send(json.dumps({"type": "ping"}))
        pong = json.loads(await socket.recv())

    assert [message["type"] for message in said] == ["next", "next", "error"]
    assert said[2]["payload"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"
    assert pong == {"type": "pong"}


async def test_a_key_has_only_so_many_subscriptions_over_all_of_its_connections() -> None:
    api = api_with(max_subscriptions_per_key=2)
    token = await a_key(api)
    await api.create_workflow("orders")
    hand = await api.start("orders")

    async def open_one(server: LiveServer) -> tuple[Any, Any]:
        headers = {"X-Forwarded-For": "203.0.113.7", "Authorization": f"Bearer {token}"}
        socket = await connect(server.websocket_url, subprotocols=[PROTOCOL], additional_headers=headers)
        await socket.send(json.dumps({"type": "connection_init"}))
        await socket.recv()
        payload = {"query": PROGRESS, "variables": {"id": hand.id}}
        await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
        return socket, json.loads(await socket.recv())

    async with serving(api) as server:
        opened = [await open_one(server) for _ in range(3)]
        await opened[0][0].close()
        await wait_until(lambda: api.storage.feed.listening == 1, "one has gone")
        again = await open_one(server)
        for socket, _ in (*opened, again):
            await socket.close()

    assert [message["type"] for _, message in opened] == ["next", "next", "error"]
    assert opened[2][1]["payload"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"
    assert "2 subscriptions" in opened[2][1]["payload"][0]["message"]
    assert again[1]["type"] == "next"


async def test_wrong_keys_are_counted_everywhere_and_cost_one_look_up_each_and_leave_one_entry() -> None:
    api = Api(options=ApiOptions(rate_wrong_keys="5/minute"), requires_keys=True)
    looked_up: list[bytes] = []
    find = api.storage.keys.find

    async def counting(digest: bytes) -> Any:
        looked_up.append(digest)
        return await find(digest)

    api.storage.keys.find = counting  # type: ignore[method-assign]
    async with serving(api) as server, httpx.AsyncClient() as client:

        async def with_token(token: str) -> httpx.Response:
            return await client.post(
                f"{server.url}/graphql", json={"query": QUERY}, headers={"authorization": f"Bearer {token}"}
            )

        known = await a_key(api, "known")
        assert (await with_token(known)).status_code == 200
        answers = [await with_token(new_token()) for _ in range(30)]
        same = new_token()
        again = [await with_token(same) for _ in range(3)]
        after = await with_token(known)

    statuses = [answer.status_code for answer in answers]
    assert statuses == [401] * 5 + [429] * 25
    assert {answer.status_code for answer in again} == {429}
    assert answers[-1].headers["retry-after"]
    assert answers[-1].json()["errors"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"
    assert after.status_code == 200  # a key that was right here lately does not wait for strangers
    assert len(looked_up) <= 8
    entries = (await api.storage.audit.page(first=10, after=None)).rows
    assert [(each.action, each.target, each.outcome, each.principal) for each in entries] == [
        ("authenticate", "127.0.0.1", "UNAUTHENTICATED", "nobody")
    ]


@pytest.mark.parametrize("token", ["sg_wrong", "", "x" * 5_000, "sg_" + "a" * 12 + "_" + "b" * 40])
async def test_a_wrong_key_on_a_websocket_is_final_for_its_client(token: str) -> None:
    api = Api(requires_keys=True)
    async with serving(api) as server, connect(server.websocket_url, subprotocols=[PROTOCOL]) as socket:
        await socket.send(json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}))
        await socket.wait_closed()

    assert socket.close_code == 4401
    assert "key" in (socket.close_reason or "")


async def test_while_keys_cannot_be_looked_up_or_are_throttled_a_websocket_is_asked_to_come_again() -> None:
    from domain.kernel.errors import Unavailable

    api = Api(options=ApiOptions(rate_wrong_keys="1/minute"), requires_keys=True)
    find = api.storage.keys.find

    async def away(_: bytes) -> Any:
        raise Unavailable("PostgreSQL is away.")

    codes = []
    async with serving(api) as server:
        for each in (away, find, find):
            api.storage.keys.find = each  # type: ignore[method-assign, assignment]
            async with connect(server.websocket_url, subprotocols=[PROTOCOL]) as socket:
                payload = {"authorization": f"Bearer {new_token()}"}
                await socket.send(json.dumps({"type": "connection_init", "payload": payload}))
                await socket.wait_closed()
                codes.append(socket.close_code)

    assert codes == [1013, 4401, 1013]


async def test_a_missing_key_is_no_wrong_one() -> None:
    api = Api(options=ApiOptions(rate_wrong_keys="1/minute"), requires_keys=True)
    async with serving(api) as server, httpx.AsyncClient() as client:
        answers = [await client.post(f"{server.url}/graphql", json={"query": QUERY}) for _ in range(5)]

    assert {answer.status_code for answer in answers} == {401}
    assert await api.storage.audit.count() == 0


def test_counters_end_with_their_window_and_the_oldest_give_way() -> None:
    now = [1000.0]
    counters = Counters(most=3, clock=lambda: now[0])

    assert [counters.incr("a", 60) for _ in range(3)] == [1, 2, 3]
    assert (counters.get("a"), counters.get_expiry("a")) == (3, 1060.0)
    now[0] += 60
    assert (counters.get("a"), counters.incr("a", 60)) == (0, 1)
    for key in "bcd":
        counters.incr(key, 60)
    assert [counters.get(key) for key in "abcd"] == [0, 1, 1, 1]


def test_an_empty_rate_is_none() -> None:
    rates = Rates(ApiOptions(rate_queries="", rate_exempt=()))

    assert all(rates.spend(RateKind.QUERIES, "203.0.113.7") is None for _ in range(100_000))
    assert rates.spend(RateKind.MUTATIONS, "127.0.0.1") is not None
