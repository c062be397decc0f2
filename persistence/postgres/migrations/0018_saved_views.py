"""Saved views of lists."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from domain.kernel.statuses import ViewKind
from persistence.postgres.columns.orm_fields import JsonTextField

# One owner has one view of a kind with a name, also the owner that no key stands for.
_SAVED_VIEW = """
ALTER TABLE saved_view ALTER COLUMN name TYPE text COLLATE "C";
CREATE UNIQUE INDEX saved_view_owner ON saved_view (
  coalesce(owner_id, '00000000-0000-0000-0000-000000000000'::uuid), kind, name
);
CREATE INDEX saved_view_shared ON saved_view (name, id) WHERE is_shared;
"""


class Migration(migrations.Migration):
    dependencies = [("stepgraph", "0017_lists")]

    operations = [
        ops.CreateModel(
            name="SavedView",
            fields=[
                ("id", fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ("kind", fields.CharEnumField(description="", enum_type=ViewKind, max_length=32)),
                ("name", fields.TextField(unique=False)),
                ("conditions", JsonTextField()),
                ("columns", JsonTextField()),
                ("is_shared", fields.BooleanField()),
                ("owner_id", fields.UUIDField(null=True)),
                ("owner", fields.TextField(unique=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("updated_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "saved_view",
                "app": "stepgraph",
                "pk_attr": "id",
                "table_description": "a list with a filter under a name",
            },
            bases=["Model"],
        ),
        ops.RunSQL(_SAVED_VIEW, reverse_sql=ops.RunSQL.noop),
    ]
