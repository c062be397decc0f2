"""Clients of Redis: the time that they wait for it, their connections, and the errors that say it is away."""

from datetime import timedelta
from typing import Any, cast

import redis
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from persistence.redis.demoted import leaving, leaving_in_threads
from persistence.redis.sentinels import blocking_primary_pool, is_of_sentinels, primary_pool

REDIS_FAULTS = (RedisError, OSError, EOFError, RuntimeError)
"""The errors of a Redis that cannot be reached or used at the moment.

A `TimeoutError` is an `OSError`; uvloop raises a `RuntimeError` for writing to a connection that was closed a moment
ago.
"""

_ANSWER_WITHIN = timedelta(seconds=5)
_CONNECT_WITHIN = timedelta(seconds=5)
MOST_LOADED = timedelta(seconds=10)
"""The time after which a queue's server counts as silent; load exceeds the 5 s of redis-py."""


def redis_client(url: str, *, connections: int, answer_within: timedelta = _ANSWER_WITHIN) -> Redis:
    """A client for the event loop, which raises one of `REDIS_FAULTS` after `answer_within` and tries nothing again.

    Of more commands at a time than `connections` some wait for a connection. Options in the URL win over these.
    """
    seconds = answer_within.total_seconds()
    make = primary_pool if is_of_sentinels(url) else BlockingConnectionPool.from_url
    pool = make(
        url,
        timeout=seconds,
        socket_timeout=seconds,
        socket_connect_timeout=min(answer_within, _CONNECT_WITHIN).total_seconds(),
        max_connections=connections,
        retry=Retry(NoBackoff(), 0),
    )
    pool.connection_class = leaving(cast("Any", pool.connection_class))
    return Redis.from_pool(pool)


def blocking_redis_client(url: str, *, connections: int = 200) -> redis.Redis:
    """A client for threads. Options in the URL win over these."""
    make = blocking_primary_pool if is_of_sentinels(url) else redis.ConnectionPool.from_url
    pool = make(
        url,
        socket_timeout=MOST_LOADED.total_seconds(),
        socket_connect_timeout=_CONNECT_WITHIN.total_seconds(),
        max_connections=connections,
    )
    pool.connection_class = leaving_in_threads(pool.connection_class)
    return redis.Redis.from_pool(pool)
