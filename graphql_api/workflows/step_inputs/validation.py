"""The input of VALIDATION."""

import strawberry

from graphql_api.kit.scalars import JSON, Expression


@strawberry.input(description="A condition that data must meet.")
class ValidationRuleInput:
    """A condition that data must meet."""

    rule: Expression
    message: str


@strawberry.input(description="Fail unless data meets the given JSON Schema and rules.")
class ValidationInput:
    """Fail unless data meets the given JSON Schema and rules."""

    data: Expression | None
    schema: JSON | None
    rules: list[ValidationRuleInput] | None
