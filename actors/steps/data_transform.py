"""DATA_TRANSFORM: hands on the value that its rendered input is, or applies a stored rule to it."""

from collections.abc import Awaitable
from typing import Any

from actors.steps.parts import StepParts
from actors.transformation_rules.applied_rules import AppliedRules
from domain.executions.step_executor import Failed, Outcome, StepCall, Succeeded
from domain.kernel.failures import FailureCode, StepError


class DataTransformExecutor:
    """Hands its input on as its output, or applies the step's rule to it. Without `rules`, steps with one fail."""

    def __init__(self, rules: AppliedRules | None = None) -> None:
        self._rules = rules

    def execute(self, call: StepCall) -> Outcome | Awaitable[Outcome]:
        """Complete at once, except with a rule that must be looked up, or needs the sandbox."""
        config: Any = call.step.config
        if config.rule is None:
            return Succeeded(output=call.input)
        if self._rules is None:
            message = "There are no transformation rules here."
            return Failed(error=StepError(code=FailureCode.INTERNAL, message=message))
        return self._rules.apply(config.rule.name, call)


def executor(parts: StepParts) -> DataTransformExecutor:
    """The executor of DATA_TRANSFORM."""
    return DataTransformExecutor(None if parts.rules is None else AppliedRules(parts.rules, parts.evaluator))
