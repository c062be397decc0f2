"""Errors that say that Redis cannot be reached, or is none that can be worked with just now."""

from redis.exceptions import RedisError

REDIS_FAULTS = (RedisError, OSError, EOFError, RuntimeError)
"""Redis cannot be reached, or is none that can be worked with just now. A `TimeoutError` is an `OSError`; uvloop raises
a `RuntimeError` for writing to a connection that was closed a moment ago."""
