"""GraphQL inputs of workflow templates."""

import strawberry

from domain.workflow_templates.model import TemplateParameter, TemplateSettings
from graphql_api.kit.json_input import json_value
from graphql_api.kit.scalars import JSON


@strawberry.input(description="A parameter of a template.")
class TemplateParameterInput:
    """A parameter of a template."""

    name: str = strawberry.field(description="A letter or _, and then letters, digits and _.")
    description: str | None = None
    schema: JSON = strawberry.field(description="A JSON Schema that its value must meet; {} takes any value.")
    required: bool = strawberry.field(
        default=True,
        description="One with a default is never required. An optional one without is null where it is left out.",
    )
    default: JSON | None = None

    def to_parameter(self) -> TemplateParameter:
        """The parameter that the service takes."""
        return TemplateParameter(
            name=self.name,
            schema=json_value(self.schema),
            description=self.description,
            required=self.required,
            default=json_value(self.default),
        )


@strawberry.input(description="All settings of a template: what is left out is unset, also in one that exists.")
class WorkflowTemplateInput:
    """All settings of a template."""

    name: str = strawberry.field(description="Unique; the stored one with this name is overwritten.")
    description: str | None = None
    category: str | None = None
    parameters: list[TemplateParameterInput]
    document: JSON = strawberry.field(
        description="A portable document, with `<<name>>` in any text; its own name is not used."
    )

    def to_settings(self) -> TemplateSettings:
        """The settings that the service takes."""
        return TemplateSettings(
            name=self.name,
            document=json_value(self.document),
            parameters=tuple(each.to_parameter() for each in self.parameters),
            description=self.description,
            category=self.category,
        )
