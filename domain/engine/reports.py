"""What the shell tells the decider: the outside world, as values. Repeated or stale reports decide nothing."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.engine.state import WaitReason
from domain.failures import StepError
from domain.json_text import JsonValue


@dataclass(frozen=True, slots=True)
class Activated:
    """A worker has claimed the execution: start it, or go on where it was."""


@dataclass(frozen=True, slots=True)
class StepSucceeded:
    """Attempt `attempt` of the step at `path` gave `output`. `input` is what it was called with."""

    path: str
    attempt: int
    output: JsonValue
    input: JsonValue = None
    status_code: int | None = None


@dataclass(frozen=True, slots=True)
class StepBypassed:
    """The step's `when` was false."""

    path: str
    attempt: int


@dataclass(frozen=True, slots=True)
class StepErrored:
    """Attempt `attempt` failed. `retry_after` is what the service asked for; `retry_wanted` is what the policy's
    `when` said (None: it has none); `chance` in [0, 1) is the randomness that jitter uses.
    """

    path: str
    attempt: int
    error: StepError
    chance: float
    input: JsonValue = None
    retry_after: timedelta | None = None
    retry_wanted: bool | None = None
    status_code: int | None = None


@dataclass(frozen=True, slots=True)
class StepDeferred:
    """The step waits for a time that it computed (WAIT): it completes with `output` at `until`."""

    path: str
    attempt: int
    until: datetime
    reason: WaitReason
    output: JsonValue
    input: JsonValue = None


@dataclass(frozen=True, slots=True)
class TimePassed:
    """`now` has reached something that was due: a wait, a retry, the deadline."""


@dataclass(frozen=True, slots=True)
class CancelRequested:
    """Somebody asked for the execution to be cancelled."""

    reason: str | None = None


@dataclass(frozen=True, slots=True)
class OutputEvaluated:
    """The execution's `output` expression gave a value, or an error."""

    output: JsonValue = None
    error: StepError | None = None


Report = (
    Activated
    | StepSucceeded
    | StepBypassed
    | StepErrored
    | StepDeferred
    | TimePassed
    | CancelRequested
    | OutputEvaluated
)
