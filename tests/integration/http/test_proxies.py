"""Proxies of the environment: they lead to other machines, and never to processes of ours on this one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from example_service import ExampleService
from stepgraph.cli.kit.api_errors import ApiUnreachable
from stepgraph.cli.kit.client import connected
from tests.integration.graphql_api.api import Api, serving
from tests.scripted_service import Asked, reply, scripted_service
from tests.waiting import wait_until

VARIABLES = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ws_proxy", "WS_PROXY")
VERSION = "{ health { version } }"
CHANGES = "subscription { circuitBreakerUpdates { id } }"


@asynccontextmanager
async def proxy(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[str]]:
    """A proxy that every variable names, and that refuses everybody; what it was asked for."""
    asked: list[str] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readline()).decode().strip())
        writer.write(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    for name in VARIABLES:
        monkeypatch.setenv(name, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    async with server:
        yield asked


async def test_the_command_line_reaches_this_machine_without_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    async with proxy(monkeypatch) as asked, serving(Api()) as server:
        for host in ("127.0.0.1", "localhost"):
            async with connected(server.url.replace("127.0.0.1", host)) as client:
                assert (await client.execute(VERSION))["health"]["version"]

    assert asked == []


async def test_the_command_line_reaches_other_machines_by_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    async with proxy(monkeypatch) as asked:
        with pytest.raises(ApiUnreachable):
            async with connected("http://stepgraph.example:8000") as client:
                await client.execute(VERSION)
        with pytest.raises(ApiUnreachable):
            async with connected("http://stepgraph.example:8000") as client:
                await anext(client.subscribe(CHANGES))

    assert asked == [
        "POST http://stepgraph.example:8000/graphql HTTP/1.1",
        "CONNECT stepgraph.example:8000 HTTP/1.1",
    ]


async def test_a_machine_that_is_exempt_is_reached_without_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    async with proxy(monkeypatch) as asked:
        monkeypatch.setenv("no_proxy", "stepgraph.invalid")
        with pytest.raises(ApiUnreachable):
            async with connected("http://stepgraph.invalid:8000") as client:
                await client.execute(VERSION)
        with pytest.raises(ApiUnreachable):
            async with connected("http://stepgraph.invalid:8000") as client:
                await anext(client.subscribe(CHANGES))

    assert asked == []


async def test_a_proxy_that_cannot_be_used_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "ws_proxy"):
        monkeypatch.setenv(name, "nonsense://nowhere:1")

    with pytest.raises(ApiUnreachable, match="does not answer"):
        async with connected("http://stepgraph.example:8000"):
            pass


async def test_the_example_service_calls_back_without_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    def acknowledged(_: Asked) -> bytes:
        return reply({})

    async with (
        proxy(monkeypatch) as asked,
        ExampleService() as example,
        scripted_service(acknowledged) as stepgraph,
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", int(example.url.rpartition(":")[2]))
        body = f'{{"callbackUrl": "{stepgraph.url}/hooks/1"}}'.encode()
        writer.write(b"POST /pager/bob HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
        await reader.readline()
        await wait_until(lambda: stepgraph.targets, "it calls back")
        writer.close()

    assert stepgraph.targets == ["/hooks/1"]
    assert asked == []
