"""Transformation rules and workflow templates."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from persistence.postgres.columns.orm_fields import JsonTextField

_NAMES = """
ALTER TABLE transformation_rule ALTER COLUMN name TYPE text COLLATE "C";
ALTER TABLE workflow_template ALTER COLUMN name TYPE text COLLATE "C";
CREATE UNIQUE INDEX transformation_rule_name_key ON transformation_rule (name);
CREATE UNIQUE INDEX workflow_template_name_key ON workflow_template (name);
"""


class Migration(migrations.Migration):
    dependencies = [("stepgraph", "0006_webhooks")]

    operations = [
        ops.CreateModel(
            name="TransformationRule",
            fields=[
                ("id", fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ("name", fields.TextField(unique=False)),
                ("description", fields.TextField(null=True, unique=False)),
                ("expression", fields.TextField(unique=False)),
                ("input_schema", JsonTextField(null=True, generated=False, unique=False)),
                ("output_schema", JsonTextField(null=True, generated=False, unique=False)),
                ("examples", JsonTextField(generated=False, unique=False)),
                ("revision", fields.IntField()),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("updated_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "transformation_rule",
                "app": "stepgraph",
                "pk_attr": "id",
                "table_description": "a stored expression on one value",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="WorkflowTemplate",
            fields=[
                ("id", fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ("name", fields.TextField(unique=False)),
                ("description", fields.TextField(null=True, unique=False)),
                ("category", fields.TextField(null=True, unique=False)),
                ("parameters", JsonTextField(generated=False, unique=False)),
                ("document", JsonTextField(generated=False, unique=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("updated_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "workflow_template",
                "app": "stepgraph",
                "pk_attr": "id",
                "table_description": "a document with parameters",
            },
            bases=["Model"],
        ),
        ops.RunSQL(_NAMES, reverse_sql=ops.RunSQL.noop),
    ]
