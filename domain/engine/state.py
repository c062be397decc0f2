"""An execution's state as the decider sees it: what has happened to each step, and what is still owed.

The state is rebuilt from stored rows when a worker claims an execution, and then changed by `evolve` alone.
It is the one mutable value of the domain: exactly one driver owns it, and copying it on every fact would make an
execution of ten thousand steps quadratic.
"""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from domain.failures import StepError
from domain.json_text import JsonValue
from domain.statuses import ExecutionStatus, StepStatus, StepType, WaitKind


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitReason:
    """Why something is not running, and until when if that is known."""

    kind: WaitKind
    until: datetime | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try at a step. `number` starts at 1; `finished_at` is None while it runs."""

    number: int
    started_at: datetime
    finished_at: datetime | None = None
    error: StepError | None = None
    status_code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepState:
    """One step execution: the value of a row, replaced whole by each fact that touches it.

    `attempts` holds every try so far, the running one last. `due_at` is when a waiting step goes on (a timer or a
    retry). `input` is what the step was called with, after its templates were rendered; `output` only counts when
    `status` is COMPLETED.
    """

    path: str
    step_id: str
    type: StepType
    status: StepStatus
    attempts: tuple[Attempt, ...] = ()
    input: JsonValue = None
    output: JsonValue = None
    error: StepError | None = None
    waiting_for: WaitReason | None = None
    due_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None

    @property
    def attempt(self) -> int:
        """The number of the newest attempt; 0 before the first."""
        return len(self.attempts)


@dataclass(slots=True, kw_only=True)
class ExecutionState:
    """One execution: its status, the state of every step that has one, and counters kept by `evolve`.

    A step that has no entry in `steps` has not been reached. `unmet[path]` counts the dependencies of a step that
    have not ended, once one of them has; `timers` is a heap of (due time, path) whose top is never stale. Both are
    derived, never stored.
    """

    execution_id: UUID
    status: ExecutionStatus
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    deadline_at: datetime | None = None
    output: JsonValue = None
    error: StepError | None = None
    steps: dict[str, StepState] = field(default_factory=dict)
    unmet: dict[str, int] = field(default_factory=dict)
    running: set[str] = field(default_factory=set)
    waiting: set[str] = field(default_factory=set)
    timers: list[tuple[datetime, str]] = field(default_factory=list)
    ended: int = 0
    completed: int = 0
    failed: int = 0
    total: int = 0
    finishing: bool = False
    """All steps have ended and the output is being evaluated."""
