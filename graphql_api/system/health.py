"""Reading the health of the system: for the `health` query and for /readyz."""

from collections.abc import Sequence
from datetime import timedelta

from domain.errors import Unavailable
from domain.json_text import JsonValue
from domain.ports import HealthProbe, WorkerRegistry, WorkQueue
from graphql_api.system.types import ComponentHealth, Queue, ServiceStatus, SystemHealth, Worker

DISPENSABLE = frozenset({"redis"})
"""Parts without which work is still accepted: it is stored, and waits until they are back."""


async def read_health(
    probe: HealthProbe, registry: WorkerRegistry, queue: WorkQueue, *, version: str, timeout: timedelta
) -> SystemHealth:
    """How everything is. A part that does not answer within `timeout` is DOWN; that is an answer, not an error."""
    components = [ComponentHealth.from_record(record) for record in await probe.components(timeout)]
    workers = await _workers(registry)
    return SystemHealth(
        status=overall(components, has_workers=bool(workers)),
        version=version,
        components=components,
        workers=workers,
        queues=await _queues(queue),
    )


def overall(components: Sequence[ComponentHealth], *, has_workers: bool) -> ServiceStatus:
    """DOWN when nothing could be stored; DEGRADED when what is stored would have to wait; else UP."""
    down = {component.name for component in components if component.status is ServiceStatus.DOWN}
    if down - DISPENSABLE:
        return ServiceStatus.DOWN
    return ServiceStatus.DEGRADED if down or not has_workers else ServiceStatus.UP


async def check_readiness(
    probe: HealthProbe, registry: WorkerRegistry, *, timeout: timedelta, needs_worker: bool
) -> tuple[bool, dict[str, JsonValue]]:
    """Whether this process can take work, and every check as JSON. `needs_worker`: somebody must be there to do it."""
    components = [ComponentHealth.from_record(record) for record in await probe.components(timeout)]
    is_down = any(each.status is ServiceStatus.DOWN and each.name not in DISPENSABLE for each in components)
    workers = [] if is_down else await _workers(registry)
    checks: list[JsonValue] = [
        {
            "name": each.name,
            "status": each.status.value,
            "latencyMs": None if each.latency is None else round(each.latency / timedelta(milliseconds=1), 3),
            "detail": each.detail,
        }
        for each in components
    ]
    if needs_worker:
        status = ServiceStatus.UP if workers else ServiceStatus.DOWN
        checks.append({"name": "workers", "status": status.value, "latencyMs": None, "detail": f"{len(workers)} alive"})
    is_ready = not is_down and (bool(workers) or not needs_worker)
    status = overall(components, has_workers=bool(workers)) if is_ready else ServiceStatus.DOWN
    return is_ready, {"status": status.value, "checks": checks}


async def _workers(registry: WorkerRegistry) -> list[Worker]:
    try:
        return [Worker.from_record(record) for record in await registry.workers()]
    except Unavailable:
        return []


async def _queues(queue: WorkQueue) -> list[Queue]:
    try:
        return [Queue.from_record(record) for record in await queue.queues()]
    except Unavailable:
        return []
