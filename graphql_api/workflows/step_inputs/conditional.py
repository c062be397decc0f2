"""The input of CONDITIONAL."""

import strawberry

from graphql_api.kit.scalars import Expression
from graphql_api.workflows.step_inputs.blocks import Steps


@strawberry.input(description="Run one of two blocks of steps, by a condition.")
class ConditionalInput:
    """Run one of two blocks of steps, by a condition."""

    if_: Expression = strawberry.field(name="if")
    then: Steps
    else_: Steps | None = strawberry.field(name="else")
