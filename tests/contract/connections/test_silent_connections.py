"""Connections that are open and carry nothing any more: nobody waits for them for longer than a lease allows."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest

from domain.executions.records import ExecutionChange
from domain.kernel.errors import Unavailable
from domain.kernel.ids import new_id
from persistence.postgres.connections.database import Database
from persistence.postgres.executions.recovery import PostgresRecovery
from persistence.postgres.executions.store import PostgresExecutionStore
from persistence.postgres.outbox_relay import LOCK, PostgresEventRelay, limit_of
from persistence.postgres.system.workers import PostgresWorkerRegistry
from tests.contract.proxy import Proxy
from tests.contract.rows import NOW, SOON, end_of, new_execution
from tests.waiting import wait_until

LEASE = timedelta(seconds=4)


class Nobody:
    """A publisher that nobody listens to."""

    def publish(self, changes: Sequence[ExecutionChange]) -> None:
        """Drop the changes."""


@pytest.fixture
async def proxy(empty_postgres_url: str) -> AsyncIterator[Proxy]:
    async with Proxy(empty_postgres_url, default_port=5432) as proxy:
        yield proxy


@pytest.fixture
async def database(proxy: Proxy) -> AsyncIterator[Database]:
    async with Database(proxy.url, pool_size=3, lease=LEASE) as database:
        yield database


async def all_open(database: Database) -> None:
    """Open every connection of both pools."""

    async def ask(hot: bool) -> None:
        async with database.hot_connection() if hot else database.connection() as connection:
            await connection.fetchval("SELECT pg_sleep(0.2)")

    await asyncio.gather(*(ask(hot=True) for _ in range(4)), *(ask(hot=False) for _ in range(3)))


async def test_a_commit_on_connections_that_fell_silent_is_through_within_two_leases(
    proxy: Proxy, database: Database
) -> None:
    async with PostgresExecutionStore(database, Nobody()) as store:
        (record,) = await store.create([new_execution()])
        (claim,) = await store.claim([record.id], worker_id=new_id(), now=SOON)
        await all_open(database)
        proxy.silence()

        since = time.monotonic()
        assert await store.commit(end_of(claim)) == 1

    assert time.monotonic() - since < 2 * LEASE.total_seconds()


async def test_a_heartbeat_on_a_connection_that_fell_silent_fails_soon_and_the_next_is_through(
    proxy: Proxy, database: Database
) -> None:
    registry = PostgresWorkerRegistry(database, answer_within=timedelta(seconds=0.5))
    worker = new_id()
    await registry.register(worker, host="here", now=NOW)
    await all_open(database)
    proxy.silence()

    since = time.monotonic()
    with pytest.raises(Unavailable, match="heartbeat was not answered"):
        await registry.heartbeat(worker, active_executions=0)
    assert await registry.heartbeat(worker, active_executions=0)

    assert time.monotonic() - since < LEASE.total_seconds()


async def test_a_leader_whose_connections_fell_silent_is_followed_within_a_lease(
    proxy: Proxy, database: Database, empty_postgres_url: str
) -> None:
    recovery = PostgresRecovery(database)
    assert await recovery.lead(new_id(), lease=LEASE / 2)
    proxy.silence()

    async with Database(empty_postgres_url, pool_size=1) as other:
        follower = new_id()
        await wait_until(
            lambda: PostgresRecovery(other).lead(follower, lease=LEASE / 2),
            "the other leads",
            timeout=LEASE.total_seconds(),
        )


async def test_what_a_stopped_worker_has_locked_in_a_transaction_is_free_after_half_a_lease(
    database: Database,
) -> None:
    """It is stopped in its midst: nothing comes from it, and its machine still acknowledges whatever is sent."""

    async def take_and_stop(locked: asyncio.Event) -> None:
        async with database.transaction() as connection:
            await connection.execute("SELECT pg_advisory_xact_lock(42)")
            locked.set()
            await asyncio.Event().wait()

    locked = asyncio.Event()
    stopped = asyncio.create_task(take_and_stop(locked))
    await locked.wait()

    since = time.monotonic()
    async with database.transaction() as connection:
        await connection.execute("SELECT pg_advisory_xact_lock(42)")
    assert time.monotonic() - since < LEASE.total_seconds()

    stopped.cancel()
    await asyncio.gather(stopped, return_exceptions=True)


async def test_events_are_told_within_two_leases_when_a_worker_is_stopped_while_it_tells_them(
    database: Database, empty_postgres_url: str
) -> None:
    """In the worst moment: it has the lock, and has begun to prepare its next statement."""
    locked = asyncio.Event()

    async def tell_and_stop() -> None:
        async with database.transaction() as connection:
            assert await connection.fetchval(LOCK, *limit_of(connection, database.lease_milliseconds))
            await connection.prepare("SELECT count(*) FROM pending_event")
            locked.set()
            await asyncio.Event().wait()

    stopped = asyncio.create_task(tell_and_stop())
    await locked.wait()
    async with Database(empty_postgres_url, pool_size=2) as other, PostgresExecutionStore(other, Nobody()) as store:
        (record,) = await store.create([new_execution()])
        (claim,) = await store.claim([record.id], worker_id=new_id(), now=SOON)
        await store.commit(end_of(claim, starts=True))

        await wait_until(
            lambda: PostgresEventRelay(other).relay(10, SOON), "they are told", timeout=2 * LEASE.total_seconds()
        )

    stopped.cancel()
    await asyncio.gather(stopped, return_exceptions=True)
