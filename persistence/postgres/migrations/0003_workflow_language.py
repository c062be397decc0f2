"""Checkpoints, signals, pauses, children, batches of loops, slots, and the key of the installation.

Workers of the release before this one go on under it: every new column has a default, and their types are still there.
"""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from persistence.postgres.columns.orm_fields import JsonTextField

# Most executions have no parent, and what has ended is in none of the others: these indexes stay small.
_WORKFLOW_EXECUTION = """
ALTER TABLE workflow_execution ALTER COLUMN parent_path TYPE text COLLATE "C";
DROP INDEX workflow_execution_due;
CREATE INDEX workflow_execution_due ON workflow_execution (priority DESC, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX workflow_execution_parent ON workflow_execution (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX workflow_execution_batch ON workflow_execution (parent_id, id) WHERE is_batch;
CREATE INDEX workflow_execution_queued ON workflow_execution (workflow_id, priority DESC, id) WHERE is_queued;
CREATE INDEX workflow_execution_start ON workflow_execution (workflow_id, start_at)
  WHERE is_queued AND start_at IS NOT NULL;
CREATE INDEX workflow_execution_active ON workflow_execution (workflow_id)
  WHERE workflow_id IS NOT NULL AND NOT is_queued AND status IN ('PENDING', 'RUNNING', 'WAITING', 'PAUSED');
"""

_AS_BEFORE = """
DROP INDEX workflow_execution_parent, workflow_execution_batch, workflow_execution_queued, workflow_execution_start,
  workflow_execution_active, workflow_execution_due;
CREATE INDEX workflow_execution_due ON workflow_execution (due_at) WHERE due_at IS NOT NULL;
"""

_INSTALLATION = """
ALTER TABLE installation ADD CONSTRAINT installation_one_row CHECK (id = 1);
INSERT INTO installation (id, key)
VALUES (1, decode(replace(concat(gen_random_uuid(), gen_random_uuid()), '-', ''), 'hex'));
"""

# Those of 0002_storage with what is new at their ends; see there.
_BATCHES = """
CREATE TYPE new_execution_2 AS (
  id uuid, definition_id uuid, workflow_id uuid, workflow_version int, input json, labels jsonb, priority int,
  idempotency_key text, created_at bigint, due_at bigint, waiting_for json, total int,
  completed int, failed int, running int, ended int, parent_id uuid, parent_path text, retried_from_id uuid,
  is_batch boolean, is_queued boolean, start_at bigint
);
CREATE TYPE execution_delta_2 AS (
  ordinal int, id uuid, epoch int, status text, total int, completed int, failed int, running int, ended int,
  started_at bigint, finished_at bigint, deadline_at bigint, output json, error json, waiting_for json, due_at bigint,
  lets_go boolean, progressed boolean, paused_at bigint, signals json
);
CREATE TYPE step_change_2 AS (
  ordinal int, path text, position text, step_id text, type text, status text, attempts json, input json, output json,
  error json, waiting_for json, due_at bigint, started_at bigint, finished_at bigint, checkpoint json
);
CREATE TYPE new_command AS (
  ordinal int, id uuid, execution_id uuid, kind text, payload json, created_at bigint
);
"""
_NO_BATCHES = """
DROP TYPE new_execution_2; DROP TYPE execution_delta_2; DROP TYPE step_change_2; DROP TYPE new_command;
"""


class Migration(migrations.Migration):
    dependencies = [("stepgraph", "0002_storage")]

    operations = [
        ops.CreateModel(
            name="Installation",
            fields=[
                ("id", fields.IntField(primary_key=True, generated=False, unique=True, db_index=True)),
                ("key", fields.BinaryField()),
            ],
            options={
                "table": "installation",
                "app": "stepgraph",
                "pk_attr": "id",
                "table_description": "what this installation has made up for itself",
            },
            bases=["Model"],
        ),
        ops.AddField("StepExecution", "checkpoint", JsonTextField(null=True, generated=False, unique=False)),
        ops.AddField("WorkflowExecution", "parent_path", fields.TextField(null=True, unique=False)),
        ops.AddField("WorkflowExecution", "is_batch", fields.BooleanField(db_default=False)),
        ops.AddField("WorkflowExecution", "is_queued", fields.BooleanField(db_default=False)),
        ops.AddField(
            "WorkflowExecution", "start_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)
        ),
        ops.AddField(
            "WorkflowExecution", "paused_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)
        ),
        ops.AddField("WorkflowExecution", "signals", JsonTextField(null=True, generated=False, unique=False)),
        ops.AddField("WorkflowExecution", "items_total", fields.IntField(db_default=0)),
        ops.AddField("WorkflowExecution", "items_completed", fields.IntField(db_default=0)),
        ops.AddField("WorkflowExecution", "items_failed", fields.IntField(db_default=0)),
        ops.AddField("WorkflowExecution", "items_running", fields.IntField(db_default=0)),
        ops.AddField("WorkflowExecution", "items_ended", fields.IntField(db_default=0)),
        ops.RunSQL(_WORKFLOW_EXECUTION, reverse_sql=_AS_BEFORE),
        ops.RunSQL(_INSTALLATION, reverse_sql=ops.RunSQL.noop),
        ops.RunSQL(_BATCHES, reverse_sql=_NO_BATCHES),
    ]
