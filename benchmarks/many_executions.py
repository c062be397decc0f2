"""Many stored executions, as years of use leave them, and what the console asks of them."""

from typing import Any
from uuid import UUID

from persistence.postgres.connections.lending import Connection

_BATCH = 100_000

# Ten a second up to now. Of a hundred, ninety have COMPLETED, six FAILED and two are CANCELLED; of the others every
# fiftieth waits or runs, and the rest has COMPLETED too: what goes on is a few hundred, as it is beside a million ends.
# Of the five steps that each has had, the first is stored.
_FILL = """
WITH stored AS (
INSERT INTO workflow_execution (
  id, definition_id, workflow_id, workflow_version, status, labels, priority, created_at, started_at, finished_at,
  idempotency_key, sequence, steps_total, steps_completed, steps_failed, steps_running, steps_ended, epoch, crashes,
  error, waiting_for, trigger, trigger_id
)
SELECT
  (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7000' || lpad(to_hex(n), 16, '8'))::uuid,
  w.definition_id, w.id, 1, status,
  jsonb_build_object('region', (ARRAY['eu', 'us', 'asia'])[1 + n / 7 % 3], 'customer', 'customer ' || n / 11 % 500),
  0, at, at, CASE WHEN status IN ('COMPLETED', 'FAILED', 'CANCELLED') THEN at + n % 700 * interval '0.1 s' END,
  'key-' || n, 9, 5, 5, 0, 0, 5, 1, 0,
  CASE WHEN status = 'FAILED' THEN json_build_object(
    'code', (ARRAY['TIMEOUT', 'HTTP_ERROR', 'INTERNAL'])[1 + n / 100 % 3], 'path', 'step' || n / 300 % 4,
    'message', 'it failed'
  ) END,
  CASE WHEN status = 'WAITING' THEN json_build_object(
    'kind', 'CIRCUIT_BREAKER', 'until', NULL, 'detail', 'step: svc:443'
  ) END,
  CASE n / 13 % 4 WHEN 0 THEN 'SCHEDULE' ELSE 'API' END, CASE n / 13 % 4 WHEN 0 THEN $4::uuid END
FROM (
  SELECT n, now() - ($3::int - n) * interval '0.1 s' AS at,
    CASE
      WHEN n % 100 < 6 THEN 'FAILED' WHEN n % 100 < 8 THEN 'CANCELLED'
      WHEN $5::bool AND n % 5000 = 8 THEN 'RUNNING' WHEN $5 AND n % 5000 = 9 THEN 'WAITING' ELSE 'COMPLETED'
    END AS status
  FROM generate_series($1::int, $2::int - 1) n
) e
JOIN (SELECT row_number() OVER (ORDER BY id) - 1 AS number, id, definition_id FROM workflow) w
  ON w.number = e.n / 17 % (SELECT count(*) FROM workflow)
RETURNING id, created_at
)
INSERT INTO step_execution (
  execution_id, path, sequence, position, step_id, type, status, attempts, output, started_at, finished_at
)
SELECT
  id, 'a', 2, 'a', 'a', 'DATA_TRANSFORM', 'COMPLETED', NULL, json_build_object('of', id), created_at, created_at
FROM stored
"""
PAGE = """
query ($filter: ExecutionFilter, $order: ExecutionOrder) {
  executions(filter: $filter, first: 50, orderBy: $order) {
    nodes {
      id status createdAt startedAt finishedAt duration labels workflowVersion workflow { id name }
      progress { completed total failed } error { code message path } waitingFor { kind until detail }
    }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""
_FAILED = {"status": ["FAILED"]}


def console_filters(workflow: str, schedule: str) -> dict[str, dict[str, Any]]:
    """The filters of the console by name: alone, and beside a workflow. Both are public ids."""
    of = {"workflowId": workflow}
    alone: dict[str, dict[str, Any]] = {
        "nothing": {},
        "COMPLETED": {"status": ["COMPLETED"]},
        "FAILED": _FAILED,
        "RUNNING": {"status": ["RUNNING"]},
        "RUNNING or WAITING": {"status": ["RUNNING", "WAITING"]},
        "error": {"errorCode": "TIMEOUT"},
        "failed step": {"failedStep": "step1", **_FAILED},
        "label": {"labels": {"region": "eu"}},
        "label, FAILED": {"labels": {"region": "eu"}, **_FAILED},
        "rare label": {"labels": {"customer": "customer 77"}},
        "text in labels": {"labelText": "asia"},
        "waits for a breaker": {"waitingFor": {"kind": "CIRCUIT_BREAKER"}},
        "waits for a service": {"waitingFor": {"service": "svc:443"}},
        "trigger": {"trigger": "SCHEDULE"},
        "trigger, FAILED": {"trigger": "SCHEDULE", **_FAILED},
        "schedule": {"triggerId": schedule},
        "longer than 1 min": {"longerThan": "PT1M"},
        "longer than 1 min, FAILED": {"longerThan": "PT1M", **_FAILED},
        "no such label": {"labels": {"region": "moon"}},
    }
    return alone | {f"workflow, {name}": {**parts, **of} for name, parts in alone.items()}


async def store_executions(
    connection: Connection, first: int, last: int, most: int, *, schedule: UUID, living: bool
) -> None:
    """Store the executions of these numbers, of `most` in all, for the workflows that are there.

    `living`: some wait and run, which must not be where workers would take them up.
    """
    for start in range(first, last, _BATCH):
        stop = min(start + _BATCH, last)
        await connection.execute(_FILL, start, stop, most, schedule, living, timeout=900)
