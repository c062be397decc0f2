"""The statements of the hot path: each handles a batch, and all that belongs to it, in one round trip."""

from persistence.row_codec import EXECUTION_COLUMNS, STEP_COLUMNS

# An execution that has ended is held by nobody, so the look at `worker_id` also keeps terminal states as they are. It
# is written in a way, here and below, that leaves the primary key as the one index that the planner can think of.
# The assignments to `status`, `due_at` and `worker_id` mostly store what is there: then no index is touched.
# `crashes` counts workers lost since a step last ended: beside one that kills its worker, others go on and are spared.
COMMIT = """
WITH changed AS (
  UPDATE workflow_execution e SET
    sequence = e.sequence + 1,
    status = d.status,
    steps_total = d.total,
    steps_completed = d.completed,
    steps_failed = d.failed,
    steps_running = d.running,
    steps_ended = d.ended,
    started_at = timestamptz 'epoch' + d.started_at * interval '1 microsecond',
    finished_at = timestamptz 'epoch' + d.finished_at * interval '1 microsecond',
    deadline_at = timestamptz 'epoch' + d.deadline_at * interval '1 microsecond',
    output = d.output,
    error = d.error,
    waiting_for = d.waiting_for,
    due_at = timestamptz 'epoch' + d.due_at * interval '1 microsecond',
    worker_id = CASE WHEN d.lets_go THEN NULL ELSE e.worker_id END,
    crashes = CASE WHEN d.progressed THEN 0 ELSE e.crashes END
  FROM unnest($1::execution_delta[]) d
  WHERE e.id = d.id AND e.epoch = d.epoch AND num_nonnulls(e.worker_id) = 1
  RETURNING e.id, e.sequence, e.workflow_id, d.ordinal
), applied AS (
  DELETE FROM execution_command c USING changed
  WHERE c.id = ANY ($3::uuid[]) AND c.execution_id = changed.id
), stored AS (
  INSERT INTO step_execution (
    execution_id, sequence, path, position, step_id, type, status, attempts, input, output, error, waiting_for,
    due_at, started_at, finished_at
  )
  SELECT
    changed.id, changed.sequence, s.path, s.position, s.step_id, s.type, s.status, s.attempts, s.input, s.output,
    s.error, s.waiting_for,
    timestamptz 'epoch' + s.due_at * interval '1 microsecond',
    timestamptz 'epoch' + s.started_at * interval '1 microsecond',
    timestamptz 'epoch' + s.finished_at * interval '1 microsecond'
  FROM unnest($2::step_change[]) s JOIN changed ON changed.ordinal = s.ordinal
  ON CONFLICT (execution_id, path) DO UPDATE SET
    sequence = excluded.sequence,
    status = excluded.status,
    attempts = excluded.attempts,
    input = excluded.input,
    output = excluded.output,
    error = excluded.error,
    waiting_for = excluded.waiting_for,
    due_at = excluded.due_at,
    started_at = excluded.started_at,
    finished_at = excluded.finished_at
)
SELECT ordinal, sequence, workflow_id FROM changed
"""

# After a connection broke in mid-statement: what was let go of at this very epoch, with this very status, was stored.
WAS_STORED = """
SELECT d.ordinal, e.sequence, e.workflow_id
FROM unnest($1::execution_delta[]) d JOIN workflow_execution e ON e.id = d.id AND e.epoch = d.epoch
WHERE d.lets_go AND e.worker_id IS NULL AND e.status = d.status
"""

# `DO NOTHING` without a target: a known key and a repeated id are both passed over, and looked up afterwards.
CREATE = """
INSERT INTO workflow_execution (
  id, definition_id, workflow_id, workflow_version, status, input, labels, priority, idempotency_key, created_at,
  due_at, waiting_for, sequence, steps_total, steps_completed, steps_failed, steps_running, steps_ended, epoch, crashes
)
SELECT
  n.id, n.definition_id, n.workflow_id, n.workflow_version, 'PENDING', n.input, n.labels, n.priority,
  n.idempotency_key,
  timestamptz 'epoch' + n.created_at * interval '1 microsecond',
  timestamptz 'epoch' + n.due_at * interval '1 microsecond',
  n.waiting_for, 0, n.total, 0, 0, 0, 0, 0, 0
FROM unnest($1::new_execution[]) n
ON CONFLICT DO NOTHING
RETURNING id
"""

_NO_WORKFLOW = "'00000000-0000-0000-0000-000000000000'::uuid"

FIND_EXISTING = f"""
SELECT n.id AS asked_id, {EXECUTION_COLUMNS}
FROM unnest($1::new_execution[]) n JOIN workflow_execution e ON e.id = n.id
UNION ALL
SELECT n.id AS asked_id, {EXECUTION_COLUMNS}
FROM unnest($1::new_execution[]) n JOIN workflow_execution e
  ON e.idempotency_key = n.idempotency_key
  AND COALESCE(e.workflow_id, {_NO_WORKFLOW}) = COALESCE(n.workflow_id, {_NO_WORKFLOW})
"""

# Locks are taken in the order of ids, so that two claims never wait for each other in a circle. The condition is
# checked again on rows that had to be waited for.
CLAIM = f"""
WITH wanted AS (
  SELECT id FROM workflow_execution w
  WHERE w.id = ANY ($1::uuid[])
    AND w.status NOT IN ('COMPLETED', 'FAILED', 'CANCELLED', 'TIMED_OUT')
    AND (
      w.worker_id = $2
      OR w.worker_id IS NULL AND (
        w.due_at <= $3 OR w.due_at <= w.created_at
        OR EXISTS (SELECT FROM execution_command c WHERE c.execution_id = w.id)
      )
    )
  ORDER BY w.id FOR NO KEY UPDATE
)
UPDATE workflow_execution e SET worker_id = $2, epoch = e.epoch + 1, due_at = NULL
FROM wanted WHERE e.id = wanted.id
RETURNING {EXECUTION_COLUMNS},
  EXISTS (SELECT FROM execution_command c WHERE c.execution_id = e.id) AS has_commands
"""

STEPS_OF = f"SELECT {STEP_COLUMNS} FROM step_execution s WHERE s.execution_id = ANY ($1::uuid[])"

COMMANDS_OF = "SELECT * FROM execution_command WHERE execution_id = ANY ($1::uuid[]) ORDER BY id"

# The lock makes the answer true for as long as it matters: a worker that lets go does so before or after, not between.
LOCK_FOR_COMMAND = "SELECT status, worker_id FROM workflow_execution WHERE id = $1 FOR NO KEY UPDATE"

ADD_COMMAND = """
INSERT INTO execution_command (id, execution_id, kind, payload, created_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (id) DO NOTHING
"""

COMMANDED = """
SELECT DISTINCT execution_id
FROM execution_command JOIN workflow_execution ON workflow_execution.id = execution_id
WHERE worker_id = $1
"""
