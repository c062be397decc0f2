"""Queries of metrics: the range that is asked for, its totals, and its timeline."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from domain.kernel.clock import Clock
from domain.kernel.errors import InvalidInput, Problem
from domain.metrics.model import Resolution, Tally, ceiling, floor, spans_of
from domain.metrics.ports import MetricsStore

DEFAULT_RANGE = timedelta(hours=24)
LONGEST_RANGE = timedelta(days=3_660)
MOST_POINTS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsRetention:
    """The times for which buckets of a minute and of an hour are kept; those of a day are kept for ever."""

    minutes: timedelta = timedelta(days=35)
    hours: timedelta = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class MetricsRange:
    """A range whose ends are whole buckets of `resolution`; `end` is exclusive."""

    start: datetime
    end: datetime
    resolution: Resolution


class MetricsService:
    """Use cases of metrics. Series are those of `MetricsStore`."""

    def __init__(self, *, metrics: MetricsStore, clock: Clock, retention: MetricsRetention | None = None) -> None:
        self._metrics = metrics
        self._clock = clock
        self._retention = retention or MetricsRetention()

    def range_of(self, start: datetime | None, end: datetime | None) -> MetricsRange:
        """The range that is covered: by default the last 24 hours, up to now.

        Both ends move outwards to a whole minute; where minutes, or hours, are no longer kept, to a whole hour, or a
        whole day in UTC. Raises `InvalidInput` where it is empty or too long.
        """
        now = self._clock.now()
        end = now if end is None else end
        try:
            start = end - DEFAULT_RANGE if start is None else start
            if end < start:
                raise _invalid("to", "to is before from.", "Leave out from for the 24 hours before to.")
            if end - start > LONGEST_RANGE:
                raise _invalid("from", f"A range is at most {LONGEST_RANGE.days:,} days long.", "Ask for a part of it.")
            resolution = self._resolution_at(start, now)
            length = timedelta(seconds=resolution)
            first, last = floor(start, length), ceiling(end, length)
            return MetricsRange(first, max(last, first + length), resolution)
        except OverflowError:
            raise _invalid("from", "The range reaches beyond the calendar.", "Ask for a later from.") from None

    def _resolution_at(self, start: datetime, now: datetime) -> Resolution:
        """The finest buckets that are still kept of that time."""
        if start < now - self._retention.hours:
            return Resolution.DAY
        return Resolution.HOUR if start < now - self._retention.minutes else Resolution.MINUTE

    async def totals(self, series: Collection[UUID], covered: MetricsRange) -> Mapping[UUID, Mapping[str, Tally]]:
        """The totals of a range, by series and step type."""
        return await self._metrics.totals(series, list(spans_of(covered.start, covered.end)))

    async def running(self, series: Collection[UUID]) -> Mapping[UUID, int]:
        """The number of executions that run right now, by series."""
        return await self._metrics.running(series)

    def points_of(self, covered: MetricsRange, bucket: timedelta) -> int:
        """The number of points of a timeline. Raises `InvalidInput` as `timeline` does."""
        least = timedelta(seconds=covered.resolution)
        if bucket <= timedelta(0) or bucket % least:
            name = covered.resolution.name.lower()
            raise _invalid(
                "bucket", f"bucket must be a multiple of one {name} here.", f"Use {_TEXTS[covered.resolution]}."
            )
        points = -(-(covered.end - floor(covered.start, bucket)) // bucket)
        if points > MOST_POINTS:
            raise _invalid(
                "bucket",
                f"The timeline would have {points:,} points, and may have {MOST_POINTS:,}.",
                "Use a longer bucket, or a shorter range.",
            )
        return points

    async def timeline(
        self, series: Collection[UUID], covered: MetricsRange, bucket: timedelta
    ) -> Mapping[UUID, Sequence[tuple[datetime, Tally]]]:
        """A range cut into points at whole multiples of this length since 1970, empty ones too.

        The first and the last may be shorter; each is given with its start. Raises `InvalidInput` for a length that is
        no multiple of a minute (of an hour, of a day, where nothing finer is kept), and for more than 2,000 points.
        """
        number_of_points = self.points_of(covered, bucket)
        coarsest = next(each for each in reversed(Resolution) if not bucket % timedelta(seconds=each))
        spans = list(spans_of(covered.start, covered.end, coarsest))
        found = await self._metrics.points(series, spans, bucket)
        first = floor(covered.start, bucket)
        starts = [first + number * bucket for number in range(number_of_points)]
        return {each: [(max(at, covered.start), found[each].get(at) or Tally()) for at in starts] for each in found}


def _invalid(member: str, message: str, hint: str) -> InvalidInput:
    return InvalidInput([Problem(path=(member,), message=message, hint=hint)])


_TEXTS = {Resolution.MINUTE: "PT1M", Resolution.HOUR: "PT1H", Resolution.DAY: "P1D"}
