"""Things that are done with every execution that matches, in the background."""

from uuid import uuid4

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from persistence.postgres.columns.orm_fields import JsonTextField

_OPEN = "CREATE INDEX bulk_operation_open ON bulk_operation (id) WHERE finished_at IS NULL;"


class Migration(migrations.Migration):
    dependencies = [("stepgraph", "0018_saved_views")]

    operations = [
        ops.CreateModel(
            name="BulkOperation",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("action", fields.CharField(max_length=16)),
                ("wanted", JsonTextField(generated=False, null=False, unique=False)),
                ("arguments", JsonTextField(generated=False, null=False, unique=False)),
                ("matched", fields.IntField()),
                ("done", fields.IntField()),
                ("failed", fields.IntField()),
                ("problems", JsonTextField(generated=False, null=False, unique=False)),
                ("cursor", fields.UUIDField(null=True)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("finished_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("epoch", fields.IntField()),
                ("held_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "bulk_operation",
                "app": "stepgraph",
                "pk_attr": "id",
                "table_description": "something done with many executions",
            },
            bases=["Model"],
        ),
        ops.RunSQL(_OPEN, reverse_sql=ops.RunSQL.noop),
    ]
