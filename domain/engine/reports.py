"""Reports: events of the outside world that the shell tells the decider. Repeated or stale ones decide nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from domain.engine.outcomes import Outcome
from domain.engine.state import Signal
from domain.kernel.failures import StepError
from domain.kernel.fast_values import fast_init
from domain.kernel.json.text import JsonValue


@dataclass(frozen=True, slots=True)
class Activated:
    """A worker has claimed the execution: start it, or go on where it was."""


@fast_init
@dataclass(frozen=True, slots=True)
class OutcomeReported:
    """Attempt `attempt` of the step at `path` gave `outcome`. `input` is the one it was called with, as it is stored.

    For a failure, `chance` in [0, 1) is the randomness that jitter uses, and `retry_wanted` the value of the policy's
    `when` (None: it has none).
    """

    path: str
    attempt: int
    outcome: Outcome
    input: JsonValue = None
    chance: float = 0.0
    retry_wanted: bool | None = None


@dataclass(frozen=True, slots=True)
class StepBypassed:
    """The step's `when` was false."""

    path: str
    attempt: int


@fast_init
@dataclass(frozen=True, slots=True)
class ItemEvaluated:
    """The `output` expression of the loop at `loop` gave an item's result, or an error."""

    loop: str
    index: int
    result: JsonValue = None
    error: StepError | None = None


@dataclass(frozen=True, slots=True)
class BatchEnded:
    """A batch of the loop at `loop` has ended: the results of its items, and the errors of those that failed.

    `error`: the batch itself could not be run.
    """

    loop: str
    first: int
    results: Sequence[JsonValue] = ()
    failures: Mapping[int, StepError] = field(default_factory=dict)
    error: StepError | None = None


@dataclass(frozen=True, slots=True)
class SignalReceived:
    """Something was sent to the execution: a signal by name, or a message to the step at a path."""

    signal: Signal


@dataclass(frozen=True, slots=True)
class PauseRequested:
    """Someone asked that nothing new starts."""


@dataclass(frozen=True, slots=True)
class ResumeRequested:
    """Someone asked to go on after a pause."""


@dataclass(frozen=True, slots=True)
class TimePassed:
    """`now` has reached something that was due: a wait, a retry, a timeout, the deadline.

    One thing follows from one report: the shell reports it again until nothing does. `chance` as in `OutcomeReported`.
    """

    chance: float = 0.0


@dataclass(frozen=True, slots=True)
class CancelRequested:
    """Someone asked for the execution to be cancelled."""

    reason: str | None = None


@dataclass(frozen=True, slots=True)
class OutputEvaluated:
    """The execution's `output` expression gave a value, or an error."""

    output: JsonValue = None
    error: StepError | None = None


Report = (
    Activated
    | OutcomeReported
    | StepBypassed
    | ItemEvaluated
    | BatchEnded
    | SignalReceived
    | PauseRequested
    | ResumeRequested
    | TimePassed
    | CancelRequested
    | OutputEvaluated
)
