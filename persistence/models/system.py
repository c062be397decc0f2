"""The tables of worker processes and of the installation itself."""

from tortoise import fields
from tortoise.models import Model


class WorkerProcess(Model):
    """A worker process that lives, or did until its heartbeat stopped."""

    id = fields.UUIDField(primary_key=True)
    host = fields.TextField()
    started_at = fields.DatetimeField()
    heartbeat_at = fields.DatetimeField()
    active_executions = fields.IntField()

    class Meta:
        table = "worker_process"
        table_description = "a worker process that lives"


class Installation(Model):
    """The one row of what this installation has made up for itself: `key` is 32 random bytes."""

    id = fields.IntField(primary_key=True, generated=False)
    key = fields.BinaryField()

    class Meta:
        table = "installation"
        table_description = "what this installation has made up for itself"
