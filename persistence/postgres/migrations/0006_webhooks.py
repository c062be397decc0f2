"""Webhooks, inbound and outbound, their events and every attempt at delivering one."""

from uuid import uuid4

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from domain.kernel.json.text import (dumps, loads)
from domain.kernel.statuses import (InboundSignature, WebhookDirection, WebhookEventStatus)
from persistence.postgres.columns.orm_fields import JsonTextField

# Nearly every event is done: the two indexes of what is due stay small, however long history is kept. An endpoint's row
# changes with every delivery, but nothing that is indexed: with room on its page it is changed in place.
_INDEXES = """
ALTER TABLE webhook SET (fillfactor = 50);
ALTER TABLE webhook_event SET (autovacuum_vacuum_scale_factor = 0.02);
CREATE UNIQUE INDEX webhook_name ON webhook (name);
CREATE INDEX webhook_event_page ON webhook_event (webhook_id, id);
CREATE INDEX webhook_event_new ON webhook_event (webhook_id, position) WHERE status = 'PENDING' AND attempt_count = 0;
CREATE INDEX webhook_event_retry ON webhook_event (webhook_id, next_attempt_at)
  WHERE status = 'PENDING' AND attempt_count > 0;
CREATE UNIQUE INDEX webhook_event_external ON webhook_event (webhook_id, external_id) WHERE external_id IS NOT NULL;
"""


class Migration(migrations.Migration):
    dependencies = [("stepgraph", "0005_circuit_breakers")]

    operations = [
        ops.CreateModel(
            name="Webhook",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("name", fields.TextField(unique=False)),
                ("direction", fields.CharEnumField(description="", enum_type=WebhookDirection, max_length=16)),
                ("url", fields.TextField(null=True, unique=False)),
                ("event_types", fields.JSONField(encoder=dumps, decoder=loads)),
                ("workflow_id", fields.UUIDField(null=True)),
                ("signature", fields.CharEnumField(description="", enum_type=InboundSignature, max_length=32)),
                ("input", fields.TextField(null=True, unique=False)),
                ("secret", fields.BinaryField()),
                ("previous_secret", fields.BinaryField(null=True)),
                ("previous_secret_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("enabled", fields.BooleanField()),
                ("disabled_reason", fields.TextField(null=True, unique=False)),
                ("failing_since", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("updated_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("lease_id", fields.UUIDField(null=True)),
                ("lease_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("failures", fields.IntField(db_default=0)),
                ("paused_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("throttled_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "webhook",
                "app": "stepgraph",
                "pk_attr": "id",
                "table_description": "a registered webhook, inbound or outbound",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="WebhookEvent",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("webhook_id", fields.UUIDField()),
                ("event_type", fields.TextField(unique=False)),
                ("status", fields.CharEnumField(description="", enum_type=WebhookEventStatus, max_length=16)),
                ("payload", JsonTextField(null=True, generated=False, unique=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("attempts", fields.JSONField(encoder=dumps, decoder=loads)),
                ("attempt_count", fields.IntField(db_default=0)),
                ("failures", fields.IntField(db_default=0)),
                ("last_status_code", fields.IntField(null=True)),
                ("last_error", fields.TextField(null=True, unique=False)),
                ("delivered_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("next_attempt_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("execution_id", fields.UUIDField(null=True)),
                ("external_id", fields.TextField(null=True, unique=False)),
                ("position", fields.BigIntField(null=True)),
            ],
            options={
                "table": "webhook_event",
                "app": "stepgraph",
                "pk_attr": "id",
                "table_description": "what a webhook is told of, or has brought",
            },
            bases=["Model"],
        ),
        ops.RunSQL(_INDEXES, reverse_sql=ops.RunSQL.noop),
    ]
