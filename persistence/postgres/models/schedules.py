"""The table of schedules."""

from tortoise import fields
from tortoise.models import Model

from domain.kernel.statuses import OverlapPolicy
from persistence.postgres.columns.orm_fields import JsonTextField


class Schedule(Model):
    """A workflow to start at certain times. `next_run_at` is only set while it is enabled.

    `epoch` grows with every claim and every change of the settings; `claimed_until` is set while a worker fires it.
    """

    id = fields.UUIDField(primary_key=True)
    name = fields.TextField()
    workflow_id = fields.UUIDField(db_index=True)
    cron = fields.TextField()
    timezone = fields.TextField()
    input = JsonTextField(null=True)
    overlap = fields.CharEnumField(OverlapPolicy, max_length=16, description="")
    catch_up_window = fields.TimeDeltaField()
    enabled = fields.BooleanField()
    revision = fields.IntField()
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()
    next_run_at = fields.DatetimeField(null=True)
    buffered_at = fields.DatetimeField(null=True)
    last_run_at = fields.DatetimeField(null=True)
    last_execution_id = fields.UUIDField(null=True)
    last_error = fields.TextField(null=True)
    epoch = fields.IntField()
    claimed_until = fields.DatetimeField(null=True)

    class Meta:
        table = "schedule"
        table_description = "which workflow starts when"
