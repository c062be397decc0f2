"""The port between the driver and the executors of the step types: a call goes in, an outcome comes out."""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from domain.engine.state import CarriedStep, WaitReason
from domain.kernel.failures import StepError
from domain.kernel.fast_values import fast_init
from domain.kernel.json.text import JsonValue
from domain.secrets.mask import SecretMask
from domain.workflows.definition import CompiledStep


@fast_init
@dataclass(frozen=True, slots=True, kw_only=True)
class StepCall:
    """One attempt at a step. `input` is what `step.inputs` rendered to; `scope` is what expressions may read.

    `idempotency_key` is the same for every attempt of this step execution, over crashes and workers, and in a retry of
    the execution that does not know what became of the call; a pure step, which calls nothing, has none. `carried` is
    what such a retry knows. `now` is when the attempt started.

    Where the input holds values of secrets, `shown_input` is the input without them, and `mask` takes them out of what
    the executor itself stores or logs, and of what it cuts short; what it returns is masked by its caller.

    `checkpoint` is what an earlier call of the same step execution has left (None at first); `received` is what a
    step that waits for a signal, a callback or a child was sent, `{"payload": …}`, None where it is called for any
    other reason. `called_at` is the present, where `now` is the start of the attempt; for `held_for` of the time
    between the two, circuit breakers held it up.
    """

    execution_id: UUID
    path: str
    attempt: int
    step: CompiledStep
    input: JsonValue = field(repr=False)
    scope: Mapping[str, JsonValue]
    now: datetime
    idempotency_key: str
    called_at: datetime
    checkpoint: JsonValue = None
    received: Mapping[str, JsonValue] | None = None
    shown_input: JsonValue = None
    mask: SecretMask | None = None
    held_for: timedelta = timedelta(0)
    carried: CarriedStep | None = None

    @property
    def origin(self) -> UUID:
        """The execution in which this call was first made."""
        return self.execution_id if self.carried is None else self.carried.origins[-1]


@fast_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Succeeded:
    """The step is done. `status_code` is the HTTP status, where there was one."""

    output: JsonValue
    status_code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The attempt failed. `retry_after` is what the service asked for; `checkpoint` is left for the next attempt."""

    error: StepError
    retry_after: timedelta | None = None
    status_code: int | None = None
    checkpoint: JsonValue = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferred:
    """Nothing needs to run until `until` (None: until something comes).

    Without a checkpoint the step then completes with `output`. With one it is called again, with that checkpoint: at
    `until`, or when what it waits for comes: a signal called `reason.detail` (kind SIGNAL), or what was sent to its
    path (kinds CALLBACK and DEPENDENCY).
    """

    until: datetime | None
    reason: WaitReason
    output: JsonValue = None
    checkpoint: JsonValue = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A container has chosen what runs in it: `{"branch": label}`, `{"items": [...]}`, or `{}` for all branches."""

    checkpoint: Mapping[str, JsonValue]


Outcome = Succeeded | Failed | Deferred | Opened


class StepExecutor(Protocol):
    """Runs one step type. It never raises for what a service or an input did: that is a `Failed`.

    An executor that needs no waiting returns its outcome; one that does returns an awaitable. The driver bounds the
    time (`timeout` of the step), cancels the awaitable when the attempt is no longer wanted, and checks the size.
    """

    def execute(self, call: StepCall) -> Outcome | Awaitable[Outcome]:
        """Run one attempt."""
