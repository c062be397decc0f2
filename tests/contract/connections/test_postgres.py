"""Properties of PostgreSQL alone: its absence, refused data, updates in place, plans, concurrent migrations."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import asyncpg
import pytest

from domain.executions.records import ExecutionChange, ExecutionFilter
from domain.kernel.errors import InvalidInput, Unavailable
from domain.kernel.ids import new_id
from domain.kernel.json.text import JsonValue, dumps, loads
from domain.kernel.statuses import ExecutionStatus
from domain.workflows.records import WorkflowFilter
from persistence.health import SystemHealthProbe
from persistence.postgres.check_migrations import missing_migrations
from persistence.postgres.connections.database import Database
from persistence.postgres.executions.queries import PostgresExecutionQueries
from persistence.postgres.executions.recovery import PostgresRecovery
from persistence.postgres.executions.statements import batches as batch_statements
from persistence.postgres.executions.statements import hot_path as statements
from persistence.postgres.executions.statements import slots as slot_statements
from persistence.postgres.executions.store import PostgresExecutionStore
from persistence.postgres.migrate import migrate, pending_migrations
from persistence.postgres.workflows import PostgresWorkflowStore
from tests.builders import constant, wait
from tests.conftest import PostgresServer
from tests.contract.connections.forgetful import ForgetfulDatabase
from tests.contract.proxy import Proxy
from tests.contract.rows import SOON, command, created_workflow, delta_of, end_of, new_execution, step


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
async def proxy(empty_postgres_url: str) -> AsyncIterator[Proxy]:
    async with Proxy(empty_postgres_url, default_port=5432) as proxy:
        yield proxy


async def test_a_change_of_every_step_touches_no_index(database: Database, store: PostgresExecutionStore) -> None:
    records = await store.create([new_execution(labels={"a": 1}) for _ in range(20)])
    claims = await store.claim([record.id for record in records], worker_id=new_id(), now=SOON)
    await asyncio.gather(*(store.commit(delta_of(claim, step("first"))) for claim in claims))
    question = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'workflow_execution'"

    async def updates() -> tuple[int, int]:
        await database.fetch("SELECT pg_stat_force_next_flush()")
        row = await database.fetch_row(question)
        assert row is not None
        return row[0], row[1]

    async with database.hot_connection() as connection:
        await connection.execute("SELECT pg_stat_force_next_flush()")
    before = await updates()
    for number in range(10):
        await asyncio.gather(*(store.commit(delta_of(claim, step(f"s{number}"))) for claim in claims))
    for _ in range(4):
        async with database.hot_connection() as connection:
            await connection.execute("SELECT pg_stat_force_next_flush()")
    after = await updates()
    assert after[0] - before[0] >= 200
    assert after[1] - before[1] >= 0.95 * (after[0] - before[0])


@pytest.mark.parametrize("path", ["nul\u0000", "x" * 4_000 + "".join(map(chr, range(1_000, 3_000)))])
async def test_data_that_postgresql_refuses_fails_alone(store: PostgresExecutionStore, path: str) -> None:
    records = await store.create([new_execution() for _ in range(9)])
    claims = await store.claim([record.id for record in records], worker_id=new_id(), now=SOON)
    answers = await asyncio.gather(
        *(store.commit(delta_of(claim, step("fine" if n != 4 else path))) for n, claim in enumerate(claims)),
        return_exceptions=True,
    )
    assert isinstance(answers.pop(4), InvalidInput)
    assert answers == [1] * 8


async def test_a_creation_that_postgresql_refuses_fails_alone(store: PostgresExecutionStore) -> None:
    answers = await asyncio.gather(
        store.create([new_execution(idempotency_key="nul\u0000")]),
        *(store.create([new_execution()]) for _ in range(5)),
        return_exceptions=True,
    )
    assert isinstance(answers[0], InvalidInput)
    assert all(isinstance(answer, list) for answer in answers[1:])


async def test_a_workflow_that_postgresql_refuses_is_invalid_input(database: Database) -> None:
    with pytest.raises(InvalidInput):
        await created_workflow(PostgresWorkflowStore(database), "nul\u0000")


async def test_a_command_of_a_newer_release_is_left_for_it(database: Database, store: PostgresExecutionStore) -> None:
    (record,) = await store.create([new_execution()])
    await database.fetch(
        "INSERT INTO execution_command (id, execution_id, kind, created_at) VALUES ($1, $2, 'TELEPORT', $3)",
        new_id(),
        record.id,
        SOON,
    )
    cancel = command(record.id)
    await store.add_commands([cancel])
    assert await store.commands(record.id) == [cancel]
    (claim,) = await store.claim([record.id], worker_id=new_id(), now=SOON)
    assert claim.commands == (cancel,)


async def test_commits_survive_an_absence_of_the_database(proxy: Proxy) -> None:
    async with Database(proxy.url) as database, PostgresExecutionStore(database, Nobody()) as store:
        (record,) = await store.create([new_execution()])
        (claim,) = await store.claim([record.id], worker_id=new_id(), now=SOON)
        await store.commit(delta_of(claim, step("a")))
        await proxy.cut()
        waiting = asyncio.create_task(store.commit(delta_of(claim, step("b"))))
        with pytest.raises(Unavailable):
            await store.create([new_execution()])
        with pytest.raises(Unavailable):
            await store.claim([record.id], worker_id=new_id(), now=SOON)
        assert not waiting.done()
        await proxy.mend()
        assert await asyncio.wait_for(waiting, 20) == 2


async def test_whatever_is_asked_while_the_database_is_away_is_unavailable(proxy: Proxy) -> None:
    async with Database(proxy.url) as database:
        await proxy.cut()
        with pytest.raises(Unavailable):
            await PostgresExecutionQueries(database).page(ExecutionFilter(), first=1, after=None)
        with pytest.raises(Unavailable):
            await PostgresWorkflowStore(database).count(WorkflowFilter())
        with pytest.raises(Unavailable):
            await created_workflow(PostgresWorkflowStore(database), "order")
        with pytest.raises(Unavailable):
            await PostgresRecovery(database).lead(new_id(), lease=timedelta(seconds=1))
        with pytest.raises(Unavailable):
            await pending_migrations(proxy.url)
        health = await SystemHealthProbe(database, "redis://127.0.0.1:1").components(timedelta(seconds=5))
        assert [component.is_up for component in health] == [False, False, False]
        assert all(component.detail for component in health)
        await proxy.mend()
        assert await PostgresExecutionQueries(database).count(ExecutionFilter()) == 0


async def test_a_commit_that_let_go_and_whose_answer_was_lost_succeeds_when_sent_again(
    database: ForgetfulDatabase, store: PostgresExecutionStore
) -> None:
    (record,) = await store.create([new_execution()])
    (claim,) = await store.claim([record.id], worker_id=new_id(), now=SOON)
    database.forgets = True
    assert await store.commit(end_of(claim, step("a"))) == 1
    found = (await PostgresExecutionQueries(database).get_many([record.id]))[record.id]
    assert (found.status, found.sequence) == (ExecutionStatus.COMPLETED, 1)


NOBODY, NO_TIME = "'00000000-0000-0000-0000-000000000000'", "'2026-01-01'"


@pytest.mark.parametrize(
    ("statement", "arguments"),
    [
        pytest.param(statements.COMMIT, "'{}', '{}', '{}', '{}', '{}'", id="commit"),
        pytest.param(statements.CLAIM, f"'{{}}', {NOBODY}, {NO_TIME}, '{{}}'", id="claim"),
        pytest.param(statements.CREATE, "'{}'", id="create"),
        pytest.param(statements.FIND_EXISTING, "'{}'", id="find"),
        pytest.param(batch_statements.COMMIT, "'{}', '{}', '{}', '{}', '{}'", id="commit of batches"),
        pytest.param(batch_statements.CREATE, "'{}'", id="create batches"),
        pytest.param(batch_statements.DROP_ORPHANS, "'{}'", id="drop orphans"),
        pytest.param(batch_statements.STEPS_OUTSIDE, "'{}'", id="steps outside of loops"),
        pytest.param(batch_statements.STEPS_OF_ITEMS, "'{}'", id="steps of items"),
        pytest.param(batch_statements.DROP, f"{NOBODY}, NULL", id="drop batches"),
        pytest.param(batch_statements.STOP_ITEMS, f"{NOBODY}, 'loop', 1, {NO_TIME}", id="stop items"),
        pytest.param(slot_statements.HELD, f"{NOBODY}, 5", id="slots held"),
        pytest.param(slot_statements.IS_WAITED_FOR, f"{NOBODY}, {NO_TIME}", id="is a slot waited for"),
        pytest.param(slot_statements.WAIT_FOR_SLOT, f"{NOBODY}, {NO_TIME}", id="wait for a slot"),
        pytest.param(slot_statements.ADMIT, f"{NOBODY}, 5", id="admit"),
    ],
)
async def test_what_is_frequent_finds_rows_by_index_however_large_the_table_is(
    database: Database, statement: str, arguments: str
) -> None:
    async with database.hot_connection() as connection:
        await connection.execute("PREPARE stored AS " + statement)
        plan = await connection.fetch(f"EXPLAIN EXECUTE stored ({arguments})")
        await connection.execute("DEALLOCATE stored")
    assert "Seq Scan" not in "\n".join(row[0] for row in plan)


async def test_the_steps_around_a_long_loop_are_found_without_reading_those_in_it(database: Database) -> None:
    async with database.hot_connection() as connection, connection.transaction():
        await connection.execute(_LONG_LOOP)
        await connection.execute("ANALYZE workflow_execution, step_execution")  # as it happens in the background
        await connection.execute("PREPARE stored AS " + batch_statements.STEPS_OUTSIDE)
        rows = await connection.fetch(f"EXPLAIN (ANALYZE, BUFFERS OFF) EXECUTE stored ('{{{_LOOPING}}}')")
        await connection.execute("DEALLOCATE stored")
    plan = "\n".join(row[0] for row in rows)
    assert "step_execution_pkey" in plan
    assert "Rows Removed" not in plan


_LOOPING = "00000000-0000-7000-8000-000000000001"
_LONG_LOOP = f"""
INSERT INTO workflow_execution (
  id, definition_id, status, labels, priority, created_at, sequence, steps_total, steps_completed, steps_failed,
  steps_running, steps_ended, epoch, crashes, parent_id, parent_path, is_batch
)
SELECT id, id, 'RUNNING', '{{}}', 0, now(), 0, 0, 0, 0, 0, 0, 0, 0, parent_id, parent_path, parent_id IS NOT NULL
FROM (
  SELECT '{_LOOPING}'::uuid, NULL::uuid, NULL
  UNION ALL SELECT gen_random_uuid(), '{_LOOPING}', 'loop' FROM generate_series(1, 100)
) e (id, parent_id, parent_path);
INSERT INTO step_execution (execution_id, sequence, path, position, step_id, type, status, attempts)
SELECT '{_LOOPING}', 0, path, '1', 'a', 'DATA_TRANSFORM', 'COMPLETED', '[]'
FROM (SELECT 'loop' UNION ALL SELECT 'loop[' || item || '].a' FROM generate_series(0, 9999) item) s (path)
"""


async def test_migrations_started_at_once_run_once(postgres_server: PostgresServer) -> None:
    url = await postgres_server.empty()
    try:
        names = await pending_migrations(url)
        assert names == sorted(names)
        assert names
        answers = await asyncio.gather(*(migrate(url) for _ in range(4)))
        assert sorted(answers, key=len) == [[], [], [], names]
        assert await pending_migrations(url) == []
    finally:
        await postgres_server.drop(url)


async def test_a_database_that_was_not_migrated_is_not_ready(postgres_server: PostgresServer, redis_url: str) -> None:
    async with Database(postgres_server.admin_url) as database:
        components = await SystemHealthProbe(database, redis_url).components(timedelta(seconds=10))
    assert [(component.name, component.is_up) for component in components] == [
        ("postgresql", True),
        ("redis", True),
        ("migrations", False),
    ]
    assert "0001_initial" in str(components[2].detail)


async def test_the_models_and_the_migrations_say_the_same() -> None:
    assert await missing_migrations() == []


async def test_a_database_that_is_not_open_is_unavailable(empty_postgres_url: str) -> None:
    database = Database(empty_postgres_url)
    with pytest.raises(Unavailable):
        await database.fetch("SELECT 1")
    with pytest.raises(Unavailable):
        await PostgresWorkflowStore(database).count(WorkflowFilter())


async def test_durations_that_an_earlier_release_has_written_in_years_are_mended(
    postgres_server: PostgresServer,
) -> None:
    url = await postgres_server.clone()
    try:
        connection = await asyncpg.connect(url)
        stored: dict[str, JsonValue] = {
            "wrong": {"name": "a", "steps": [wait("w", "P1Y35D")], "timeout": "P2Y"},
            "right": {"name": "b", "steps": [constant("c", "P1Y")]},
        }
        ids = {name: new_id() for name in stored}
        for name, document in stored.items():
            await connection.execute(
                "INSERT INTO workflow_version (id, document, created_at) VALUES ($1, $2, now())",
                ids[name],
                dumps(document),
            )
        await connection.execute("DELETE FROM tortoise_migrations WHERE name = '0014_durations'")
        assert "0014_durations" in await migrate(url)
        rows = await connection.fetch("SELECT id, document::text AS document FROM workflow_version")
        await connection.close()
        found = {row["id"]: loads(row["document"]) for row in rows}
        assert found[ids["wrong"]] == {"name": "a", "steps": [wait("w", "P400D")], "timeout": "P730D"}
        assert found[ids["right"]] == stored["right"]
    finally:
        await postgres_server.drop(url)


async def test_what_an_earlier_release_has_counted_of_an_execution_that_failed_is_shown_as_the_same_part(
    postgres_server: PostgresServer,
) -> None:
    """It counted the steps that had ended; what goes on, and what has COMPLETED, is counted anew or needs no count."""
    url = await postgres_server.clone()
    try:
        async with Database(url) as database, PostgresExecutionStore(database, Nobody()) as store:
            rows = [("FAILED", 3, 0), ("CANCELLED", 1, 1), ("FAILED", 0, 0), ("FAILED", 250_000_000, 0)]
            records = await store.create([new_execution() for _ in rows])
            for record, (status, steps, items) in zip(records, rows, strict=True):
                await database.fetch(
                    "UPDATE workflow_execution SET status = $2, finished_at = now(), steps_total = 4, steps_ended = $3,"
                    " items_ended = $4 WHERE id = $1",
                    *(record.id, status, steps, items),
                )
            await database.fetch("DELETE FROM tortoise_migrations WHERE name = '0016_progress'")
            assert "0016_progress" in await migrate(url)
            found = await PostgresExecutionQueries(database).get_many([record.id for record in records])
            assert [found[record.id].progress.percent for record in records] == [75.0, 50.0, 0.0, 25.0]
    finally:
        await postgres_server.drop(url)
