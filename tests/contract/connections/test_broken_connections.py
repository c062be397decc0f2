"""Connections that PostgreSQL ends politely, at every moment of an execution: nothing fails, nothing is told twice."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import asyncpg
import pytest

from domain.executions.records import Claim, ExecutionChange
from domain.kernel.errors import Unavailable
from domain.kernel.ids import new_id
from domain.kernel.statuses import ExecutionStatus
from persistence.postgres.connections.database import Database
from persistence.postgres.executions.queries import PostgresExecutionQueries
from persistence.postgres.executions.store import PostgresExecutionStore
from persistence.postgres.outbox import backlog
from persistence.postgres.outbox_relay import PostgresEventRelay
from tests.contract.connections.forgetful import ForgetfulDatabase
from tests.contract.rows import NOW, SOON, delta_of, end_of, new_execution, step
from tests.waiting import wait_until


class Nobody:
    """A publisher that nobody listens to."""

    def publish(self, changes: Sequence[ExecutionChange]) -> None:
        """Drop the changes."""


@pytest.fixture
async def database(empty_postgres_url: str) -> AsyncIterator[ForgetfulDatabase]:
    async with ForgetfulDatabase(empty_postgres_url, pool_size=4) as database:
        yield database


@pytest.fixture
async def store(database: Database) -> AsyncIterator[PostgresExecutionStore]:
    async with PostgresExecutionStore(database, Nobody()) as store:
        yield store


@pytest.fixture
async def admin(empty_postgres_url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(empty_postgres_url, server_settings={"application_name": "the administrator"})
    yield connection
    await connection.close()


_TERMINATE = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'stepgraph'
"""


async def test_executions_go_on_while_all_connections_are_ended_again_and_again(
    database: Database, store: PostgresExecutionStore, admin: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    records = await store.create([new_execution() for _ in range(40)])
    ended = committed = 0

    async def claimed(id: UUID, worker_id: UUID) -> list[Claim]:
        try:
            return await store.claim([id], worker_id=worker_id, now=SOON)
        except Unavailable:
            return []

    async def drive(id: UUID) -> None:
        nonlocal committed
        worker_id = new_id()
        (claim,) = await wait_until(lambda: claimed(id, worker_id), "it is claimed")
        for number in range(10):
            await store.commit(delta_of(claim, step(f"s{number}"), starts=number == 0))
            committed += 1
        await store.commit(end_of(claim))

    async def until_committed(count: int) -> None:
        await wait_until(lambda: committed >= count, f"{count} changes are stored")

    async def terminate() -> None:
        nonlocal ended
        for number in range(10):
            ended += await admin.fetchval(_TERMINATE)
            await until_committed(40 * number + 1)

    async with asyncio.timeout(60):
        await asyncio.gather(terminate(), *(drive(record.id) for record in records))

    assert ended > 3
    found = await PostgresExecutionQueries(database).get_many([record.id for record in records])
    assert {row.status for row in found.values()} == {ExecutionStatus.COMPLETED}
    assert (await backlog(database, NOW)).pending == 2 * len(records)


@pytest.mark.parametrize("is_end", [False, True], ids=["a change", "an end"])
async def test_a_start_whose_answer_was_lost_is_told_once_when_it_is_sent_again(
    database: ForgetfulDatabase, store: PostgresExecutionStore, is_end: bool
) -> None:
    (record,) = await store.create([new_execution()])
    (claim,) = await store.claim([record.id], worker_id=new_id(), now=SOON)
    database.forgets = True
    await store.commit((end_of if is_end else delta_of)(claim, step("a"), starts=True))
    if not is_end:
        await store.commit(end_of(claim))

    assert await PostgresEventRelay(database).relay(10, SOON) == 2


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("SELECT pg_terminate_backend(pg_backend_pid())", id="ended in mid-statement"),
        pytest.param("SET LOCAL statement_timeout = 10; SELECT pg_sleep(5)", id="took too long"),
        pytest.param("SET LOCAL transaction_read_only = on; DELETE FROM worker_process", id="a replica"),
        pytest.param("SET LOCAL lock_timeout = 10; LOCK TABLE secret", id="a lock that is held"),
    ],
)
async def test_what_another_try_may_mend_is_an_outage_and_the_next_statement_works(
    database: Database, admin: "asyncpg.Connection[asyncpg.Record]", statement: str
) -> None:
    async def attempt() -> None:
        async with database.transaction() as connection:
            await connection.execute(statement)

    async with admin.transaction():
        await admin.execute("LOCK TABLE secret")
        with pytest.raises(Unavailable):
            await attempt()
    assert await database.fetch_value("SELECT 1") == 1


async def test_a_transaction_that_the_server_ended_while_it_was_idle_is_an_outage(database: Database) -> None:
    async def idle() -> None:
        async with database.transaction() as connection:
            await connection.execute("SET LOCAL idle_in_transaction_session_timeout = 20")
            await wait_until(connection.is_closed, "the server ends the session")
            await connection.execute("SELECT 1")

    with pytest.raises(Unavailable):
        await idle()
    assert await database.fetch_value("SELECT 1") == 1
