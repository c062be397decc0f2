"""An API that asks for no keys answers under names that nobody else can own, to its own pages, and through no proxy."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
import websockets
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from graphql_api.app import create_app
from graphql_api.context import ApiOptions
from tests.integration.graphql_api.api import Api, LiveServer, serving

PROTOCOL = Subprotocol("graphql-transport-ws")
QUERY = {"query": "{ __typename }"}
CREATE = {"query": 'mutation { createApiKey(name: "x", role: ADMIN) { __typename ... on CreatedApiKey { token } } }'}
REBOUND = {"host": "evil.example", "origin": "http://evil.example"}


@pytest.fixture
async def open_server() -> AsyncIterator[LiveServer]:
    """An API without keys that has a public URL."""
    async with serving(Api(options=ApiOptions(public_url="https://flows.example.com"))) as server:
        yield server


async def asked(
    server: LiveServer, method: str, path: str, headers: dict[str, str], body: Any = None
) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        content = None if body is None else json.dumps(body)
        headers = {**({} if body is None else {"content-type": "application/json"}), **headers}
        return await client.request(method, f"{server.url}{path}", headers=headers, content=content)


async def websocket(server: LiveServer, headers: dict[str, str]) -> ClientConnection:
    """A WebSocket with these headers; the client writes the name of its address as the only `Host`."""
    own = ("Host", "Sec-WebSocket-Protocol")
    return await connect(
        f"ws://{headers.get('Host', 'localhost')}/graphql",
        host="127.0.0.1",
        port=server.port,
        subprotocols=[Subprotocol(headers.get("Sec-WebSocket-Protocol", PROTOCOL))],
        additional_headers={name: value for name, value in headers.items() if name not in own},
    )


PLACES = [
    ("POST", "/graphql", CREATE),
    ("GET", "/graphql?query=%7B__typename%7D", None),
    ("OPTIONS", "/graphql", None),
    ("POST", "/hooks/abc", {}),
    ("GET", "/livez", None),
    ("GET", "/readyz", None),
    ("GET", "/metrics", None),
    ("GET", "/graphiql/", None),
    ("GET", "/", None),
    ("GET", "/nothing", None),
]


@pytest.mark.parametrize(("method", "path", "body"), PLACES)
@pytest.mark.parametrize(
    "headers",
    [
        REBOUND,
        {"host": "evil.example"},
        {"host": "evil.example:8000"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"host": "localhost", "x-forwarded-for": "127.0.0.1"},
        {"host": "localhost", "x-forwarded-host": "localhost"},
        {"host": "localhost", "x-forwarded-proto": "https"},
        {"host": "localhost", "X-Forwarded-Anything": "x"},
        {"host": "localhost", "forwarded": "for=127.0.0.1"},
        {"host": "localhost", "x-real-ip": "127.0.0.1"},
        {"host": "localhost", "via": "1.1 proxy"},
        {"host": "localhost", "x-envoy-external-address": "127.0.0.1"},
        {"host": "localhost", "x-original-forwarded-for": "127.0.0.1"},
        {"host": "localhost", "fly-client-ip": "127.0.0.1"},
        {"host": "localhost", "forwarded-for": "127.0.0.1"},
    ],
)
async def test_nothing_is_answered_to_a_rebound_name_or_through_a_proxy(
    open_server: LiveServer, method: str, path: str, body: Any, headers: dict[str, str]
) -> None:
    answer = await asked(open_server, method, path, headers, body)

    assert answer.status_code == 403
    assert "STEPGRAPH_" in answer.json()["errors"][0]["message"]
    assert not (await open_server.api.storage.keys.page(first=1, after=None)).rows


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "localhost"},
        {"host": "LOCALHOST.:9999", "origin": "http://localhost:5173"},
        {"host": "[::1]:8000", "origin": "https://127.0.0.1:3000"},
        {"host": "flows.example.com", "origin": "https://flows.example.com"},
        {"host": "flows.example.com:443", "origin": "https://flows.example.com:443"},
        {"host": "localhost", "origin": "https://flows.example.com"},
        {"host": "flows.example.com:8000", "origin": "http://flows.example.com:8000"},  # past the proxy
    ],
)
async def test_this_machine_and_the_public_name_are_answered(open_server: LiveServer, headers: dict[str, str]) -> None:
    answer = await asked(open_server, "POST", "/graphql", headers, QUERY)

    assert (answer.status_code, answer.json()) == (200, {"data": {"__typename": "Query"}})


OTHER_PAGES = [
    {"Host": "flows.example.com", "Origin": "https://flows.example.com:8443"},
    {"Host": "flows.example.com", "Origin": "http://flows.example.com"},
    {"Host": "flows.example.com", "Origin": "http://flows.example.com:443"},
    {"Host": "flows.example.com:8000", "Origin": "https://flows.example.com:8000"},
    {"Host": "localhost", "Origin": "https://flows.example.com:8443"},
    {"Host": "localhost", "Origin": "http://flows.example.com"},
    # The machine of whoever looks at that page, which is another than the public name's.
    {"Host": "flows.example.com", "Origin": "http://localhost:5173"},
]


@pytest.mark.parametrize("headers", OTHER_PAGES)
async def test_a_page_of_the_public_name_on_another_port_or_scheme_is_refused(
    open_server: LiveServer, headers: dict[str, str]
) -> None:
    answers = [
        await asked(open_server, "POST", "/graphql", headers, CREATE),
        await asked(open_server, "GET", "/graphql?query=%7B__typename%7D", headers),
        await asked(open_server, "POST", "/hooks/abc", headers, {}),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert all("STEPGRAPH_ALLOWED_ORIGINS" in answer.json()["errors"][0]["message"] for answer in answers)
    assert not (await open_server.api.storage.keys.page(first=1, after=None)).rows


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"X-Forwarded-For": "10.0.0.1"},
        {"Host": "evil.example", "Origin": "http://evil.example", "Sec-WebSocket-Protocol": "chat"},
    ],
)
async def test_a_websocket_is_refused_alike_in_its_handshake(open_server: LiveServer, headers: dict[str, str]) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        await websocket(open_server, headers)

    assert refused.value.response.status_code == 403
    assert b"STEPGRAPH_" in (refused.value.response.body or b"")


@pytest.mark.parametrize(
    "headers",
    [
        *OTHER_PAGES,
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Host": "evil.example", "Origin": "http://evil.example"},
        {"Origin": "http://localhost", "X-Forwarded-For": "10.0.0.1"},
    ],
)
async def test_the_websocket_of_a_page_is_closed_for_good_before_it_is_heard(
    open_server: LiveServer, headers: dict[str, str]
) -> None:
    async with await websocket(open_server, headers) as socket:
        with suppress(websockets.ConnectionClosed):
            await socket.send(json.dumps({"type": "connection_init"}))
        with pytest.raises(websockets.ConnectionClosed):
            await socket.recv()

    assert (socket.subprotocol, socket.close_code) == (PROTOCOL, 1008)
    assert socket.close_reason is not None and "STEPGRAPH" not in socket.close_reason


@pytest.mark.parametrize(
    "lines",
    [
        b"",
        b"Host: localhost\r\nHost: evil.example\r\n",
        b"Host: evil.example\r\nHost: localhost\r\n",
        b"Host:\r\n",
        b"Host: localhost\r\nOrigin: http://localhost\r\nOrigin: http://evil.example\r\n",
    ],
)
async def test_no_host_two_hosts_and_two_origins_are_refused(open_server: LiveServer, lines: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", open_server.port)
    writer.write(b"GET /livez HTTP/1.1\r\n" + lines + b"Connection: close\r\n\r\n")

    assert (await reader.read(-1)).startswith(b"HTTP/1.1 403")
    writer.close()


async def app_answer(
    options: ApiOptions, *, keys: bool = False, peer: str = "127.0.0.1", **headers: str
) -> httpx.Response:
    api = Api(options=options, requires_keys=keys)
    transport = httpx.ASGITransport(create_app(api.services, options=options), client=(peer, 1))
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return await client.post("/graphql", json=QUERY, headers=named)


async def test_where_others_reach_it_any_address_will_do_but_no_page_of_another() -> None:
    reachable = ApiOptions(is_reachable=True, allowed_hosts=("api",))

    assert (await app_answer(reachable, host="192.168.1.5:8000")).status_code == 200
    assert (await app_answer(reachable, host="192.168.1.5:8000", origin="http://192.168.1.5:8000")).status_code == 200
    assert (await app_answer(reachable, host="api:8000")).status_code == 200
    assert (await app_answer(reachable, host="evil.example")).status_code == 403
    assert (await app_answer(reachable, host="192.168.1.5", origin="http://6.6.6.6")).status_code == 403
    assert (await app_answer(ApiOptions(), host="192.168.1.5")).status_code == 403


async def test_a_proxy_that_the_settings_name_may_ask() -> None:
    options = ApiOptions(trusted_proxies=("10.0.0.0/8",), public_url="https://flows.example.com")
    said: dict[str, Any] = {"host": "flows.example.com", "x_forwarded_for": "203.0.113.7", "x_forwarded_proto": "https"}

    assert (await app_answer(options, peer="10.0.0.1", **said)).status_code == 200
    assert (await app_answer(options, peer="127.0.0.1", **said)).status_code == 403


@pytest.mark.parametrize(
    ("host", "proto", "origin", "status"),
    [
        ("flows.example.com", "https", "https://flows.example.com", 200),
        ("flows.example.com", "wss", "https://flows.example.com", 200),
        ("flows.example.com", "WSS", "http://flows.example.com", 403),
        ("flows.example.com", "https", "http://flows.example.com", 403),
        ("flows.example.com", "http", "http://flows.example.com", 200),
        ("flows.example.com:8443", "https", "https://flows.example.com:8443", 200),
        ("flows.example.com:8443", "https", "https://flows.example.com", 403),
        ("flows.example.com", "http", "https://flows.example.com", 403),
    ],
)
async def test_a_page_is_compared_with_the_scheme_that_a_trusted_proxy_was_asked_by(
    host: str, proto: str, origin: str, status: int
) -> None:
    options = ApiOptions(trusted_proxies=("10.0.0.0/8",), allowed_hosts=("flows.example.com",))

    answer = await app_answer(options, peer="10.0.0.1", host=host, x_forwarded_proto=proto, origin=origin)

    assert answer.status_code == status


async def test_the_public_url_says_the_scheme_where_a_proxy_does_not() -> None:
    options = ApiOptions(public_url="https://flows.example.com:8443/api")

    assert (await app_answer(options, host="flows.example.com", origin="https://flows.example.com:8443")).is_success
    assert (await app_answer(options, host="flows.example.com:8443", origin="http://flows.example.com:8443")).is_error
    # A proxy that leaves the port out of `Host` makes no other page of that name ours.
    assert (await app_answer(options, host="flows.example.com", origin="https://flows.example.com")).is_error
    assert (await app_answer(options, host="flows.example.com", origin="http://flows.example.com")).is_error


async def test_an_api_that_asks_for_keys_does_not_mind_its_name() -> None:
    answer = await app_answer(ApiOptions(), keys=True, host="anything.example", x_forwarded_for="1.2.3.4", via="1.1 x")

    assert answer.status_code == 401
