"""Bringing a database to the newest schema, and listing missing migrations. Safe to run from many processes at once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tortoise.connection import get_connection
from tortoise.context import TortoiseContext
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget
from tortoise.migrations.recorder import MigrationRecorder
from tortoise.migrations.schema_editor import AsyncpgSchemaEditor
from tortoise.transactions import in_transaction

from persistence.postgres.connections.orm import tortoise_config
from persistence.postgres.connections.sessions import SessionOpener
from persistence.postgres.connections.unavailable import translated
from persistence.postgres.indexes import build
from persistence.postgres.new_schema import SCRIPT

_LOCK = 0x5357_0001
"""The advisory lock under which migrations run: any number, the same for all processes of one database."""

_LATEST = [MigrationTarget(app_label="stepgraph", name="__latest__")]


async def migrate(url: str) -> list[str]:
    """Apply every missing migration, and return their names. Raises `Unavailable`.

    All or none: they run in one transaction, with the notes that they ran. Where none has run yet, the script of what
    they come to runs in their place. Processes that call this at the same time wait for each other; all but the first
    find nothing to do. What takes long where there are many executions comes
    after it, and goes on where it was when this is called again: see indexes.py.
    """
    async with _models_on(url) as config, in_transaction() as connection:
        await connection.execute_query("SELECT pg_advisory_xact_lock($1)", [_LOCK])
        # A failed look at a table that is not there would end the transaction.
        await MigrationRecorder(connection).ensure_schema(AsyncpgSchemaEditor(connection, atomic=False))
        executor = MigrationExecutor(connection, config["apps"])
        missing = await _missing(executor)
        is_new = bool(missing) and not await executor.recorder.applied_migrations()
        if is_new:
            await connection.execute_script(SCRIPT.read_text())
        if missing:
            await executor.migrate(_LATEST, direction="forward", fake=is_new)
    await _build_indexes(url)
    return missing


async def pending_migrations(url: str) -> list[str]:
    """The names of the migrations that the database lacks, oldest first. Raises `Unavailable`."""
    async with _models_on(url) as config:
        return await _missing(MigrationExecutor(get_connection("default"), config["apps"]))


async def _missing(executor: MigrationExecutor) -> list[str]:
    return [step.migration.name for step in await executor.plan(_LATEST)]


async def _build_indexes(url: str) -> None:
    with translated():
        await build(SessionOpener(url))


@asynccontextmanager
async def _models_on(url: str) -> AsyncIterator[dict[str, Any]]:
    """The models with a connection of their own, while the context lasts; yields their configuration."""
    with translated():
        async with await SessionOpener(url).pool(1) as pool:
            await pool.fetchval("SELECT 1")  # Tortoise takes a database that is away for one without tables
            config = tortoise_config(pool=pool)
            async with TortoiseContext() as context:
                await context.init(config=config)
                yield config
