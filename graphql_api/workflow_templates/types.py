"""Workflow templates as clients see them."""

from collections.abc import Iterable
from datetime import datetime

import strawberry

from domain.kernel.ids import IdKind
from domain.kernel.large_values import ValueKind
from domain.workflow_templates import model as domain
from graphql_api.kit.ids import Node, public_id
from graphql_api.kit.large_values import LargeField, LargeValueLoader
from graphql_api.kit.scalars import JSON


@strawberry.type(description="A parameter of a template.")
class TemplateParameter:
    """A parameter of a template."""

    name: str
    description: str | None
    schema: JSON = strawberry.field(description="A JSON Schema that its value must meet.")
    required: bool
    default: JSON | None = strawberry.field(description="Its value where it is left out.")

    @classmethod
    def from_record(cls, parameter: domain.TemplateParameter) -> "TemplateParameter":
        """The parameter as clients see it."""
        return cls(
            name=parameter.name,
            description=parameter.description,
            schema=JSON(parameter.schema),
            required=parameter.required,
            default=None if parameter.default is None else JSON(parameter.default),
        )


@strawberry.type(description="A workflow document with parameters: `<<name>>` in any of its texts.")
class WorkflowTemplate(Node):
    """A workflow document with parameters."""

    name: str
    description: str | None
    category: str | None
    parameters: list[TemplateParameter]
    document: JSON
    created_at: datetime
    updated_at: datetime
    shipped: bool = strawberry.field(description="True when it comes with Stepgraph; it cannot be deleted then.")

    @classmethod
    def from_record(cls, record: domain.TemplateRecord, values: LargeValueLoader | None = None) -> "WorkflowTemplate":
        """The template as clients see it; `values` reads what the record has left out."""
        settings = record.settings
        shown = cls(
            id=public_id(IdKind.WORKFLOW_TEMPLATE, record.id),
            name=settings.name,
            description=settings.description,
            category=settings.category,
            parameters=_parameters(settings.parameters),
            document=JSON(settings.document),
            created_at=record.created_at,
            updated_at=record.updated_at,
            shipped=record.is_shipped,
        )
        if record.left_out and values is not None:
            values.fill(shown, record.left_out, _PARTS, record.id)
        return shown


def _parameters(parameters: Iterable[domain.TemplateParameter]) -> list[TemplateParameter]:
    return [TemplateParameter.from_record(each) for each in parameters]


_PARTS = {
    "document": LargeField(ValueKind.TEMPLATE_DOCUMENT),
    "parameters": LargeField(ValueKind.TEMPLATE_PARAMETERS, _parameters),
}
