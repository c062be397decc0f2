"""Metrics as clients see them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

import strawberry

from domain.metrics.model import EXECUTIONS, Tally
from domain.metrics.service import MetricsRange
from graphql_api.context import Info
from graphql_api.kit.enums import StepType, step_type
from graphql_api.metrics.loaders import MetricsLoaders, TimelineWanted, TotalsWanted

_LARGEST = 2**31 - 1
"""The largest Int of GraphQL; larger numbers are shown as this."""


@strawberry.type(
    description="Statistics of durations. The mean is exact, a quantile within 5 %; PT0S where there are none."
)
class DurationStats:
    """Statistics of durations."""

    mean: timedelta
    p50: timedelta
    p95: timedelta
    p99: timedelta

    @classmethod
    def from_record(cls, tally: Tally) -> "DurationStats":
        """The durations as clients see them."""
        p50, p95, p99 = tally.durations.quantiles((0.50, 0.95, 0.99))
        return cls(mean=tally.mean, p50=p50, p95=p95, p99=p99)


@strawberry.type(description="The steps of one type. They are counted when their execution ends.")
class StepMetrics:
    """The steps of one type."""

    type: StepType
    executions: int = strawberry.field(description="Steps that began and ended; those that were skipped did not.")
    failures: int
    retries: int = strawberry.field(description="Attempts after the first of each step.")
    duration: DurationStats

    @classmethod
    def from_record(cls, type: str, tally: Tally) -> "StepMetrics":
        """The steps of one type as clients see them."""
        return cls(
            type=step_type(type),
            executions=_shown(tally.ended),
            failures=_shown(tally.failed),
            retries=_shown(tally.retries),
            duration=DurationStats.from_record(tally),
        )


@strawberry.type(description="A part of a timeline.")
class MetricsBucket:
    """A part of a timeline."""

    at: datetime = strawberry.field(description="Its start.")
    started: int
    completed: int
    failed: int
    p50: timedelta | None = strawberry.field(
        description="The median of the durations of executions that ended in it; null where none did."
    )
    p95: timedelta | None = strawberry.field(
        description="The 95th percentile of the durations of executions that ended in it; null where none did."
    )

    @classmethod
    def from_record(cls, at: datetime, tally: Tally) -> "MetricsBucket":
        """The bucket as clients see it."""
        p50, p95 = tally.durations.quantiles((0.50, 0.95)) if tally.durations else (None, None)
        return cls(
            at=at,
            started=_shown(tally.started),
            completed=_shown(tally.completed),
            failed=_shown(tally.failed),
            p50=p50,
            p95=p95,
        )


@strawberry.type(
    description="Counts and durations of the executions that started or ended in a range of time. "
    "They are counted about a second later, each exactly once, and stay counted when they are deleted."
)
class OrchestrationMetrics:
    """Counts and durations of the executions in a range of time."""

    from_: datetime = strawberry.field(
        name="from",
        description="The start of the range covered: from and to move outwards to whole minutes; where those are kept "
        "no longer, to whole hours or days.",
    )
    to: datetime = strawberry.field(description="The end of the range covered, and no part of it.")
    started: int
    completed: int
    failed: int = strawberry.field(description="Failed or timed out.")
    cancelled: int
    success_rate: float = strawberry.field(
        description="The share of those that completed among those that completed or failed; 1 where there are none."
    )
    duration: DurationStats = strawberry.field(description="From the start of an execution to its end.")
    steps: list[StepMetrics] = strawberry.field(description="One for each type that occurred, by name.")
    series: strawberry.Private[UUID]
    covered: strawberry.Private[MetricsRange]

    @strawberry.field(description="Executions that run right now, whatever the range; those that wait do not count.")
    async def running(self, info: Info) -> int:
        return _shown(await info.context.shared(MetricsLoaders).running.load(self.series))

    @strawberry.field(
        description="The range in parts of this length, empty ones too. They begin at whole multiples of it since 1970 "
        "in UTC; the first and the last may be shorter. A multiple of a minute, and at most 2,000 parts."
    )
    async def timeline(self, info: Info, bucket: timedelta = timedelta(minutes=1)) -> list[MetricsBucket]:
        info.context.spend_rows(info.context.services.metrics.points_of(self.covered, bucket))
        points = await info.context.shared(MetricsLoaders).timelines.load(
            TimelineWanted(self.series, self.covered, bucket)
        )
        return [MetricsBucket.from_record(at, tally) for at, tally in points]

    @classmethod
    def from_record(cls, series: UUID, covered: MetricsRange, totals: Mapping[str, Tally]) -> "OrchestrationMetrics":
        """The metrics of a series as clients see them."""
        tally = totals.get(EXECUTIONS, Tally())
        return cls(
            from_=covered.start,
            to=covered.end,
            started=_shown(tally.started),
            completed=_shown(tally.completed),
            failed=_shown(tally.failed),
            cancelled=_shown(tally.cancelled),
            success_rate=tally.success_rate,
            duration=DurationStats.from_record(tally),
            steps=[StepMetrics.from_record(type, totals[type]) for type in sorted(totals) if type != EXECUTIONS],
            series=series,
            covered=covered,
        )


async def load_metrics(info: Info, series: UUID, start: datetime | None, end: datetime | None) -> OrchestrationMetrics:
    """The metrics of a series. Raises `InvalidInput` for a malformed range."""
    covered = info.context.services.metrics.range_of(
        None if start is strawberry.UNSET else start, None if end is strawberry.UNSET else end
    )
    totals = await info.context.shared(MetricsLoaders).totals.load(TotalsWanted(series, covered))
    return OrchestrationMetrics.from_record(series, covered, totals)


def _shown(count: int) -> int:
    return min(count, _LARGEST)
