"""Facts: what the decider has decided, in the past tense. `evolve` folds them into the state; their touch is stored."""

from dataclasses import dataclass
from datetime import datetime

from domain.engine.state import WaitReason
from domain.failures import StepError
from domain.json_text import JsonValue


@dataclass(frozen=True, slots=True)
class ExecutionStarted:
    at: datetime
    deadline_at: datetime | None


@dataclass(frozen=True, slots=True)
class StepStarted:
    """Attempt `attempt` was handed to an executor."""

    path: str
    attempt: int
    at: datetime


@dataclass(frozen=True, slots=True)
class StepCompleted:
    path: str
    at: datetime
    output: JsonValue
    input: JsonValue = None
    status_code: int | None = None


@dataclass(frozen=True, slots=True)
class StepSkipped:
    path: str
    at: datetime


@dataclass(frozen=True, slots=True)
class StepWaited:
    """The step lets go until `until`; `output` is what it will complete with."""

    path: str
    at: datetime
    until: datetime
    reason: WaitReason
    output: JsonValue
    input: JsonValue = None


@dataclass(frozen=True, slots=True)
class AttemptFailed:
    """The attempt failed and another follows at `retry_at`."""

    path: str
    at: datetime
    error: StepError
    retry_at: datetime
    input: JsonValue = None
    status_code: int | None = None


@dataclass(frozen=True, slots=True)
class StepFailed:
    """The step has failed for good."""

    path: str
    at: datetime
    error: StepError
    input: JsonValue = None
    status_code: int | None = None


@dataclass(frozen=True, slots=True)
class StepCancelled:
    path: str
    at: datetime
    error: StepError


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


Fact = (
    ExecutionStarted
    | StepStarted
    | StepCompleted
    | StepSkipped
    | StepWaited
    | AttemptFailed
    | StepFailed
    | StepCancelled
    | OutputRequested
    | ExecutionCompleted
    | ExecutionFailed
    | ExecutionCancelled
    | ExecutionTimedOut
)
