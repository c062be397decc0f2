"""Secrets, encrypted."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

_NAME = 'ALTER TABLE secret ALTER COLUMN name TYPE text COLLATE "C";'


class Migration(migrations.Migration):
    dependencies = [("stepgraph", "0009_metrics")]

    operations = [
        ops.CreateModel(
            name="Secret",
            fields=[
                ("name", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ("sealed", fields.BinaryField()),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("updated_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "secret",
                "app": "stepgraph",
                "pk_attr": "name",
                "table_description": "an encrypted value",
            },
            bases=["Model"],
        ),
        ops.RunSQL(_NAME, reverse_sql=ops.RunSQL.noop),
    ]
