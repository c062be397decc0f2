"""Workers that share circuit breakers over a real Redis and a real PostgreSQL, and calls of services that fail."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from redis.asyncio import Redis

from actors.circuit_breakers.breakers import WorkerBreakers
from domain.circuit_breakers.model import BreakerConfig, BreakerSnapshot
from domain.circuit_breakers.ports import Permit, Refused
from domain.kernel.ids import new_id
from domain.kernel.statuses import CircuitBreakerState
from persistence.postgres.circuit_breakers import PostgresBreakerStore
from persistence.redis.circuit_breakers.sharing import RedisSharedBreakers
from tests.clocks import ManualClock
from tests.integration.graphql_api.real import CountingDatabase
from tests.waiting import wait_until

CLOSED, OPEN, HALF_OPEN = CircuitBreakerState.CLOSED, CircuitBreakerState.OPEN, CircuitBreakerState.HALF_OPEN
API = "api.example.com:443"
RESET = timedelta(seconds=30)
PATIENCE = timedelta(seconds=20)
"""The time for which a server is waited for that answers: no promise of ours, see `tests.waiting`."""
OF_THE_TEST = {"info", "config|resetstat", "pubsub|numsub", "flushdb", "client|setinfo", "hello", "auth", "select"}
OF_THE_CONNECTION = {"ping", "subscribe"}


@dataclass
class World:
    """The servers, and as many workers as a test wants; their clock stands still."""

    stack: AsyncExitStack
    redis_url: str
    database: CountingDatabase
    redis: Redis
    clock: ManualClock = field(default_factory=ManualClock)
    listeners: int = 0

    def __post_init__(self) -> None:
        self.store = PostgresBreakerStore(self.database)

    async def worker(self, redis_url: str | None = None) -> WorkerBreakers:
        """Another worker, which hears the news."""
        breakers = await self.breakers(await self.sharing(redis_url))
        self.listeners += 1
        await self.all_hear()
        return breakers

    async def breakers(self, shared: RedisSharedBreakers) -> WorkerBreakers:
        """A worker's breakers over what it shares; the store answers, however busy the machine is."""
        breakers = WorkerBreakers(shared=shared, store=self.store, clock=self.clock, stored_within=PATIENCE)
        return await self.stack.enter_async_context(breakers)

    async def sharing(self, redis_url: str | None = None) -> RedisSharedBreakers:
        """The breakers that are shared over this Redis (None: the own one, which answers, however busy it is)."""
        shared = RedisSharedBreakers(redis_url or self.redis_url, answer_within=PATIENCE)
        return await self.stack.enter_async_context(shared)

    async def all_hear(self) -> None:
        """Wait until every worker has its connection for the news."""

        async def hear() -> bool:
            [(_, number)] = await self.redis.pubsub_numsub("stepgraph:breakers")
            return int(number) == self.listeners

        await wait_until(hear, "all workers hear the news")

    async def configure(self, **members: object) -> None:
        """Store a configuration before anybody calls the service."""
        await self.store.ensure(API, id=new_id(), now=self.clock.now())
        await self.store.configure(API, BreakerConfig(**members), self.clock.now())  # type: ignore[arg-type]

    async def shared(self) -> BreakerSnapshot | None:
        """The breaker as Redis has it."""
        async with RedisSharedBreakers(self.redis_url, answer_within=PATIENCE) as shared:
            return (await shared.read([API])).get(API)

    async def stored(self, state: CircuitBreakerState) -> BreakerSnapshot:
        """Wait until PostgreSQL knows of this state."""

        async def found() -> BreakerSnapshot | None:
            record = await self.store.find(API)
            return record.snapshot if record is not None and record.snapshot.state is state else None

        snapshot = await wait_until(found, f"{state} is stored")
        assert snapshot is not None
        return snapshot

    async def told(self) -> list[str]:
        """The types of the events in the outbox, oldest first.

        Workers write them in the background together with the state, and leave out a state that a newer one overtakes:
        wait for each with `stored` before the next comes about.
        """
        rows = await self.database.fetch("SELECT type FROM pending_event ORDER BY position")
        return [row["type"] for row in rows]

    async def commands(self) -> dict[str, int]:
        """The commands that Redis was sent since the count began, without those that belong to no call."""
        stats = await self.redis.info("commandstats")
        counts = {name.removeprefix("cmdstat_"): value["calls"] for name, value in stats.items()}
        return {name: calls for name, calls in counts.items() if name not in OF_THE_TEST | OF_THE_CONNECTION}


@asynccontextmanager
async def a_world(postgres_url: str, redis_url: str) -> AsyncIterator[World]:
    """A world on an empty database and an empty Redis."""
    async with (
        CountingDatabase(postgres_url) as database,
        Redis.from_url(redis_url) as redis,
        AsyncExitStack() as stack,
    ):
        yield World(stack, redis_url, database, redis)


async def permits_of(breakers: WorkerBreakers, count: int) -> list[Permit]:
    """The permits of `count` calls at once, as far as they are let through."""
    answers = await asyncio.gather(*(breakers.admit(API) for _ in range(count)))
    return [answer for answer in answers if isinstance(answer, Permit)]


async def fail(breakers: WorkerBreakers, count: int = 1) -> None:
    """Make `count` calls that fail, one after the other."""
    for _ in range(count):
        permit = await breakers.admit(API)
        assert isinstance(permit, Permit)
        await breakers.failed(permit)


async def refuses(breakers: WorkerBreakers, service_id: str = API) -> bool:
    """True when a call is refused; a permit is given back unused."""
    answer = await breakers.admit(service_id)
    if isinstance(answer, Permit):
        breakers.abandoned(answer)
    return isinstance(answer, Refused)


async def all_refuse(workers: Sequence[WorkerBreakers], service_id: str = API) -> None:
    for worker in workers:
        await wait_until(partial(refuses, worker, service_id), "the worker has heard that it is open")


async def probe_of(breakers: WorkerBreakers) -> Permit:
    """A place of a half-open breaker, once there is one."""

    async def found() -> Permit | None:
        answer = await breakers.admit(API)
        return answer if isinstance(answer, Permit) else None

    permit = await wait_until(found, "a place is free")
    assert permit is not None
    return permit
