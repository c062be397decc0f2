"""Schedules: their stored records, and the plan for the ticks that are due."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from domain.executions.idempotency import TICKS
from domain.kernel.durations import format_duration
from domain.kernel.ids import IdKind, to_public
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import OverlapPolicy
from domain.kernel.times import time_text
from domain.schedules.cron import cron_of

MAX_TICKS = 1_000
"""The most missed ticks of a schedule that are considered, the newest of them."""

MAX_STARTS = 100
"""The most executions that are started for one schedule at once; the rest of its missed ticks follows."""

PROMPT = timedelta(seconds=10)
"""The lateness up to which a tick counts as on time, whatever the catch-up window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleSettings:
    """The settings of a schedule: a workflow, an input for it, and when to start it. `cron` is in `timezone`."""

    name: str
    workflow_id: UUID
    cron: str
    timezone: str = "UTC"
    input: JsonValue = None
    overlap: OverlapPolicy = OverlapPolicy.SKIP
    catch_up_window: timedelta = timedelta(minutes=1)
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRecord:
    """A schedule as it is stored. A *tick* is a moment at which its expression fires.

    `revision` grows with every change of the settings. `next_run_at` is the next tick to be considered; None when it is
    disabled, or fires no more. `buffered_at` is a tick that waits for the running execution to end. `last_run_at` is
    the newest tick that was started, as `last_execution_id`. `last_error` is why the newest ones were not, and is
    None once one is started. `left_out`: the settings that were not read, as of an `ExecutionRecord`.
    """

    id: UUID
    settings: ScheduleSettings
    revision: int
    created_at: datetime
    updated_at: datetime
    next_run_at: datetime | None = None
    buffered_at: datetime | None = None
    last_run_at: datetime | None = None
    last_execution_id: UUID | None = None
    last_error: str | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_unproven(self) -> bool:
        """True when its next tick is of unknown cost: the last left an error, or none has started since a change."""
        return self.last_error is not None or self.last_run_at is None or self.last_run_at < self.updated_at


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleClaim:
    """A schedule that some worker is firing. `is_running`: the execution that it started last has not ended.

    `schedule` includes an execution started under an earlier claim that ran out before its outcome was stored.
    """

    schedule: ScheduleRecord
    epoch: int
    is_running: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulePreview:
    """The times of a schedule that is not saved, in UTC and in order, and the warnings about its expression."""

    next_runs: tuple[datetime, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleOutcome:
    """The result of firing a schedule. `last_run_at` and `last_execution_id` are None where nothing was started.

    `stops`: it is disabled, for it can never start anything again.
    """

    schedule_id: UUID
    epoch: int
    next_run_at: datetime | None
    buffered_at: datetime | None = None
    last_run_at: datetime | None = None
    last_execution_id: UUID | None = None
    last_error: str | None = None
    stops: bool = False


@dataclass(slots=True)
class Plan:
    """The decisions about a schedule: ticks to start, in order. `cancels`: the running execution is cancelled.

    `next_run_at` and `buffered_at` are as they will be. `passed` says which ticks are not started, and why.
    """

    next_run_at: datetime | None
    buffered_at: datetime | None
    is_running: bool
    starts: list[datetime] = field(default_factory=list)
    cancels: bool = False
    passed: str | None = None


def next_run(settings: ScheduleSettings, now: datetime) -> datetime | None:
    """The first tick after `now`; None when it is disabled or fires no more. Raises `InvalidInput`."""
    return cron_of(settings.cron, settings.timezone).next_after(now) if settings.enabled else None


def tick_key(schedule_id: UUID, tick: datetime) -> str:
    """The idempotency key of the execution that a tick starts: so there is at most one, despite crashes."""
    return f"{tick_keys(schedule_id)}{tick_text(tick)}"


def tick_keys(schedule_id: UUID) -> str:
    """The prefix of the keys of all ticks of a schedule; they sort as their ticks do."""
    return f"{TICKS}{to_public(IdKind.SCHEDULE, schedule_id)}:"


def tick_of(key: str) -> datetime:
    """The tick that a key belongs to."""
    return datetime.fromisoformat(key.split(":", 2)[2])


def tick_text(tick: datetime) -> str:
    """A tick as text: `2026-03-29T01:00:00Z`."""
    return time_text(tick)


def plan(claim: ScheduleClaim, now: datetime) -> Plan:
    """The plan for the ticks up to `now`. Raises `InvalidInput` for a time zone that is not known here."""
    schedule = claim.schedule
    settings = schedule.settings
    planned = Plan(schedule.next_run_at, schedule.buffered_at, claim.is_running)
    cron = cron_of(settings.cron, settings.timezone)
    last, first = schedule.last_run_at, schedule.next_run_at
    if last is not None:  # what somebody has started who could not say so any more
        if first is not None and first <= last:
            first = planned.next_run_at = cron.next_after(last)
        if planned.buffered_at is not None and planned.buffered_at <= last:
            planned.buffered_at = None
    if first is None or first > now:
        _take_all(planned, [], settings.overlap)
        return planned
    since = max(first, now - max(settings.catch_up_window, PROMPT))
    ticks, is_all = cron.between(since, now, MAX_TICKS)
    planned.next_run_at = cron.next_after(now)
    if settings.overlap is OverlapPolicy.ALLOW and len(ticks) > MAX_STARTS:  # the others have their turn in between
        planned.next_run_at = ticks[MAX_STARTS]
        del ticks[MAX_STARTS:]
    skipped = _take_all(planned, ticks, settings.overlap)
    planned.passed = _passed(settings, first, since, skipped, is_all=is_all)
    return planned


def _take_all(planned: Plan, ticks: list[datetime], overlap: OverlapPolicy) -> list[datetime]:
    """Decide on every tick, the oldest first; returns those that are skipped."""
    if planned.buffered_at is not None and (not planned.is_running or overlap is OverlapPolicy.CANCEL_OTHER):
        ticks = [planned.buffered_at, *ticks]
        planned.buffered_at = None
    if overlap is OverlapPolicy.CANCEL_OTHER and ticks:
        *skipped, newest = ticks
        if planned.is_running:
            planned.cancels, planned.buffered_at = True, newest
        else:
            _start(planned, newest)
        return skipped
    return [tick for tick in ticks if not _take(planned, tick, overlap)]


def _take(planned: Plan, tick: datetime, overlap: OverlapPolicy) -> bool:
    """Decide on one tick; True when it is started, now or later."""
    if overlap is OverlapPolicy.ALLOW or not planned.is_running:
        _start(planned, tick)
        return True
    if overlap is OverlapPolicy.BUFFER_ONE and planned.buffered_at is None:
        planned.buffered_at = tick
        return True
    return False


def _start(planned: Plan, tick: datetime) -> None:
    planned.starts.append(tick)
    planned.is_running = True


def _passed(
    settings: ScheduleSettings, first: datetime, since: datetime, skipped: list[datetime], *, is_all: bool
) -> str | None:
    """A sentence about the ticks that are not started, with the reasons; None where all are."""
    reasons = []
    if first < since:
        window = format_duration(settings.catch_up_window)
        reasons.append(
            f"What was due from {tick_text(first)} on was missed, and dropped up to {tick_text(since)}: "
            f"the catch-up window is {window}."
        )
    if not is_all:
        reasons.append(f"More than {MAX_TICKS:,} ticks were missed; only the newest were looked at.")
    if skipped:
        ticks = f"The tick {tick_text(skipped[-1])} was"
        if len(skipped) > 1:
            ticks = f"{len(skipped):,} ticks from {tick_text(skipped[0])} to {tick_text(skipped[-1])} were"
        why = "an execution of this schedule had not ended"
        if settings.overlap is OverlapPolicy.CANCEL_OTHER:
            why = "a newer one took the place"
        reasons.append(f"{ticks} skipped: {why}.")
    return " ".join(reasons) or None
