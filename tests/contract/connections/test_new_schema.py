"""A database made by the script of a new schema has what one has that went through every migration."""

import asyncpg
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget

from persistence.postgres.connections.orm import tortoise_config
from persistence.postgres.migrate import migrate, pending_migrations
from tests.conftest import PostgresServer

_EVERYTHING = """
WITH of AS (SELECT oid FROM pg_namespace WHERE nspname = 'public')
SELECT concat_ws(' ', 'column', c.relname, c.relkind, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod),
                 a.attnotnull, pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum)) AS said
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum WHERE c.relnamespace IN (TABLE of)
UNION ALL SELECT concat_ws(' ', 'table', relname, relkind, reloptions, obj_description(oid, 'pg_class'))
FROM pg_class WHERE relnamespace IN (TABLE of)
UNION ALL SELECT concat_ws(' ', pg_get_indexdef(indexrelid), indisvalid) FROM pg_index
JOIN pg_class c ON c.oid = indexrelid WHERE c.relnamespace IN (TABLE of)
UNION ALL SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint
WHERE connamespace IN (TABLE of)
UNION ALL SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace IN (TABLE of)
UNION ALL SELECT concat_ws(' ', tgrelid::regclass, pg_get_triggerdef(oid)) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT 'migration ' || name FROM tortoise_migrations ORDER BY 1
"""


async def test_it_has_everything_that_the_migrations_come_to_and_nothing_else(postgres_server: PostgresServer) -> None:
    by_script, one_by_one = [await postgres_server.empty() for _ in range(2)]
    try:
        await _apply_the_first(one_by_one)
        assert len(await migrate(one_by_one)) == len(await migrate(by_script)) - 1
        assert await _everything(by_script) == await _everything(one_by_one)
        assert await pending_migrations(by_script) == []
    finally:
        await postgres_server.drop(by_script)
        await postgres_server.drop(one_by_one)


async def _apply_the_first(url: str) -> None:
    """Apply one migration alone: what comes after the first is not taken from the script."""
    async with asyncpg.create_pool(url, min_size=1, max_size=1) as pool, TortoiseContext() as context:
        config = tortoise_config(pool=pool)
        await context.init(config=config)
        executor = MigrationExecutor(get_connection("default"), config["apps"])
        await executor.migrate([MigrationTarget(app_label="stepgraph", name="0001_initial")])


async def _everything(url: str) -> list[str]:
    connection = await asyncpg.connect(url)
    try:
        return [row["said"] for row in await connection.fetch(_EVERYTHING)]
    finally:
        await connection.close()
