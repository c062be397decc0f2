"""Counting events into the buckets of metrics, in the transaction that takes them from the outbox."""

import math
from collections.abc import Mapping, Sequence

import asyncpg

from domain.metrics.histograms import FIRST_GROWING, GROWTH, Histogram
from domain.metrics.model import BucketKey, Counted, StepTally, Tally, add_steps, buckets_of, executions_counted
from domain.outbox.events import OutboxEvent
from persistence.postgres.connections.lending import Connection

# The steps of executions that were deleted meanwhile are not found, and so not counted. One that was skipped, or was
# cancelled before it began, was never executed.
STEPS = f"""
WITH step AS (
  SELECT
    e.bucket, s.type, s.status, s.retries,
    greatest(round(date_part('epoch', s.finished_at - s.started_at) * 1e6), 0) AS length
  FROM unnest($1::uuid[], $2::int[]) AS e (id, bucket) CROSS JOIN LATERAL (
    SELECT
      type, status, started_at, finished_at,
      CASE WHEN attempts IS NULL THEN 0 ELSE greatest(json_array_length(attempts) - 1, 0) END AS retries
    FROM step_execution
    WHERE execution_id = e.id AND (
      status IN ('COMPLETED', 'FAILED') OR status = 'CANCELLED' AND started_at IS NOT NULL
    )
    OFFSET 0
  ) s
), binned AS (
  SELECT
    *, CASE WHEN length < {FIRST_GROWING} THEN length ELSE floor(ln(length) / {math.log(GROWTH)!r}) END::int AS bin
  FROM step
)
SELECT bucket, type, status, bin, count(*), sum(retries), least(coalesce(sum(length), 0), 9e18)::bigint
FROM binned GROUP BY bucket, type, status, bin
"""

# Nobody else changes these rows meanwhile: one relays at a time (persistence/postgres/outbox_relay.py).
KNOWN = """
SELECT m.*
FROM unnest($1::uuid[], $2::text[], $3::int[], $4::timestamptz[]) AS k (workflow_id, step_type, resolution, at)
CROSS JOIN LATERAL (
  SELECT * FROM orchestration_metrics o
  WHERE o.workflow_id = k.workflow_id AND o.step_type = k.step_type AND o.resolution = k.resolution AND o.at = k.at
  OFFSET 0
) m
"""

STORE = """
INSERT INTO orchestration_metrics (
  workflow_id, step_type, resolution, at, started, completed, failed, cancelled, retries, microseconds, durations
)
SELECT
  workflow_id, step_type, resolution, at, started, completed, failed, cancelled, retries, microseconds, durations
FROM unnest($1::metrics_change[])
ON CONFLICT (workflow_id, step_type, resolution, at) DO UPDATE SET
  started = excluded.started, completed = excluded.completed, failed = excluded.failed,
  cancelled = excluded.cancelled, retries = excluded.retries, microseconds = excluded.microseconds,
  durations = excluded.durations
"""


async def count(connection: Connection, taken: Sequence[tuple[int, OutboxEvent]]) -> Counted:
    """Add these events, each with its position in the outbox, to the buckets; returns the added counts, by minute.

    Three statements, however many events and steps there are.
    """
    counted, ended = executions_counted(event for _, event in taken)
    if ended.ids:
        rows = await connection.fetch(STEPS, ended.ids, ended.numbers)
        add_steps(counted, ended, (StepTally(*row) for row in rows))
    buckets = buckets_of(counted)
    if buckets:
        for row in await connection.fetch(KNOWN, *zip(*buckets, strict=True)):
            buckets[key_of(row)].add(tally_of(row, row["durations"]))
        await connection.execute(STORE, _changes(buckets))
    return counted


def key_of(row: asyncpg.Record) -> BucketKey:
    """The key of the bucket that a row of orchestration_metrics is."""
    return BucketKey(row["workflow_id"], row["step_type"], row["resolution"], row["at"])


def tally_of(row: asyncpg.Record, *durations: bytes) -> Tally:
    """The tally of a row of orchestration_metrics, or of a sum of several, with the histograms of all of them."""
    return Tally(
        started=row["started"],
        completed=row["completed"],
        failed=row["failed"],
        cancelled=row["cancelled"],
        retries=row["retries"],
        microseconds=row["microseconds"],
        durations=Histogram.unpacked(*durations),
    )


def _changes(buckets: Mapping[BucketKey, Tally]) -> list[tuple[object, ...]]:
    return [
        (
            *key,
            tally.started,
            tally.completed,
            tally.failed,
            tally.cancelled,
            tally.retries,
            tally.microseconds,
            tally.durations.packed(),
        )
        for key, tally in buckets.items()
    ]
