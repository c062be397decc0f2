"""DATA_TRANSFORM: computes a value with an expression, a template or a stored transformation rule."""

from domain.expressions.expression import compile_expression
from domain.expressions.templates import Template, compile_output, compile_template, template_of
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import StepType
from domain.workflows.fields.types import DocumentModel, JsonTemplate, OneOf, OutputTemplate, RuleName
from domain.workflows.steps.kind import Effect, StepConfig, StepKind


class RuleUse(DocumentModel):
    """A stored transformation rule, applied to `input`, by default the execution's input."""

    name: RuleName
    input: JsonTemplate | None = None


class DataTransformConfig(StepConfig, OneOf):
    """Computes a value; the output is that value."""

    expression: OutputTemplate | None = None
    """An expression, or a template: a text, an object or an array with {{ }} in it."""
    output: JsonTemplate | None = None
    """A JSON value with {{ }} in it; a text without is taken as it is."""
    rule: RuleUse | None = None


class DataTransform(StepKind[DataTransformConfig]):
    """Computes a value. The input is the output itself, or the value that the rule is applied to."""

    name = StepType.DATA_TRANSFORM.value
    config = DataTransformConfig
    executor = "actors.steps.data_transform:executor"
    graphql_input = "graphql_api.workflows.step_inputs.data_transform:DataTransformInput"
    effect = Effect.NONE

    def inputs(self, config: DataTransformConfig) -> Template:
        if config.rule is not None:
            given = config.rule.input
            return template_of(compile_expression("input")) if given is None else compile_template(given)
        if config.expression is not None:
            return compile_output(config.expression)
        return compile_template(config.output)

    def stored_input(self, input: JsonValue) -> JsonValue:
        """Nothing: the row has the output."""
        return None


DATA_TRANSFORM = DataTransform()
