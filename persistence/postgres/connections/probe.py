"""Trying out on PostgreSQL what commits need: a write on a connection of the hot path."""

from uuid import uuid4

import asyncpg

from persistence.postgres.connections.database import Database
from persistence.postgres.connections.fitness import findings_of_postgres
from persistence.postgres.connections.lending import Connection
from persistence.postgres.connections.sessions import PoolerMode

_WRITE = """
WITH written AS (UPDATE installation SET key = key WHERE id = 1) SELECT pg_backend_pid()
"""
_POOLED = (
    "Between Stepgraph and PostgreSQL is a pooler in transaction mode, which hands prepared statements and settings of "
    "a session to other clients: set STEPGRAPH_DATABASE_POOLER to transaction, or the pooler to session mode."
)


async def complaint_of_postgres(database: Database) -> str | None:
    """The fault of this PostgreSQL in a sentence; None where commits can be made, or migrations are still missing.

    Raises `Unavailable`.
    """
    for finding in await findings_of_postgres(database):
        if finding.severity.stops_work:
            return finding.detail
    return await complaint_of_write(database)


async def complaint_of_write(database: Database) -> str | None:
    """The reason for which a commit cannot be made; None where it can, or migrations are still missing.

    It writes as commits do, on their connections, and changes nothing. Raises `Unavailable`.
    """
    async with database.hot_connection() as connection:
        try:
            backend = await connection.fetchval(_WRITE)
        except asyncpg.UndefinedTableError:  # that is what the migrations are asked for
            return None
        is_trusted = database.pooler is PoolerMode.SESSION and backend != connection.get_server_pid()
        if is_trusted and await _shares_sessions(database, connection):
            return _POOLED
    return None


async def _shares_sessions(database: Database, connection: Connection) -> bool:
    """True when a setting of one session is seen in another: a pooler lends one to several clients."""
    token = uuid4().hex
    await connection.execute(f"SET stepgraph.session TO '{token}'")
    seen: str | None = await database.fetch_value("SELECT current_setting('stepgraph.session', true)")
    return seen == token
