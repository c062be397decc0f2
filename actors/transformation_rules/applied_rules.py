"""Applying a stored transformation rule: its input is checked, its expression evaluated, and its output checked."""

from collections.abc import Awaitable, Sequence

from actors.activations.attempt_context import NO_ANSWERS, seed_of
from actors.transformation_rules.rules import StoredRules
from domain.executions.step_executor import Failed, Outcome, StepCall, Succeeded
from domain.expressions.evaluator import Evaluator
from domain.expressions.expression import ExpressionError
from domain.json_schemas.library import InvalidSchema
from domain.json_schemas.schema import JsonSchema, limit_error, unreadable_problem
from domain.kernel.errors import Problem, Unavailable, told
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.json.text import JsonValue
from domain.sandbox.shares import SchemaTooCostly
from persistence.connections.retrying import until_available


class AppliedRules:
    """Applies rules to the inputs of steps, as the rules are when the step runs.

    Fails with VALIDATION_FAILED and details `{rule, problems: [{path, message}]}`, whose paths begin with `input` or
    `output`, where a schema is not met; with SCHEMA_LIMIT where checking it exceeds the sandbox's limits; with
    EXPRESSION_FAILED where the rule is gone; otherwise as expressions do.
    """

    def __init__(self, rules: StoredRules, evaluator: Evaluator) -> None:
        self._rules = rules
        self._evaluator = evaluator

    def apply(self, name: str, call: StepCall) -> Outcome | Awaitable[Outcome]:
        """Apply the rule: at once, where it was looked up just now and needs neither the sandbox nor a later turn."""
        rule = self._rules.kept(name)
        if rule is None or rule.expression.needs_sandbox or self._evaluator.turns.is_over:
            return self._apply_later(name, call)
        problems = _problems_here(rule.input, call.input)
        if problems is None:
            return self._apply_later(name, call)
        if problems:
            return _refused(name, "input", problems)
        seed = seed_of(call.execution_id, call.path)
        try:
            output = rule.expression.evaluate({"input": call.input}, now=call.now, seed=seed)
        except ExpressionError as error:
            if self._evaluator.may_answer(error, NO_ANSWERS):
                return self._apply_later(name, call)
            return Failed(error=error.to_step_error())
        problems = _problems_here(rule.output, output)
        if problems is None:
            return self._apply_later(name, call)
        return _refused(name, "output", problems) if problems else Succeeded(output=output)

    async def _apply_later(self, name: str, call: StepCall) -> Outcome:
        seed = seed_of(call.execution_id, call.path)
        try:
            rule = await until_available(lambda: self._rules.get(name), "a transformation rule")
            if rule is None:
                message = f"There is no transformation rule {name!r}: it was deleted."
                return Failed(error=StepError(code=FailureCode.EXPRESSION_FAILED, message=message))
            if problems := await self._problems(rule.input, call.input, call):
                return _refused(name, "input", problems)
            output = await self._evaluator.evaluate(
                rule.expression, {"input": call.input}, now=call.now, seed=seed, owner=call.execution_id
            )
            if problems := await self._problems(rule.output, output, call):
                return _refused(name, "output", problems)
        except ExpressionError as error:
            return Failed(error=error.to_step_error())
        except SchemaTooCostly as error:
            return Failed(error=limit_error(error))
        except Unavailable as error:
            return Failed(error=StepError(code=FailureCode.INTERNAL, message=str(error)))
        return Succeeded(output=output)

    async def _problems(self, schema: JsonSchema | None, value: JsonValue, call: StepCall) -> Sequence[Problem]:
        if schema is None:
            return ()
        try:
            return await self._evaluator.schemas.problems(schema, value, owner=call.execution_id)
        except InvalidSchema as error:
            return [unreadable_problem(error)]


def _problems_here(schema: JsonSchema | None, value: JsonValue) -> Sequence[Problem] | None:
    """The problems of a value that does not meet a schema; None where checking needs the sandbox."""
    return () if schema is None else schema.problems_here(value)


def _refused(name: str, what: str, problems: Sequence[Problem]) -> Failed:
    found = told([(".".join(problem.path), problem.message) for problem in problems])
    listed: list[JsonValue] = [{"path": [what, *problem.path], "message": problem.message} for problem in problems]
    return Failed(
        error=StepError(
            code=FailureCode.VALIDATION_FAILED,
            message=f"The {what} of the rule {name!r} is not valid: {found}",
            details={"rule": name, "problems": listed},
        )
    )
