"""The port between the driver and the executors of the step types: a call goes in, an outcome comes out."""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from domain.definition import CompiledStep
from domain.engine.state import WaitReason
from domain.failures import StepError
from domain.json_text import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCall:
    """One attempt at a step. `input` is what `step.inputs` rendered to; `scope` is what expressions may read.

    `idempotency_key` is the same for every attempt of this step execution, over crashes and workers; a pure step, which
    calls nothing, has none. `now` is when the attempt started.
    """

    execution_id: UUID
    path: str
    attempt: int
    step: CompiledStep
    input: JsonValue
    scope: Mapping[str, JsonValue]
    now: datetime
    idempotency_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Succeeded:
    """The step is done. `status_code` is the HTTP status, where there was one."""

    output: JsonValue
    status_code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The attempt failed. `retry_after` is what the service asked for."""

    error: StepError
    retry_after: timedelta | None = None
    status_code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferred:
    """The step completes with `output` at `until`; nothing needs to run until then."""

    until: datetime
    reason: WaitReason
    output: JsonValue


Outcome = Succeeded | Failed | Deferred


class StepExecutor(Protocol):
    """Runs one step type. It never raises for what a service or an input did: that is a `Failed`.

    An executor that needs no waiting returns its outcome; one that does returns an awaitable. The driver bounds the
    time (`timeout` of the step), cancels the awaitable when the attempt is no longer wanted, and checks the size.
    """

    def execute(self, call: StepCall) -> Outcome | Awaitable[Outcome]:
        """Run one attempt."""
