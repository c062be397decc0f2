"""FOR_EACH: runs its steps once for each item of a list."""

from typing import TYPE_CHECKING

from pydantic import Field

from domain.expressions.lists import compile_list
from domain.expressions.templates import Template, template_object, template_of_list
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import StepType
from domain.workflows.fields.types import ExpressionText, Identifier, Integer, Number, OutputTemplate
from domain.workflows.steps.kind import Effect, StepConfig, StepKind

if TYPE_CHECKING:
    from domain.workflows.documents.step import StepDocument


class ForEachConfig(StepConfig):
    """Runs its steps for each item; the output is {results, succeeded, failed, failures}."""

    items: ExpressionText
    as_: Identifier = Field(default="item", alias="as")
    steps: "tuple[StepDocument, ...]" = Field(min_length=1)
    max_concurrency: Integer = Field(default=20, ge=1)
    tolerated_failures: Integer = Field(default=0, ge=0)
    tolerated_failure_percent: Number | None = Field(default=None, ge=0, le=100)
    output: OutputTemplate | None = None
    """The result of one item, an expression or a template; default: the output of its last step."""


class ForEach(StepKind[ForEachConfig]):
    """Runs its steps for each item. The input is `{"items": <what the expression gives>}`.

    The checkpoint is `{"items": […]}`, with `spread` where the loop is cut into batches.
    """

    name = StepType.FOR_EACH.value
    config = ForEachConfig
    executor = "actors.steps.containers:for_each"
    graphql_input = "graphql_api.workflows.step_inputs.for_each:ForEachInput"
    effect = Effect.NONE
    is_container = True

    def inputs(self, config: ForEachConfig) -> Template:
        return template_object({"items": template_of_list(compile_list(config.items))})

    def stored_input(self, input: JsonValue) -> JsonValue:
        """Nothing: the checkpoint has the items."""
        return None


FOR_EACH = ForEach()
