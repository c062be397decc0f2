"""The enums that the domain and the schema share, value for value, each with what it says in the schema.

Types and inputs take them from here, so that none is used before it is known to the schema.
"""

import strawberry

from domain.kernel.errors import ErrorCode
from domain.kernel.statuses import (
    CircuitBreakerState,
    ExecutionStatus,
    HttpMethod,
    InboundSignature,
    Jitter,
    OverlapPolicy,
    RetryStrategy,
    Role,
    StepStatus,
    StepType,
    WaitKind,
    WebhookDirection,
    WebhookEventStatus,
    WorkflowStatus,
)
from domain.workflows.steps import CircuitBreakerUse, Join

__all__ = [
    "CircuitBreakerState",
    "CircuitBreakerUse",
    "ErrorCode",
    "ExecutionStatus",
    "HttpMethod",
    "InboundSignature",
    "Jitter",
    "Join",
    "OverlapPolicy",
    "RetryStrategy",
    "Role",
    "StepStatus",
    "StepType",
    "WaitKind",
    "WebhookDirection",
    "WebhookEventStatus",
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
    (
        CircuitBreakerState,
        "CLOSED: calls go through. OPEN: none does. HALF_OPEN: a few go through, to find out how the service is.",
    ),
    (CircuitBreakerUse, "What to do about an open breaker: WAIT for it, FAIL, or use none (OFF)."),
    (
        Role,
        "What a key may do: read (VIEWER), also control executions (OPERATOR), also change definitions (EDITOR), all.",
    ),
    (
        OverlapPolicy,
        "What a schedule does while its last execution runs: nothing, start once that has ended, start, or cancel it.",
    ),
    (WebhookDirection, "Who sends: others to us (INBOUND), or we to others (OUTBOUND)."),
    (
        WebhookEventStatus,
        "What became of an event: PENDING, DELIVERED, FAILED where it is sent; RECEIVED, REJECTED where it came in.",
    ),
    (InboundSignature, "How senders prove themselves. NONE: whoever knows the address may send."),
    (Join, "When the branches are done: when ALL have completed, when ANY has, or when all have ended (SETTLED)."),
):
    strawberry.enum(enum, description=description)
