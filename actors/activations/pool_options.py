"""The options of the activation pool."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from domain.executions.suspects import WATCHED_FOR


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivationPoolOptions:
    """Options of an `ActivationPool`.

    `capacity`: executions held at a time. `commands_every`: time between two searches for commands without a nudge.
    `compare_every`: time between two comparisons of the executions stored as held here with those that run here.
    `watched_for`: for how long a suspect keeps other executions away. `handed_within`: the age up to which an execution
    that is handed over is this worker's for certain: less than `compare_every` and than a lease.
    `worker_id`: the id that the worker has at first; None: a new one.
    """

    host: str
    capacity: int = 1000
    heartbeat: timedelta = timedelta(seconds=2)
    shutdown_grace: timedelta = timedelta(seconds=10)
    commands_every: timedelta = timedelta(seconds=10)
    compare_every: timedelta = timedelta(seconds=4)
    watched_for: timedelta = WATCHED_FOR
    handed_within: timedelta = timedelta(seconds=1)
    worker_id: UUID | None = None
