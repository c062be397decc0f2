"""The enums that the domain and the schema share, value for value, each with what it says in the schema.

Types and inputs take them from here, so that none is used before it is known to the schema.
"""

import strawberry

from domain.errors import ErrorCode
from domain.statuses import (
    ExecutionStatus,
    HttpMethod,
    Jitter,
    RetryStrategy,
    StepStatus,
    StepType,
    WaitKind,
    WorkflowStatus,
)
from domain.steps import CircuitBreakerUse, Join

__all__ = [
    "CircuitBreakerUse",
    "ErrorCode",
    "ExecutionStatus",
    "HttpMethod",
    "Jitter",
    "Join",
    "RetryStrategy",
    "StepStatus",
    "StepType",
    "WaitKind",
    "WorkflowStatus",
]

for enum, description in (
    (ErrorCode, "What went wrong, for programs."),
    (WorkflowStatus, "Whether a workflow may be started: only ACTIVE ones may."),
    (
        ExecutionStatus,
        "Where an execution is in its life. Once it is COMPLETED, FAILED, CANCELLED or TIMED_OUT, it stays so.",
    ),
    (
        StepStatus,
        "Where a step execution is in its life. Once it is COMPLETED, FAILED, SKIPPED or CANCELLED, it stays so.",
    ),
    (StepType, "The kinds of step that a workflow is made of."),
    (WaitKind, "What something that does not run is waiting for."),
    (HttpMethod, "The methods that an HTTP request may use."),
    (RetryStrategy, "How the delay grows from one attempt to the next: LINEAR by delay, EXPONENTIAL by factor."),
    (Jitter, "How much of a delay is left to chance: NONE of it, all of it (FULL), or half of it (EQUAL)."),
    (CircuitBreakerUse, "What to do about an open breaker: WAIT for it, FAIL, or use none (OFF)."),
    (Join, "When the branches are done: when ALL have completed, when ANY has, or when all have ended (SETTLED)."),
):
    strawberry.enum(enum, description=description)
