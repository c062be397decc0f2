"""The port between activations and the executors of the step types: a call goes in, an outcome comes out."""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from domain.engine.outcomes import Deferred, Failed, Opened, Outcome, Succeeded
from domain.engine.state import CarriedStep
from domain.kernel.fast_values import fast_init
from domain.kernel.json.text import JsonValue
from domain.secrets.mask import SecretMask
from domain.workflows.definitions.definition import CompiledStep

__all__ = ["Deferred", "Failed", "Opened", "Outcome", "StepCall", "StepExecutor", "Succeeded"]


@fast_init
@dataclass(frozen=True, slots=True, kw_only=True)
class StepCall:
    """One attempt at a step. `input` is the rendered `step.inputs`; `scope` is the data that expressions may read.

    `idempotency_key` is the same for every attempt of this step execution, over crashes and workers, and in a retry of
    the execution that does not know the call's fate; a pure step, which calls nothing, has none. `carried` is
    the state that such a retry has carried over. `now` is when the attempt started.

    Where the input holds values of secrets, `shown_input` is the input without them, and `mask` takes them out of what
    the executor itself stores or logs, and of what it cuts short; its outcome is masked by its caller.

    `checkpoint` is the one that an earlier call of the same step execution has left (None at first); `received` is the
    message that the step has waited for, `{"payload": …}`: a signal, a callback or a child's end; None for any
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


class StepExecutor(Protocol):
    """Runs one step type. It never raises for an error of a service or an input: that is a `Failed`.

    An executor that needs no waiting returns its outcome; one that does returns an awaitable. The activation bounds the
    time (`timeout` of the step), cancels the awaitable when the attempt is no longer wanted, and checks the size.
    """

    def execute(self, call: StepCall) -> Outcome | Awaitable[Outcome]:
        """Run one attempt."""
