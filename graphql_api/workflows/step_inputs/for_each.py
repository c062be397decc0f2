"""The input of FOR_EACH."""

import strawberry

from graphql_api.kit.scalars import Expression
from graphql_api.workflows.step_inputs.blocks import Steps
from graphql_api.workflows.step_inputs.descriptions import OUTPUT


@strawberry.input(description="Run steps for each item of a list.")
class ForEachInput:
    """Run steps for each item of a list."""

    items: Expression
    as_: str = strawberry.field(name="as", default="item")
    steps: Steps
    max_concurrency: int = 20
    tolerated_failures: int = 0
    tolerated_failure_percent: float | None
    output: Expression | None = strawberry.field(description=OUTPUT)
