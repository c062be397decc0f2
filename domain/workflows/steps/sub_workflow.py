"""SUB_WORKFLOW: runs another workflow as a step."""

from collections.abc import Mapping

from pydantic import Field

from domain.expressions.templates import Template, compile_template
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import StepType
from domain.workflows.fields.types import Boolean, Integer, JsonTemplate, PlainText
from domain.workflows.steps.kind import Effect, StepConfig, StepKind


class SubWorkflowConfig(StepConfig):
    """Runs another workflow; the output is {executionId, status, output}."""

    workflow: PlainText
    version: Integer | None = Field(default=None, ge=1)
    input: JsonTemplate | None = None
    wait: Boolean = True
    """False: start it and go on."""


class SubWorkflow(StepKind[SubWorkflowConfig]):
    """Runs another workflow. The input is `{"input": <the child's input>}`.

    The checkpoint of a step that waits for its child is `{"child": id}`.
    """

    name = StepType.SUB_WORKFLOW.value
    config = SubWorkflowConfig
    executor = "actors.steps.sub_workflow:executor"
    graphql_input = "graphql_api.workflows.step_inputs.sub_workflow:SubWorkflowInput"
    effect = Effect.CHILD

    def inputs(self, config: SubWorkflowConfig) -> Template:
        return compile_template({"input": config.input})

    def awaits_message(self, config: SubWorkflowConfig) -> bool:
        return True

    def child_in(self, checkpoint: JsonValue, details: JsonValue) -> str | None:
        match checkpoint, details:
            case {"child": str(child)}, _:
                return child
            case _, Mapping() as members if isinstance(members.get("executionId"), str):
                return str(members["executionId"])
            case _:
                return None


SUB_WORKFLOW = SubWorkflow()
