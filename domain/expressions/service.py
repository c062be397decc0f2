"""Trials of expressions, evaluated exactly as a worker would evaluate them."""

from dataclasses import dataclass
from datetime import timedelta

from domain.expressions.evaluator import Evaluator
from domain.expressions.expression import ExpressionError, ExpressionSyntaxError, compile_expression
from domain.kernel.clock import Clock
from domain.kernel.errors import Unavailable
from domain.kernel.hints import kind_of
from domain.kernel.json.text import JsonText, JsonValue, dumps
from domain.kernel.json.values import payload_problems
from domain.kernel.limits import Limits
from domain.sandbox.budget import Trial, TriedContext
from domain.sandbox.ports import Sandbox

_SEED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """The result of a trial: a value, or a sentence about what went wrong, and the time that it took."""

    value: "JsonValue | JsonText"
    error: str | None
    duration: timedelta


class EvaluationService:
    """Evaluates expressions for people who write them, by the means that a worker has.

    Without a `sandbox`, expressions that need it fail.
    """

    def __init__(self, *, clock: Clock, sandbox: Sandbox | None = None, limits: Limits | None = None) -> None:
        self._clock = clock
        self._sandbox = sandbox
        self._limits = limits or Limits()

    async def evaluate(self, expression: str, context: JsonValue, trial: Trial | None = None) -> Evaluation:
        """The value of `expression` on `context`, an object of roots such as `input` and `steps`.

        The `error` says what is wrong with either. Raises `LimitExceeded` where the trial's budget is used up, or too
        much is being tried at once.
        """
        started_at = self._clock.now()
        trial = trial or Trial()
        trial.budget.spend_evaluation()
        value, error = await self._evaluate(expression, context, trial)
        return Evaluation(value=value, error=error, duration=max(timedelta(0), self._clock.now() - started_at))

    async def _evaluate(
        self, expression: str, context: JsonValue, trial: Trial
    ) -> "tuple[JsonValue | JsonText, str | None]":
        if not isinstance(context, dict):
            return None, f"The context must be an object, not {kind_of(context)}."
        tried = trial.contexts.get(id(context))
        if tried is None:
            tried = trial.contexts[id(context)] = self._looked_at(context)
        if tried.problem is not None:
            return None, tried.problem
        try:
            compiled = compile_expression(expression)
            now = self._clock.now()
            evaluator = Evaluator.of_trial(trial, self._sandbox, context=tried)
            return await evaluator.evaluate_to_show(compiled, context, now=now, seed=_SEED, owner=trial.owner), None
        except ExpressionSyntaxError as error:
            where = "" if error.position is None else f" (at character {error.position + 1})"
            return None, f"{error}{where}"
        except (ExpressionError, Unavailable) as error:
            return None, str(error)

    def _looked_at(self, context: JsonValue) -> TriedContext:
        problems = payload_problems(context, max_bytes=self._limits.max_input_bytes, what="context")
        if problems:
            return TriedContext(context, 0, problems[0].message)
        return TriedContext(context, len(dumps(context)), None)
