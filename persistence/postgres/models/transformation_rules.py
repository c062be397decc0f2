"""The tables of transformation rules and workflow templates."""

from tortoise import fields
from tortoise.models import Model

from persistence.postgres.columns.orm_fields import JsonTextField


class TransformationRule(Model):
    """A stored expression on one value. `examples` is an array of `{input, output}`."""

    id = fields.UUIDField(primary_key=True)
    name = fields.TextField()
    description = fields.TextField(null=True)
    expression = fields.TextField()
    input_schema = JsonTextField(null=True)
    output_schema = JsonTextField(null=True)
    examples = JsonTextField()
    revision = fields.IntField()
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()

    class Meta:
        table = "transformation_rule"
        table_description = "a stored expression on one value"


class WorkflowTemplate(Model):
    """A document with parameters. `parameters` is an array of `{name, description, schema, required, default}`."""

    id = fields.UUIDField(primary_key=True)
    name = fields.TextField()
    description = fields.TextField(null=True)
    category = fields.TextField(null=True)
    parameters = JsonTextField()
    document = JsonTextField()
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()

    class Meta:
        table = "workflow_template"
        table_description = "a document with parameters"
