"""Trying out on Redis what hints need: a message, a token, a nudge; and naming kinds of servers that cannot do it."""

from collections.abc import Sequence
from uuid import UUID

from dramatiq.common import current_millis
from redis.asyncio import Redis
from redis.exceptions import (
    AuthenticationError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)

from domain.system.records import Finding, Severity
from persistence.redis.clients import redis_client
from persistence.redis.handing_over import worker_channel
from persistence.redis.work_queue import WakingRedisBroker, push_tokens

_QUEUE = "stepgraph-health"
"""A queue that no worker takes from; the probe puts a message there and removes it again."""
_NOBODY = UUID(int=0)
_SECOND = 1_000
_NEARLY = 0.9

_KINDS = {
    "cluster": "This is a Redis Cluster, which scatters keys that belong together: use a single primary.",
    "sentinel": "This is a Sentinel and keeps no data: write redis+sentinel://HOST:PORT/NAME to be led to the primary "
    "that it knows by this name.",
}


async def complaint_of_redis(url: str) -> str | None:
    """The fault of this Redis that keeps it from carrying hints, with the next thing to try; None where all is well.

    Raises an error of the driver's where it cannot be reached.
    """
    # The client has limits of its own: cancelled while it connects, it may go on.
    async with redis_client(url, connections=1) as client:
        fault = await _fault(client)
    return None if fault is None else fault.detail


async def findings_of_redis(url: str) -> Sequence[Finding]:
    """All that is to be said of this Redis; nothing where all is well. Raises an error of the driver's."""
    async with redis_client(url, connections=1) as client:
        fault = await _fault(client)
        if fault is not None:
            return [fault]
        try:
            memory = await client.info("memory")
        except ResponseError:
            return []  # whoever may not ask for it is not told
    policy, most, used = (memory.get(name) for name in ("maxmemory_policy", "maxmemory", "used_memory"))
    if not most or policy is None:
        return []
    if str(policy).startswith("allkeys"):
        return [
            _finding(
                Severity.WARNING,
                f"Redis evicts any key when its memory is full (maxmemory-policy {policy}): executions whose hint is "
                "evicted begin late. Set it to noeviction, and keep caches elsewhere.",
            )
        ]
    if int(used or 0) > _NEARLY * int(most):
        return [
            _finding(
                Severity.WARNING,
                f"Redis uses {used:,} of {most:,} bytes: raise maxmemory, or keep other data elsewhere.",
            )
        ]
    return []


def _finding(severity: Severity, detail: str) -> Finding:
    return Finding(subject="redis", severity=severity, detail=detail)


async def _fault(client: Redis) -> Finding | None:
    """A fault that keeps this Redis from carrying hints: of its kind and its rights lasting, else one that may heal."""
    kind = await _kind(client)
    if kind in _KINDS:
        return _finding(Severity.FAULT, _KINDS[kind])
    try:
        await _work(client)
    except ResponseError as error:
        return _finding(Severity.FAULT if _is_forbidden(error) else Severity.WAITING, _sentence(error))
    return None


def _is_forbidden(error: RedisError) -> bool:
    """True where the user lacks a right: a script says so in its own words."""
    text = str(error)
    return isinstance(error, NoPermissionError) or "NOPERM" in text or "permissions" in text


async def _kind(client: Redis) -> str:
    """`standalone`, `cluster` or `sentinel`; empty where the user may not ask."""
    try:
        known = await client.info("server")
        return str(known.get("redis_mode") or known.get("server_mode", ""))
    except AuthenticationError:
        raise
    except ResponseError:
        return ""


async def _work(client: Redis) -> None:
    """Send a hint and take it back, a token for idle workers, and a nudge that nobody hears."""
    namespace = "dramatiq"
    dispatch = client.register_script(_dispatch())
    now = current_millis()
    common = (now, _QUEUE, _QUEUE, 60 * _SECOND, 60 * _SECOND, 0, 1_000)
    await dispatch(keys=[namespace], args=["enqueue", *common, "probe", "{}"])
    await dispatch(keys=[namespace], args=["purge", *common])
    async with client.pipeline(transaction=False) as pipeline:
        push_tokens(pipeline, _QUEUE, 1)
        pipeline.publish(worker_channel(_NOBODY), "")
        await pipeline.execute()


def _dispatch() -> str:
    broker = WakingRedisBroker("redis://127.0.0.1:1", middleware=[])  # it never connects: its script is wanted
    script = broker.scripts["dispatch"].script
    return script.decode() if isinstance(script, bytes) else str(script)


def _sentence(error: RedisError) -> str:
    match error:
        case ReadOnlyError():
            return "This Redis is a replica and takes no writes: REDIS_URL must lead to the primary."
        case NoPermissionError():
            return (
                f"{error}. The user's ACL is too narrow: it needs the keys `dramatiq`, `dramatiq:*` and `stepgraph:*`, "
                "the channels `stepgraph:*`, and all commands on them: "
                "ACL SETUSER … ~dramatiq ~dramatiq:* ~stepgraph:* &stepgraph:* +@all"
            )
        case OutOfMemoryError():
            return f"{error}. Redis is full: raise maxmemory, or keep other data elsewhere."
        case _:
            text = str(error)
            if _is_forbidden(error):
                return _sentence(NoPermissionError(text))
            if "READONLY" in text or "read only replica" in text:
                return _sentence(ReadOnlyError(text))
            if "OOM" in text:
                return _sentence(OutOfMemoryError(text))
            if any(word in text.lower() for word in ("cluster", "moved", "crossslot", "hash slot")):
                return _KINDS["cluster"]
            return f"Redis does not do what hints need: {text}"
