"""Probing a Redis that was just started."""

import redis.asyncio
from redis.exceptions import RedisError


async def redis_answers(url: str) -> bool:
    """True when PING is answered within 5 seconds."""
    async with redis.asyncio.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5) as client:
        try:
            await client.ping()
        except (OSError, RedisError):
            return False
        return True
