"""The port that reads metrics."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from domain.metrics.model import Span, Tally


class MetricsStore(Protocol):
    """Buckets of metrics. They are counted by `EventRelay`, each event exactly once, in the transaction that takes it.

    A series is asked for by the id of its workflow, by `EVERYTHING` or by `ORCHESTRATIONS` of domain.metrics.model.
    """

    async def totals(self, series: Collection[UUID], spans: Sequence[Span]) -> Mapping[UUID, Mapping[str, Tally]]:
        """The sums of the buckets in the spans: by series, and by step type, or `EXECUTIONS` for the executions."""

    async def points(
        self, series: Collection[UUID], spans: Sequence[Span], length: timedelta
    ) -> Mapping[UUID, Mapping[datetime, Tally]]:
        """The sums of the buckets of executions in these spans: by series, and by the start of parts of this length.

        Each bucket is in the part that begins at the last whole multiple of `length` since 1970 that is not after its
        start. Parts with nothing in them are left out.
        """

    async def running(self, series: Collection[UUID]) -> Mapping[UUID, int]:
        """The number of executions that are RUNNING now, by series. Those that wait or are paused do not count."""

    async def prune(self, *, minutes_before: datetime, hours_before: datetime, limit: int) -> int:
        """Delete buckets of a minute and of an hour that started before these, at most `limit`; returns how many."""
