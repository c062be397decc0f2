"""The port that reads what was counted about executions."""

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
        """What the buckets of the spans sum up to: by series, and by step type, or `EXECUTIONS` for the executions."""

    async def points(
        self, series: Collection[UUID], spans: Sequence[Span], length: timedelta
    ) -> Mapping[UUID, Mapping[datetime, Tally]]:
        """What the buckets of executions in these spans sum up to in parts of this length.

        Each bucket is in the part that begins at the last whole multiple of `length` since 1970 that is not after its
        start. Parts with nothing in them are left out.
        """

    async def running(self, series: Collection[UUID]) -> Mapping[UUID, int]:
        """How many executions are RUNNING now. Those that wait, sleep or are paused are not looked at."""

    async def prune(self, *, minutes_before: datetime, hours_before: datetime, limit: int) -> int:
        """Forget buckets of a minute and of an hour that started before these; at most `limit`, and how many it was."""
