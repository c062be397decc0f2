"""Probing a PostgreSQL that was just started."""

import asyncpg


async def postgres_answers(url: str) -> bool:
    """True when a connection can be made within 5 seconds."""
    try:
        connection = await asyncpg.connect(url, timeout=5)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    await connection.close()
    return True
