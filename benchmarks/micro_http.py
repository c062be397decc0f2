"""CPU per request of the outgoing client, beside the clients it could have been: `python -m benchmarks.micro_http`.

Each client calls the example service (a process of its own) and parses the JSON. Rounds are interleaved and the best
of each client counts, because on a shared machine the disturbances only ever add.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import httpx
import orjson
import uvloop
import wreq
from httpx_aiohttp import HttpxAiohttpClient
from rich.console import Console
from rich.table import Table

from actors.http.client import HttpClient, HttpRequest, HttpResponse
from actors.http.destinations import DestinationPolicy
from actors.http.library import HttpTransport
from benchmarks.processes import example_service

_POLICY = DestinationPolicy(allow_loopback=True)
_ROUNDS = 5
_REQUESTS = 1600
_CONCURRENCIES = (1, 32)

Call = Callable[[], Awaitable[None]]


@contextlib.asynccontextmanager
async def _clients(url: str) -> AsyncIterator[dict[str, Call]]:
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=200)
    native = wreq.Client(runtime=wreq.Runtime(workers=1, work_steal=False), no_proxy=True)
    async with (
        httpx.AsyncClient(limits=limits, trust_env=False) as stock,
        HttpxAiohttpClient(limits=limits, trust_env=False) as over_aiohttp,
        HttpClient(_POLICY, user_agent="benchmark") as ours,
        HttpClient(_POLICY, user_agent="benchmark", transport=HttpTransport.WREQ) as ours_over_wreq,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as bare,
    ):

        async def call_stock() -> None:
            orjson.loads((await stock.get(url)).content)

        async def call_over_aiohttp() -> None:
            orjson.loads((await over_aiohttp.get(url)).content)

        def call_ours(client: HttpClient) -> Call:
            async def call() -> None:
                answer = await client.send(HttpRequest(method="GET", url=url))
                if not isinstance(answer, HttpResponse):
                    raise RuntimeError(answer.message)
                orjson.loads(answer.body)

            return call

        async def call_wreq() -> None:
            orjson.loads(await (await native.get(url)).bytes())

        async def call_bare() -> None:
            async with bare.get(url) as response:
                orjson.loads(await response.read())

        yield {
            "httpx.AsyncClient": call_stock,
            "HttpxAiohttpClient": call_over_aiohttp,
            "actors.http.client.HttpClient": call_ours(ours),
            "the same over wreq": call_ours(ours_over_wreq),
            "wreq alone": call_wreq,
            "aiohttp alone": call_bare,
        }


async def _cpu_per_request(call: Call, concurrency: int) -> float:
    async def caller() -> None:
        for _ in range(_REQUESTS // concurrency):
            await call()

    before = time.process_time()
    async with asyncio.TaskGroup() as group:
        for _ in range(concurrency):
            group.create_task(caller())
    return (time.process_time() - before) / _REQUESTS * 1e6


async def _measure() -> None:
    async with example_service() as url, _clients(f"{url}/stock/widget") as clients:
        best = {(name, concurrency): float("inf") for name in clients for concurrency in _CONCURRENCIES}
        for _ in range(_ROUNDS):
            for name, call in clients.items():
                for concurrency in _CONCURRENCIES:
                    cost = await _cpu_per_request(call, concurrency)
                    best[name, concurrency] = min(best[name, concurrency], cost)
    table = Table("client", *(f"µs CPU, {concurrency} at once" for concurrency in _CONCURRENCIES))
    for name in clients:
        table.add_row(name, *(f"{best[name, concurrency]:.0f}" for concurrency in _CONCURRENCIES))
    Console().print(table)


if __name__ == "__main__":
    uvloop.run(_measure())
