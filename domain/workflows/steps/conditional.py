"""CONDITIONAL: runs one of two blocks of steps, by a condition."""

from typing import TYPE_CHECKING

from pydantic import Field

from domain.expressions.expression import compile_expression
from domain.expressions.templates import Template, template_object, template_of
from domain.kernel.statuses import StepType
from domain.workflows.fields.types import ExpressionText
from domain.workflows.steps.kind import Effect, StepConfig, StepKind

if TYPE_CHECKING:
    from domain.workflows.documents.step import StepDocument


class ConditionalConfig(StepConfig):
    """Runs `then` or `else`; the output is {branch, steps}."""

    if_: ExpressionText = Field(alias="if")
    then: "tuple[StepDocument, ...]"
    else_: "tuple[StepDocument, ...] | None" = Field(default=None, alias="else")


class Conditional(StepKind[ConditionalConfig]):
    """Runs one of two blocks. The input is `{"if": <what the condition gives>}`, the checkpoint `{"branch": label}`."""

    name = StepType.CONDITIONAL.value
    config = ConditionalConfig
    executor = "actors.steps.containers:conditional"
    graphql_input = "graphql_api.workflows.step_inputs.conditional:ConditionalInput"
    effect = Effect.NONE
    is_container = True

    def inputs(self, config: ConditionalConfig) -> Template:
        return template_object({"if": template_of(compile_expression(config.if_))})


CONDITIONAL = Conditional()
