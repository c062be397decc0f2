"""Loaders of metrics: a page of workflows costs as many statements as one."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from strawberry.dataloader import DataLoader

from domain.metrics.model import Tally
from domain.metrics.service import MetricsRange
from graphql_api.context import Context


class TotalsWanted(NamedTuple):
    """A request for the totals of a series in a range."""

    series: UUID
    covered: MetricsRange


class TimelineWanted(NamedTuple):
    """A request for the timeline of a series."""

    series: UUID
    covered: MetricsRange
    bucket: timedelta


class MetricsLoaders:
    """Loads within one operation; nothing is cached beyond the batch."""

    def __init__(self, context: Context) -> None:
        self._service = context.services.metrics
        self.totals: DataLoader[TotalsWanted, Mapping[str, Tally]] = DataLoader(self._totals, cache=False)
        self.timelines: DataLoader[TimelineWanted, Sequence[tuple[datetime, Tally]]] = DataLoader(
            self._timelines, cache=False
        )
        self.running: DataLoader[UUID, int] = DataLoader(self._running, cache=False)

    async def _totals(self, wanted: list[TotalsWanted]) -> list[Mapping[str, Tally]]:
        groups: dict[MetricsRange, set[UUID]] = defaultdict(set)
        for each in wanted:
            groups[each.covered].add(each.series)
        found = {covered: await self._service.totals(series, covered) for covered, series in groups.items()}
        return [found[each.covered][each.series] for each in wanted]

    async def _timelines(self, wanted: list[TimelineWanted]) -> list[Sequence[tuple[datetime, Tally]]]:
        groups: dict[tuple[MetricsRange, timedelta], set[UUID]] = defaultdict(set)
        for each in wanted:
            groups[each.covered, each.bucket].add(each.series)
        found = {group: await self._service.timeline(series, *group) for group, series in groups.items()}
        return [found[each.covered, each.bucket][each.series] for each in wanted]

    async def _running(self, series: list[UUID]) -> list[int]:
        found = await self._service.running(set(series))
        return [found[each] for each in series]
