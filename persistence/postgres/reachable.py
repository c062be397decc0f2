"""Whether a PostgreSQL or a Redis answers at all: for those who start one and wait for it."""

import asyncpg


async def postgres_answers(url: str) -> bool:
    """Whether a connection can be made within 5 seconds."""
    try:
        connection = await asyncpg.connect(url, timeout=5)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    await connection.close()
    return True
