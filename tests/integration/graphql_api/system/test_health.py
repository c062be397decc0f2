"""Health: which workers live, what waits too long, and what is said of Redis."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

from domain.kernel.ids import new_id
from domain.kernel.statuses import EventType
from domain.outbox.events import OutboxEvent
from graphql_api.context import ApiOptions
from tests.contract.rows import new_execution
from tests.integration.graphql_api.api import NOON, Api

HEALTH = "{ health { status components { name status detail } workers { host } queues { deadLetters } } }"


async def health_of(api: Api) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The health, and its components by name."""
    health = (await api.run(HEALTH))["health"]
    return health, {each["name"]: each for each in health["components"]}


async def a_well_api(**options: Any) -> Api:
    """An API with one live worker."""
    api = Api(options=ApiOptions(worker_lease=timedelta(seconds=8), **options))
    await api.storage.registry.register(new_id(), host="one", now=NOON)
    return api


async def test_a_worker_whose_lease_is_over_is_not_shown() -> None:
    api = await a_well_api()
    assert (await health_of(api))[0]["status"] == "UP"
    api.clock.advance(timedelta(seconds=9))
    health, _ = await health_of(api)
    assert (health["status"], health["workers"]) == ("DEGRADED", [])
    await api.storage.registry.register(new_id(), host="two", now=api.clock.now())
    health, _ = await health_of(api)
    assert (health["status"], health["workers"]) == ("UP", [{"host": "two"}])


async def test_an_outbox_that_is_late_is_degraded_and_says_how_late() -> None:
    api = await a_well_api()
    late = OutboxEvent(type=EventType.EXECUTION_STARTED, at=NOON - timedelta(minutes=2), execution_id=new_id())
    api.storage.tables.outbox.append(late)
    health, components = await health_of(api)
    assert health["status"] == "DEGRADED"
    assert components["outbox"]["status"] == "DEGRADED"
    assert components["outbox"]["detail"] == (
        "events that wait to be told to metrics and webhooks: 1, the oldest for PT2M"
    )
    api.storage.tables.outbox.clear()
    health, components = await health_of(api)
    assert (health["status"], components["outbox"]["detail"]) == ("UP", None)


async def test_dead_letters_degrade() -> None:
    api = await a_well_api()
    api.storage.queue.dead_letters = 1
    health, _ = await health_of(api)
    assert health["status"] == "DEGRADED"
    assert health["queues"] == [{"deadLetters": 1}]


async def test_what_goes_on_without_redis_is_said() -> None:
    api = await a_well_api()
    api.storage.health.down = {"redis"}
    health, components = await health_of(api)
    assert health["status"] == "DEGRADED"
    assert "circuit breakers go on in each process" in components["redis"]["detail"]
    assert "reconciler" in components["redis"]["detail"]


async def test_what_hangs_is_left_out_in_time() -> None:
    api = await a_well_api(health_timeout=timedelta(seconds=0.05))

    async def hangs(*_: Any) -> Any:
        await asyncio.Event().wait()

    api.storage.queue.queues = hangs  # type: ignore[method-assign]
    api.storage.health.backlog = hangs  # type: ignore[method-assign, assignment]
    health, components = await asyncio.wait_for(health_of(api), 10)
    assert (health["queues"], health["workers"], "outbox" in components) == ([], [{"host": "one"}], False)


async def test_of_what_is_down_nothing_more_is_asked() -> None:
    api = await a_well_api()
    api.storage.health.down = {"migrations"}

    async def fails(*_: Any) -> Any:
        raise AssertionError("there may be no such table")

    api.storage.registry.workers = fails  # type: ignore[method-assign]
    api.storage.health.backlog = fails  # type: ignore[method-assign, assignment]
    health, _ = await health_of(api)
    assert (health["status"], health["workers"]) == ("DOWN", [])


async def test_a_reconciler_that_stands_still_is_degraded_and_says_what_does() -> None:
    api = await a_well_api()
    await api.storage.recovery.lead(new_id(), lease=timedelta(seconds=4))
    health, components = await health_of(api)
    assert (health["status"], components["reconciler"]["status"]) == ("UP", "UP")

    api.clock.advance(timedelta(seconds=17))
    await api.storage.registry.register(new_id(), host="two", now=api.clock.now())
    health, components = await health_of(api)

    assert (health["status"], components["reconciler"]["status"]) == ("DEGRADED", "DEGRADED")
    assert "for PT17S: waits that are over, retries" in components["reconciler"]["detail"]
    assert "workers' logs" in components["reconciler"]["detail"]


async def test_executions_that_are_due_and_not_begun_are_degraded() -> None:
    api = await a_well_api()
    await api.storage.executions.create([new_execution(created_at=NOON - timedelta(seconds=61))])
    health, components = await health_of(api)
    assert (health["status"], components["executions"]["status"]) == ("DEGRADED", "DEGRADED")
    assert "due for PT1M1S" in components["executions"]["detail"]
    assert "start more workers" in components["executions"]["detail"]


async def test_clocks_that_are_wrong_are_named_with_how_wrong_they_are() -> None:
    api = await a_well_api()
    [worker] = await api.storage.registry.workers()
    api.storage.tables.workers[worker.id] = replace(worker, clock_offset=timedelta(seconds=-30))
    api.storage.health.clock_offset = timedelta(hours=1)
    health, components = await health_of(api)
    assert (health["status"], components["clocks"]["status"]) == ("DEGRADED", "DEGRADED")
    assert "the clock of the worker's machine one is 30.0 s behind PostgreSQL's" in components["clocks"]["detail"]
    assert "the clock of the API's machine is 3600.0 s ahead of PostgreSQL's" in components["clocks"]["detail"]
    assert "NTP" in components["clocks"]["detail"]


async def test_clocks_within_the_tolerance_are_up() -> None:
    api = await a_well_api()
    api.storage.health.clock_offset = timedelta(seconds=-2)
    assert (await health_of(api))[1]["clocks"]["status"] == "UP"
