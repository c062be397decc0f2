"""Whether a PostgreSQL or a Redis answers at all: for those who start one and wait for it."""

import asyncpg
import redis.asyncio
from redis.exceptions import RedisError


async def postgres_answers(url: str) -> bool:
    """Whether a connection can be made within 5 seconds."""
    try:
        connection = await asyncpg.connect(url, timeout=5)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    await connection.close()
    return True


async def redis_answers(url: str) -> bool:
    """Whether PING is answered within 5 seconds."""
    async with redis.asyncio.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5) as client:
        try:
            await client.ping()
        except (OSError, RedisError):
            return False
        return True
