"""Metrics of executions, read from PostgreSQL."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.metrics.model import EVERYTHING, EXECUTIONS, ORCHESTRATIONS, Resolution, Span, Tally
from domain.workflows.steps.registry import step_kinds
from persistence.postgres.connections.database import Database
from persistence.postgres.metrics.counting import tally_of

# One walk along the key for each series, step type and span. Histograms are added outside, which takes less time than
# here; that they come together makes few rows of many. $6 is the length of the parts, NULL for one that has it all.
ROWS = """
SELECT
  m.workflow_id, m.step_type, date_bin($6::interval, m.at, 'epoch'::timestamptz) AS at,
  sum(m.started)::bigint AS started, sum(m.completed)::bigint AS completed, sum(m.failed)::bigint AS failed,
  sum(m.cancelled)::bigint AS cancelled, sum(m.retries)::bigint AS retries,
  least(sum(m.microseconds), 9223372036854775807)::bigint AS microseconds, array_agg(m.durations) AS durations
FROM unnest($1::uuid[]) AS w (id)
CROSS JOIN unnest($2::text[]) AS t (step_type)
CROSS JOIN unnest($3::int[], $4::timestamptz[], $5::timestamptz[]) AS r (resolution, first, past)
CROSS JOIN LATERAL (
  SELECT * FROM orchestration_metrics o
  WHERE o.workflow_id = w.id AND o.step_type = t.step_type AND o.resolution = r.resolution
    AND o.at >= r.first AND o.at < r.past
  OFFSET 0
) m
GROUP BY 1, 2, 3
"""

# By the index of statuses, in which those that sleep are elsewhere: as many rows as the workers hold.
RUNNING = """
SELECT coalesce(workflow_id, $1) AS workflow_id, count(*) AS running FROM workflow_execution
WHERE status = 'RUNNING' AND NOT is_batch GROUP BY 1
"""

PRUNE = """
DELETE FROM orchestration_metrics WHERE ctid IN (
  SELECT ctid FROM orchestration_metrics
  WHERE resolution = $1 AND at < $2 AND resolution < 86400 LIMIT $3 FOR UPDATE SKIP LOCKED
)
"""


class PostgresMetricsStore:
    """Implements `domain.metrics.ports.MetricsStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def totals(self, series: Collection[UUID], spans: Sequence[Span]) -> Mapping[UUID, Mapping[str, Tally]]:
        totals: dict[UUID, dict[str, Tally]] = {each: {} for each in series}
        for row in await self._rows(series, [EXECUTIONS, *step_kinds()], spans, None):
            totals[row["workflow_id"]][row["step_type"]] = tally_of(row, *row["durations"])
        return totals

    async def points(
        self, series: Collection[UUID], spans: Sequence[Span], length: timedelta
    ) -> Mapping[UUID, Mapping[datetime, Tally]]:
        points: dict[UUID, dict[datetime, Tally]] = {each: {} for each in series}
        for row in await self._rows(series, [EXECUTIONS], spans, length):
            points[row["workflow_id"]][row["at"]] = tally_of(row, *row["durations"])
        return points

    async def _rows(
        self, series: Collection[UUID], kinds: Sequence[str], spans: Sequence[Span], length: timedelta | None
    ) -> Sequence[Any]:
        if not series or not spans:
            return []
        resolutions, starts, ends = zip(*spans, strict=True)
        return await self._database.fetch(ROWS, list(series), kinds, resolutions, starts, ends, length)

    async def running(self, series: Collection[UUID]) -> Mapping[UUID, int]:
        found: dict[UUID, int] = defaultdict(int)
        for row in await self._database.fetch(RUNNING, ORCHESTRATIONS):
            found[row["workflow_id"]] += row["running"]
            found[EVERYTHING] += row["running"]
        return {each: found[each] for each in series}

    async def prune(self, *, minutes_before: datetime, hours_before: datetime, limit: int) -> int:
        pruned = 0
        for resolution, before in ((Resolution.MINUTE, minutes_before), (Resolution.HOUR, hours_before)):
            if pruned < limit:
                async with self._database.connection() as connection:
                    done = await connection.execute(PRUNE, int(resolution), before, limit - pruned)
                pruned += int(done.rpartition(" ")[2])
        return pruned
