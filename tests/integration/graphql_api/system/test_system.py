"""Health, readiness, trying an expression, and the playground."""

from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from domain.kernel.ids import new_id
from graphql_api.app import create_app
from graphql_api.context import ApiOptions
from tests.integration.graphql_api.api import NOON, Api, LiveServer, serving
from tests.waiting import wait_until

HEALTH = """
{ health { status version components { name status latency detail }
  workers { id host startedAt lastHeartbeatAt activeExecutions } queues { name depth deadLetters } } }
"""


async def test_health_shows_components_workers_and_queues() -> None:
    api = Api(options=ApiOptions(version="1.2.3"))
    await api.storage.registry.register(new_id(), host="one", now=NOON)
    await api.seed(1)

    health = (await api.run(HEALTH))["health"]

    assert (health["status"], health["version"]) == ("UP", "1.2.3")
    assert {component["status"] for component in health["components"]} == {"UP"}
    assert health["workers"][0]["host"] == "one"
    assert health["workers"][0]["id"].startswith("wk_")
    assert health["queues"] == [{"name": "executions", "depth": 0, "deadLetters": 0}]


async def test_without_a_worker_or_without_redis_work_is_accepted_but_waits(api: Api) -> None:
    no_worker = (await api.run(HEALTH))["health"]
    await api.storage.registry.register(new_id(), host="one", now=NOON)
    api.storage.health.down = {"redis"}
    no_redis = (await api.run(HEALTH))["health"]
    api.storage.health.down = {"postgresql"}
    no_database = (await api.run(HEALTH))["health"]

    assert [no_worker["status"], no_redis["status"], no_database["status"]] == ["DEGRADED", "DEGRADED", "DOWN"]


async def readiness(client: httpx.AsyncClient, status: str) -> httpx.Response:
    """The first answer with this status: one may be a second old."""

    async def answer() -> httpx.Response | None:
        given = await client.get("/readyz")
        return given if given.json()["status"] == status else None

    found = await wait_until(answer, f"/readyz says {status}", interval=0.05)
    assert found is not None
    return found


async def test_readiness_says_what_is_wrong(server: LiveServer) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client:
        ready = await client.get("/readyz")
        server.api.storage.health.down = {"postgresql"}
        down = await readiness(client, "DOWN")
        server.api.storage.health.down = {"redis"}
        without_redis = await readiness(client, "DEGRADED")
        alive = await client.get("/livez")

    assert ready.status_code == 200
    assert down.status_code == 503
    assert {check["name"]: check["status"] for check in down.json()["checks"]} == {
        "postgresql": "DOWN",
        "redis": "UP",
        "migrations": "UP",
    }
    assert (without_redis.status_code, without_redis.json()["status"]) == (200, "DEGRADED")
    assert alive.status_code == 200


async def test_readiness_can_wait_for_a_worker() -> None:
    api = Api(options=ApiOptions(ready_needs_worker=True))
    async with serving(api) as server, httpx.AsyncClient(base_url=server.url) as client:
        before = await client.get("/readyz")
        await api.storage.registry.register(new_id(), host="one", now=NOON)
        after = await readiness(client, "UP")

    assert (before.status_code, after.status_code) == (503, 200)


@pytest.mark.parametrize(
    ("expression", "context", "value"),
    [("input.n", {"input": {"n": 12345678901234567890123}}, 12345678901234567890123), ("input", {"input": None}, None)],
)
async def test_an_expression_is_tried(api: Api, expression: str, context: object, value: object) -> None:
    query = "query($e: Expression!, $c: JSON!) { evaluate(expression: $e, context: $c) { value error duration } }"

    answer = (await api.run(query, e=expression, c=context))["evaluate"]

    assert answer == {"value": value, "error": None, "duration": "PT0S"}


@pytest.mark.parametrize(
    ("expression", "context"), [("1 +", {}), ("missing", {}), ("input.n", []), ("", {}), ("x" * 100_000, {})]
)
async def test_an_expression_that_fails_says_why(api: Api, expression: str, context: object) -> None:
    query = "query($e: Expression!, $c: JSON!) { evaluate(expression: $e, context: $c) { value error } }"

    answer = (await api.run(query, e=expression, c=context))["evaluate"]

    assert answer["value"] is None
    assert answer["error"]


async def get(api: Api, path: str, static_files: Path) -> httpx.Response:
    app = create_app(api.services, options=api.options, static_files=static_files)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        return await client.get(path, timeout=timedelta(seconds=5).total_seconds())


async def test_the_playground_is_served_with_a_strict_policy(api: Api, tmp_path: Path) -> None:
    built = tmp_path / "graphiql"
    (built / "assets").mkdir(parents=True)
    (built / "index.html").write_text("<!doctype html><title>playground</title>")
    (built / "assets" / "main-abc.js").write_text("1")

    page = await get(api, "/graphiql/", tmp_path)
    script = await get(api, "/graphiql/assets/main-abc.js", tmp_path)

    assert page.status_code == 200
    assert "playground" in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-cache"
    assert "immutable" in script.headers["Cache-Control"]


async def test_a_playground_that_was_not_built_says_how(api: Api, tmp_path: Path) -> None:
    page = await get(api, "/graphiql/", tmp_path)

    assert page.status_code == 404
    assert "make" in page.text


async def test_the_playground_can_be_switched_off(tmp_path: Path) -> None:
    api = Api(options=ApiOptions(graphiql=False))

    assert (await get(api, "/graphiql/", tmp_path)).status_code == 404
