"""Schedules: which workflow starts when."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from domain.kernel.statuses import OverlapPolicy
from persistence.postgres.columns.orm_fields import JsonTextField

# Workers ask for what is due twice a second: as long as nothing is, both indexes answer without a look at the table.
_SCHEDULE = """
ALTER TABLE schedule ALTER COLUMN name TYPE text COLLATE "C";
CREATE UNIQUE INDEX schedule_name_key ON schedule (name);
CREATE INDEX schedule_due ON schedule (next_run_at) WHERE enabled;
CREATE INDEX schedule_buffered ON schedule (buffered_at) WHERE enabled AND buffered_at IS NOT NULL;
"""


class Migration(migrations.Migration):
    dependencies = [("stepgraph", "0007_rules_and_templates")]

    operations = [
        ops.CreateModel(
            name="Schedule",
            fields=[
                ("id", fields.UUIDField(primary_key=True, unique=True, db_index=True)),
                ("name", fields.TextField(unique=False)),
                ("workflow_id", fields.UUIDField(db_index=True)),
                ("cron", fields.TextField(unique=False)),
                ("timezone", fields.TextField(unique=False)),
                ("input", JsonTextField(null=True, generated=False, unique=False)),
                ("overlap", fields.CharEnumField(description="", enum_type=OverlapPolicy, max_length=16)),
                ("catch_up_window", fields.TimeDeltaField()),
                ("enabled", fields.BooleanField()),
                ("revision", fields.IntField()),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("updated_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("next_run_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("buffered_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("last_run_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("last_execution_id", fields.UUIDField(null=True)),
                ("last_error", fields.TextField(null=True, unique=False)),
                ("epoch", fields.IntField()),
                ("claimed_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "schedule",
                "app": "stepgraph",
                "pk_attr": "id",
                "table_description": "which workflow starts when",
            },
            bases=["Model"],
        ),
        ops.RunSQL(_SCHEDULE, reverse_sql=ops.RunSQL.noop),
    ]
