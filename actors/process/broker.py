"""The broker of a worker process, and its middleware in the order in which Dramatiq calls it."""

from dramatiq.middleware import Retries, ShutdownNotifications

from actors.process.event_loop import EventLoopMiddleware, OpenPool
from actors.process.executions import declare_run_executions
from persistence.redis.work_queue import WakingRedisBroker

_ONE_MINUTE = 60_000


def make_broker(redis_url: str, open_pool: OpenPool) -> WakingRedisBroker:
    """A broker with the actor declared.

    1. `EventLoopMiddleware` first, so that the pool is there before anything else of the worker, and outlives it.
    2. `ShutdownNotifications`, for actors that ask to be told.
    3. `Retries`, three times and only for faults of the infrastructure: a step's own retries are the engine's, and
       the reconciler replaces a lost message.

    Left out on purpose: `TimeLimit` and `AgeLimit`, because an admission may rightly block for long while the process
    is full; `Callbacks` and `Pipelines`, because nothing here chains messages.
    """
    event_loop = EventLoopMiddleware(open_pool)
    retries = Retries(max_retries=3, min_backoff=500, max_backoff=_ONE_MINUTE)
    broker = WakingRedisBroker(redis_url, middleware=[event_loop, ShutdownNotifications(), retries])
    declare_run_executions(broker, event_loop)
    return broker
