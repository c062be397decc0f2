"""GraphQL inputs of transformation rules."""

import strawberry

from domain.transformation_rules.model import RuleExample, RuleSettings
from graphql_api.kit.json_input import json_value
from graphql_api.kit.scalars import JSON, Expression


@strawberry.input(description="An example of a rule: an input, and the output that it must give.")
class RuleExampleInput:
    """An example of a rule: an input, and the output that it must give."""

    input: JSON
    output: JSON = strawberry.field(description="Equal as JSON: 1 and 1.0 are the same, and members have no order.")


@strawberry.input(description="All settings of a rule: what is left out is unset, also in one that exists.")
class TransformationRuleInput:
    """All settings of a rule."""

    name: str = strawberry.field(description="Unique; the one with this name is overwritten.")
    description: str | None = None
    expression: Expression = strawberry.field(description="Sees `input` and nothing else.")
    input_schema: JSON | None = None
    output_schema: JSON | None = None
    examples: list[RuleExampleInput] | None = strawberry.field(
        default=None, description="Each must hold before the rule is stored. At most 100."
    )

    def to_settings(self) -> RuleSettings:
        """The settings that the service takes."""
        return RuleSettings(
            name=self.name,
            expression=self.expression,
            description=self.description,
            input_schema=json_value(self.input_schema),
            output_schema=json_value(self.output_schema),
            examples=tuple(
                RuleExample(input=json_value(each.input), output=json_value(each.output))
                for each in self.examples or ()
            ),
        )
