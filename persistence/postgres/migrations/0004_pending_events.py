"""The outbox: what has happened and is still to be told to metrics and webhooks."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from domain.kernel.statuses import EventType
from persistence.postgres.columns.orm_fields import JsonTextField

# Rows come and go all the time: what is dead is cleared away early, and pages are not left half empty.
_PENDING_EVENT = """
ALTER TABLE pending_event SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
CREATE TYPE new_event AS (ordinal int, type text, at bigint, started_at bigint);
"""


class Migration(migrations.Migration):
    dependencies = [("stepgraph", "0003_workflow_language")]

    operations = [
        ops.CreateModel(
            name="PendingEvent",
            fields=[
                ("position", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("type", fields.CharEnumField(description="", enum_type=EventType, max_length=32)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("execution_id", fields.UUIDField(null=True)),
                ("workflow_id", fields.UUIDField(null=True)),
                ("started_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("data", JsonTextField(null=True, generated=False, unique=False)),
            ],
            options={
                "table": "pending_event",
                "app": "stepgraph",
                "pk_attr": "position",
                "table_description": "what is still to be told",
            },
            bases=["Model"],
        ),
        ops.RunSQL(_PENDING_EVENT, reverse_sql="DROP TYPE new_event;"),
    ]
