"""VALIDATION: fails unless data meets a JSON Schema and rules."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field

from domain.expressions.expression import compile_expression
from domain.expressions.templates import Template, compile_template, template_object, template_of
from domain.kernel.errors import Problem
from domain.kernel.statuses import StepType
from domain.workflows.fields.types import DocumentModel, ExpressionText, SchemaValue, TextTemplate
from domain.workflows.steps.kind import Effect, StepConfig, StepKind


class ValidationRule(DocumentModel):
    """A condition that must hold, and the message when it does not."""

    rule: ExpressionText
    message: TextTemplate


class ValidationConfig(StepConfig):
    """Checks data against a JSON Schema or rules; the output is {valid: true}."""

    data: ExpressionText | None = None
    schema_: SchemaValue | None = Field(default=None, alias="schema")
    rules: tuple[ValidationRule, ...] | None = None

    @classmethod
    def own_problems(cls, raw: Mapping[Any, Any]) -> Iterator[Problem]:
        if raw.get("schema") is None and not raw.get("rules"):
            message = "At least one of `schema`, `rules` must be given, but none is."
            hint = 'For example `schema: {"type": "object"}`, or a rule with its `message`.'
            yield Problem(path=(), message=message, hint=hint)


class Validation(StepKind[ValidationConfig]):
    """Checks data. The input is `{data?, messages: […]}`: the data where the step says it, a message for each rule.

    Its expressions are `rules[0]`, `rules[1]` and so on.
    """

    name = StepType.VALIDATION.value
    config = ValidationConfig
    executor = "actors.steps.validation:executor"
    graphql_input = "graphql_api.workflows.step_inputs.validation:ValidationInput"
    effect = Effect.NONE

    def inputs(self, config: ValidationConfig) -> Template:
        members = {"messages": compile_template([rule.message for rule in config.rules or ()])}
        if config.data is not None:
            members = {"data": template_of(compile_expression(config.data)), **members}
        return template_object(members)

    def expressions(self, config: ValidationConfig) -> Mapping[str, str]:
        return {f"rules[{index}]": rule.rule for index, rule in enumerate(config.rules or ())}


VALIDATION = Validation()
