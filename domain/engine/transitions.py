"""The table of allowed status transitions. `evolve` refuses all others, so that a wrong decision is never stored."""

from domain.kernel.statuses import ExecutionStatus as Execution
from domain.kernel.statuses import StepStatus as Step

#: None: the step has not been reached.
STEP_TRANSITIONS: frozenset[tuple[Step | None, Step]] = frozenset(
    {
        (None, Step.RUNNING),
        (None, Step.CANCELLED),
        (Step.RUNNING, Step.COMPLETED),
        (Step.RUNNING, Step.SKIPPED),
        (Step.RUNNING, Step.WAITING),
        (Step.RUNNING, Step.FAILED),
        (Step.RUNNING, Step.CANCELLED),
        (Step.WAITING, Step.RUNNING),
        (Step.WAITING, Step.COMPLETED),
        (Step.WAITING, Step.FAILED),
        (Step.WAITING, Step.CANCELLED),
    }
)

EXECUTION_TRANSITIONS: frozenset[tuple[Execution, Execution]] = frozenset(
    {
        (Execution.PENDING, Execution.RUNNING),
        (Execution.PENDING, Execution.CANCELLED),
        (Execution.PENDING, Execution.FAILED),
        (Execution.PENDING, Execution.PAUSED),
        (Execution.RUNNING, Execution.PAUSED),
        (Execution.WAITING, Execution.PAUSED),
        (Execution.PAUSED, Execution.RUNNING),
        (Execution.PAUSED, Execution.COMPLETED),
        (Execution.PAUSED, Execution.FAILED),
        (Execution.PAUSED, Execution.CANCELLED),
        (Execution.PAUSED, Execution.TIMED_OUT),
        (Execution.RUNNING, Execution.RUNNING),
        (Execution.RUNNING, Execution.WAITING),
        (Execution.RUNNING, Execution.COMPLETED),
        (Execution.RUNNING, Execution.FAILED),
        (Execution.RUNNING, Execution.CANCELLED),
        (Execution.RUNNING, Execution.TIMED_OUT),
        (Execution.WAITING, Execution.RUNNING),
        (Execution.WAITING, Execution.WAITING),
        (Execution.WAITING, Execution.COMPLETED),
        (Execution.WAITING, Execution.FAILED),
        (Execution.WAITING, Execution.CANCELLED),
        (Execution.WAITING, Execution.TIMED_OUT),
    }
)


class IllegalTransition(AssertionError):
    """A fact would make a transition that is not allowed: a fault of the decider, never of a workflow."""

    def __init__(self, what: str, before: Step | Execution | None, after: Step | Execution) -> None:
        super().__init__(f"{what} cannot go from {before} to {after}")
