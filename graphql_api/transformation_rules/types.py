"""Transformation rules as clients see them."""

from collections.abc import Iterable
from datetime import datetime

import strawberry

from domain.kernel.ids import IdKind
from domain.kernel.large_values import ValueKind
from domain.transformation_rules import model as transformation_rules
from domain.transformation_rules.model import RuleRecord
from graphql_api.kit.ids import Node, public_id
from graphql_api.kit.large_values import LargeField, LargeValueLoader
from graphql_api.kit.scalars import JSON, Expression


@strawberry.type(description="An example of a rule: an input, and the output that it gives.")
class RuleExample:
    """An example of a rule: an input, and the output that it gives."""

    input: JSON | None
    output: JSON | None


@strawberry.type(description="A stored expression on one value, which it sees as `input`.")
class TransformationRule(Node):
    """A stored expression on one value."""

    name: str
    description: str | None
    expression: Expression
    input_schema: JSON | None = strawberry.field(description="A JSON Schema that every input must meet.")
    output_schema: JSON | None = strawberry.field(description="A JSON Schema that every output must meet.")
    examples: list[RuleExample] = strawberry.field(description="The examples, which held when it was saved.")
    created_at: datetime
    updated_at: datetime

    @classmethod
    def from_record(cls, record: RuleRecord, values: LargeValueLoader | None = None) -> "TransformationRule":
        """The rule as clients see it; `values` reads what the record has left out."""
        settings = record.settings
        shown = cls(
            id=public_id(IdKind.TRANSFORMATION_RULE, record.id),
            name=settings.name,
            description=settings.description,
            expression=Expression(settings.expression),
            input_schema=None if settings.input_schema is None else JSON(settings.input_schema),
            output_schema=None if settings.output_schema is None else JSON(settings.output_schema),
            examples=_examples(settings.examples),
            created_at=record.created_at,
            updated_at=record.updated_at,
        )
        if record.left_out and values is not None:
            values.fill(shown, record.left_out, _PARTS, record.id)
        return shown


def _examples(examples: Iterable[transformation_rules.RuleExample]) -> list[RuleExample]:
    return [RuleExample(input=JSON(each.input), output=JSON(each.output)) for each in examples]


_PARTS = {
    "expression": LargeField(ValueKind.RULE_EXPRESSION),
    "input_schema": LargeField(ValueKind.RULE_INPUT_SCHEMA),
    "output_schema": LargeField(ValueKind.RULE_OUTPUT_SCHEMA),
    "examples": LargeField(ValueKind.RULE_EXAMPLES, _examples),
}
