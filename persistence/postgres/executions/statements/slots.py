"""Statements for slots: the limit on executions of a workflow that run at a time, and the order of those that queue.

A slot is held by every execution of the workflow that has not ended and is not queued: it is never stored, so none can
leak. Slots are only given under the workflow's lock, by whoever creates or admits; ends take no lock.
"""

_FAMILY = 0x5357_0003
"""The seed that keeps these advisory locks apart from others."""

LOCK = f"""
SELECT pg_advisory_xact_lock(key)
FROM (
  SELECT DISTINCT hashtextextended(id::text, {_FAMILY}) AS key FROM unnest($1::uuid[]) workflow (id) ORDER BY key
) locks
"""

# No more are counted than matter.
HELD = """
SELECT count(*) FROM (
  SELECT FROM workflow_execution e
  WHERE e.workflow_id = $1 AND NOT e.is_queued AND e.status IN ('PENDING', 'RUNNING', 'WAITING', 'PAUSED') LIMIT $2
) held
"""

IS_WAITED_FOR = """
SELECT EXISTS (
  SELECT FROM workflow_execution e WHERE e.workflow_id = $1 AND e.is_queued AND e.start_at IS NULL
) OR EXISTS (
  SELECT FROM workflow_execution e WHERE e.workflow_id = $1 AND e.is_queued AND e.start_at <= $2
)
"""

# One whose start has come waits for nothing but a slot.
WAIT_FOR_SLOT = """
WITH come AS (
  SELECT e.id FROM workflow_execution e WHERE e.workflow_id = $1 AND e.is_queued AND e.start_at <= $2
  ORDER BY e.id FOR NO KEY UPDATE
)
UPDATE workflow_execution e SET start_at = NULL, waiting_for = '{"kind":"CONCURRENCY","until":null,"detail":null}'
FROM come WHERE e.id = come.id
"""

# Chosen by priority, locked in the order of ids.
ADMIT = """
WITH next AS MATERIALIZED (
  SELECT e.id FROM workflow_execution e
  WHERE e.workflow_id = $1 AND e.is_queued AND e.start_at IS NULL AND e.worker_id IS NULL
  ORDER BY e.priority DESC, e.id LIMIT $2
), taken AS (
  SELECT e.id FROM workflow_execution e
  WHERE e.id IN (SELECT id FROM next) AND e.is_queued AND e.worker_id IS NULL ORDER BY e.id FOR NO KEY UPDATE
)
UPDATE workflow_execution e SET
  is_queued = false, due_at = e.created_at, waiting_for = '{"kind":"WORKER","until":null,"detail":null}'
FROM taken WHERE e.id = taken.id
RETURNING e.id
"""
