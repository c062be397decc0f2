"""Probing a Redis that was just started."""

from persistence.redis.clients import REDIS_FAULTS, redis_client


async def redis_answers(url: str) -> bool:
    """True when PING is answered within 5 seconds."""
    async with redis_client(url, connections=1) as client:
        try:
            await client.ping()
        except REDIS_FAULTS:
            return False
        return True
