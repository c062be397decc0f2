"""The outbox: the table of events that were not relayed yet."""

from tortoise import fields
from tortoise.models import Model

from domain.kernel.statuses import EventType
from persistence.postgres.columns.orm_fields import JsonTextField


class PendingEvent(Model):
    """An event that was not relayed to metrics and webhooks yet.

    Rows are written by the commit that they are about, and removed when they are relayed: the table is nearly always
    empty.
    """

    position = fields.BigIntField(primary_key=True)
    type = fields.CharEnumField(EventType, max_length=32, description="")
    at = fields.DatetimeField()
    execution_id = fields.UUIDField(null=True)
    workflow_id = fields.UUIDField(null=True)
    started_at = fields.DatetimeField(null=True)
    data = JsonTextField(null=True)

    class Meta:
        table = "pending_event"
        table_description = "what is still to be told"
