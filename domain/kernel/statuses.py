"""The enums that SQL, Python and GraphQL share, value for value."""

from enum import StrEnum


class WorkflowStatus(StrEnum):
    """Whether a workflow may be started: only ACTIVE ones may."""

    DRAFT = "DRAFT"
    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    ARCHIVED = "ARCHIVED"


class ExecutionStatus(StrEnum):
    """Where an execution is in its life. The last four are terminal and never change."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    WAITING = "WAITING"
    PAUSED = "PAUSED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    TIMED_OUT = "TIMED_OUT"

    @property
    def is_terminal(self) -> bool:
        """Whether the execution has ended."""
        return self in TERMINAL_EXECUTION_STATUSES


TERMINAL_EXECUTION_STATUSES = frozenset(
    {ExecutionStatus.COMPLETED, ExecutionStatus.FAILED, ExecutionStatus.CANCELLED, ExecutionStatus.TIMED_OUT}
)


class StepStatus(StrEnum):
    """Where a step execution is in its life. The last four are terminal and never change."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    WAITING = "WAITING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"
    CANCELLED = "CANCELLED"

    @property
    def is_terminal(self) -> bool:
        """Whether the step has ended."""
        return self in TERMINAL_STEP_STATUSES


TERMINAL_STEP_STATUSES = frozenset({StepStatus.COMPLETED, StepStatus.FAILED, StepStatus.SKIPPED, StepStatus.CANCELLED})


class StepType(StrEnum):
    """The kinds of step a workflow is made of."""

    HTTP_REQUEST = "HTTP_REQUEST"
    DATA_TRANSFORM = "DATA_TRANSFORM"
    CONDITIONAL = "CONDITIONAL"
    PARALLEL = "PARALLEL"
    FOR_EACH = "FOR_EACH"
    WAIT = "WAIT"
    WEBHOOK_CALL = "WEBHOOK_CALL"
    VALIDATION = "VALIDATION"
    SUB_WORKFLOW = "SUB_WORKFLOW"


class WaitKind(StrEnum):
    """What a step or an execution that does not run is waiting for."""

    DEPENDENCY = "DEPENDENCY"
    TIMER = "TIMER"
    RETRY = "RETRY"
    CIRCUIT_BREAKER = "CIRCUIT_BREAKER"
    SIGNAL = "SIGNAL"
    CALLBACK = "CALLBACK"
    CONCURRENCY = "CONCURRENCY"
    WORKER = "WORKER"
    PAUSED = "PAUSED"


class CommandKind(StrEnum):
    """What an execution can be told, with the payload of each.

    CANCEL: `{reason}` or null. PAUSE, RESUME: null. SIGNAL: `{name, payload}`. CALLBACK: `{path, payload}`, for the
    step at `path`. CHILD_ENDED: `{path, executionId, status, output, error}`, for the step at `path`; a batch gives the
    index of its first item as `first` too.
    """

    CANCEL = "CANCEL"
    PAUSE = "PAUSE"
    RESUME = "RESUME"
    SIGNAL = "SIGNAL"
    CALLBACK = "CALLBACK"
    CHILD_ENDED = "CHILD_ENDED"


class RetryStrategy(StrEnum):
    """How the delay grows from one attempt to the next."""

    NONE = "NONE"
    FIXED = "FIXED"
    LINEAR = "LINEAR"
    EXPONENTIAL = "EXPONENTIAL"


class Jitter(StrEnum):
    """How much of a delay is left to chance: nothing, half of it, or all of it."""

    NONE = "NONE"
    FULL = "FULL"
    EQUAL = "EQUAL"


class HttpMethod(StrEnum):
    """The methods an HTTP_REQUEST step may use."""

    GET = "GET"
    HEAD = "HEAD"
    POST = "POST"
    PUT = "PUT"
    PATCH = "PATCH"
    DELETE = "DELETE"
    OPTIONS = "OPTIONS"


class EventType(StrEnum):
    """What webhooks can be told of, and metrics are counted from."""

    EXECUTION_STARTED = "execution.started"
    EXECUTION_COMPLETED = "execution.completed"
    EXECUTION_FAILED = "execution.failed"
    EXECUTION_CANCELLED = "execution.cancelled"
    EXECUTION_TIMED_OUT = "execution.timed_out"
    CIRCUIT_BREAKER_OPENED = "circuit_breaker.opened"
    CIRCUIT_BREAKER_CLOSED = "circuit_breaker.closed"
    WEBHOOK_DISABLED = "webhook.disabled"

    @classmethod
    def of_end(cls, status: ExecutionStatus) -> "EventType":
        """What is told of an execution that has ended with this status."""
        return _ENDS[status]


_ENDS = {
    ExecutionStatus.COMPLETED: EventType.EXECUTION_COMPLETED,
    ExecutionStatus.FAILED: EventType.EXECUTION_FAILED,
    ExecutionStatus.CANCELLED: EventType.EXECUTION_CANCELLED,
    ExecutionStatus.TIMED_OUT: EventType.EXECUTION_TIMED_OUT,
}


class WebhookDirection(StrEnum):
    """Who sends: others to us, or we to others."""

    INBOUND = "INBOUND"
    OUTBOUND = "OUTBOUND"


class WebhookEventStatus(StrEnum):
    """Where the event of a webhook is in its life: the first three of what is sent, the last two of what comes in."""

    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"
    RECEIVED = "RECEIVED"
    REJECTED = "REJECTED"


class InboundSignature(StrEnum):
    """How whoever sends to an inbound webhook proves that it does; NONE: whoever knows the address may."""

    STANDARD_WEBHOOKS = "STANDARD_WEBHOOKS"
    GITHUB = "GITHUB"
    STRIPE = "STRIPE"
    HMAC_SHA256 = "HMAC_SHA256"
    NONE = "NONE"


class Role(StrEnum):
    """What the holder of an API key may do; each role may do all that those before it may.

    VIEWER reads and subscribes. OPERATOR starts and controls executions. EDITOR changes definitions: workflows, rules,
    templates, schedules, webhooks, breakers. ADMIN manages keys and secrets.
    """

    VIEWER = "VIEWER"
    OPERATOR = "OPERATOR"
    EDITOR = "EDITOR"
    ADMIN = "ADMIN"

    def covers(self, needed: "Role") -> bool:
        """Whether this role may do what needs that one."""
        return _RANKS[self] >= _RANKS[needed]


_RANKS = {role: rank for rank, role in enumerate(Role)}


class OverlapPolicy(StrEnum):
    """What a schedule does at a tick while the execution that it started last has not ended.

    SKIP: nothing. BUFFER_ONE: remember one tick, and start it when that execution has ended. ALLOW: start.
    CANCEL_OTHER: cancel that execution, and start the newest tick when it has ended.
    """

    SKIP = "SKIP"
    BUFFER_ONE = "BUFFER_ONE"
    ALLOW = "ALLOW"
    CANCEL_OTHER = "CANCEL_OTHER"


class CircuitBreakerState(StrEnum):
    """Whether a service is called: always (CLOSED), not now (OPEN), or to see whether it is well again (HALF_OPEN)."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"
