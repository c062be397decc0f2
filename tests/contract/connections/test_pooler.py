"""PostgreSQL behind PgBouncer: in transaction mode each transaction may have another session, and all works as ever."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta

import asyncpg
import pytest

from domain.executions.records import ExecutionChange, ExecutionFilter
from domain.kernel.errors import Unavailable
from domain.kernel.ids import new_id
from domain.kernel.statuses import ExecutionStatus
from persistence.health import SystemHealthProbe
from persistence.postgres.connections.database import Database
from persistence.postgres.connections.sessions import PoolerMode
from persistence.postgres.executions.queries import PostgresExecutionQueries
from persistence.postgres.executions.store import PostgresExecutionStore
from persistence.postgres.migrate import migrate, pending_migrations
from persistence.postgres.workflows import PostgresWorkflowStore
from tests.conftest import PostgresServer
from tests.contract.rows import SOON, created_workflow, end_of, new_execution
from tests.pgbouncer import pgbouncer

SESSIONS = 3
CLIENTS = 6


class Nobody:
    """A publisher that nobody listens to."""

    def publish(self, changes: Sequence[ExecutionChange]) -> None:
        """Drop the changes."""


@pytest.fixture
async def pooled_url(empty_postgres_url: str) -> AsyncIterator[str]:
    async with pgbouncer(empty_postgres_url, mode="transaction", sessions=SESSIONS) as url:
        yield url


async def test_many_processes_commit_beside_each_other_on_a_few_sessions(pooled_url: str) -> None:
    """Each with statements of its own, and more connections than there are sessions."""

    async def work(store: PostgresExecutionStore) -> int:
        worker, ended = new_id(), 0
        for _ in range(8):
            records = await store.create([new_execution() for _ in range(5)])
            for claim in await store.claim([record.id for record in records], worker_id=worker, now=SOON):
                ended += await store.commit(end_of(claim))
        return ended

    async with AsyncExitStack() as stack:
        stores = []
        for _ in range(CLIENTS):
            database = await stack.enter_async_context(Database(pooled_url, pool_size=2))
            stores.append(await stack.enter_async_context(PostgresExecutionStore(database, Nobody())))
        ended = await asyncio.gather(*(work(store) for store in stores))

        assert ended == [40] * CLIENTS
        database = await stack.enter_async_context(Database(pooled_url, pool_size=2))
        queries = PostgresExecutionQueries(database)
        counts = await queries.counts(ExecutionFilter())
        assert counts[ExecutionStatus.COMPLETED].number == 40 * CLIENTS


async def test_models_and_raw_statements_see_one_transaction(pooled_url: str) -> None:
    async with Database(pooled_url, pool_size=2) as database:
        workflows = PostgresWorkflowStore(database)
        made = await asyncio.gather(*(created_workflow(workflows, name=f"workflow-{number}") for number in range(12)))
        assert len({workflow.id for workflow in made}) == 12
        with pytest.raises(asyncpg.DivisionByZeroError):
            await deleting_until_an_error(database)
        assert await database.fetch_value("SELECT count(*) FROM workflow") == 12


async def deleting_until_an_error(database: Database) -> None:
    """Delete all workflows in a transaction that is rolled back."""
    async with database.transaction() as connection:
        await connection.execute("DELETE FROM workflow WHERE name <> $1", "none")
        await connection.fetchval("SELECT 1 / $1::int", 0)


async def test_settings_hold_in_each_transaction_and_in_nobody_elses(pooled_url: str) -> None:
    async with Database(pooled_url, pool_size=2, lease=timedelta(seconds=10)) as database:
        for hot, mode in ((True, "force_generic_plan"), (False, "auto")) * 3:
            async with database.hot_connection() if hot else database.connection() as connection:
                assert await connection.fetchval("SELECT current_setting('plan_cache_mode')") == mode
                timeout = await connection.fetchval("SELECT current_setting('idle_in_transaction_session_timeout')")
                assert timeout == "5s"
    left = await asyncpg.connect(pooled_url, statement_cache_size=0)
    try:
        async with left.transaction():
            assert await left.fetchval("SELECT current_setting('plan_cache_mode')") == "auto"
    finally:
        await left.close()


async def test_a_statement_that_takes_too_long_leaves_its_session_fit_for_others(pooled_url: str) -> None:
    async with Database(pooled_url, pool_size=2) as database:
        for _ in range(2 * SESSIONS):
            with pytest.raises(Unavailable):
                async with database.connection() as connection:
                    await connection.fetchval("SELECT pg_sleep(30)", timeout=0.1)
            assert await database.fetch_value("SELECT 1") == 1


async def test_migrations_started_at_once_run_once_behind_a_pooler(postgres_server: PostgresServer) -> None:
    direct = await postgres_server.empty()
    try:
        async with pgbouncer(direct, mode="transaction", sessions=2 * SESSIONS) as url:
            names = await pending_migrations(url)
            answers = await asyncio.gather(*(migrate(url) for _ in range(3)))
            assert sorted(answers, key=len) == [[], [], names]
            assert await pending_migrations(url) == []
            await without_an_index(direct)
            await asyncio.gather(*(migrate(url) for _ in range(3)))
            assert await is_built(direct), "where all was there but an index, that is built"
    finally:
        await postgres_server.drop(direct)


async def without_an_index(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("DROP INDEX workflow_execution_listed")
    finally:
        await connection.close()


async def is_built(url: str) -> bool:
    connection = await asyncpg.connect(url)
    try:
        return bool(
            await connection.fetchval(
                "SELECT indisvalid FROM pg_index WHERE indexrelid = 'workflow_execution_listed'::regclass"
            )
        )
    finally:
        await connection.close()


async def test_health_is_up_behind_a_pooler(pooled_url: str, redis_url: str) -> None:
    async with Database(pooled_url, pool_size=2) as database:
        components = await SystemHealthProbe(database, redis_url).components(timedelta(seconds=10))
    assert {each.name: each.detail for each in components if not each.is_up} == {}


async def test_a_pooler_of_transactions_that_is_said_to_be_one_of_sessions_is_told_of(
    pooled_url: str, redis_url: str
) -> None:
    async with Database(pooled_url, pool_size=2, pooler=PoolerMode.SESSION) as database:
        components = await SystemHealthProbe(database, redis_url).components(timedelta(seconds=10))
    (postgresql,) = [each for each in components if each.name == "postgresql"]
    assert "set STEPGRAPH_DATABASE_POOLER to transaction" in str(postgresql.detail)


@pytest.mark.parametrize("pooler", PoolerMode)
async def test_a_pooler_of_sessions_is_as_good_as_none(
    empty_postgres_url: str, redis_url: str, pooler: PoolerMode
) -> None:
    async with (
        pgbouncer(empty_postgres_url, mode="session", sessions=12) as url,
        Database(url, pool_size=2, pooler=pooler) as database,
        PostgresExecutionStore(database, Nobody()) as store,
    ):
        components = await SystemHealthProbe(database, redis_url).components(timedelta(seconds=10))
        assert {each.name: each.detail for each in components if not each.is_up} == {}
        records = await store.create([new_execution() for _ in range(5)])
        assert len(await store.claim([record.id for record in records], worker_id=new_id(), now=SOON)) == 5
