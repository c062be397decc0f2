"""Pages of other origins: one setting for HTTP, event streams and WebSockets."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.typing import Origin, Subprotocol

from domain.kernel.statuses import Role
from graphql_api.context import ApiOptions
from tests.integration.graphql_api.api import Api, LiveServer, serving

APP = "https://app.example.com"
PROTOCOL = Subprotocol("graphql-transport-ws")
PREFLIGHT = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type"}


@pytest.fixture
async def sharing() -> AsyncIterator[tuple[LiveServer, dict[str, str]]]:
    """An API that pages of one other origin may use, and the headers of a key."""
    api = Api(options=ApiOptions(allowed_origins=(APP,)), requires_keys=True)
    _, token = await api.access.create("page", Role.ADMIN, None)
    async with serving(api) as server:
        yield server, {"authorization": f"Bearer {token}", "content-type": "application/json"}


async def posted(server: LiveServer, path: str = "/graphql", **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with httpx.AsyncClient() as client:
        return await client.post(f"{server.url}{path}", content='{"query": "{ __typename }"}', headers=named)


async def test_a_page_that_may_ask_is_told_so_before_and_with_the_answer(
    sharing: tuple[LiveServer, dict[str, str]],
) -> None:
    server, key = sharing
    async with httpx.AsyncClient() as client:
        before = await client.options(f"{server.url}/graphql", headers={"origin": APP, **PREFLIGHT})
    answer = await posted(server, origin=APP, **key)
    refused = await posted(server, origin=APP, content_type="application/json")

    assert before.status_code == 200
    assert before.headers["access-control-allow-origin"] == APP
    assert "POST" in before.headers["access-control-allow-methods"]
    assert "authorization" in before.headers["access-control-allow-headers"]
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, APP)
    assert answer.headers["access-control-expose-headers"] == "RateLimit, RateLimit-Policy, Retry-After"
    assert "access-control-allow-credentials" not in answer.headers
    assert "Origin" in answer.headers["vary"]
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, APP)


async def test_a_stream_of_events_is_shared_alike(sharing: tuple[LiveServer, dict[str, str]]) -> None:
    server, key = sharing

    answer = await posted(server, origin=APP, accept="text/event-stream", **key)

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["access-control-allow-origin"] == APP


@pytest.mark.parametrize(
    "origin", ["https://app.example.com.evil", "http://app.example.com", "https://app.example.com:8443", "null", "x"]
)
async def test_other_pages_are_refused_by_every_transport_and_the_log_names_the_setting(
    sharing: tuple[LiveServer, dict[str, str]], origin: str, caplog: pytest.LogCaptureFixture
) -> None:
    server, key = sharing
    async with httpx.AsyncClient() as client:
        before = await client.options(f"{server.url}/graphql", headers={"origin": origin, **PREFLIGHT})
    answers = [
        before,
        await posted(server, origin=origin, **key),
        await posted(server, origin=origin, accept="text/event-stream", **key),
    ]
    async with connect(server.websocket_url, subprotocols=[PROTOCOL], origin=Origin(origin)) as socket:
        await socket.wait_closed()

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert all("access-control-allow-origin" not in answer.headers for answer in answers)
    assert all("STEPGRAPH_ALLOWED_ORIGINS" in answer.json()["errors"][0]["message"] for answer in answers)
    assert socket.close_code == 1008
    assert socket.close_reason is not None and "origin" in socket.close_reason
    assert "STEPGRAPH" not in socket.close_reason  # a stranger's page need not know
    lines = [line for line in caplog.messages if "STEPGRAPH_ALLOWED_ORIGINS" in line]
    assert len(lines) == 1  # once for each origin
    assert origin in lines[0]


async def test_a_websocket_of_that_page_is_let_in(sharing: tuple[LiveServer, dict[str, str]]) -> None:
    server, key = sharing
    async with connect(server.websocket_url, subprotocols=[PROTOCOL], origin=Origin(APP)) as socket:
        await socket.send(json.dumps({"type": "connection_init", "payload": key}))
        assert json.loads(await socket.recv()) == {"type": "connection_ack"}


async def test_pages_of_the_api_itself_need_no_setting(sharing: tuple[LiveServer, dict[str, str]]) -> None:
    server, key = sharing

    assert (await posted(server, origin=server.url, **key)).status_code == 200
    assert (await posted(server, origin="https://flows.example", host="flows.example", **key)).status_code == 200
    proxied = {"origin": "https://flows.example", "host": "internal:8000", "sec_fetch_site": "same-origin"}
    assert (await posted(server, **proxied, **key)).status_code == 200


async def test_a_page_of_the_public_name_on_another_port_or_scheme_is_another_page() -> None:
    api = Api(options=ApiOptions(public_url="https://flows.example"), requires_keys=True)
    _, token = await api.access.create("page", Role.ADMIN, None)
    key = {"authorization": f"Bearer {token}", "content-type": "application/json", "host": "flows.example"}
    async with serving(api) as server:
        own = await posted(server, origin="https://flows.example", **key)
        others = [
            await posted(server, origin=each, **key)
            for each in ("https://flows.example:8443", "http://flows.example", "http://flows.example:443")
        ]

    assert own.status_code == 200
    assert [answer.status_code for answer in others] == [403, 403, 403]


async def test_hooks_ask_nobody_for_an_origin_and_share_nothing(sharing: tuple[LiveServer, dict[str, str]]) -> None:
    server, _ = sharing

    answer = await posted(server, "/hooks/none", origin=APP)

    assert answer.status_code == 404
    assert "access-control-allow-origin" not in answer.headers


async def test_every_page_may_ask_where_the_setting_says_so_and_keys_are_asked_for() -> None:
    api = Api(options=ApiOptions(allowed_origins=("*",)), requires_keys=True)
    _, token = await api.access.create("page", Role.ADMIN, None)
    key = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    async with serving(api) as server:
        answer = await posted(server, origin="https://anybody.example", cookie="a=b", **key)

    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] in ("*", "https://anybody.example")
    assert "access-control-allow-credentials" not in answer.headers


async def test_no_page_of_another_machine_may_ask_where_no_keys_are_asked_for_whatever_the_setting() -> None:
    async with serving(Api(options=ApiOptions(allowed_origins=("*", APP)))) as server:
        everybody = await posted(server, origin="https://anybody.example", content_type="application/json")
        named = await posted(server, origin=APP, content_type="application/json")

    assert (everybody.status_code, named.status_code) == (403, 200)


async def test_a_development_server_that_changes_the_host_works_from_this_machine() -> None:
    async with serving(Api()) as server:
        answer = await posted(server, origin="http://localhost:5173", content_type="application/json")
        async with connect(server.websocket_url, subprotocols=[PROTOCOL], origin=Origin("http://localhost:5173")):
            pass

    assert answer.status_code == 200
