"""Metrics: buckets of minutes, hours and days."""

from uuid import uuid4

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

# A range of a series is a walk along the key. The newest rows change all the time, so pages have room for that. The
# second index is for forgetting; it leaves out what is kept for ever.
_METRICS = """
ALTER TABLE orchestration_metrics
  DROP CONSTRAINT orchestration_metrics_pkey,
  ALTER COLUMN step_type TYPE text COLLATE "C",
  ADD PRIMARY KEY (workflow_id, step_type, resolution, at);
ALTER TABLE orchestration_metrics SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX orchestration_metrics_age ON orchestration_metrics (resolution, at) WHERE resolution < 86400;
CREATE TYPE metrics_change AS (
  workflow_id uuid, step_type text, resolution int, at timestamptz, started bigint, completed bigint, failed bigint,
  cancelled bigint, retries bigint, microseconds bigint, durations bytea
);
"""


class Migration(migrations.Migration):
    dependencies = [("stepgraph", "0008_schedules")]

    operations = [
        ops.CreateModel(
            name="OrchestrationMetrics",
            fields=[
                ("workflow_id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("step_type", fields.TextField(unique=False)),
                ("resolution", fields.IntField()),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("started", fields.BigIntField()),
                ("completed", fields.BigIntField()),
                ("failed", fields.BigIntField()),
                ("cancelled", fields.BigIntField()),
                ("retries", fields.BigIntField()),
                ("microseconds", fields.BigIntField()),
                ("durations", fields.BinaryField()),
            ],
            options={
                "table": "orchestration_metrics",
                "app": "stepgraph",
                "pk_attr": "workflow_id",
                "table_description": "how executions and steps have gone, by time",
            },
            bases=["Model"],
        ),
        ops.RunSQL(_METRICS, reverse_sql="DROP TYPE metrics_change;"),
    ]
