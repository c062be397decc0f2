"""Commands: what the shell is to do next, in the imperative. Nothing is done before the facts beside it are safe."""

from dataclasses import dataclass

from domain.engine.events import Fact


@dataclass(frozen=True, slots=True)
class RunStep:
    """Evaluate the step's `when` (on its first attempt), render its input, run it, and report."""

    path: str
    attempt: int


@dataclass(frozen=True, slots=True)
class StopStep:
    """Cancel the running attempt; its report is no longer wanted."""

    path: str


@dataclass(frozen=True, slots=True)
class EvaluateOutput:
    """Evaluate the workflow's `output` expression and report `OutputEvaluated`."""


Command = RunStep | StopStep | EvaluateOutput


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows from one report. An empty one means that the report was stale, repeated or of no consequence."""

    facts: tuple[Fact, ...] = ()
    commands: tuple[Command, ...] = ()
