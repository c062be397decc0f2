"""Commands: instructions of the decider to the shell. None is carried out before the facts beside it are stored."""

from dataclasses import dataclass

from domain.engine.facts import Fact
from domain.engine.state import ItemRange
from domain.kernel.failures import StepError
from domain.kernel.fast_values import fast_init


@fast_init
@dataclass(frozen=True, slots=True)
class RunStep:
    """Evaluate the step's `when` (on its first attempt), render its input, run it, and report.

    A step that has waited is called again instead, with its checkpoint.
    """

    path: str
    attempt: int


@dataclass(frozen=True, slots=True)
class FailStep:
    """The time of a step that has waited is over: report that its attempt has failed with this error."""

    path: str
    attempt: int
    error: StepError


@dataclass(frozen=True, slots=True)
class StopStep:
    """Cancel the running attempt; its report is no longer wanted. For a sharded loop: remove its batches."""

    path: str


@dataclass(frozen=True, slots=True)
class CloseContainer:
    """Every block of a container has ended well: put its output together and report it as the step's."""

    path: str


@fast_init
@dataclass(frozen=True, slots=True)
class ResolveItem:
    """Evaluate the `output` expression of the loop at `loop` for an item that has ended, and report."""

    loop: str
    index: int


@dataclass(frozen=True, slots=True)
class RunBatch:
    """Have some worker run a part of a loop; idempotent."""

    range: ItemRange


@dataclass(frozen=True, slots=True)
class EvaluateOutput:
    """Evaluate the workflow's `output` expression and report `OutputEvaluated`."""


Command = RunStep | FailStep | StopStep | CloseContainer | ResolveItem | RunBatch | EvaluateOutput


@fast_init
@dataclass(frozen=True, slots=True)
class Decision:
    """The facts and commands of one report; none where the report was stale, repeated or of no consequence."""

    facts: tuple[Fact, ...] = ()
    commands: tuple[Command, ...] = ()
