"""One worker process: Dramatiq's threads take messages, the event loop runs executions, signals end both in order."""

import logging

from dramatiq import Broker, Worker
from dramatiq.middleware import MiddlewareError

from actors.process.garbage_collection import freeze_loaded_objects
from actors.process.stop_signals import StopSignals

logger = logging.getLogger(__name__)

_SHUTDOWN_MILLISECONDS = 60_000
_IDLE_MILLISECONDS = 500
"""The time that an idle thread waits between two looks at the request to stop: a stop takes at least as long."""
_ALLOCATIONS_A_COLLECTION = 20_000
"""Steps leave few cycles behind: collecting rarely saves a tenth of their CPU."""


def run_worker(broker: Broker, *, threads: int) -> int:
    """Work until SIGTERM or SIGINT; returns the exit code, 1 when it could not start.

    The first signal lets steps end within their grace period; a second one ends the process at once.
    """
    signals = StopSignals.listening()
    worker = Worker(broker, worker_threads=threads, worker_timeout=_IDLE_MILLISECONDS)
    # A process takes no more messages than it has threads to hand them over: the rest is for other processes.
    worker.queue_prefetch = threads
    try:
        worker.start()
    except MiddlewareError as error:
        logger.critical("the worker cannot start: %s", error)
        return 1
    freeze_loaded_objects(allocations=_ALLOCATIONS_A_COLLECTION)
    logger.info("the worker is ready")
    signals.wait()
    logger.info("the worker stops")
    worker.stop(timeout=_SHUTDOWN_MILLISECONDS)
    broker.close()
    return 0
