"""The parts that all activations of a process share."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from actors.activations.live_workers import LiveWorkers
from actors.activations.step_runner import StepRunner
from domain.executions.ports import ExecutionStore
from domain.kernel.background_tasks import BackgroundTasks
from domain.kernel.clock import Clock
from domain.system.workers import WorkQueue


async def _leave_child(child_id: UUID, reason: str) -> None:
    """Leave the child of a stopped step running: the default for `cancel_child`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivationContext:
    """The parts that all activations of a process share. An activation waits up to `hold` without letting go.

    `live_workers` knows the live workers that the batches of long loops are shared out to; without one, whichever
    worker takes a hint runs the batch. `cancel_child` asks for the execution that a step waits for to be
    cancelled. `signal_url` gives the address at which an execution receives signals.
    """

    store: ExecutionStore
    attempts: StepRunner
    clock: Clock
    queue: WorkQueue
    background_tasks: BackgroundTasks = field(default_factory=lambda: BackgroundTasks("background work"))
    live_workers: LiveWorkers | None = None
    hold: timedelta = timedelta(seconds=3)
    cancel_child: Callable[[UUID, str], Awaitable[None]] = field(default=_leave_child)
    signal_url: Callable[[UUID], str] = field(default=str)
