"""The enums that the domain and the schema share, value for value, each with its description in the schema.

Types and inputs take them from here, so that none is used before it is known to the schema.
"""

from enum import StrEnum
from typing import TYPE_CHECKING, cast

import strawberry

from domain.executions.lists import OrderBy
from domain.kernel.errors import ErrorCode, Unavailable
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
    TriggerKind,
    ViewKind,
    WaitKind,
    WebhookDirection,
    WebhookEventStatus,
    WorkflowStatus,
)
from domain.workflows.steps.parallel import Join
from domain.workflows.steps.registry import step_kinds
from domain.workflows.steps.requests import CircuitBreakerUse

__all__ = [
    "CircuitBreakerState",
    "CircuitBreakerUse",
    "ErrorCode",
    "ExecutionStatus",
    "HttpMethod",
    "InboundSignature",
    "Jitter",
    "Join",
    "OrderBy",
    "OverlapPolicy",
    "RetryStrategy",
    "Role",
    "StepStatus",
    "StepType",
    "TriggerKind",
    "ViewKind",
    "WaitKind",
    "WebhookDirection",
    "WebhookEventStatus",
    "WorkflowStatus",
    "step_type",
]

if TYPE_CHECKING:
    from domain.kernel.statuses import StepType
else:
    StepType = StrEnum("StepType", {name: name for name in step_kinds()})


def step_type(name: str) -> StepType:
    """The value of `StepType` for a kind's name; of a kind that is not installed here, the error to answer with."""
    if name in step_kinds():
        return cast("StepType", name)
    message = f"The step kind {name} is not installed here: install the distribution that brings it."
    return cast("StepType", Unavailable(message))


for enum, description in (
    (ErrorCode, "The kind of an error, for programs."),
    (WorkflowStatus, "The status of a workflow: only ACTIVE ones can be started."),
    (
        ExecutionStatus,
        "The status of an execution. Once it is COMPLETED, FAILED, CANCELLED or TIMED_OUT, it stays so.",
    ),
    (
        StepStatus,
        "The status of a step execution. Once it is COMPLETED, FAILED, SKIPPED or CANCELLED, it stays so.",
    ),
    (StepType, "The kinds of step that a workflow is made of."),
    (
        TriggerKind,
        "What starts an execution: a client (API), a schedule, an inbound webhook, a step of its PARENT, or a RETRY.",
    ),
    (WaitKind, "The kinds of reasons why something is not running."),
    (HttpMethod, "The methods that an HTTP request may use."),
    (RetryStrategy, "The growth of the delay from one attempt to the next: LINEAR by delay, EXPONENTIAL by factor."),
    (Jitter, "The part of a delay left to chance: NONE of it, all of it (FULL), or half of it (EQUAL)."),
    (
        CircuitBreakerState,
        "CLOSED: calls go through. OPEN: none does. HALF_OPEN: a few go through, to find out how the service is.",
    ),
    (CircuitBreakerUse, "The reaction to an open breaker: WAIT for it, FAIL, or use none (OFF)."),
    (
        Role,
        "A key's rights: read (VIEWER), also control executions (OPERATOR), also change definitions (EDITOR), all.",
    ),
    (
        OverlapPolicy,
        "A schedule's policy while its last execution runs: start nothing, start after it, start too, or cancel it.",
    ),
    (WebhookDirection, "The direction of a webhook: others send to us (INBOUND), or we to others (OUTBOUND)."),
    (
        WebhookEventStatus,
        "The status of an event: PENDING, DELIVERED, FAILED where it is sent; RECEIVED, REJECTED where it came in.",
    ),
    (InboundSignature, "The way in which senders prove themselves. NONE: whoever knows the address may send."),
    (ViewKind, "The list that a saved view is of."),
    (Join, "The condition on which branches are done: ALL have completed, ANY has, or all have ended (SETTLED)."),
):
    strawberry.enum(enum, description=description)
strawberry.enum(
    OrderBy,
    name="ExecutionOrderField",
    description="What executions are put in order by. By ENDED and DURATION a list has those only that have ended.",
)
