"""Probing a PostgreSQL that was just started."""

import asyncpg

from persistence.postgres.connections.sessions import SessionOpener


async def postgres_answers(url: str) -> bool:
    """True when a connection can be made within 5 seconds."""
    try:
        connection = await SessionOpener(url).open(timeout=5)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    await connection.close()
    return True
