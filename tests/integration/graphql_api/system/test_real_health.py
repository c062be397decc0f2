"""Health on real PostgreSQL and Redis: what is said when one of them is away, and when there is no schema yet."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx

from domain.kernel.ids import new_id
from domain.kernel.statuses import EventType
from domain.outbox.events import OutboxEvent
from graphql_api.app import create_app
from persistence.postgres import outbox
from tests.conftest import PostgresServer
from tests.integration.graphql_api.api import NOON
from tests.integration.graphql_api.real import Real, real_parts

NOWHERE = "127.0.0.1:1"
HEALTH = """
{ health { status components { name status latency detail } workers { host activeExecutions } queues { name depth } } }
"""


async def health_of(real: Real) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The health, and its components by name."""
    health = (await real.api.run(HEALTH))["health"]
    return health, {each["name"]: each for each in health["components"]}


@asynccontextmanager
async def listening(real: Real) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API."""
    app = create_app(real.api.services, options=real.api.options)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        yield client


async def test_all_is_well(empty_postgres_url: str, empty_redis_url: str) -> None:
    async with real_parts(empty_postgres_url, empty_redis_url) as real, listening(real) as client:
        await real.api.storage.registry.register(new_id(), host="one", now=NOON)
        health, components = await health_of(real)
        assert health["status"] == "UP"
        assert {name: each["status"] for name, each in components.items()} == dict.fromkeys(
            ("postgresql", "redis", "migrations", "outbox", "reconciler", "executions", "clocks"), "UP"
        )
        assert health["workers"] == [{"host": "one", "activeExecutions": 0}]
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (200, "UP")


async def test_a_worker_whose_lease_is_over_is_not_shown(empty_postgres_url: str, empty_redis_url: str) -> None:
    async with real_parts(empty_postgres_url, empty_redis_url) as real:
        await real.api.storage.registry.register(new_id(), host="dead", now=NOON)
        real.api.clock.advance(timedelta(hours=1))
        await real.api.storage.registry.register(new_id(), host="alive", now=real.api.clock.now())
        health, _ = await health_of(real)
        assert [each["host"] for each in health["workers"]] == ["alive"]


async def test_an_outbox_that_is_late_is_degraded(empty_postgres_url: str, empty_redis_url: str) -> None:
    async with real_parts(empty_postgres_url, empty_redis_url) as real:
        await real.api.storage.registry.register(new_id(), host="one", now=NOON)
        for seconds, expected in ((59, "UP"), (61, "DEGRADED")):
            late = OutboxEvent(type=EventType.EXECUTION_STARTED, at=NOON - timedelta(seconds=seconds))
            async with real.database.transaction() as connection:
                await connection.execute("DELETE FROM pending_event")
                await outbox.add(connection, [late, late])
            health, components = await health_of(real)
            assert health["status"] == components["outbox"]["status"] == expected
        assert components["outbox"]["detail"].endswith(": 2, the oldest for PT1M1S")


async def test_without_redis_work_is_accepted_and_it_is_said_what_goes_on(empty_postgres_url: str) -> None:
    async with real_parts(empty_postgres_url, f"redis://{NOWHERE}") as real, listening(real) as client:
        await real.api.storage.registry.register(new_id(), host="one", now=NOON)
        health, components = await health_of(real)
        assert (health["status"], components["redis"]["status"], health["queues"]) == ("DEGRADED", "DOWN", [])
        assert "circuit breakers go on in each process on its own" in components["redis"]["detail"]
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (200, "DEGRADED")


async def test_without_postgresql_nothing_is_accepted(empty_redis_url: str) -> None:
    async with real_parts(f"postgresql://{NOWHERE}/nothing", empty_redis_url) as real, listening(real) as client:
        health, components = await health_of(real)
        assert health["status"] == "DOWN"
        assert {name: each["status"] for name, each in components.items()} == {
            "postgresql": "DOWN",
            "redis": "UP",
            "migrations": "DOWN",
        }
        assert components["postgresql"]["detail"]
        assert (health["workers"], [each["name"] for each in health["queues"]]) == ([], ["executions"])
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (503, "DOWN")
        assert (await client.get("/livez")).status_code == 200


async def test_a_database_without_our_schema_is_down_and_says_what_to_do(
    postgres_server: PostgresServer, empty_redis_url: str
) -> None:
    async with real_parts(postgres_server.admin_url, empty_redis_url) as real, listening(real) as client:
        health, components = await health_of(real)
        assert health["status"] == "DOWN"
        assert components["postgresql"]["status"] == "UP"
        assert components["migrations"]["status"] == "DOWN"
        assert "run stepgraph migrate" in components["migrations"]["detail"]
        assert (await client.get("/readyz")).status_code == 503
