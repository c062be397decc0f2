"""The tables of webhooks and their events."""

from tortoise import fields
from tortoise.models import Model

from domain.kernel.json.text import dumps, loads
from domain.kernel.statuses import InboundSignature, WebhookDirection, WebhookEventStatus
from persistence.postgres.columns.orm_fields import JsonTextField


class Webhook(Model):
    """A registered webhook; secrets are sealed.

    The columns from `lease_id` on are about delivering to an outbound one: the lease of the worker that serves it, the
    attempts that have failed in a row, and the times until which it gets no new events (`paused_until`), or none at all
    (`throttled_until`).
    """

    id = fields.UUIDField(primary_key=True)
    name = fields.TextField()
    direction = fields.CharEnumField(WebhookDirection, max_length=16, description="")
    url = fields.TextField(null=True)
    event_types: fields.JSONField[list[str]] = fields.JSONField(encoder=dumps, decoder=loads)
    workflow_id = fields.UUIDField(null=True)
    signature = fields.CharEnumField(InboundSignature, max_length=32, description="")
    input = fields.TextField(null=True)
    secret = fields.BinaryField()
    previous_secret = fields.BinaryField(null=True)
    previous_secret_until = fields.DatetimeField(null=True)
    enabled = fields.BooleanField()
    disabled_reason = fields.TextField(null=True)
    failing_since = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()
    lease_id = fields.UUIDField(null=True)
    lease_until = fields.DatetimeField(null=True)
    failures = fields.IntField(db_default=0)
    paused_until = fields.DatetimeField(null=True)
    throttled_until = fields.DatetimeField(null=True)

    class Meta:
        table = "webhook"
        table_description = "a registered webhook, inbound or outbound"


class WebhookEvent(Model):
    """An event that a webhook was or is to be sent, or has received, with every attempt at sending it.

    `attempt_count` is the length of `attempts`, for indexes; `position` orders events that were never tried.
    """

    id = fields.UUIDField(primary_key=True)
    webhook_id = fields.UUIDField()
    event_type = fields.TextField()
    status = fields.CharEnumField(WebhookEventStatus, max_length=16, description="")
    payload = JsonTextField(null=True)
    created_at = fields.DatetimeField()
    attempts: fields.JSONField[list[object]] = fields.JSONField(encoder=dumps, decoder=loads)
    attempt_count = fields.IntField(db_default=0)
    failures = fields.IntField(db_default=0)
    last_status_code = fields.IntField(null=True)
    last_error = fields.TextField(null=True)
    delivered_at = fields.DatetimeField(null=True)
    next_attempt_at = fields.DatetimeField(null=True)
    execution_id = fields.UUIDField(null=True)
    external_id = fields.TextField(null=True)
    position = fields.BigIntField(null=True)

    class Meta:
        table = "webhook_event"
        table_description = "what a webhook is told of, or has brought"
