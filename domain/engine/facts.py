"""Facts: decisions of the decider, in the past tense. `evolve` folds them into the state; changed rows are stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.engine.outcomes import Deferred, Failed, Succeeded
from domain.engine.state import Signal
from domain.kernel.failures import StepError
from domain.kernel.fast_values import fast_init
from domain.kernel.json.text import JsonValue


@dataclass(frozen=True, slots=True)
class ExecutionStarted:
    at: datetime
    deadline_at: datetime | None


@fast_init
@dataclass(frozen=True, slots=True)
class StepStarted:
    """Attempt `attempt` was handed to an executor."""

    path: str
    attempt: int
    at: datetime


@fast_init
@dataclass(frozen=True, slots=True)
class StepCompleted:
    path: str
    at: datetime
    outcome: Succeeded
    input: JsonValue = None


@dataclass(frozen=True, slots=True)
class StepSkipped:
    path: str
    at: datetime


@dataclass(frozen=True, slots=True)
class StepWaited:
    """The step waits and frees its worker until `due_at` at the latest (None: until something comes)."""

    path: str
    at: datetime
    due_at: datetime | None
    outcome: Deferred
    input: JsonValue = None


@dataclass(frozen=True, slots=True)
class StepResumed:
    """A waiting step runs again, as the same attempt."""

    path: str
    at: datetime
    checkpoint: JsonValue


@dataclass(frozen=True, slots=True)
class StepOpened:
    """A container is open: the blocks that `checkpoint` names run in it now, until `due_at` at the latest."""

    path: str
    at: datetime
    checkpoint: Mapping[str, JsonValue]
    due_at: datetime | None
    input: JsonValue = None


@dataclass(frozen=True, slots=True)
class AttemptFailed:
    """The attempt failed and another follows at `retry_at`."""

    path: str
    at: datetime
    retry_at: datetime
    outcome: Failed
    input: JsonValue = None


@dataclass(frozen=True, slots=True)
class StepFailed:
    """The step has failed for good. A retry of the execution may go on with its checkpoint."""

    path: str
    at: datetime
    outcome: Failed
    input: JsonValue = None


@dataclass(frozen=True, slots=True)
class StepCancelled:
    path: str
    at: datetime
    error: StepError


@fast_init
@dataclass(frozen=True, slots=True)
class BlockOpened:
    """A block of the step at `owner` begins (None: `onFailure`). It is not stored, but seen from the steps."""

    prefix: str
    owner: str | None
    key: str | int


@fast_init
@dataclass(frozen=True, slots=True)
class BlockEnded:
    """A block has ended, badly where there is an error. It is not stored, but seen from the steps."""

    prefix: str
    error: StepError | None = None


@fast_init
@dataclass(frozen=True, slots=True)
class ItemResolved:
    """The result of an item has been computed. It is not stored, since it can be computed again."""

    loop: str
    index: int
    result: JsonValue = None
    error: StepError | None = None


@dataclass(frozen=True, slots=True)
class BatchDone:
    """A batch of a loop has ended. It is not stored: the command that reported it stays until the loop ends."""

    loop: str
    first: int
    results: Sequence[JsonValue]
    failures: Mapping[int, StepError]


@dataclass(frozen=True, slots=True)
class SignalKept:
    """A signal that no step waits for yet was kept."""

    signal: Signal


@dataclass(frozen=True, slots=True)
class SignalConsumed:
    """A step has taken a signal that was kept."""

    signal: Signal


@dataclass(frozen=True, slots=True)
class ExecutionPaused:
    at: datetime


@dataclass(frozen=True, slots=True)
class ExecutionResumed:
    """The execution goes on; its deadline and the timeouts of open containers (paths) are later by the pause."""

    at: datetime
    pause: timedelta
    containers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FailureHandlingStarted:
    """The execution is going to end with `error`; `onFailure` runs first, without a deadline."""

    at: datetime
    error: StepError
    is_timeout: bool


@dataclass(frozen=True, slots=True)
class OutputRequested:
    """Every step has ended; the execution's `output` expression is next."""

    at: datetime


@dataclass(frozen=True, slots=True)
class ExecutionCompleted:
    at: datetime
    output: JsonValue


@dataclass(frozen=True, slots=True)
class ExecutionFailed:
    at: datetime
    error: StepError


@dataclass(frozen=True, slots=True)
class ExecutionCancelled:
    at: datetime
    error: StepError


@dataclass(frozen=True, slots=True)
class ExecutionTimedOut:
    at: datetime
    error: StepError


StepOrBlockFact = (
    StepStarted
    | StepCompleted
    | StepSkipped
    | StepWaited
    | StepResumed
    | StepOpened
    | AttemptFailed
    | StepFailed
    | StepCancelled
    | BlockOpened
    | BlockEnded
    | ItemResolved
    | BatchDone
)

ExecutionFact = (
    ExecutionStarted
    | SignalKept
    | SignalConsumed
    | ExecutionPaused
    | ExecutionResumed
    | FailureHandlingStarted
    | OutputRequested
    | ExecutionCompleted
    | ExecutionFailed
    | ExecutionCancelled
    | ExecutionTimedOut
)

Fact = StepOrBlockFact | ExecutionFact
