"""The input of DATA_TRANSFORM."""

import strawberry

from graphql_api.kit.scalars import JSON, Expression
from graphql_api.workflows.step_inputs.descriptions import OUTPUT


@strawberry.input(description="A stored transformation rule, and the value to apply it to.")
class RuleUseInput:
    """A stored transformation rule, and the value to apply it to."""

    name: str
    input: JSON | None = strawberry.field(description="May hold {{ … }}. By default the execution's input.")


@strawberry.input(one_of=True, description="Compute a value, in exactly one of these ways.")
class DataTransformInput:
    """Compute a value, in exactly one of these ways."""

    expression: Expression | None = strawberry.field(description=OUTPUT)
    output: JSON | None = strawberry.field(description="A JSON value that may hold {{ … }}.")
    rule: RuleUseInput | None
