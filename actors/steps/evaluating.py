"""Expressions that a step evaluates by itself, on the answer of a service."""

from collections.abc import Mapping

from actors.activations.attempt_context import seed_of
from domain.executions.step_executor import StepCall
from domain.expressions.evaluator import Evaluator
from domain.expressions.expression import Expression, ExpressionError, YieldsNothing
from domain.kernel.errors import Unavailable
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.json.text import JsonValue


class StepExpressions:
    """The expressions of one call: all see the scope as it was when the call began, and the values added to it."""

    def __init__(self, evaluator: Evaluator, call: StepCall) -> None:
        self._evaluator = evaluator
        self._call = call
        self._scope = dict(call.scope)  # the call's own is only good until something else runs
        self._seed = seed_of(call.execution_id, call.path)

    async def is_true(self, name: str, added: Mapping[str, JsonValue]) -> bool | StepError:
        """True when the condition called `name` holds; its error where it has none."""
        try:
            return await self._evaluator.is_true(
                self._named(name),
                {**self._scope, **added},
                now=self._call.now,
                seed=self._seed,
                owner=self._call.execution_id,
            )
        except ExpressionError as error:
            return error.to_step_error()
        except Unavailable as error:
            return StepError(code=FailureCode.INTERNAL, message=str(error))

    async def value(self, name: str, added: Mapping[str, JsonValue]) -> "JsonValue | StepError":
        """The value of the expression called `name`; None where it gives nothing, or its error."""
        try:
            return await self._evaluator.evaluate(
                self._named(name),
                {**self._scope, **added},
                now=self._call.now,
                seed=self._seed,
                owner=self._call.execution_id,
            )
        except YieldsNothing:
            return None
        except ExpressionError as error:
            return error.to_step_error()
        except Unavailable as error:
            return StepError(code=FailureCode.INTERNAL, message=str(error))

    def _named(self, name: str) -> Expression:
        return self._call.step.expressions[name]
