"""The table of metrics."""

from tortoise import fields
from tortoise.models import Model


class OrchestrationMetrics(Model):
    """A bucket of a series.

    The key is (workflow_id, step_type, resolution, at), which the ORM cannot express: read and write these rows by SQL
    alone. `step_type` is empty for executions; `resolution` is in seconds; `durations` is a packed histogram
    (domain/metrics/histograms.py).
    """

    workflow_id = fields.UUIDField(primary_key=True)
    step_type = fields.TextField()
    resolution = fields.IntField()
    at = fields.DatetimeField()
    started = fields.BigIntField()
    completed = fields.BigIntField()
    failed = fields.BigIntField()
    cancelled = fields.BigIntField()
    retries = fields.BigIntField()
    microseconds = fields.BigIntField()
    durations = fields.BinaryField()

    class Meta:
        table = "orchestration_metrics"
        table_description = "how executions and steps have gone, by time"
