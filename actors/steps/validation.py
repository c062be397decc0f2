"""VALIDATION: checks data against a JSON Schema and rules, and lists all problems at once."""

from collections.abc import Awaitable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, cast

from actors.activations.attempt_context import seed_of
from actors.steps.parts import StepParts
from actors.steps.per_step import PerStep
from domain.executions.step_executor import Failed, Outcome, StepCall, Succeeded
from domain.expressions.evaluator import Evaluator
from domain.expressions.expression import Expression, ExpressionError
from domain.expressions.turns import TurnOver
from domain.json_schemas.library import InvalidSchema
from domain.json_schemas.schema import JsonSchema, limit_error, unreadable_problem
from domain.kernel.errors import Problem, Unavailable, told
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.json.text import JsonValue, dumps
from domain.sandbox.shares import SchemaTooCostly
from domain.workflows.definitions.definition import CompiledStep
from domain.workflows.steps.validation import ValidationConfig

_MAX_MESSAGE = 1_000


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A step's schema and rules, compiled."""

    schema: JsonSchema | None
    rules: tuple[Expression, ...]
    needs_sandbox: bool


class ValidationExecutor:
    """Checks `{"data"?, "messages": […]}`: data (by default the execution's input) and one message for each rule.

    The output is `{valid: true}`; else it fails with VALIDATION_FAILED and details `{problems: [{path, message}]}`:
    those of the schema with their path into the data, those of the rules with an empty one. Rules see what every
    expression of the step sees. A rule that fails, or that gives neither true nor false, is not met. Where checking the
    data against the schema exceeds the sandbox's limits, it fails with SCHEMA_LIMIT.
    """

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._prepared = PerStep(_prepared)

    def execute(self, call: StepCall) -> Outcome | Awaitable[Outcome]:
        """Check the data: at once, unless the schema or a rule needs the sandbox or a later turn."""
        prepared = self._prepared.of(call.step)
        given = call.input if isinstance(call.input, Mapping) else {}
        data = given["data"] if "data" in given else call.scope["input"]
        messages = _texts(given.get("messages"))
        is_late = self._evaluator.turns.is_over
        found = [] if prepared.schema is None else None if is_late else prepared.schema.problems_here(data)
        if found is None:
            return self._check_all_later(call, prepared, data, messages)
        problems = _shown(found)
        if not prepared.needs_sandbox:
            with suppress(TurnOver):
                return self._check_here(call, prepared.rules, messages, [*problems])
        return self._check_later(call, prepared.rules, messages, problems)

    def _check_here(
        self, call: StepCall, rules: Sequence[Expression], messages: Sequence[str], problems: list[JsonValue]
    ) -> Outcome:
        seed = seed_of(call.execution_id, call.path)
        for rule, message in zip(rules, messages, strict=True):
            try:
                value = rule.evaluate(call.scope, now=call.now, seed=seed, turns=self._evaluator.turns)
            except ExpressionError as error:
                problems.append(_problem(message, str(error)))
            else:
                problems += _unmet(value, message)
        return _outcome(problems)

    async def _check_all_later(
        self, call: StepCall, prepared: _Prepared, data: JsonValue, messages: Sequence[str]
    ) -> Outcome:
        """Check the schema and the rules, each in the process that suits it."""
        assert prepared.schema is not None
        call = replace(call, scope=dict(call.scope))  # the call's own is only good until something else runs
        try:
            found = await self._evaluator.schemas.problems(prepared.schema, data, owner=call.execution_id)
        except SchemaTooCostly as error:
            return Failed(error=limit_error(error))
        except InvalidSchema as error:
            found = [unreadable_problem(error)]
        except Unavailable as error:
            return Failed(error=StepError(code=FailureCode.INTERNAL, message=str(error)))
        return await self._check_later(call, prepared.rules, messages, _shown(found))

    async def _check_later(
        self, call: StepCall, rules: Sequence[Expression], messages: Sequence[str], problems: list[JsonValue]
    ) -> Outcome:
        seed = seed_of(call.execution_id, call.path)
        scope = dict(call.scope)  # the call's own is only good until something else runs
        for rule, message in zip(rules, messages, strict=True):
            try:
                value = await self._evaluator.evaluate(rule, scope, now=call.now, seed=seed, owner=call.execution_id)
            except ExpressionError as error:
                problems.append(_problem(message, str(error)))
            except Unavailable as error:
                return Failed(error=StepError(code=FailureCode.INTERNAL, message=str(error)))
            else:
                problems += _unmet(value, message)
        return _outcome(problems)


def _prepared(step: CompiledStep) -> _Prepared:
    config = cast("ValidationConfig", step.config)
    rules = tuple(step.expressions[f"rules[{index}]"] for index in range(len(config.rules or ())))
    return _Prepared(
        schema=None if config.schema_ is None else JsonSchema(config.schema_),
        rules=rules,
        needs_sandbox=any(rule.needs_sandbox for rule in rules),
    )


def _shown(problems: Sequence[Problem]) -> list[JsonValue]:
    return [{"path": list(problem.path), "message": problem.message} for problem in problems]


def _texts(messages: JsonValue) -> list[str]:
    """The rules' messages as texts; one that is nothing but an expression may have any value, and becomes JSON."""
    if not isinstance(messages, Sequence):
        return []
    return [message if isinstance(message, str) else dumps(message) for message in messages]


def _unmet(value: JsonValue, message: str) -> list[JsonValue]:
    if value is True:
        return []
    return [_problem(message, None if value is False else "The rule gave neither true nor false.")]


def _problem(message: str, reason: str | None) -> JsonValue:
    text = message if reason is None else f"{message} ({reason})"
    return {"path": [], "message": text if len(text) <= _MAX_MESSAGE else f"{text[: _MAX_MESSAGE - 1]}…"}


def _places(problems: Sequence[JsonValue]) -> list[tuple[str, str]]:
    listed = cast("Sequence[Mapping[str, Any]]", problems)
    return [(".".join(map(str, problem["path"])), problem["message"]) for problem in listed]


def _outcome(problems: Sequence[JsonValue]) -> Outcome:
    if not problems:
        return Succeeded(output={"valid": True})
    return Failed(
        error=StepError(
            code=FailureCode.VALIDATION_FAILED,
            message=f"The data is not valid: {told(_places(problems))}",
            details={"problems": list(problems)},
        )
    )


def executor(parts: StepParts) -> ValidationExecutor:
    """The executor of VALIDATION."""
    return ValidationExecutor(parts.evaluator)
