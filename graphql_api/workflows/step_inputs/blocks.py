"""The type of a block of steps in inputs, which the inputs of containers and the input of a step know each other by."""

from typing import TYPE_CHECKING, Annotated

import strawberry

if TYPE_CHECKING:
    from graphql_api.workflows.step_inputs.step import StepInput

Steps = list[Annotated["StepInput", strawberry.lazy("graphql_api.workflows.step_inputs.step")]]
