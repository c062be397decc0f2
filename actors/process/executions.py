"""The Dramatiq actor through which executions arrive."""

from uuid import UUID

from dramatiq import Actor, Broker, actor

from actors.process.event_loop import EventLoopMiddleware
from persistence.redis.work_queue import EXECUTIONS_QUEUE, RUN_EXECUTIONS


def declare_run_executions(broker: Broker, middleware: EventLoopMiddleware) -> Actor[[list[str]], None]:
    """Declare the actor on this broker."""

    @actor(broker=broker, queue_name=EXECUTIONS_QUEUE, actor_name=RUN_EXECUTIONS)
    def run_executions(ids: list[str]) -> None:
        """Hand these executions to the event loop; blocks while the process holds as many as it may.

        A message is only a hint: ids that need nothing are passed over, so a repeated message does no harm.
        """
        middleware.pool.admit([UUID(id) for id in ids])

    return run_executions
