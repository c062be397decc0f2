"""Wake-ups by what is stored in PostgreSQL: whoever rests is told of it in the process in which it was stored."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from persistence.postgres.connections.database import Database
from persistence.postgres.executions.store import PostgresExecutionStore
from persistence.postgres.outbox_relay import LOCK, PostgresEventRelay, limit_of
from tests.contract.conftest import Storage, open_real
from tests.contract.rows import SOON, claimed, delta_of, end_of, step
from tests.contract.webhook_rows import registered


class World:
    """The stores over PostgreSQL, with the names of what they woke."""

    def __init__(self, storage: Storage, database: Database) -> None:
        self.woken: list[str] = []
        self.database = database
        executions = PostgresExecutionStore(database, storage.publisher, told=lambda: self.woken.append("relay"))
        self.storage = replace(storage, executions=executions)
        self.relay = PostgresEventRelay(database, queued=lambda: self.woken.append("deliveries"))


@pytest.fixture
async def world(empty_postgres_url: str, empty_redis_url: str) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        storage = await open_real(stack, empty_postgres_url, empty_redis_url)
        yield World(storage, await stack.enter_async_context(Database(empty_postgres_url, pool_size=2)))


async def test_a_commit_wakes_the_relay_when_it_tells_something(world: World) -> None:
    claim = await claimed(world.storage)
    await world.storage.executions.commit(delta_of(claim, step("a")))
    assert world.woken == []
    await world.storage.executions.commit(end_of(claim, starts=True))
    assert world.woken == ["relay"]


async def test_the_relay_wakes_deliveries_when_a_webhook_wants_to_know(world: World) -> None:
    await world.storage.executions.commit(end_of(await claimed(world.storage), starts=True))
    assert await world.relay.relay(10, SOON) == 2
    assert world.woken == ["relay"]
    await registered(world.storage)
    await world.storage.executions.commit(end_of(await claimed(world.storage), starts=True))
    assert await world.relay.relay(10, SOON) == 2
    assert world.woken == ["relay", "relay", "deliveries"]


async def test_a_relay_says_so_while_another_one_is_relaying(world: World) -> None:
    """It must come again: what the other one takes may not be all."""
    async with world.database.transaction() as connection:
        assert await connection.fetchval(LOCK, *limit_of(connection, world.database.lease_milliseconds))
        assert await world.relay.relay(10, SOON) is None
    assert await world.relay.relay(10, SOON) == 0
