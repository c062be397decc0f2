"""The tables of executions, their steps and their commands."""

from tortoise import fields
from tortoise.models import Model

from domain.kernel.json.text import dumps, loads
from domain.kernel.statuses import ExecutionStatus, StepStatus, StepType, TriggerKind
from persistence.postgres.columns.orm_fields import JsonTextField


class WorkflowExecution(Model):
    """An execution, or a batch of one. No index covers a column that changes with every step: see `fillfactor`.

    `due_at` is only set while nobody holds it. One that is not after `created_at` is due whatever the clock says.
    A batch has its execution as `parent_id`, its loop as `parent_path`, and its steps are rows of its execution;
    `items_*` are the counts of the batches of an execution. `start_at` is only set while it `is_queued`.
    """

    id = fields.UUIDField(primary_key=True)
    definition_id = fields.UUIDField()
    workflow_id = fields.UUIDField(null=True)
    workflow_version = fields.IntField(null=True)
    status = fields.CharEnumField(ExecutionStatus, max_length=16, description="")
    input = JsonTextField(null=True)
    output = JsonTextField(null=True)
    error = JsonTextField(null=True)
    labels: fields.JSONField[dict[str, object]] = fields.JSONField(encoder=dumps, decoder=loads)
    priority = fields.IntField()
    idempotency_key = fields.TextField(null=True)
    parent_id = fields.UUIDField(null=True)
    retried_from_id = fields.UUIDField(null=True)
    created_at = fields.DatetimeField()
    started_at = fields.DatetimeField(null=True)
    finished_at = fields.DatetimeField(null=True)
    deadline_at = fields.DatetimeField(null=True)
    sequence = fields.BigIntField()
    steps_total = fields.IntField()
    steps_completed = fields.IntField()
    steps_failed = fields.IntField()
    steps_running = fields.IntField()
    steps_ended = fields.IntField()
    waiting_for = JsonTextField(null=True)
    due_at = fields.DatetimeField(null=True)
    worker_id = fields.UUIDField(null=True)
    epoch = fields.IntField()
    crashes = fields.IntField()
    parent_path = fields.TextField(null=True)
    is_batch = fields.BooleanField(db_default=False)
    is_queued = fields.BooleanField(db_default=False)
    start_at = fields.DatetimeField(null=True)
    paused_at = fields.DatetimeField(null=True)
    signals = JsonTextField(null=True)
    items_total = fields.IntField(db_default=0)
    items_completed = fields.IntField(db_default=0)
    items_failed = fields.IntField(db_default=0)
    items_running = fields.IntField(db_default=0)
    items_ended = fields.IntField(db_default=0)
    trigger = fields.CharField(max_length=16, db_default=TriggerKind.API.value)
    trigger_id = fields.UUIDField(null=True)

    class Meta:
        table = "workflow_execution"
        table_description = "an execution of a workflow"


class StepExecution(Model):
    """A step of an execution, with all its attempts.

    The key is (execution_id, path), which the ORM cannot express: read and write these rows by SQL alone.
    """

    execution_id = fields.UUIDField(primary_key=True)
    path = fields.TextField()
    sequence = fields.BigIntField()
    position = fields.TextField()
    step_id = fields.TextField()
    type = fields.CharEnumField(StepType, max_length=32, description="")
    status = fields.CharEnumField(StepStatus, max_length=16, description="")
    attempts = JsonTextField(null=True)
    input = JsonTextField(null=True)
    output = JsonTextField(null=True)
    error = JsonTextField(null=True)
    waiting_for = JsonTextField(null=True)
    due_at = fields.DatetimeField(null=True)
    started_at = fields.DatetimeField(null=True)
    finished_at = fields.DatetimeField(null=True)
    checkpoint = JsonTextField(null=True)

    class Meta:
        table = "step_execution"
        table_description = "a step of an execution, with its attempts"


class CarriedStep(Model):
    """A step of a retry with what is carried over to it. `origins` is an array of ids of executions.

    The key is (execution_id, path), which the ORM cannot express: read and write these rows by SQL alone.
    """

    execution_id = fields.UUIDField(primary_key=True)
    path = fields.TextField()
    origins = JsonTextField()
    checkpoint = JsonTextField(null=True)

    class Meta:
        table = "carried_step"
        table_description = "what a retry knows of a step that it begins again"


class ExecutionFamily(Model):
    """The number of executions in a family, by its root: an execution that no other has started."""

    root_id = fields.UUIDField(primary_key=True)
    executions = fields.IntField()

    class Meta:
        table = "execution_family"
        table_description = "how many executions come from one"


class ExecutionCommand(Model):
    """A command to an execution that was not applied yet. Ids are in the order of their arrival."""

    id = fields.UUIDField(primary_key=True)
    execution_id = fields.UUIDField()
    kind = fields.CharField(max_length=32)
    payload = JsonTextField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "execution_command"
        table_description = "a command that was not applied yet"


class BulkOperation(Model):
    """Something that is done with every execution that matches `wanted`. `held_until`: a worker has it until then."""

    id = fields.UUIDField(primary_key=True)
    action = fields.CharField(max_length=16)
    wanted = JsonTextField()
    arguments = JsonTextField()
    matched = fields.IntField()
    done = fields.IntField()
    failed = fields.IntField()
    problems = JsonTextField()
    cursor = fields.UUIDField(null=True)
    created_at = fields.DatetimeField()
    finished_at = fields.DatetimeField(null=True)
    epoch = fields.IntField()
    held_until = fields.DatetimeField(null=True)
    stopped_at = fields.DatetimeField(null=True)

    class Meta:
        table = "bulk_operation"
        table_description = "something done with many executions"
