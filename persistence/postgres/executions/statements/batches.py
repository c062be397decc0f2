"""Statements for the batches of long loops: their rows, their steps, and their counts in the execution.

A batch is a row of workflow_execution with `is_batch`; its steps are rows of its execution. Locks are taken in one
order everywhere: executions by id, then batches by id, so that no two transactions wait for each other in a circle.
"""

from persistence.postgres.executions.rows.codec import CHANGE_COLUMNS, STEP_COLUMNS, WHOLE_STEP_COLUMNS
from persistence.postgres.executions.statements.hot_path import CHANGED, INSERTED_COLUMNS, INSERTED_VALUES, STORED

_STORED = STORED.format(join="JOIN held ON held.ordinal = s.ordinal JOIN changed ON changed.id = held.parent_id")

# What is locked is read as it is once it is locked, so the differences are right whatever had to be waited for: also
# when this is sent again while the first try is still under way.
COMMIT = f"""
WITH delta AS MATERIALIZED (
  SELECT * FROM unnest($1::execution_delta_2[])
), parent AS MATERIALIZED (
  SELECT p.id FROM workflow_execution p
  WHERE p.id = ANY ($5::uuid[]) AND p.status NOT IN ('COMPLETED', 'FAILED', 'CANCELLED', 'TIMED_OUT')
  ORDER BY p.id FOR NO KEY UPDATE
), held AS MATERIALIZED (
  SELECT
    b.id, b.parent_id, d.ordinal, d.total - b.steps_total AS total, d.completed - b.steps_completed AS completed,
    d.failed - b.steps_failed AS failed, d.running - b.steps_running AS running, d.ended - b.steps_ended AS ended
  FROM delta d JOIN workflow_execution b ON b.id = d.id JOIN parent ON parent.id = b.parent_id
  WHERE b.epoch = d.epoch AND num_nonnulls(b.worker_id) = 1 AND b.is_batch
  ORDER BY b.id FOR NO KEY UPDATE OF b
), batch AS (
  UPDATE workflow_execution b SET
    {CHANGED.format(row="b")}
  FROM held JOIN delta d ON d.ordinal = held.ordinal
  WHERE b.id = held.id
), moved AS (
  SELECT parent_id, sum(total)::int AS total, sum(completed)::int AS completed, sum(failed)::int AS failed,
    sum(running)::int AS running, sum(ended)::int AS ended
  FROM held GROUP BY parent_id
), changed AS (
  UPDATE workflow_execution e SET
    sequence = e.sequence + 1,
    items_total = e.items_total + m.total,
    items_completed = e.items_completed + m.completed,
    items_failed = e.items_failed + m.failed,
    items_running = e.items_running + m.running,
    items_ended = e.items_ended + m.ended
  FROM moved m WHERE e.id = m.parent_id
  RETURNING {CHANGE_COLUMNS}
), notified AS (
  INSERT INTO execution_command (id, execution_id, kind, payload, created_at)
  SELECT n.id, n.execution_id, n.kind, n.payload, timestamptz 'epoch' + n.created_at * interval '1 microsecond'
  FROM unnest($4::new_command[]) n JOIN held ON held.ordinal = n.ordinal
  ON CONFLICT (id) DO NOTHING
), applied AS (
  DELETE FROM execution_command c USING held WHERE c.id = ANY ($3::uuid[]) AND c.execution_id = held.id
), stored AS (
  {_STORED}
)
SELECT held.ordinal, changed.* FROM held JOIN changed ON changed.id = held.parent_id
"""

# As in statements.py: what was let go of at this very epoch, with this very status, was stored.
WAS_STORED = f"""
SELECT d.ordinal, {CHANGE_COLUMNS}
FROM unnest($1::execution_delta_2[]) d
JOIN workflow_execution b ON b.id = d.id AND b.epoch = d.epoch AND b.is_batch
JOIN workflow_execution e ON e.id = b.parent_id
WHERE d.lets_go AND b.worker_id IS NULL AND b.status = d.status
"""

# Taken before what changes several rows in more than one statement: then that sees whatever change was under way.
LOCK_PARENTS = """
SELECT id, epoch, worker_id, sequence FROM workflow_execution
WHERE id = ANY ($1::uuid[]) AND is_batch::int = 0 ORDER BY id FOR NO KEY UPDATE
"""
LOCK_BATCHES = """
SELECT FROM workflow_execution WHERE parent_id = ANY ($1::uuid[]) AND is_batch ORDER BY id FOR UPDATE
"""

CREATE = f"""
INSERT INTO workflow_execution ({INSERTED_COLUMNS})
SELECT {INSERTED_VALUES}
FROM unnest($1::new_execution_3[]) n
JOIN workflow_execution p ON p.id = n.parent_id AND p.status NOT IN ('COMPLETED', 'FAILED', 'CANCELLED', 'TIMED_OUT')
WHERE NOT EXISTS (
  SELECT FROM step_execution s
  WHERE s.execution_id = n.parent_id AND s.path = n.parent_path
    AND s.status IN ('COMPLETED', 'FAILED', 'SKIPPED', 'CANCELLED')
)
ON CONFLICT DO NOTHING
"""

# Batches whose execution has ended or is gone: what was created in the moment of its end.
DROP_ORPHANS = """
WITH orphan AS (
  SELECT b.id FROM workflow_execution b
  WHERE b.id = ANY ($1::uuid[]) AND b.is_batch AND NOT EXISTS (
    SELECT FROM workflow_execution p
    WHERE p.id = b.parent_id AND p.status NOT IN ('COMPLETED', 'FAILED', 'CANCELLED', 'TIMED_OUT')
  )
  ORDER BY b.id FOR UPDATE
)
DELETE FROM workflow_execution b USING orphan WHERE b.id = orphan.id
"""

# The steps of executions without those in loops that have batches, which may be very many: in the order of their paths
# they are what is before, between and after those loops. `\` is what follows `[`. With `OFFSET 0` each gap is read from
# the index by itself, whatever the planner thinks of joins: one of all steps costs as much as the loops have items.
STEPS_OUTSIDE = rf"""
WITH loop AS (
  SELECT DISTINCT b.parent_id AS id, b.parent_path || '[' AS start, b.parent_path || '\' AS finish
  FROM workflow_execution b WHERE b.parent_id = ANY ($1::uuid[]) AND b.is_batch
), gap AS (
  SELECT id, COALESCE(lag(finish) OVER (PARTITION BY id ORDER BY start), '') AS start, start AS finish FROM loop
  UNION ALL
  SELECT asked.id, COALESCE(max(loop.finish), ''), E'\U0010FFFF'
  FROM unnest($1::uuid[]) asked (id) LEFT JOIN loop ON loop.id = asked.id GROUP BY asked.id
)
SELECT {WHOLE_STEP_COLUMNS}
FROM gap CROSS JOIN LATERAL (
  SELECT * FROM step_execution
  WHERE execution_id = gap.id AND path >= gap.start AND path < gap.finish OFFSET 0
) s
"""

# The steps of each batch's items, by the paths that those begin with, read likewise. `/` is what follows `.`.
STEPS_OF_ITEMS = f"""
SELECT b.id AS batch_id, {WHOLE_STEP_COLUMNS}
FROM (
  SELECT id, parent_id, parent_path, (input->>'first')::int AS first, json_array_length(input->'items') AS size
  FROM workflow_execution WHERE id = ANY ($1::uuid[]) OFFSET 0
) b
CROSS JOIN LATERAL generate_series(b.first, b.first + b.size - 1) item
CROSS JOIN LATERAL (
  SELECT * FROM step_execution
  WHERE execution_id = b.parent_id
    AND path >= b.parent_path || '[' || item || '].' AND path < b.parent_path || '[' || item || ']/' OFFSET 0
) s
"""

LOCK_PARENT = "SELECT id, status, sequence FROM workflow_execution WHERE id = $1 FOR NO KEY UPDATE"

# The batches of one loop, or of all loops of an execution (NULL), with what they were told.
DROP = """
WITH doomed AS (
  SELECT b.id FROM workflow_execution b
  WHERE b.parent_id = $1 AND b.is_batch AND ($2::text IS NULL OR b.parent_path = $2) ORDER BY b.id FOR UPDATE
), told AS (
  DELETE FROM execution_command c USING doomed WHERE c.execution_id = doomed.id
)
DELETE FROM workflow_execution b USING doomed WHERE b.id = doomed.id
RETURNING b.id, b.worker_id, b.parent_path, b.steps_running
"""

STOP_ITEMS = rf"""
UPDATE step_execution s
SET status = 'CANCELLED', sequence = $3, waiting_for = NULL, due_at = NULL, finished_at = $4
WHERE s.execution_id = $1 AND s.path >= $2 || '[' AND s.path < $2 || '\'
  AND s.status IN ('PENDING', 'RUNNING', 'WAITING')
RETURNING {STEP_COLUMNS}
"""

COUNT_STOPPED = "UPDATE workflow_execution SET items_running = items_running - $2 WHERE id = $1"

ADVANCE = f"""
UPDATE workflow_execution e SET sequence = e.sequence + 1 WHERE e.id = $1 RETURNING {CHANGE_COLUMNS}
"""
