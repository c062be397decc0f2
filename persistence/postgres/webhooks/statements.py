"""The statements of delivering to webhooks: each is for many endpoints, attempts or events at once."""

from persistence.postgres.webhooks.rows import EVENT_COLUMNS, WEBHOOK_COLUMNS

# Each endpoint is looked at with two probes of an index, however much waits for it. Scalar subqueries, unlike EXISTS,
# are never turned into a look at everything that waits. Those come first that were served longest ago.
CLAIM = f"""
WITH ready AS (
  SELECT w.id FROM webhook w
  WHERE w.enabled AND w.direction = 'OUTBOUND' AND COALESCE((w.failing_since IS NOT NULL) = $5::boolean, true)
    AND COALESCE(w.lease_until <= $1, true) AND COALESCE(w.throttled_until <= $1, true)
    AND COALESCE(
      CASE WHEN COALESCE(w.paused_until <= $1, true) THEN (
        SELECT true FROM webhook_event e WHERE e.webhook_id = w.id AND e.status = 'PENDING' AND e.attempt_count = 0
        LIMIT 1
      ) END,
      (
        SELECT true FROM webhook_event e
        WHERE e.webhook_id = w.id AND e.status = 'PENDING' AND e.attempt_count > 0 AND e.next_attempt_at <= $1
        LIMIT 1
      ),
      false
    )
  ORDER BY w.lease_until NULLS FIRST LIMIT $2 FOR NO KEY UPDATE OF w SKIP LOCKED
)
UPDATE webhook w SET lease_id = $3, lease_until = $4 FROM ready WHERE w.id = ready.id
RETURNING {WEBHOOK_COLUMNS}, w.failures, w.paused_until, COALESCE(w.paused_until <= $1, true) AS is_open
"""

# As `CLAIM` looks at endpoints, with what it waits for: GREATEST and LEAST leave NULL out.
NEXT_DUE = """
SELECT min(GREATEST($1::timestamptz, w.lease_until, w.throttled_until, due.at)) FROM webhook w CROSS JOIN LATERAL (
  SELECT LEAST(
    (
      SELECT COALESCE(w.paused_until, $1) FROM webhook_event e
      WHERE e.webhook_id = w.id AND e.status = 'PENDING' AND e.attempt_count = 0 LIMIT 1
    ),
    (
      SELECT e.next_attempt_at FROM webhook_event e
      WHERE e.webhook_id = w.id AND e.status = 'PENDING' AND e.attempt_count > 0 ORDER BY e.next_attempt_at LIMIT 1
    )
  ) AS at
) due
WHERE w.enabled AND w.direction = 'OUTBOUND' AND due.at IS NOT NULL
"""

RENEW = f"""
UPDATE webhook w SET lease_until = $3
WHERE w.id = $1 AND w.lease_id = $2 AND w.enabled AND COALESCE(w.throttled_until <= $4, true)
RETURNING {WEBHOOK_COLUMNS}, w.failures, w.paused_until, COALESCE(w.paused_until <= $4, true) AS is_open
"""

DUE = f"""
SELECT e.* FROM unnest($1::uuid[], $2::boolean[]) endpoint (id, is_open) CROSS JOIN LATERAL (
  (
    SELECT {EVENT_COLUMNS} FROM webhook_event e
    WHERE endpoint.is_open AND e.webhook_id = endpoint.id AND e.status = 'PENDING' AND e.attempt_count = 0
    ORDER BY e.position LIMIT $4
  ) UNION ALL (
    SELECT {EVENT_COLUMNS} FROM webhook_event e
    WHERE e.webhook_id = endpoint.id AND e.status = 'PENDING' AND e.attempt_count > 0 AND e.next_attempt_at <= $3
    ORDER BY e.next_attempt_at LIMIT $4
  )
) e
"""

RELEASE = "UPDATE webhook SET lease_id = NULL, lease_until = NULL WHERE id = $1 AND lease_id = $2"

# What was delivered was delivered, also by one whose lease is over; the rest is for whoever serves the endpoint now.
RECORD = """
WITH made AS (
  SELECT * FROM unnest(
    $1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[], $6::text[], $7::int[], $8::text[],
    $9::timestamptz[], $10::int[], $11::timestamptz[], $12::timestamptz[], $13::timestamptz[], $14::timestamptz[]
  ) made (
    event_id, webhook_id, lease_id, attempt, at, status, status_code, error,
    next_attempt_at, failures, failing_since, paused_until, throttled_until, lease_until
  )
), held AS (
  UPDATE webhook w SET
    failures = made.failures, failing_since = made.failing_since, paused_until = made.paused_until,
    throttled_until = made.throttled_until,
    lease_until = COALESCE(made.lease_until, made.at),
    lease_id = CASE WHEN made.lease_until IS NOT NULL THEN w.lease_id END
  FROM made WHERE w.id = made.webhook_id AND w.lease_id = made.lease_id
  RETURNING w.id, made.event_id
)
UPDATE webhook_event e SET
  attempts = e.attempts || made.attempt::jsonb,
  attempt_count = e.attempt_count + 1,
  last_status_code = made.status_code,
  last_error = made.error,
  failures = CASE WHEN made.error IS NULL THEN 0 ELSE e.failures + 1 END,
  status = CASE WHEN counts.it THEN made.status ELSE e.status END,
  next_attempt_at = CASE WHEN counts.it THEN made.next_attempt_at ELSE e.next_attempt_at END,
  delivered_at = CASE WHEN counts.it AND made.status = 'DELIVERED' THEN made.at ELSE e.delivered_at END
FROM made LEFT JOIN held ON held.event_id = made.event_id
CROSS JOIN LATERAL (SELECT held.id IS NOT NULL OR made.status = 'DELIVERED') counts (it)
WHERE e.id = made.event_id AND e.status = 'PENDING'
"""

DISABLE = """
UPDATE webhook SET enabled = false, disabled_reason = $3, updated_at = $4
WHERE id = $1 AND lease_id = $2 AND enabled RETURNING name
"""

RECORD_CALLS = """
INSERT INTO webhook_event AS e (
  id, webhook_id, execution_id, event_type, payload, created_at, attempts, attempt_count, status, last_status_code,
  last_error, delivered_at
)
SELECT
  call.id, w.id, call.execution_id, call.event_type, call.payload, call.at, jsonb_build_array(call.attempt::jsonb), 1,
  CASE WHEN call.error IS NULL THEN 'DELIVERED' ELSE 'FAILED' END, call.status_code, call.error,
  CASE WHEN call.error IS NULL THEN call.at END
FROM unnest(
  $1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::json[], $6::timestamptz[], $7::text[], $8::int[], $9::text[]
) call (id, webhook_id, execution_id, event_type, payload, at, attempt, status_code, error)
JOIN webhook w ON w.id = call.webhook_id
FOR KEY SHARE OF w
ON CONFLICT (id) DO UPDATE SET
  payload = excluded.payload,
  attempts = e.attempts || excluded.attempts,
  attempt_count = e.attempt_count + 1,
  status = excluded.status,
  last_status_code = excluded.last_status_code,
  last_error = excluded.last_error,
  delivered_at = excluded.delivered_at
"""

# Ids begin with the time, so that what is old is found by them; a step may have made its event's id long before.
FORGET = """
DELETE FROM webhook_event WHERE id IN (
  SELECT e.id FROM webhook_event e
  WHERE e.id < $1 AND e.created_at < $2 AND (
    e.status <> 'PENDING' OR NOT EXISTS (SELECT FROM webhook w WHERE w.id = e.webhook_id AND w.enabled)
  )
  ORDER BY e.id LIMIT $3 FOR UPDATE SKIP LOCKED
) RETURNING id
"""
