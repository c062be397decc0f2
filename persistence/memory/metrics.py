"""Metrics, in memory."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from domain.kernel.statuses import ExecutionStatus, StepStatus
from domain.metrics.histograms import bin_of
from domain.metrics.model import (
    EVERYTHING,
    EXECUTIONS,
    ORCHESTRATIONS,
    EndedExecutions,
    Resolution,
    Span,
    StepTally,
    Tally,
    add_steps,
    buckets_of,
    executions_counted,
    floor,
)
from domain.outbox.events import OutboxEvent
from persistence.memory.tables import MemoryTables


def count(tables: MemoryTables, taken: Sequence[tuple[int, OutboxEvent]]) -> None:
    """Add these events to the buckets."""
    counted, ended = executions_counted(event for _, event in taken)
    add_steps(counted, ended, _steps(tables, ended))
    for key, tally in buckets_of(counted).items():
        tables.metrics.setdefault(key, Tally()).add(tally)


def _steps(tables: MemoryTables, ended: EndedExecutions) -> Iterator[StepTally]:
    for id, number in zip(ended.ids, ended.numbers, strict=True):
        for step in tables.steps.get(id, {}).values() if id in tables.executions else ():
            state = step.state
            was_executed = state.status in (StepStatus.COMPLETED, StepStatus.FAILED)
            if not was_executed and not (state.status is StepStatus.CANCELLED and state.started_at is not None):
                continue
            length = None
            if state.started_at is not None and state.finished_at is not None:
                length = max(0, (state.finished_at - state.started_at) // timedelta(microseconds=1))
            yield StepTally(
                bucket=number,
                type=state.type,
                status=state.status,
                bin=None if length is None else bin_of(length),
                executed=1,
                retries=max(len(state.attempts) - 1, 0),
                microseconds=length or 0,
            )


class MemoryMetricsStore:
    """Implements `domain.metrics.ports.MetricsStore`."""

    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    async def totals(self, series: Collection[UUID], spans: Sequence[Span]) -> Mapping[UUID, Mapping[str, Tally]]:
        totals: dict[UUID, dict[str, Tally]] = {each: {} for each in series}
        for key, tally in self._tables.metrics.items():
            if key.workflow_id in totals and _is_in(key.resolution, key.at, spans):
                totals[key.workflow_id].setdefault(key.step_type, Tally()).add(tally)
        return totals

    async def points(
        self, series: Collection[UUID], spans: Sequence[Span], length: timedelta
    ) -> Mapping[UUID, Mapping[datetime, Tally]]:
        points: dict[UUID, dict[datetime, Tally]] = {each: {} for each in series}
        for key, tally in self._tables.metrics.items():
            if key.workflow_id in points and key.step_type == EXECUTIONS and _is_in(key.resolution, key.at, spans):
                points[key.workflow_id].setdefault(floor(key.at, length), Tally()).add(tally)
        return points

    async def running(self, series: Collection[UUID]) -> Mapping[UUID, int]:
        found: dict[UUID, int] = defaultdict(int)
        for row in self._tables.executions.values():
            if row.status is ExecutionStatus.RUNNING and not row.is_batch:
                found[row.workflow_id or ORCHESTRATIONS] += 1
                found[EVERYTHING] += 1
        return {each: found[each] for each in series}

    async def prune(self, *, minutes_before: datetime, hours_before: datetime, limit: int) -> int:
        before = {Resolution.MINUTE: minutes_before, Resolution.HOUR: hours_before}
        doomed = [
            key
            for key in self._tables.metrics
            if key.resolution in before and key.at < before[Resolution(key.resolution)]
        ][:limit]
        for key in doomed:
            del self._tables.metrics[key]
        return len(doomed)


def _is_in(resolution: int, at: datetime, spans: Sequence[Span]) -> bool:
    return any(span.resolution == resolution and span.start <= at < span.end for span in spans)
