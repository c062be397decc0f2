"""One attempt at a step: condition, input, executor, limits; whatever happens becomes a report."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID
from zlib import crc32

from actors.scope import ExecutionScope
from actors.steps.executor import Deferred, Failed, Outcome, StepCall, StepExecutor, Succeeded
from domain.definition import CompiledStep
from domain.engine.reports import StepBypassed, StepDeferred, StepErrored, StepSucceeded
from domain.engine.state import StepState
from domain.expressions import Expression, ExpressionError
from domain.failures import FailureCode, StepError
from domain.json_text import JsonValue, dumps
from domain.statuses import StepType

logger = logging.getLogger(__name__)

AttemptReport = StepSucceeded | StepBypassed | StepErrored | StepDeferred

_MASKED = "***"
_CREDENTIAL_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})


@dataclass(frozen=True, slots=True)
class Attempts:
    """Runs attempts with these executors. `max_output_bytes` is the size of an output as compact JSON."""

    executors: Mapping[StepType, StepExecutor]
    max_output_bytes: int

    def begin(
        self, execution_id: UUID, step: CompiledStep, state: StepState, scope: ExecutionScope
    ) -> AttemptReport | Coroutine[Any, Any, AttemptReport]:
        """Start the running attempt of a step: a report when it is over at once, else a coroutine that gives one."""
        attempt, now = state.attempt, state.attempts[-1].started_at
        seed = seed_of(execution_id, step.path)
        values = scope.for_attempt(attempt)
        input: JsonValue = None
        try:
            if step.when is not None and attempt == 1 and not step.when.is_true(values, now=now, seed=seed):
                return StepBypassed(step.path, attempt)
            input = step.inputs.render(values, now=now, seed=seed)
        except ExpressionError as error:
            return StepErrored(step.path, attempt, error.to_step_error(), chance=0.0)
        call = StepCall(
            execution_id=execution_id,
            path=step.path,
            attempt=attempt,
            step=step,
            input=input,
            scope=values,
            now=now,
            idempotency_key="" if step.is_pure else idempotency_key_of(execution_id, step.path),
        )
        shown = _stored_input(step.type, input)
        try:
            outcome = self.executors[step.type].execute(call)
        except Exception as error:  # an executor's own fault must not stop the driver
            return self._report(call, shown, _unexpected(call, error), scope)
        if isinstance(outcome, Succeeded | Failed | Deferred):
            return self._report(call, shown, outcome, scope)
        return self._wait(call, shown, outcome, scope)

    async def _wait(
        self, call: StepCall, shown: JsonValue, outcome: Awaitable[Outcome], scope: ExecutionScope
    ) -> AttemptReport:
        timeout = call.step.timeout
        limit = None if timeout is None else asyncio.timeout(timeout.total_seconds())
        try:
            if limit is None:
                ended = await outcome
            else:
                async with limit:
                    ended = await outcome
        except Exception as error:
            if timeout is not None and limit is not None and limit.expired() and isinstance(error, TimeoutError):
                message = f"The step was not done after {timeout.total_seconds():g} s."
                ended = Failed(error=StepError(code=FailureCode.TIMEOUT, message=message))
            else:
                ended = _unexpected(call, error)
        except asyncio.CancelledError as error:
            if _is_being_cancelled():
                raise
            ended = _unexpected(call, error)  # something inside was cancelled, and not by us
        return self._report(call, shown, ended, scope)

    def _report(self, call: StepCall, shown: JsonValue, outcome: Outcome, scope: ExecutionScope) -> AttemptReport:
        path, attempt = call.path, call.attempt
        if isinstance(outcome, Succeeded):
            error = self.refuse_output(outcome.output)
            if error is None:
                return StepSucceeded(path, attempt, outcome.output, shown, outcome.status_code)
            outcome = Failed(error=error, status_code=outcome.status_code)
        if isinstance(outcome, Deferred):
            return StepDeferred(path, attempt, outcome.until, outcome.reason, outcome.output, shown)
        wanted = self._retry_wanted(call, outcome.error, scope)
        if isinstance(wanted, StepError):
            return StepErrored(path, attempt, wanted, chance=0.0, input=shown, retry_wanted=False)
        return StepErrored(
            path,
            attempt,
            _storable(outcome.error),
            chance=random.random(),
            input=shown,
            retry_after=outcome.retry_after,
            retry_wanted=wanted,
            status_code=outcome.status_code,
        )

    def _retry_wanted(self, call: StepCall, error: StepError, scope: ExecutionScope) -> bool | StepError | None:
        condition = None if call.step.retry is None else call.step.retry.when
        if condition is None or not error.is_retryable:
            return None
        seen = scope.with_error(call.attempt, error_in_scope(error))
        try:
            return condition.is_true(seen, now=call.now, seed=seed_of(call.execution_id, call.path))
        except ExpressionError as failure:
            return failure.to_step_error()

    def refuse_output(self, output: JsonValue) -> StepError | None:
        """Why an output cannot be kept: too large, or nothing that JSON can say."""
        try:
            text = dumps(output)
        except ValueError as error:
            return StepError(code=FailureCode.INVALID_RESPONSE, message=f"The output is no JSON value: {error}")
        size = len(text) if text.isascii() else len(text.encode())
        if size > self.max_output_bytes:
            message = f"The output has {size:,} bytes as JSON; {self.max_output_bytes:,} are allowed."
            return StepError(code=FailureCode.OUTPUT_TOO_LARGE, message=message)
        return None

    def output_of(
        self, expression: Expression, execution_id: UUID, now: datetime, scope: ExecutionScope
    ) -> "JsonValue | StepError":
        """The execution's output, or why there is none."""
        try:
            output = expression.evaluate(scope.for_attempt(1), now=now, seed=seed_of(execution_id, ""))
        except ExpressionError as error:
            return error.to_step_error("output")
        return self.refuse_output(output) or output


def error_in_scope(error: StepError) -> JsonValue:
    """`error` as a retry condition sees it: `{code, message, status?, …}`, the HTTP status on top."""
    value = error.to_json()
    if error.details is not None and "status" in error.details:
        value["status"] = error.details["status"]
    return value


def idempotency_key_of(execution_id: UUID, path: str) -> str:
    """The same 32 characters for every attempt of one step execution, on whichever worker."""
    return blake2b(path.encode(), key=execution_id.bytes, digest_size=16).hexdigest()


def seed_of(execution_id: UUID, path: str) -> int:
    """The same randomness for every evaluation within one step execution, whichever worker does it."""
    return (execution_id.int ^ crc32(path.encode())) & 0x7FFF_FFFF_FFFF_FFFF


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _unexpected(call: StepCall, error: BaseException) -> Failed:
    logger.error("the executor of %s failed", call.step.type, exc_info=error, extra={"path": call.path})
    message = f"The step failed unexpectedly: {type(error).__name__}."
    return Failed(error=StepError(code=FailureCode.INTERNAL, message=message))


def _storable(error: StepError) -> StepError:
    """The error, or where it quotes what JSON cannot say (half a surrogate pair), what is left of it."""
    try:
        dumps(error.to_json())
    except ValueError:
        return StepError(code=error.code, message=error.message.encode(errors="replace").decode(), path=error.path)
    return error


def _stored_input(type: StepType, input: JsonValue) -> JsonValue:
    """What of a step's input is kept and shown: no credentials, and nothing that is the output anyhow."""
    if type is StepType.DATA_TRANSFORM:
        return None
    if type is not StepType.HTTP_REQUEST or not isinstance(input, dict):
        return input
    headers = input.get("headers")
    if "auth" not in input and headers is None:
        return input
    shown = {name: value for name, value in input.items() if name != "auth"}
    if isinstance(headers, Mapping):
        shown["headers"] = {
            name: _MASKED if name.lower() in _CREDENTIAL_HEADERS else value for name, value in headers.items()
        }
    return shown
