"""The statements of the hot path: each handles a batch, and all that belongs to it, in one round trip."""

from domain.executions.suspects import SUSPECT_AFTER
from persistence.postgres.executions.rows.codec import EXECUTION_COLUMNS, WHOLE_STEP_COLUMNS

CHANGED = """sequence = {row}.sequence + 1,
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
    worker_id = CASE WHEN d.lets_go THEN NULL ELSE {row}.worker_id END,
    crashes = CASE WHEN d.progressed THEN 0 ELSE {row}.crashes END,
    paused_at = timestamptz 'epoch' + d.paused_at * interval '1 microsecond',
    signals = d.signals"""
"""The assignments by which a delta `d` changes an execution's row, or a batch's."""

_CHANGED = CHANGED.format(row="e")

STORED = """INSERT INTO step_execution (
    execution_id, sequence, path, position, step_id, type, status, attempts, input, output, error, waiting_for,
    due_at, started_at, finished_at, checkpoint
  )
  SELECT
    changed.id, changed.sequence, s.path, s.position, s.step_id, s.type, s.status, s.attempts, s.input, s.output,
    s.error, s.waiting_for,
    timestamptz 'epoch' + s.due_at * interval '1 microsecond',
    timestamptz 'epoch' + s.started_at * interval '1 microsecond',
    timestamptz 'epoch' + s.finished_at * interval '1 microsecond',
    s.checkpoint
  FROM unnest($2::step_change_2[]) s {join}
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
    finished_at = excluded.finished_at,
    checkpoint = excluded.checkpoint"""
"""The step rows of a batch of deltas, joined with the executions in `changed` that they belong to."""

_STORED = STORED.format(join="JOIN changed ON changed.ordinal = s.ordinal")

# An execution that has ended is held by nobody, so the look at `worker_id` also keeps terminal states as they are. It
# and the one at `is_batch` are written in a way, here and where rows are found by id, that leaves the primary key as
# the one index that the planner can think of: while a table is small, it takes any partial index that fits for cheaper.
# The assignments to `status`, `due_at` and `worker_id` mostly store what is there: then no index is touched.
# `crashes` counts workers lost since a step last ended: beside one that kills its worker, others go on and are spared.
# Rows come in the order of ids, as everywhere: parents are locked in it by those who commit their batches as well.
# `items` is what batches have counted; it is not touched here, and is NULL nearly always.
# `before` is the row as it was when the statement began: a start is told of once, however often it is sent.
COMMIT = f"""
WITH changed AS (
  UPDATE workflow_execution e SET
    {_CHANGED},
    is_queued = false
  FROM unnest($1::execution_delta_2[]) d
  WHERE e.id = d.id AND e.epoch = d.epoch AND num_nonnulls(e.worker_id) = 1 AND e.is_batch::int = 0
  RETURNING e.id, e.sequence, e.workflow_id, d.ordinal, CASE WHEN e.items_total > 0 THEN
    ARRAY[e.items_total, e.items_completed, e.items_failed, e.items_running, e.items_ended]
  END AS items
), notified AS (
  INSERT INTO execution_command (id, execution_id, kind, payload, created_at)
  SELECT n.id, n.execution_id, n.kind, n.payload, timestamptz 'epoch' + n.created_at * interval '1 microsecond'
  FROM unnest($4::new_command[]) n JOIN changed ON changed.ordinal = n.ordinal
  WHERE EXISTS (
    SELECT FROM workflow_execution p
    WHERE p.id = n.execution_id AND p.status NOT IN ('COMPLETED', 'FAILED', 'CANCELLED', 'TIMED_OUT')
  )
  ON CONFLICT (id) DO NOTHING
), applied AS (
  DELETE FROM execution_command c USING changed
  WHERE c.id = ANY ($3::uuid[]) AND c.execution_id = changed.id
), stored AS (
  {_STORED}
), told AS (
  INSERT INTO pending_event (type, at, execution_id, workflow_id, started_at)
  SELECT
    n.type, timestamptz 'epoch' + n.at * interval '1 microsecond', changed.id, changed.workflow_id,
    timestamptz 'epoch' + n.started_at * interval '1 microsecond'
  FROM unnest($5::new_event[]) WITH ORDINALITY n JOIN changed ON changed.ordinal = n.ordinal
  WHERE n.type <> 'execution.started' OR (
    SELECT before.started_at IS NULL FROM workflow_execution before WHERE before.id = changed.id
  )
  ORDER BY n.ordinality
)
SELECT ordinal, sequence, workflow_id, items FROM changed
"""

# After a connection broke in mid-statement: what was let go of at this very epoch, with this very status, was stored.
WAS_STORED = """
SELECT d.ordinal, e.sequence, e.workflow_id, NULL::int[] AS items
FROM unnest($1::execution_delta_2[]) d JOIN workflow_execution e ON e.id = d.id AND e.epoch = d.epoch
WHERE d.lets_go AND e.worker_id IS NULL AND e.status = d.status AND e.is_batch::int = 0
"""

INSERTED_COLUMNS = """
  id, definition_id, workflow_id, workflow_version, status, input, labels, priority, idempotency_key, created_at,
  due_at, waiting_for, sequence, steps_total, steps_completed, steps_failed, steps_running, steps_ended, epoch, crashes,
  parent_id, parent_path, retried_from_id, is_batch, is_queued, start_at, trigger, trigger_id
"""
_VALUES = """
  n.id, n.definition_id, n.workflow_id, n.workflow_version, 'PENDING', n.input, n.labels, n.priority,
  n.idempotency_key,
  timestamptz 'epoch' + n.created_at * interval '1 microsecond',
  {due},
  n.waiting_for, 0, n.total, n.completed, n.failed, n.running, n.ended, {epoch}, 0,
  n.parent_id, n.parent_path, n.retried_from_id, n.is_batch, n.is_queued,
  timestamptz 'epoch' + n.start_at * interval '1 microsecond',
  n.trigger, n.trigger_id
"""
_DUE = "timestamptz 'epoch' + n.due_at * interval '1 microsecond'"
INSERTED_VALUES = _VALUES.format(due=_DUE, epoch=0)
_HANDED_VALUES = _VALUES.format(due=f"CASE WHEN w.id IS NULL THEN {_DUE} END", epoch="(w.id IS NOT NULL)::int")
# `DO NOTHING` without a target: a known key and a repeated id are both passed over, and looked up afterwards.
CREATE = f"""
INSERT INTO workflow_execution ({INSERTED_COLUMNS})
SELECT {INSERTED_VALUES}
FROM unnest($1::new_execution_3[]) n
ON CONFLICT DO NOTHING
RETURNING id
"""

# The same for executions that are handed to workers, one for each ($2), or whose workflow is to be ACTIVE, of a name
# ($4) and at a version ($5); NULL where neither is. Where a worker does not live, nobody holds its execution. That it
# dies or leaves in this very moment is found as the death of any holder is.
CREATE_HANDED = f"""
INSERT INTO workflow_execution ({INSERTED_COLUMNS}, worker_id)
SELECT {_HANDED_VALUES}, w.id
FROM unnest($1::new_execution_3[]) WITH ORDINALITY n
LEFT JOIN worker_process w ON w.id = ($2::uuid[])[n.ordinality] AND w.heartbeat_at >= clock_timestamp() - $3::interval
WHERE ($4::text[])[n.ordinality] IS NULL OR EXISTS (
  SELECT FROM workflow f
  WHERE f.id = n.workflow_id AND f.deleted_at IS NULL AND f.status = 'ACTIVE'
    AND f.name = ($4::text[])[n.ordinality] AND f.version = ($5::int[])[n.ordinality]
)
ON CONFLICT DO NOTHING
RETURNING id, worker_id
"""

TAKE_BACK = """
UPDATE workflow_execution SET worker_id = NULL, epoch = 2, due_at = created_at
WHERE id = ANY ($1::uuid[]) AND epoch = 1 AND sequence = 0 AND worker_id IS NOT NULL AND status = 'PENDING'
RETURNING id
"""

_NO_WORKFLOW = "'00000000-0000-0000-0000-000000000000'::uuid"

FIND_EXISTING = f"""
SELECT n.id AS asked_id, {EXECUTION_COLUMNS}
FROM unnest($1::new_execution_3[]) n JOIN workflow_execution e ON e.id = n.id
UNION ALL
SELECT n.id AS asked_id, {EXECUTION_COLUMNS}
FROM unnest($1::new_execution_3[]) n JOIN workflow_execution e
  ON e.idempotency_key = n.idempotency_key
  AND COALESCE(e.workflow_id, {_NO_WORKFLOW}) = COALESCE(n.workflow_id, {_NO_WORKFLOW})
"""

# Locks are taken in one order, executions before batches and then by id, so that no two claims wait for each other in a
# circle. The condition is checked again on rows that had to be waited for. One that is queued can only be cancelled.
# Suspects come one at a time, and not beside one that is watched. Other rows are looked at for suspects only.
_WANTS_ATTENTION = """{row}.worker_id IS NULL AND (
        NOT {row}.is_queued AND ({row}.due_at <= $3 OR {row}.due_at <= {row}.created_at)
        OR EXISTS (
          SELECT FROM execution_command c
          WHERE c.execution_id = {row}.id AND (c.kind = 'CANCEL' OR NOT {row}.is_queued)
        )
      )"""
CLAIM = f"""
WITH wanted AS (
  SELECT id FROM workflow_execution w
  WHERE w.id = ANY ($1::uuid[])
    AND w.status NOT IN ('COMPLETED', 'FAILED', 'CANCELLED', 'TIMED_OUT')
    AND (
      w.worker_id = $2
      OR {_WANTS_ATTENTION.format(row="w")} AND (w.crashes < {SUSPECT_AFTER} OR w.id = (
        SELECT s.id FROM workflow_execution s
        WHERE s.id = ANY ($1::uuid[]) AND s.crashes >= {SUSPECT_AFTER}
          AND s.status NOT IN ('COMPLETED', 'FAILED', 'CANCELLED', 'TIMED_OUT')
          AND {_WANTS_ATTENTION.format(row="s")}
        ORDER BY s.crashes, s.id LIMIT 1
      ) AND NOT EXISTS (
        SELECT FROM workflow_execution h
        WHERE h.worker_id = $2 AND h.crashes >= {SUSPECT_AFTER} AND h.id <> ALL ($4::uuid[])
      ))
    )
  ORDER BY w.is_batch, w.id FOR NO KEY UPDATE
)
UPDATE workflow_execution e SET worker_id = $2, epoch = e.epoch + 1, due_at = NULL
FROM wanted WHERE e.id = wanted.id
RETURNING {EXECUTION_COLUMNS},
  EXISTS (SELECT FROM execution_command c WHERE c.execution_id = e.id) AS has_commands,
  NOT e.is_batch AND EXISTS (SELECT FROM workflow_execution b WHERE b.parent_id = e.id AND b.is_batch) AS has_batches
"""

STEPS_OF = f"SELECT {WHOLE_STEP_COLUMNS} FROM step_execution s WHERE s.execution_id = ANY ($1::uuid[])"

COMMANDS_OF = "SELECT * FROM execution_command WHERE execution_id = ANY ($1::uuid[]) ORDER BY id"

# One row, of NULLs, for an execution without commands; none where there is no execution.
COMMANDS = """
SELECT c.* FROM workflow_execution e
LEFT JOIN execution_command c ON c.execution_id = e.id AND c.id <> ALL ($2::uuid[])
WHERE e.id = $1 ORDER BY c.id
"""

# The lock makes the answer true for as long as it matters: a worker that lets go does so before or after, not between.
LOCK_FOR_COMMANDS = """
SELECT id, status, worker_id FROM workflow_execution WHERE id = ANY ($1::uuid[])
ORDER BY is_batch, id FOR NO KEY UPDATE
"""

ADD_COMMANDS = """
INSERT INTO execution_command (id, execution_id, kind, payload, created_at)
SELECT n.id, n.execution_id, n.kind, n.payload, timestamptz 'epoch' + n.created_at * interval '1 microsecond'
FROM unnest($1::new_command[]) n
ON CONFLICT (id) DO NOTHING
"""

# Tells parents that have not ended.
NOTIFY = """
INSERT INTO execution_command (id, execution_id, kind, payload, created_at)
SELECT n.id, n.execution_id, n.kind, n.payload, timestamptz 'epoch' + n.created_at * interval '1 microsecond'
FROM unnest($1::new_command[]) n JOIN workflow_execution p ON p.id = n.execution_id
WHERE p.status IN ('PENDING', 'RUNNING', 'WAITING', 'PAUSED')
ON CONFLICT (id) DO NOTHING
"""

COMMANDED = """
SELECT DISTINCT execution_id
FROM execution_command JOIN workflow_execution ON workflow_execution.id = execution_id
WHERE worker_id = $1
"""

HOLDERS = """
SELECT id, worker_id FROM workflow_execution
WHERE id = ANY ($1::uuid[]) AND status IN ('PENDING', 'RUNNING', 'WAITING', 'PAUSED')
"""

# Copies of what another execution had done: at the sequence of the bare start.
COPY_STEPS = """
INSERT INTO step_execution (
  execution_id, sequence, path, position, step_id, type, status, attempts, input, output, error, waiting_for,
  due_at, started_at, finished_at, checkpoint
)
SELECT
  ($2::uuid[])[s.ordinal + 1], 0, s.path, s.position, s.step_id, s.type, s.status, s.attempts, s.input, s.output,
  s.error, s.waiting_for,
  timestamptz 'epoch' + s.due_at * interval '1 microsecond',
  timestamptz 'epoch' + s.started_at * interval '1 microsecond',
  timestamptz 'epoch' + s.finished_at * interval '1 microsecond',
  s.checkpoint
FROM unnest($1::step_change_2[]) s
"""

_REMOVE = """
), batches AS (
  DELETE FROM workflow_execution b USING doomed WHERE b.parent_id = doomed.id AND b.is_batch
), steps AS (
  DELETE FROM step_execution s USING doomed WHERE s.execution_id = doomed.id
), family AS (
  DELETE FROM execution_family f USING doomed WHERE f.root_id = doomed.id
), carried AS (
  DELETE FROM carried_step c USING doomed WHERE c.execution_id = doomed.id
), commands AS (
  DELETE FROM execution_command c USING doomed WHERE c.execution_id = doomed.id
)
DELETE FROM workflow_execution e USING doomed WHERE e.id = doomed.id
RETURNING e.id
"""

# Executions that were started by one that is deleted, or are retries of it, keep its id.
DELETE = f"""
WITH doomed AS (
  SELECT e.id FROM workflow_execution e
  WHERE e.id = ANY ($1::uuid[]) AND e.is_batch::int = 0
    AND e.status IN ('COMPLETED', 'FAILED', 'CANCELLED', 'TIMED_OUT')
  ORDER BY e.id FOR UPDATE
{_REMOVE}"""

# No index knows when executions have ended. Ids sort by creation, and what has an id above $1 was created too late to
# have ended by then: this walks from the oldest on, over those that live long, and ends at the first that is too young.
PRUNE = f"""
WITH doomed AS (
  SELECT e.id FROM workflow_execution e
  WHERE e.id < $1 AND NOT e.is_batch AND e.status IN ('COMPLETED', 'FAILED', 'CANCELLED', 'TIMED_OUT')
    AND e.finished_at < $2 AND NOT EXISTS (
      SELECT FROM workflow_execution p
      WHERE p.id = e.parent_id AND p.status NOT IN ('COMPLETED', 'FAILED', 'CANCELLED', 'TIMED_OUT')
    )
  ORDER BY e.id LIMIT $3 FOR UPDATE OF e SKIP LOCKED
{_REMOVE}"""
