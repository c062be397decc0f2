"""The tables of worker processes and of the installation itself."""

from tortoise import fields
from tortoise.models import Model


class WorkerProcess(Model):
    """A worker process that lives, or did until its heartbeat stopped.

    `clock_offset`: seconds by which its machine's clock is ahead of the database's.
    """

    id = fields.UUIDField(primary_key=True)
    host = fields.TextField()
    started_at = fields.DatetimeField()
    heartbeat_at = fields.DatetimeField()
    active_executions = fields.IntField()
    clock_offset = fields.FloatField(default=0, db_default=0)

    class Meta:
        table = "worker_process"
        table_description = "a worker process that lives"


class Leadership(Model):
    """The holder of a role that one process at a time has, until when by the database's clock, and when it last worked.

    `epoch` grows whenever another takes over.
    """

    role = fields.CharField(primary_key=True, max_length=32)
    holder_id = fields.UUIDField()
    epoch = fields.BigIntField()
    expires_at = fields.DatetimeField()
    worked_at = fields.DatetimeField()

    class Meta:
        table = "leadership"
        table_description = "who does what one process at a time does"


class Installation(Model):
    """The one row of values that this installation has generated for itself: `key` is 32 random bytes."""

    id = fields.IntField(primary_key=True, generated=False)
    key = fields.BinaryField()

    class Meta:
        table = "installation"
        table_description = "what this installation has made up for itself"
