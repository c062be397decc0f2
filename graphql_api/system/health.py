"""Reading the health of the system: for the `health` query and for /readyz."""

import asyncio
from collections.abc import Awaitable, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from domain.kernel.errors import Unavailable
from domain.kernel.json.text import JsonValue
from domain.system.records import ComponentRecord, WorkerRecord
from graphql_api.context import ApiOptions, ApiServices
from graphql_api.system.types import ComponentHealth, Queue, ServiceStatus, SystemHealth, Worker
from graphql_api.system.work import NAMES, clocks_health, executions_health, outbox_health, reconciler_health

DISPENSABLE = frozenset({"redis", *NAMES})
"""Parts without which work is still accepted: it is stored, and waits until they are back."""

Answer = TypeVar("Answer")

_WITHOUT_REDIS = (
    "until it is back, circuit breakers go on in each process on its own, and workers hear of new work from the "
    "reconciler, a little later"
)


async def read_health(services: ApiServices, options: ApiOptions) -> SystemHealth:
    """The health of all parts. A part that does not answer in time is DOWN; that is an answer, not an error.

    Nothing is asked of a part that is down: the answer comes within twice the time that one part has.
    """
    components = await _components(services, options)
    down = {each.name for each in components if each.status is ServiceStatus.DOWN}
    work, workers, queues = await asyncio.gather(
        _nothing() if down - DISPENSABLE else _in_time(_work(services, options), options),
        _nothing() if down - DISPENSABLE else _in_time(_workers(services, options), options),
        _nothing() if "redis" in down else _in_time(_queues(services), options),
    )
    components += work
    return SystemHealth(
        status=overall(components, queues, has_workers=bool(workers)),
        version=options.version,
        components=components,
        workers=workers,
        queues=queues,
    )


def overall(components: Sequence[ComponentHealth], queues: Sequence[Queue] = (), *, has_workers: bool) -> ServiceStatus:
    """DOWN when nothing could be stored; DEGRADED when what is stored would have to wait, or was given up; else UP."""
    if any(each.status is ServiceStatus.DOWN and each.name not in DISPENSABLE for each in components):
        return ServiceStatus.DOWN
    is_well = all(each.status is ServiceStatus.UP for each in components)
    return ServiceStatus.UP if is_well and has_workers and not any(q.dead_letters for q in queues) else _DEGRADED


async def check_readiness(services: ApiServices, options: ApiOptions) -> tuple[bool, dict[str, JsonValue]]:
    """True when this process can take work, and every check as JSON; `ready_needs_worker` also asks for a live worker.

    Dead letters and a late outbox are no reason to send work elsewhere.
    """
    components = await _components(services, options)
    is_down = any(each.status is ServiceStatus.DOWN and each.name not in DISPENSABLE for each in components)
    workers = [] if is_down else await _in_time(_workers(services, options), options)
    checks: list[JsonValue] = [
        {
            "name": each.name,
            "status": each.status.value,
            "latencyMs": None if each.latency is None else round(each.latency / timedelta(milliseconds=1), 3),
            "detail": each.detail,
        }
        for each in components
    ]
    if options.ready_needs_worker:
        status = ServiceStatus.UP if workers else ServiceStatus.DOWN
        checks.append({"name": "workers", "status": status.value, "latencyMs": None, "detail": f"{len(workers)} alive"})
    is_ready = not is_down and (bool(workers) or not options.ready_needs_worker)
    status = overall(components, has_workers=bool(workers)) if is_ready else ServiceStatus.DOWN
    return is_ready, {"status": status.value, "checks": checks}


async def _components(services: ApiServices, options: ApiOptions) -> list[ComponentHealth]:
    return [_component(record) for record in await services.health.components(options.health_timeout)]


def _component(record: ComponentRecord) -> ComponentHealth:
    component = ComponentHealth.from_record(record)
    if record.name == "redis" and not record.is_up:
        component.detail = f"{record.detail or 'it does not answer'}; {_WITHOUT_REDIS}"
    return component


async def _nothing() -> list[Any]:
    return []


async def _in_time(question: Awaitable[list[Answer]], options: ApiOptions) -> list[Answer]:
    """The answer, or an empty list where none comes in time: the part's own component reports that it is away."""
    try:
        async with asyncio.timeout(options.health_timeout.total_seconds()):
            return await question
    except (Unavailable, TimeoutError):
        return []


async def _work(services: ApiServices, options: ApiOptions) -> list[ComponentHealth]:
    """The health of the outbox, the reconciler, the executions that are due, and the clocks."""
    backlog, progress, workers = await asyncio.gather(
        services.health.backlog(services.clock.now()), services.health.progress(), live_workers(services, options)
    )
    return [
        outbox_health(backlog),
        reconciler_health(progress, options),
        executions_health(progress),
        clocks_health(progress, workers, options),
    ]


async def _workers(services: ApiServices, options: ApiOptions) -> list[Worker]:
    return [Worker.from_record(each) for each in await live_workers(services, options)]


async def live_workers(services: ApiServices, options: ApiOptions) -> list[WorkerRecord]:
    """The workers that live: one that was silent for longer than its lease is dead, though it is still registered."""
    alive_since = services.clock.now() - options.worker_lease
    return [each for each in await services.registry.workers() if each.heartbeat_at > alive_since]


async def _queues(services: ApiServices) -> list[Queue]:
    return [Queue.from_record(record) for record in await services.queue.queues()]


_DEGRADED = ServiceStatus.DEGRADED
