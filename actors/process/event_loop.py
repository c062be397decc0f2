"""The middleware that gives a worker process its event loop, and the activations of its executions on it."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

import uvloop
from dramatiq import Broker, Middleware
from dramatiq.middleware import MiddlewareError

from actors.activations.pool import ActivationPool

Result = TypeVar("Result")
OpenPool = Callable[[], AbstractAsyncContextManager[ActivationPool]]


class EventLoopMiddleware(Middleware):
    """Opens the activation pool on its own event loop before the worker takes messages, and closes it at the end.

    One loop carries thousands of executions; the worker's threads only hand it ids.
    """

    def __init__(self, open_pool: OpenPool) -> None:
        self._open_pool = open_pool
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._context: AbstractAsyncContextManager[ActivationPool] | None = None
        self._pool: ActivationPool | None = None

    @property
    def pool(self) -> ActivationPool:
        """The process's activation pool, while the worker is up."""
        if self._pool is None:
            raise RuntimeError("The worker is not running.")
        return self._pool

    def before_worker_boot(self, broker: Broker, worker: Any) -> None:
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="event loop", daemon=True)
        self._thread.start()
        self._context = self._open_pool()
        try:
            self._pool = self._call(self._context.__aenter__())
        except Exception as error:
            self._end_loop()
            # Of any other error Dramatiq would only say that it happened, and work on without a pool.
            raise MiddlewareError(str(error) or type(error).__name__) from error

    def before_worker_shutdown(self, broker: Broker, worker: Any) -> None:
        # Threads that wait for a free place would keep the worker from stopping.
        self.pool.stop_admitting()

    def after_worker_shutdown(self, broker: Broker, worker: Any) -> None:
        assert self._context is not None
        try:
            self._call(self._context.__aexit__(None, None, None))
        finally:
            self._pool = None
            self._end_loop()

    def _end_loop(self) -> None:
        assert self._loop is not None
        assert self._thread is not None
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, awaitable: Awaitable[Result]) -> Result:
        assert self._loop is not None

        async def wait() -> Result:
            return await awaitable

        return asyncio.run_coroutine_threadsafe(wait(), self._loop).result()
