"""The errors of a Redis that cannot be reached or used at the moment."""

from redis.exceptions import RedisError

REDIS_FAULTS = (RedisError, OSError, EOFError, RuntimeError)
"""The errors of a Redis that cannot be reached or used at the moment.

A `TimeoutError` is an `OSError`; uvloop raises a `RuntimeError` for writing to a connection that was closed a moment
ago.
"""
