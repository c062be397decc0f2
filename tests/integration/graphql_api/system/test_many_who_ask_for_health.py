"""Readiness, metrics and health are asked for by many at once, some without a key: the system is looked at once."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import httpx

from domain.system.records import ComponentRecord
from graphql_api.app import create_app
from persistence.memory import MemoryStorage
from stepgraph.telemetry.metrics_endpoint import metrics_endpoint
from tests.integration.graphql_api.api import Api, post, serving

MANY = 200


def many() -> httpx.AsyncClient:
    """A client that opens a connection for each request."""
    return httpx.AsyncClient(timeout=30, limits=httpx.Limits(max_connections=MANY))


class Looks:
    """Counts the looks at the parts of a system."""

    def __init__(self, storage: MemoryStorage) -> None:
        self.count = 0
        self._components = storage.health.components
        storage.health.components = self._counted  # type: ignore[method-assign]

    async def _counted(self, timeout: timedelta) -> Sequence[ComponentRecord]:
        self.count += 1
        await asyncio.sleep(0.05)  # as long as a database under load may take
        return await self._components(timeout)


async def test_two_hundred_who_ask_whether_it_is_ready_cost_one_look() -> None:
    api = Api()
    looks = Looks(api.storage)
    async with (
        serving(api) as server,
        many() as client,
    ):
        answers = await asyncio.gather(*(client.get(f"{server.url}/readyz") for _ in range(MANY)))

    assert {answer.status_code for answer in answers} == {200}
    # One, or a few where the machine takes seconds to answer two hundred requests.
    assert looks.count <= 5


async def test_health_a_hundred_times_in_one_operation_and_in_many_costs_one_look() -> None:
    api = Api()
    looks = Looks(api.storage)
    aliases = " ".join(f"h{number}: health {{ status }}" for number in range(50))
    async with serving(api) as server:
        answers = await asyncio.gather(*(post(server, {"query": f"{{ {aliases} }}"}) for _ in range(4)))

    assert {len(answer.json()["data"]) for answer in answers} == {50}
    assert looks.count <= 5


async def test_many_scrapes_are_rendered_once() -> None:
    rendered = 0

    async def render() -> bytes:
        nonlocal rendered
        rendered += 1
        await asyncio.sleep(0.05)
        return b"stepgraph_workers 1\n"

    app = create_app(Api().services, metrics=render)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        answers = await asyncio.gather(*(client.get("/metrics") for _ in range(MANY)))
    assert {answer.text for answer in answers} == {"stepgraph_workers 1\n"}
    of_api = rendered

    async with (
        metrics_endpoint(render, "127.0.0.1", 0) as port,
        many() as client,
    ):
        await asyncio.gather(*(client.get(f"http://127.0.0.1:{port}/metrics") for _ in range(MANY)))
    assert of_api <= 5
    assert rendered - of_api <= 5
