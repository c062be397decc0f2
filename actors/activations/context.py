"""What every driver of a process shares."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from actors.activations.background_tasks import Errands
from actors.activations.live_workers import Roster
from actors.activations.step_runner import Attempts
from domain.executions.ports import ExecutionStore
from domain.kernel.clock import Clock
from domain.system.workers import WorkQueue


async def _leave_child(child_id: UUID, reason: str) -> None:
    """What is done about the child of a step that is stopped, where nothing is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverParts:
    """What every driver of a process shares. `hold`: waits up to this long are waited for without letting go.

    `roster` tells which workers there are to share long loops out to; without one, whoever takes a hint has the work.
    `cancel_child` asks for the execution that a SUB_WORKFLOW step waits for to be cancelled. `signal_url` is where an
    execution is sent signals.
    """

    store: ExecutionStore
    attempts: Attempts
    clock: Clock
    queue: WorkQueue
    errands: Errands = field(default_factory=Errands)
    roster: Roster | None = None
    hold: timedelta = timedelta(seconds=3)
    cancel_child: Callable[[UUID, str], Awaitable[None]] = field(default=_leave_child)
    signal_url: Callable[[UUID], str] = field(default=str)
