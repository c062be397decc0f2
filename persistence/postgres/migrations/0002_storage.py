"""What the models cannot say: composite keys, partial and expression indexes, collations, room for updates in place."""

from tortoise import migrations
from tortoise.migrations import operations as ops

_WORKFLOW = """
CREATE UNIQUE INDEX workflow_name_key ON workflow (name) WHERE deleted_at IS NULL;
CREATE INDEX workflow_labels ON workflow USING gin (labels jsonb_path_ops);
CREATE UNIQUE INDEX workflow_version_number_key ON workflow_version (workflow_id, version);
CREATE UNIQUE INDEX workflow_version_digest_key ON workflow_version (digest) WHERE digest IS NOT NULL;
"""

# Ids sort by creation, so lists are walked backwards along (…, id) and need no other index. None of these covers what
# changes with every step (sequence, counters, times), and the pages have room: such updates touch no index at all.
_WORKFLOW_EXECUTION = """
ALTER TABLE workflow_execution ALTER COLUMN idempotency_key TYPE text COLLATE "C";
ALTER TABLE workflow_execution SET (
  fillfactor = 70, toast_tuple_target = 512, autovacuum_vacuum_scale_factor = 0.05
);
CREATE INDEX workflow_execution_workflow ON workflow_execution (workflow_id, id);
CREATE INDEX workflow_execution_status ON workflow_execution (status, id);
CREATE INDEX workflow_execution_labels ON workflow_execution USING gin (labels jsonb_path_ops);
CREATE INDEX workflow_execution_due ON workflow_execution (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX workflow_execution_worker ON workflow_execution (worker_id) WHERE worker_id IS NOT NULL;
CREATE INDEX workflow_execution_crashed ON workflow_execution (crashes) WHERE crashes > 0;
CREATE UNIQUE INDEX workflow_execution_idempotency_key ON workflow_execution (
  (COALESCE(workflow_id, '00000000-0000-0000-0000-000000000000'::uuid)), idempotency_key
) WHERE idempotency_key IS NOT NULL;
"""

_STEP_EXECUTION = """
ALTER TABLE step_execution
  DROP CONSTRAINT step_execution_pkey,
  ALTER COLUMN path TYPE text COLLATE "C",
  ALTER COLUMN position TYPE text COLLATE "C",
  ALTER COLUMN step_id TYPE text COLLATE "C",
  ADD PRIMARY KEY (execution_id, path);
ALTER TABLE step_execution SET (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX step_execution_changes ON step_execution (execution_id, sequence);
"""

_EXECUTION_COMMAND = """
CREATE INDEX execution_command_execution ON execution_command (execution_id, id);
"""

# What a batch of new or changed rows is handed over as: arrays of these cost the client a third of what an array a
# column costs. Times are microseconds since 1970. Workers of two releases share a schema while they are replaced, so
# a type is never altered: a change makes a new one.
_BATCHES = """
CREATE TYPE new_execution AS (
  id uuid, definition_id uuid, workflow_id uuid, workflow_version int, input json, labels jsonb, priority int,
  idempotency_key text, created_at bigint, due_at bigint, waiting_for json, total int
);
CREATE TYPE execution_delta AS (
  ordinal int, id uuid, epoch int, status text, total int, completed int, failed int, running int, ended int,
  started_at bigint, finished_at bigint, deadline_at bigint, output json, error json, waiting_for json, due_at bigint,
  lets_go boolean, progressed boolean
);
CREATE TYPE step_change AS (
  ordinal int, path text, position text, step_id text, type text, status text, attempts json, input json, output json,
  error json, waiting_for json, due_at bigint, started_at bigint, finished_at bigint
);
"""


class Migration(migrations.Migration):
    """Going back drops the tables and, with them, all but the types."""

    dependencies = [("stepgraph", "0001_initial")]

    operations = [
        ops.RunSQL(_WORKFLOW, reverse_sql=ops.RunSQL.noop),
        ops.RunSQL(_WORKFLOW_EXECUTION, reverse_sql=ops.RunSQL.noop),
        ops.RunSQL(_STEP_EXECUTION, reverse_sql=ops.RunSQL.noop),
        ops.RunSQL(_EXECUTION_COMMAND, reverse_sql=ops.RunSQL.noop),
        ops.RunSQL(_BATCHES, reverse_sql="DROP TYPE new_execution; DROP TYPE execution_delta; DROP TYPE step_change;"),
    ]
