"""The enums that SQL, Python and GraphQL share, value for value."""

from enum import StrEnum


class WorkflowStatus(StrEnum):
    """The status of a workflow: only ACTIVE ones may be started."""

    DRAFT = "DRAFT"
    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    ARCHIVED = "ARCHIVED"


class ExecutionStatus(StrEnum):
    """The status of an execution. The last four are terminal and never change."""

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
        """True when the execution has ended."""
        return self in TERMINAL_EXECUTION_STATUSES


TERMINAL_EXECUTION_STATUSES = frozenset(
    {ExecutionStatus.COMPLETED, ExecutionStatus.FAILED, ExecutionStatus.CANCELLED, ExecutionStatus.TIMED_OUT}
)


class StepStatus(StrEnum):
    """The status of a step execution. The last four are terminal and never change."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    WAITING = "WAITING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"
    CANCELLED = "CANCELLED"

    @property
    def is_terminal(self) -> bool:
        """True when the step has ended."""
        return self in TERMINAL_STEP_STATUSES


TERMINAL_STEP_STATUSES = frozenset({StepStatus.COMPLETED, StepStatus.FAILED, StepStatus.SKIPPED, StepStatus.CANCELLED})


class StepType(StrEnum):
    """The types of steps."""

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
    """The kind of event that a step or an execution which does not run is waiting for."""

    DEPENDENCY = "DEPENDENCY"
    TIMER = "TIMER"
    RETRY = "RETRY"
    CIRCUIT_BREAKER = "CIRCUIT_BREAKER"
    SIGNAL = "SIGNAL"
    CALLBACK = "CALLBACK"
    CONCURRENCY = "CONCURRENCY"
    WORKER = "WORKER"
    PAUSED = "PAUSED"


class TriggerKind(StrEnum):
    """The kinds of things that start an execution. A retry of a child is a RETRY."""

    API = "API"
    SCHEDULE = "SCHEDULE"
    WEBHOOK = "WEBHOOK"
    PARENT = "PARENT"
    RETRY = "RETRY"


class CommandKind(StrEnum):
    """The commands that an execution can be sent, with the payload of each.

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
    """The growth of the delay from one attempt to the next."""

    NONE = "NONE"
    FIXED = "FIXED"
    LINEAR = "LINEAR"
    EXPONENTIAL = "EXPONENTIAL"


class Jitter(StrEnum):
    """The part of a delay that is random: nothing, all of it, or half of it."""

    NONE = "NONE"
    FULL = "FULL"
    EQUAL = "EQUAL"


class HttpMethod(StrEnum):
    """The methods of HTTP_REQUEST steps."""

    GET = "GET"
    HEAD = "HEAD"
    POST = "POST"
    PUT = "PUT"
    PATCH = "PATCH"
    DELETE = "DELETE"
    OPTIONS = "OPTIONS"


class EventType(StrEnum):
    """The types of events that are sent to webhooks and counted in metrics."""

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
        """The event of an execution that has ended with this status."""
        return _ENDS[status]


_ENDS = {
    ExecutionStatus.COMPLETED: EventType.EXECUTION_COMPLETED,
    ExecutionStatus.FAILED: EventType.EXECUTION_FAILED,
    ExecutionStatus.CANCELLED: EventType.EXECUTION_CANCELLED,
    ExecutionStatus.TIMED_OUT: EventType.EXECUTION_TIMED_OUT,
}


class WebhookDirection(StrEnum):
    """The direction of a webhook: others send to us (INBOUND), or we to others (OUTBOUND)."""

    INBOUND = "INBOUND"
    OUTBOUND = "OUTBOUND"


class WebhookEventStatus(StrEnum):
    """The status of a webhook's event: the first three of outbound ones, the last two of inbound ones."""

    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"
    RECEIVED = "RECEIVED"
    REJECTED = "REJECTED"


class InboundSignature(StrEnum):
    """The signature scheme of an inbound webhook; NONE: anyone who knows the address may send."""

    STANDARD_WEBHOOKS = "STANDARD_WEBHOOKS"
    GITHUB = "GITHUB"
    STRIPE = "STRIPE"
    HMAC_SHA256 = "HMAC_SHA256"
    NONE = "NONE"


class Role(StrEnum):
    """The permissions of an API key; each role may do all that those before it may.

    VIEWER reads and subscribes. OPERATOR starts and controls executions. EDITOR changes definitions: workflows, rules,
    templates, schedules, webhooks, breakers. ADMIN manages keys and secrets.
    """

    VIEWER = "VIEWER"
    OPERATOR = "OPERATOR"
    EDITOR = "EDITOR"
    ADMIN = "ADMIN"

    def covers(self, needed: "Role") -> bool:
        """True when this role includes `needed`."""
        return _RANKS[self] >= _RANKS[needed]


_RANKS = {role: rank for rank, role in enumerate(Role)}


class OverlapPolicy(StrEnum):
    """The behaviour of a schedule at a tick while the execution that it started last has not ended.

    SKIP: nothing. BUFFER_ONE: remember one tick, and start it when that execution has ended. ALLOW: start.
    CANCEL_OTHER: cancel that execution, and start the newest tick when it has ended.
    """

    SKIP = "SKIP"
    BUFFER_ONE = "BUFFER_ONE"
    ALLOW = "ALLOW"
    CANCEL_OTHER = "CANCEL_OTHER"


class CircuitBreakerState(StrEnum):
    """The state of a breaker: calls are let through (CLOSED), refused (OPEN), or let through as probes (HALF_OPEN)."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"


class ViewKind(StrEnum):
    """The list that a saved view is of."""

    EXECUTIONS = "EXECUTIONS"
    WORKFLOWS = "WORKFLOWS"
    SCHEDULES = "SCHEDULES"
    WEBHOOKS = "WEBHOOKS"
    WEBHOOK_EVENTS = "WEBHOOK_EVENTS"
    CIRCUIT_BREAKERS = "CIRCUIT_BREAKERS"
    TRANSFORMATION_RULES = "TRANSFORMATION_RULES"
    WORKFLOW_TEMPLATES = "WORKFLOW_TEMPLATES"
    AUDIT_ENTRIES = "AUDIT_ENTRIES"
