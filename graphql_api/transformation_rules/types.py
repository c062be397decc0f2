"""Transformation rules as clients see them."""

from datetime import datetime

import strawberry

from domain.ids import IdKind
from domain.transformation_rules import RuleRecord
from graphql_api.ids import Node, public_id
from graphql_api.scalars import JSON, Expression


@strawberry.type(description="What a rule gives for an input.")
class RuleExample:
    """What a rule gives for an input."""

    input: JSON | None
    output: JSON | None


@strawberry.type(description="A stored expression on one value, which it sees as `input`.")
class TransformationRule(Node):
    """A stored expression on one value."""

    name: str
    description: str | None
    expression: Expression
    input_schema: JSON | None = strawberry.field(description="A JSON Schema that whatever it is applied to must meet.")
    output_schema: JSON | None = strawberry.field(description="A JSON Schema that whatever it gives must meet.")
    examples: list[RuleExample] = strawberry.field(description="What held when it was saved.")
    created_at: datetime
    updated_at: datetime

    @classmethod
    def from_record(cls, record: RuleRecord) -> "TransformationRule":
        """The rule as clients see it."""
        settings = record.settings
        return cls(
            id=public_id(IdKind.TRANSFORMATION_RULE, record.id),
            name=settings.name,
            description=settings.description,
            expression=Expression(settings.expression),
            input_schema=None if settings.input_schema is None else JSON(settings.input_schema),
            output_schema=None if settings.output_schema is None else JSON(settings.output_schema),
            examples=[RuleExample(input=JSON(each.input), output=JSON(each.output)) for each in settings.examples],
            created_at=record.created_at,
            updated_at=record.updated_at,
        )
