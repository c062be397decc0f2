"""The tables, as the models have them."""

from uuid import uuid4

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from domain.kernel.json.text import (dumps, loads)
from domain.kernel.statuses import (ExecutionStatus, StepStatus, StepType, WorkflowStatus)
from persistence.postgres.columns.orm_fields import JsonTextField


class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name="ExecutionCommand",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("execution_id", fields.UUIDField()),
                ("kind", fields.CharField(max_length=32)),
                ("payload", JsonTextField(null=True, generated=False, unique=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "execution_command",
                "app": "stepgraph",
                "pk_attr": "id",
                "table_description": "a command that was not applied yet",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="StepExecution",
            fields=[
                ("execution_id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("path", fields.TextField(unique=False)),
                ("sequence", fields.BigIntField()),
                ("position", fields.TextField(unique=False)),
                ("step_id", fields.TextField(unique=False)),
                ("type", fields.CharEnumField(description="", enum_type=StepType, max_length=32)),
                ("status", fields.CharEnumField(description="", enum_type=StepStatus, max_length=16)),
                ("attempts", JsonTextField(null=True, generated=False, unique=False)),
                ("input", JsonTextField(null=True, generated=False, unique=False)),
                ("output", JsonTextField(null=True, generated=False, unique=False)),
                ("error", JsonTextField(null=True, generated=False, unique=False)),
                ("waiting_for", JsonTextField(null=True, generated=False, unique=False)),
                ("due_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("started_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("finished_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "step_execution",
                "app": "stepgraph",
                "pk_attr": "execution_id",
                "table_description": "a step of an execution, with its attempts",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="WorkerProcess",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("host", fields.TextField(unique=False)),
                ("started_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("heartbeat_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("active_executions", fields.IntField()),
            ],
            options={
                "table": "worker_process",
                "app": "stepgraph",
                "pk_attr": "id",
                "table_description": "a worker process that lives",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Workflow",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("name", fields.TextField(unique=False)),
                ("status", fields.CharEnumField(description="", enum_type=WorkflowStatus, max_length=16)),
                ("version", fields.IntField()),
                ("definition_id", fields.UUIDField()),
                ("labels", fields.JSONField(encoder=dumps, decoder=loads)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("updated_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("deleted_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "workflow",
                "app": "stepgraph",
                "pk_attr": "id",
                "table_description": "a workflow at its newest version",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="WorkflowExecution",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("definition_id", fields.UUIDField()),
                ("workflow_id", fields.UUIDField(null=True)),
                ("workflow_version", fields.IntField(null=True)),
                ("status", fields.CharEnumField(description="", enum_type=ExecutionStatus, max_length=16)),
                ("input", JsonTextField(null=True, generated=False, unique=False)),
                ("output", JsonTextField(null=True, generated=False, unique=False)),
                ("error", JsonTextField(null=True, generated=False, unique=False)),
                ("labels", fields.JSONField(encoder=dumps, decoder=loads)),
                ("priority", fields.IntField()),
                ("idempotency_key", fields.TextField(null=True, unique=False)),
                ("parent_id", fields.UUIDField(null=True)),
                ("retried_from_id", fields.UUIDField(null=True)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("started_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("finished_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("deadline_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("sequence", fields.BigIntField()),
                ("steps_total", fields.IntField()),
                ("steps_completed", fields.IntField()),
                ("steps_failed", fields.IntField()),
                ("steps_running", fields.IntField()),
                ("steps_ended", fields.IntField()),
                ("waiting_for", JsonTextField(null=True, generated=False, unique=False)),
                ("due_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("worker_id", fields.UUIDField(null=True)),
                ("epoch", fields.IntField()),
                ("crashes", fields.IntField()),
            ],
            options={
                "table": "workflow_execution",
                "app": "stepgraph",
                "pk_attr": "id",
                "table_description": "an execution of a workflow",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="WorkflowVersion",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("workflow_id", fields.UUIDField(null=True)),
                ("version", fields.IntField(null=True)),
                ("document", JsonTextField(generated=False, null=False, unique=False)),
                ("digest", fields.BinaryField(null=True)),
                ("note", fields.TextField(null=True, unique=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "workflow_version",
                "app": "stepgraph",
                "pk_attr": "id",
                "table_description": "an immutable document",
            },
            bases=["Model"],
        ),
    ]
