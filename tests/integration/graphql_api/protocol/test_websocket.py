"""The WebSocket side: graphql-transport-ws, where one bad message never hurts the others."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
import websockets
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from graphql_api.context import ApiOptions
from tests.integration.graphql_api.api import Api, LiveServer, a_step, serving
from tests.waiting import wait_until

PROTOCOL = Subprotocol("graphql-transport-ws")
PROGRESS = "subscription($id: ID!) { executionProgress(id: $id) { kind sequence steps { path } } }"


@asynccontextmanager
async def connected(server: LiveServer, *, init: Any = None, **options: Any) -> AsyncIterator[ClientConnection]:
    """A connection that has been acknowledged."""
    async with connect(server.websocket_url, subprotocols=[PROTOCOL], **options) as socket:
        await socket.send(json.dumps(init or {"type": "connection_init"}))
        assert json.loads(await socket.recv()) == {"type": "connection_ack"}
        yield socket


async def send(socket: ClientConnection, message: Any) -> None:
    await socket.send(message if isinstance(message, str | bytes) else json.dumps(message))


async def subscribe(socket: ClientConnection, operation: str, query: str, **variables: Any) -> None:
    await send(socket, {"id": operation, "type": "subscribe", "payload": {"query": query, "variables": variables}})


async def receive(socket: ClientConnection) -> Any:
    return json.loads(await socket.recv())


async def close_code(socket: ClientConnection) -> tuple[int, str]:
    with suppress(websockets.ConnectionClosedError):
        async for _ in socket:
            pass  # what was said before
    await socket.wait_closed()
    assert socket.close_code is not None
    return socket.close_code, socket.close_reason or ""


async def test_a_subscription_streams_until_it_completes(server: LiveServer) -> None:
    await server.api.create_workflow("orders")
    hand = await server.api.start("orders")

    async with connected(server) as socket:
        await subscribe(socket, "1", PROGRESS, id=hand.id)
        first = await receive(socket)
        await hand.commit(a_step("a"))
        await hand.finish()
        rest = [await receive(socket) for _ in range(3)]

    assert first["payload"]["data"]["executionProgress"] == {
        "kind": "SNAPSHOT",
        "sequence": 0,
        "steps": [{"path": "a"}],
    }
    assert [message["type"] for message in rest] == ["next", "next", "complete"]
    assert rest[0]["payload"]["data"]["executionProgress"]["steps"] == [{"path": "a"}]


async def test_queries_and_mutations_run_too(server: LiveServer) -> None:
    async with connected(server) as socket:
        await subscribe(socket, "1", "{ __typename }")

        assert await receive(socket) == {"id": "1", "type": "next", "payload": {"data": {"__typename": "Query"}}}
        assert await receive(socket) == {"id": "1", "type": "complete"}


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{ nothing }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": 'subscription { executionProgress(id: "x") { kind } }'}, "BAD_USER_INPUT"),
        (
            {"query": 'subscription { executionProgress(id: "ex_01h455vb4pex5vsknk084sn02q") { kind } }'},
            "NOT_FOUND",
        ),
        ({"query": "query a { __typename }", "operationName": "b"}, "BAD_USER_INPUT"),
        ({"query": 5}, "BAD_USER_INPUT"),
        ({}, "BAD_USER_INPUT"),
        ({"query": "{ __typename }", "variables": []}, "BAD_USER_INPUT"),
        ({"query": "{ __typename }", "operationName": 7}, "BAD_USER_INPUT"),
        ({"query": "{ __typename }", "variables": {"x": "\0"}}, "BAD_USER_INPUT"),
        ({"query": "{ __typename }", "variables": {"x": json.loads("[" * 300 + "]" * 300)}}, "BAD_USER_INPUT"),
    ],
)
async def test_a_bad_operation_hurts_only_itself(server: LiveServer, payload: Any, code: str) -> None:
    await server.api.create_workflow("orders")
    hand = await server.api.start("orders")

    async with connected(server) as socket:
        await subscribe(socket, "good", PROGRESS, id=hand.id)
        await receive(socket)
        await send(socket, {"id": "bad", "type": "subscribe", "payload": payload})
        error = await receive(socket)
        await hand.commit(a_step("a"))
        update = await receive(socket)

    assert (error["id"], error["type"]) == ("bad", "error")
    assert error["payload"][0]["extensions"]["code"] == code
    assert (update["id"], update["type"]) == ("good", "next")


@pytest.mark.parametrize(
    "message",
    [
        "not json",
        "[]",
        "5",
        "null",
        '"text"',
        "{}",
        '{"type": 5}',
        '{"type": "nonsense"}',
        '{"type": "subscribe"}',
        '{"type": "subscribe", "id": "1"}',
        '{"type": "subscribe", "id": "1", "payload": null}',
        '{"type": "subscribe", "id": "1", "payload": []}',
        '{"type": "subscribe", "id": [1], "payload": {"query": "{__typename}"}}',
        '{"type": "subscribe", "id": "", "payload": {"query": "{__typename}"}}',
        '{"type": "complete"}',
        '{"type": "complete", "id": {}}',
        "[" * 100_000,
        '{"type": "\\ud800"}',
        b"\x00\x01",
    ],
)
async def test_what_is_no_message_closes_with_4400(
    server: LiveServer, message: str | bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with connected(server) as socket:
        await send(socket, message)

        code, reason = await close_code(socket)

    assert code == 4400
    assert reason
    assert caplog.text == ""


async def test_an_init_without_a_payload_is_acknowledged(server: LiveServer) -> None:
    async with connected(server, init={"type": "connection_init", "payload": None}) as socket:
        await send(socket, {"type": "ping"})

        assert (await receive(socket))["type"] == "pong"


@pytest.mark.parametrize("payload", ["text", [], 5, "\0"])
async def test_an_init_with_a_strange_payload_closes_with_4400(server: LiveServer, payload: Any) -> None:
    async with connect(server.websocket_url, subprotocols=[PROTOCOL]) as socket:
        await send(socket, {"type": "connection_init", "payload": payload})

        assert (await close_code(socket))[0] == 4400


async def test_the_order_of_the_protocol_is_enforced(server: LiveServer) -> None:
    async with connect(server.websocket_url, subprotocols=[PROTOCOL]) as early:
        await subscribe(early, "1", "{ __typename }")
        assert (await close_code(early))[0] == 4401
    async with connected(server) as twice:
        await send(twice, {"type": "connection_init"})
        assert (await close_code(twice))[0] == 4429
    await server.api.create_workflow("orders")
    hand = await server.api.start("orders")
    async with connected(server) as same_id:
        await subscribe(same_id, "1", PROGRESS, id=hand.id)
        await subscribe(same_id, "1", PROGRESS, id=hand.id)
        assert (await close_code(same_id))[0] == 4409


async def test_a_client_that_never_says_hello_is_let_go() -> None:
    api = Api(options=ApiOptions(connection_init_timeout=timedelta(milliseconds=50)))

    async with serving(api) as server, connect(server.websocket_url, subprotocols=[PROTOCOL]) as socket:
        assert (await close_code(socket))[0] == 4408


@pytest.mark.parametrize("protocols", [None, ["graphql-ws"], ["nonsense"]])
async def test_other_protocols_are_not_spoken(server: LiveServer, protocols: list[Subprotocol] | None) -> None:
    async with connect(server.websocket_url, subprotocols=protocols) as socket:
        assert (await close_code(socket))[0] == 4406


@pytest.mark.parametrize(("origin", "allowed"), [("https://evil.test", False), ("https://good.test", True)])
async def test_a_page_of_another_origin_needs_leave(origin: str, allowed: bool) -> None:
    api = Api(options=ApiOptions(allowed_origins=("https://good.test",)))

    async with serving(api) as server:
        if allowed:
            async with connected(server, origin=Origin(origin)) as socket:
                await socket.close()
        else:
            async with connect(server.websocket_url, subprotocols=[PROTOCOL], origin=Origin(origin)) as socket:
                assert (await close_code(socket))[0] == 1008


async def test_a_connection_has_only_so_many_operations() -> None:
    api = Api(options=ApiOptions(max_subscriptions=2))
    await api.create_workflow("orders")
    hand = await api.start("orders")

    async with serving(api) as server, connected(server) as socket:
        for id in ("1", "2"):
            await subscribe(socket, id, PROGRESS, id=hand.id)
            await receive(socket)
        await subscribe(socket, "3", PROGRESS, id=hand.id)
        refused = await receive(socket)
        await send(socket, {"id": "1", "type": "complete"})
        await wait_until(lambda: api.storage.feed.listening == 1, "one has gone")
        await subscribe(socket, "3", PROGRESS, id=hand.id)
        accepted = await receive(socket)

    assert (refused["id"], refused["type"]) == ("3", "error")
    assert refused["payload"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"
    assert (accepted["id"], accepted["type"]) == ("3", "next")


async def test_a_message_that_is_too_large_closes_the_connection() -> None:
    api = Api(options=ApiOptions(max_body_bytes=10_000))

    async with serving(api) as server, connected(server) as socket:
        await subscribe(socket, "1", "{ __typename }", x="y" * 20_000)

        assert (await close_code(socket))[0] == 1009


async def test_a_message_of_too_many_objects_and_lists_closes_the_connection() -> None:
    api = Api(options=ApiOptions(max_body_members=1_000))

    async with serving(api) as server, connected(server) as socket:
        await subscribe(socket, "1", "{ __typename }", x=[{}] * 1_000)

        assert await close_code(socket) == (4400, "A message has at most 1,000 objects and lists")


async def test_a_closed_connection_stops_all_its_subscriptions(server: LiveServer) -> None:
    await server.api.create_workflow("orders")
    hands = [await server.api.start("orders") for _ in range(5)]
    feed = server.api.storage.feed

    async with connected(server) as socket:
        for hand in hands:
            await subscribe(socket, hand.id, PROGRESS, id=hand.id)
            await receive(socket)
        assert feed.listening == 5

    await wait_until(lambda: feed.listening == 0, "the listeners are gone")


async def test_many_subscribers_of_one_execution_all_see_everything(server: LiveServer) -> None:
    await server.api.create_workflow("orders")
    hand = await server.api.start("orders")
    ready = asyncio.Semaphore(0)

    async def watch() -> list[int]:
        seen = []
        async with connected(server) as socket:
            await subscribe(socket, "1", PROGRESS, id=hand.id)
            while (message := await receive(socket))["type"] == "next":
                seen.append(message["payload"]["data"]["executionProgress"]["sequence"])
                if len(seen) == 1:
                    ready.release()
        return seen

    async with asyncio.TaskGroup() as group:
        watchers = [group.create_task(watch()) for _ in range(30)]
        for _ in watchers:
            await ready.acquire()
        for _ in range(10):
            await hand.commit(a_step("a"))
        await hand.finish()

    assert all(watcher.result() == list(range(12)) for watcher in watchers)


async def test_a_client_that_does_not_read_is_not_buffered_for_without_end(server: LiveServer) -> None:
    await server.api.create_workflow("orders")
    hand = await server.api.start("orders")
    query = "subscription($id: ID!) { executionProgress(id: $id) { sequence steps { path output } } }"
    commits, output = 1_500, "x" * 20_000

    async with connected(server, max_queue=1) as socket:
        await subscribe(socket, "1", query, id=hand.id)
        await receive(socket)
        for _ in range(commits):
            await hand.commit(a_step("a", output=output))
            await asyncio.sleep(0)
        await hand.finish()
        sequences = []
        while (message := await receive(socket))["type"] == "next":
            sequences.append(message["payload"]["data"]["executionProgress"]["sequence"])

    assert len(sequences) < commits * 0.8  # the rest was merged, not queued
    assert sequences == sorted(set(sequences))
    assert sequences[-1] == commits + 1
