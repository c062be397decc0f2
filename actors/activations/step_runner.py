"""One attempt at a step: condition, input, executor, limits; whatever happens becomes a report."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from traceback import format_exception
from typing import Any, Generic, TypeVar
from uuid import UUID

from actors.activations.attempt_context import (
    NO_ANSWERS,
    SKIPPED,
    AttemptContext,
    idempotency_key_of,
    opened_checkpoint,
    seed_of,
)
from actors.activations.expression_context import ExecutionScope
from actors.activations.time_limit import STEP_LIMIT
from actors.secrets.values import Concealed, NoSecrets, SecretSource, concealed, unopened
from domain.engine.reports import OutcomeReported, StepBypassed
from domain.engine.state import CarriedStep, StepState
from domain.executions.step_executor import Deferred, Failed, Opened, Outcome, StepCall, StepExecutor, Succeeded
from domain.expressions.evaluator import Compute, Evaluator
from domain.expressions.expression import SECRETS, Expression, ExpressionError
from domain.expressions.templates import Template
from domain.expressions.turns import TurnOver
from domain.kernel.errors import Unavailable
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.json.text import JsonValue, dumps
from domain.workflows.definitions.definition import CompiledStep

logger = logging.getLogger(__name__)

_OUTCOMES = (Succeeded, Failed, Deferred, Opened)  # made once: a union at each step costs more than the look at it

AttemptReport = OutcomeReported | StepBypassed
Result = TypeVar("Result")


class Pending(Generic[Result]):
    """A report that is not there at once: awaited, or closed when nobody wants it any more."""

    __slots__ = ("_call", "_report")

    def __init__(self, report: Coroutine[Any, Any, Result], call: Awaitable[Outcome] | None = None) -> None:
        self._report = report
        self._call = call

    def __await__(self) -> Generator[Any, Any, Result]:
        return self._report.__await__()

    def close(self) -> None:
        """Give up a report that was not begun; does nothing where it was."""
        self._report.close()
        if isinstance(self._call, Coroutine):
            self._call.close()


MaybePending = AttemptReport | Pending[AttemptReport]


@dataclass(frozen=True, slots=True)
class StepRunner:
    """Runs attempts with these executors. `max_output_bytes` is the largest size of an output as compact JSON.

    Without a sandbox behind the `evaluator`, expressions that need it fail. `secrets` is the source of secrets' values.
    """

    executors: Mapping[str, StepExecutor]
    max_output_bytes: int
    evaluator: Evaluator = field(default_factory=Evaluator)
    secrets: SecretSource = field(default_factory=NoSecrets)

    def begin(
        self,
        execution_id: UUID,
        step: CompiledStep,
        state: StepState,
        scope: ExecutionScope,
        now: datetime,
        carried: CarriedStep | None = None,
    ) -> MaybePending:
        """Start the running attempt of a step: a report when it is over at once, otherwise an awaitable of one.

        A step that has left a checkpoint is called again. `now` is the present; expressions are told when the
        attempt started. `carried` is what a retry knows of the step.
        """
        context = AttemptContext(execution_id, step, state, scope, now, carried)
        values = context.values
        turns = self.evaluator.turns
        if step.needs_waiting or turns.is_over:
            return Pending(self._begin_later(context, dict(values)))
        try:
            input = context.input(values, NO_ANSWERS, turns)
        except TurnOver:
            return Pending(self._begin_later(context, dict(values)))
        except ExpressionError as error:
            if self.evaluator.may_answer(error, NO_ANSWERS):
                return Pending(self._begin_later(context, dict(values)))
            return context.failed(Failed(error=error.to_step_error()), None, False)
        return (
            StepBypassed(context.path, context.attempt) if input is SKIPPED else self._execute(context, values, input)
        )

    def fail(
        self, execution_id: UUID, step: CompiledStep, state: StepState, scope: ExecutionScope, error: StepError
    ) -> MaybePending:
        """The report of an attempt that something else has ended with `error`."""
        context = AttemptContext(execution_id, step, state, scope, state.attempts[-1].started_at, None)
        return self._failed(context, state.input, Failed(error=error))

    async def _begin_later(self, context: AttemptContext, values: Mapping[str, JsonValue]) -> AttemptReport:
        """Begin an attempt with the sandbox, with secrets or in a later turn; `values` are those of when it started."""
        step = context.step
        try:
            if step.when is not None and context.asks_when:
                when = step.when
                if not await self._computed(
                    context, values, (when,), lambda answers, turns: context.is_wanted(values, answers, turns)
                ):
                    return StepBypassed(context.path, context.attempt)
            if step.secrets:
                return await self._begin_with_secrets(context, values)
            input = await self._computed(
                context,
                values,
                step.inputs.expressions,
                lambda answers, turns: context.rendered(values, answers, turns),
            )
        except ExpressionError as error:
            return context.failed(Failed(error=error.to_step_error()), None, False)
        except Unavailable as error:
            return context.failed(_without_sandbox(error), None, None)
        begun = await self.evaluator.turns.do(lambda: self._execute(context, values, input))
        return await begun if isinstance(begun, Pending) else begun

    async def _begin_with_secrets(self, context: AttemptContext, values: Mapping[str, JsonValue]) -> AttemptReport:
        """Begin an attempt whose input holds secrets: it is rendered twice, and stored without their values.

        Raises `ExpressionError` and `Unavailable`.
        """
        step = context.step
        opened = unopened(step.secrets) if context.is_answered else await self.secrets.opened(step.secrets)
        if isinstance(opened, StepError):
            return context.failed(Failed(error=opened), None, None)
        masked, revealed = {**values, SECRETS: opened.masked}, {**values, SECRETS: opened.values}
        shown, input = await self._computed(
            context,
            values,
            step.inputs.expressions,
            lambda answers, turns: (
                context.rendered(masked, answers, turns),
                context.rendered(revealed, answers, turns),
            ),
        )
        hidden = Concealed(shown, opened.mask)
        begun = await self.evaluator.turns.do(lambda: self._execute(context, values, input, hidden))
        return await begun if isinstance(begun, Pending) else begun

    async def _computed(
        self,
        context: AttemptContext,
        values: Mapping[str, JsonValue],
        expressions: Sequence[Expression],
        compute: Compute[Result],
    ) -> Result:
        """`Evaluator.computed` for an attempt."""
        return await self.evaluator.computed(
            expressions, values, compute, now=context.started_at, seed=context.seed, owner=context.execution_id
        )

    def _execute(
        self,
        context: AttemptContext,
        values: Mapping[str, JsonValue],
        input: JsonValue,
        hidden: Concealed | None = None,
    ) -> MaybePending:
        step = context.step
        checkpoint, received = opened_checkpoint(context.state.checkpoint)
        call = StepCall(
            execution_id=context.execution_id,
            path=context.path,
            attempt=context.attempt,
            step=step,
            input=input,
            scope=dict(values) if step.expressions else values,
            now=context.started_at,
            idempotency_key="" if step.is_pure else idempotency_key_of(context.origin, context.path),
            called_at=context.now,
            checkpoint=checkpoint,
            received=received,
            shown_input=input if hidden is None else hidden.input,
            mask=None if hidden is None else hidden.mask,
            held_for=context.held_for,
            carried=context.carried,
        )
        shown = step.kind.stored_input(input if hidden is None else hidden.input)
        if context.scope.own_addresses is not None:
            shown = context.scope.own_addresses.output(shown)
        try:
            outcome = self.executors[step.type].execute(call)
        except Exception as error:  # an executor's own fault must not stop the activation
            outcome = _unexpected(call, error)
        if isinstance(outcome, _OUTCOMES):
            return self._report(context, shown, outcome if hidden is None else concealed(outcome, hidden.mask))
        return Pending(self._wait(context, call, shown, outcome), outcome)

    async def _wait(
        self, context: AttemptContext, call: StepCall, shown: JsonValue, outcome: Awaitable[Outcome]
    ) -> AttemptReport:
        timeout = call.step.timeout
        limit = None if timeout is None else asyncio.timeout(_seconds_left(call, timeout))
        try:
            if limit is None:
                ended = await outcome
            else:
                async with limit:
                    STEP_LIMIT.set(limit)  # of this task, which ends with the call
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
        reported = self._report(context, shown, ended if call.mask is None else concealed(ended, call.mask))
        return await reported if isinstance(reported, Pending) else reported

    def _report(self, context: AttemptContext, shown: JsonValue, outcome: Outcome) -> MaybePending:
        if isinstance(outcome, Failed):
            return self._failed(context, shown, outcome)
        if isinstance(outcome, Succeeded):
            error = self.refuse_output(outcome.output)
            if error is not None:
                return self._failed(context, shown, Failed(error=error, status_code=outcome.status_code))
        return OutcomeReported(context.path, context.attempt, outcome, shown)

    def _failed(self, context: AttemptContext, shown: JsonValue, failed: Failed) -> MaybePending:
        """The report of a failed attempt, including the answer of the retry policy's condition."""
        condition = None if context.step.retry is None else context.step.retry.when
        if condition is None or not failed.error.is_retryable:
            return context.failed(failed, shown, None)
        seen = context.scope.with_error(context.prefix, context.attempt, failed.error)
        if condition.needs_sandbox:
            return Pending(self._ask_whether_to_retry(context, shown, failed, condition, seen))
        try:
            return context.failed(failed, shown, context.is_true(condition, seen, NO_ANSWERS, self.evaluator.turns))
        except TurnOver:
            return Pending(self._ask_whether_to_retry(context, shown, failed, condition, seen))
        except ExpressionError as error:
            if self.evaluator.may_answer(error, NO_ANSWERS):
                return Pending(self._ask_whether_to_retry(context, shown, failed, condition, seen))
            return context.failed(Failed(error=error.to_step_error()), shown, False)

    async def _ask_whether_to_retry(
        self,
        context: AttemptContext,
        shown: JsonValue,
        failed: Failed,
        condition: Expression,
        seen: Mapping[str, JsonValue],
    ) -> AttemptReport:
        try:
            wanted = await self._computed(
                context, seen, (condition,), lambda answers, turns: context.is_true(condition, seen, answers, turns)
            )
        except ExpressionError as error:
            return context.failed(Failed(error=error.to_step_error()), shown, False)
        except Unavailable as error:
            return context.failed(_without_sandbox(error), shown, None)
        return context.failed(failed, shown, wanted)

    def refuse_output(self, output: JsonValue) -> StepError | None:
        """The error of an output that cannot be kept, as it is too large or no JSON value; None for one that can."""
        try:
            text = dumps(output)
        except ValueError as error:
            return StepError(code=FailureCode.INVALID_RESPONSE, message=f"The output is no JSON value: {error}")
        size = len(text) if text.isascii() else len(text.encode())
        if size > self.max_output_bytes:
            message = f"The output has {size:,} bytes as JSON; {self.max_output_bytes:,} are allowed."
            return StepError(code=FailureCode.OUTPUT_TOO_LARGE, message=message)
        return None

    def value_of(
        self,
        template: Template,
        execution_id: UUID,
        where: str,
        now: datetime,
        values: Mapping[str, JsonValue],
        report: Callable[[JsonValue, StepError | None], Result],
    ) -> Result | Pending[Result]:
        """The report made from a rendered output: of the execution, or of a loop's item.

        `report` makes it from a value, or from the error that there is instead. `where`, a prefix, fixes the random
        seed.
        """
        if template.sandboxed:
            return Pending(self._value_later(template, execution_id, where, now, dict(values), report))
        try:
            output = template.render(values, now=now, seed=seed_of(execution_id, where), turns=self.evaluator.turns)
        except TurnOver:
            return Pending(self._value_later(template, execution_id, where, now, dict(values), report))
        except ExpressionError as error:
            if self.evaluator.may_answer(error, NO_ANSWERS):
                return Pending(self._value_later(template, execution_id, where, now, dict(values), report))
            return report(None, error.to_step_error(where or "output"))
        return self._checked(output, report)

    async def _value_later(
        self,
        template: Template,
        execution_id: UUID,
        where: str,
        now: datetime,
        values: Mapping[str, JsonValue],
        report: Callable[[JsonValue, StepError | None], Result],
    ) -> Result:
        try:
            output = await self.evaluator.render(
                template, values, now=now, seed=seed_of(execution_id, where), owner=execution_id
            )
        except ExpressionError as error:
            return report(None, error.to_step_error(where or "output"))
        except Unavailable as error:
            return report(None, _without_sandbox(error).error)
        return self._checked(output, report)

    def _checked(self, output: JsonValue, report: Callable[[JsonValue, StepError | None], Result]) -> Result:
        error = self.refuse_output(output)
        return report(output, None) if error is None else report(None, error)


def _seconds_left(call: StepCall, timeout: timedelta) -> float:
    """The seconds left of the attempt's time limit; an attempt that is called again has used some of it."""
    used = timedelta(0) if call.checkpoint is None else call.called_at - call.now - call.held_for
    return max(0.0, (timeout - used).total_seconds())


def _without_sandbox(error: Unavailable) -> Failed:
    return Failed(error=StepError(code=FailureCode.INTERNAL, message=f"The sandbox does not answer: {error}"))


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _unexpected(call: StepCall, error: BaseException) -> Failed:
    if call.mask is None:
        logger.error("the executor of %s failed", call.step.type, exc_info=error, extra={"path": call.path})
    else:
        traceback = call.mask.text("".join(format_exception(error)))
        logger.error("the executor of %s failed: %s", call.step.type, traceback, extra={"path": call.path})
    message = f"The step failed unexpectedly: {type(error).__name__}."
    return Failed(error=StepError(code=FailureCode.INTERNAL, message=message))
