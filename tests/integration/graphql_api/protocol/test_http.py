"""The HTTP side: what is answered in which media type and with which status, and event streams."""

import asyncio
import gzip
import json
from typing import Any

import httpx
import pytest

from graphql_api.context import ApiOptions
from tests.integration.graphql_api.api import Api, Hand, LiveServer, a_step, post, serving
from tests.waiting import wait_until

GRAPHQL = "application/graphql-response+json"


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        (GRAPHQL, GRAPHQL),
        (f"{GRAPHQL}, application/json;q=0.9", GRAPHQL),
        (f"{GRAPHQL};q=0.1, application/json", "application/json"),
        ("application/json;q=nonsense", "application/json"),
    ],
)
async def test_the_answer_has_the_media_type_that_was_asked_for(
    server: LiveServer, accept: str | None, answered: str
) -> None:
    response = await post(server, {"query": "{ __typename }"}, headers={"Accept": accept or ""})

    assert response.status_code == 200
    assert response.headers["Content-Type"] == f"{answered}; charset=utf-8"
    assert response.headers["Vary"] == "Accept"
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "body",
    [
        {"query": "{"},
        {"query": "{ nothing }"},
        {"query": "query($id: ID!) { execution(id: $id) { id } }"},
        {"query": "query($id: Int!) { __typename }", "variables": {"id": "x"}},
        {"query": "query a { __typename } query b { __typename }"},
        {"query": "query a { __typename }", "operationName": "c"},
    ],
)
async def test_what_was_never_executed_has_no_data(server: LiveServer, body: Any) -> None:
    new = await post(server, body, headers={"Accept": GRAPHQL})
    old = await post(server, body, headers={"Accept": "application/json"})

    assert new.status_code == 400
    assert old.status_code in (200, 400)
    for response in (new, old):
        assert "data" not in response.json()
        assert response.json()["errors"][0]["message"]
        assert response.json()["errors"][0]["extensions"]["code"] in (
            "GRAPHQL_PARSE_FAILED",
            "GRAPHQL_VALIDATION_FAILED",
            "BAD_USER_INPUT",
        )


async def test_a_failed_field_is_null_beside_its_error(server: LiveServer) -> None:
    response = await post(server, {"query": '{ execution(id: "x") { id } }'}, headers={"Accept": GRAPHQL})

    assert response.status_code == 200
    assert response.json()["data"] == {"execution": None}


async def test_other_methods_are_refused(server: LiveServer) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client:
        refused = [await client.request(method, "/graphql") for method in ("PATCH", "PUT", "DELETE", "HEAD")]

    assert [response.status_code for response in refused] == [405] * 4
    assert {response.headers["Allow"] for response in refused} == {"GET, POST"}


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "zstd", "GZIP", "identity, gzip", "gzip, identity"])
async def test_a_body_in_an_encoding_is_refused_before_it_is_read(server: LiveServer, encoding: str) -> None:
    body = gzip.compress(b'{"query": "{ __typename }"}')
    headers = {"Content-Type": "application/json", "Content-Encoding": encoding}

    response = await post(server, content=body, headers=headers)

    assert response.status_code == 415
    assert response.json()["errors"][0]["message"] == "Send the request without a Content-Encoding."


@pytest.mark.parametrize("encoding", ["identity", "IDENTITY", ""])
async def test_a_body_as_it_is_may_say_so(server: LiveServer, encoding: str) -> None:
    response = await post(server, {"query": "{ __typename }"}, headers={"Content-Encoding": encoding})

    assert response.json() == {"data": {"__typename": "Query"}}


async def test_the_single_connection_mode_of_graphql_sse_is_refused_in_words(server: LiveServer) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client:
        reserved = await client.put("/graphql")
        opened = await client.get("/graphql", headers={"X-GraphQL-Event-Stream-Token": "t"})

    assert reserved.status_code == opened.status_code == 405
    assert "distinct connections" in reserved.json()["errors"][0]["message"]


async def test_who_takes_nothing_that_there_is_gets_406_and_nothing_is_executed(server: LiveServer) -> None:
    mutation = 'mutation { setSecret(name: "a", value: "b") { __typename } }'

    response = await post(server, {"query": mutation}, headers={"Accept": "text/html, application/json;q=0"})

    assert response.status_code == 406
    assert "application/json" in response.json()["errors"][0]["message"]
    assert not server.api.storage.audit._entries


async def test_big_numbers_and_the_order_of_keys_survive(server: LiveServer) -> None:
    await server.api.create_workflow("orders")
    query = """mutation($input: JSON) { executeWorkflow(input: {workflowName: "orders", input: $input})
      { ... on WorkflowExecution { input } } }"""
    sent = '{"z":123456789012345678901234567890,"a":1.0,"m":{"y":-9223372036854775809,"b":[]},"text":"é\\u2028"}'
    body = f'{{"query": {json.dumps(query)}, "variables": {{"input": {sent}}}}}'

    response = await post(server, content=body.encode())

    assert sent.replace("\\u2028", "\u2028") in response.text


async def test_an_error_that_nobody_foresaw_is_masked_and_logged(
    server: LiveServer, caplog: pytest.LogCaptureFixture
) -> None:
    async def fails(*_: Any, **__: Any) -> Any:
        raise RuntimeError("the secret is 1234")

    server.api.storage.queries.page = fails  # type: ignore[method-assign]

    response = await post(server, {"query": "{ executions { nodes { id } } }"})

    [error] = response.json()["errors"]
    assert response.status_code == 200
    assert error["extensions"]["code"] == "INTERNAL"
    assert error["extensions"]["requestId"] in caplog.text
    assert "1234" not in response.text
    assert "1234" in caplog.text


async def test_the_mistakes_of_clients_are_not_logged(server: LiveServer, caplog: pytest.LogCaptureFixture) -> None:
    for query in ("{", "{ nothing }", '{ execution(id: "x") { id } }', "{ executions(first: 0) { totalCount } }"):
        await post(server, {"query": query})

    assert caplog.text == ""


PROGRESS = "subscription($id: ID!) { executionProgress(id: $id) { kind sequence execution { status } } }"


def events_of(text: str) -> list[tuple[str, Any]]:
    """The events of a stream, comments left out."""
    found = []
    for block in text.replace("\r\n", "\n").split("\n\n"):
        lines: dict[str, str] = {}
        for line in block.split("\n"):
            name, _, value = line.partition(":")
            lines[name] = value.strip()
        if "event" in lines:
            found.append((lines["event"], json.loads(lines["data"]) if lines.get("data") else None))
    return found


async def test_a_subscription_is_a_stream_of_events(server: LiveServer) -> None:
    await server.api.create_workflow("orders")
    hand: Hand = await server.api.start("orders")
    body = {"query": PROGRESS, "variables": {"id": hand.id}}
    text = ""

    async with (
        httpx.AsyncClient() as client,
        client.stream(
            "POST", f"{server.url}/graphql", json=body, headers={"Accept": "text/event-stream"}, timeout=10
        ) as response,
    ):
        async for chunk in response.aiter_text():
            text += chunk
            if text.count("event: next") == 1 and "COMPLETED" not in text:
                await hand.commit(a_step("a"))
                await hand.finish()

    assert response.headers["Content-Type"].startswith("text/event-stream")
    kinds = [
        (event, payload["data"]["executionProgress"]["sequence"] if payload else None)
        for event, payload in events_of(text)
    ]
    assert kinds == [("next", 0), ("next", 1), ("next", 2), ("complete", None)]


async def test_a_stream_tells_errors_and_completes(server: LiveServer) -> None:
    headers = {"Accept": "text/event-stream"}

    for query in ("{", "{ nothing }", 'subscription { executionProgress(id: "x") { kind } }'):
        response = await post(server, {"query": query}, headers=headers)
        (event, payload), (last, _) = events_of(response.text)
        assert (event, last) == ("next", "complete")
        assert payload["errors"][0]["extensions"]["code"]


async def test_a_query_can_be_a_stream_of_one(server: LiveServer) -> None:
    response = await post(server, {"query": "{ __typename }"}, headers={"Accept": "text/event-stream"})

    assert events_of(response.text) == [("next", {"data": {"__typename": "Query"}}), ("complete", None)]


async def test_a_subscription_over_plain_http_is_refused(server: LiveServer) -> None:
    response = await post(server, {"query": PROGRESS, "variables": {"id": "x"}}, headers={"Accept": GRAPHQL})

    assert response.status_code == 400
    assert "subscription" in response.json()["errors"][0]["message"].lower()


async def test_a_stream_that_is_left_stops_listening(server: LiveServer) -> None:
    await server.api.create_workflow("orders")
    hand = await server.api.start("orders")
    feed = server.api.storage.feed

    async with (
        httpx.AsyncClient() as client,
        client.stream(
            "POST",
            f"{server.url}/graphql",
            json={"query": PROGRESS, "variables": {"id": hand.id}},
            headers={"Accept": "text/event-stream"},
            timeout=10,
        ) as response,
    ):
        async for _ in response.aiter_text():
            break
        assert feed.listening > 0

    await wait_until(lambda: feed.listening == 0, "the listener is gone")


async def test_an_open_stream_does_not_keep_the_server_from_ending() -> None:
    api = Api(options=ApiOptions())
    await api.create_workflow("orders")
    hand = await api.start("orders")
    started = asyncio.Event()

    async def read(url: str) -> None:
        async with (
            httpx.AsyncClient() as client,
            client.stream(
                "POST",
                f"{url}/graphql",
                json={"query": PROGRESS, "variables": {"id": hand.id}},
                headers={"Accept": "text/event-stream"},
                timeout=20,
            ) as response,
        ):
            try:
                async for _ in response.aiter_text():
                    started.set()
            except httpx.RemoteProtocolError:
                pass  # the server hung up, which is the point

    async with asyncio.timeout(15):
        async with serving(api) as server:
            reader = asyncio.create_task(read(server.url))
            await started.wait()
        await reader
