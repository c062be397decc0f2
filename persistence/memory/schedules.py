"""Schedules, in memory."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from domain.kernel.errors import Conflict, NotFound
from domain.kernel.ids import IdKind, to_public
from domain.kernel.pages import Page
from domain.schedules.model import ScheduleClaim, ScheduleOutcome, ScheduleRecord, tick_keys, tick_of
from persistence.memory.large_values import lean_schedule
from persistence.memory.tables import MemoryTables, ScheduleRow


class MemoryScheduleStore:
    """Implements `domain.schedules.ports.ScheduleStore`."""

    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    async def create(self, schedule: ScheduleRecord) -> None:
        self._refuse_taken(schedule)
        self._tables.schedules[schedule.id] = ScheduleRow(schedule=schedule)

    async def update(self, schedule: ScheduleRecord, *, expected_revision: int, keeps_next_run: bool) -> ScheduleRecord:
        row = self._tables.schedules.get(schedule.id)
        if row is None:
            raise NotFound("schedule", to_public(IdKind.SCHEDULE, schedule.id))
        old = row.schedule
        if old.revision != expected_revision:
            raise Conflict(f"The schedule {schedule.settings.name!r} has been changed: read it again.")
        self._refuse_taken(schedule)
        keeps_buffer = keeps_next_run and old.settings.overlap is schedule.settings.overlap
        changed = replace(
            old,
            settings=schedule.settings,
            revision=schedule.revision,
            updated_at=schedule.updated_at,
            next_run_at=old.next_run_at if keeps_next_run else schedule.next_run_at,
            buffered_at=old.buffered_at if keeps_buffer else None,
            last_error=None,
        )
        self._tables.schedules[schedule.id] = ScheduleRow(schedule=changed, epoch=row.epoch + 1)
        return changed

    async def delete(self, schedule_id: UUID) -> bool:
        return self._tables.schedules.pop(schedule_id, None) is not None

    async def get_many(self, ids: Collection[UUID], *, lean: bool = False) -> Mapping[UUID, ScheduleRecord]:
        found = {id: self._tables.schedules[id].schedule for id in ids if id in self._tables.schedules}
        return {id: lean_schedule(schedule, len(ids)) for id, schedule in found.items()} if lean else found

    async def find(self, name: str, *, lean: bool = False) -> ScheduleRecord | None:
        schedules = (row.schedule for row in self._tables.schedules.values())
        found = next((schedule for schedule in schedules if schedule.settings.name == name), None)
        return lean_schedule(found, 1) if lean and found is not None else found

    async def page(
        self, workflow_id: UUID | None, *, first: int, after: str | None, lean: bool = False
    ) -> Page[ScheduleRecord]:
        found = [each for each in self._of(workflow_id) if after is None or each.settings.name > after]
        found.sort(key=lambda each: each.settings.name)
        rows = [lean_schedule(schedule, first) if lean else schedule for schedule in found[:first]]
        return Page(rows=tuple(rows), has_next=len(found) > first)

    async def count(self, workflow_id: UUID | None) -> int:
        return len(self._of(workflow_id))

    def _of(self, workflow_id: UUID | None) -> list[ScheduleRecord]:
        found = (row.schedule for row in self._tables.schedules.values())
        return [each for each in found if workflow_id in (None, each.settings.workflow_id)]

    async def claim(
        self, *, now: datetime, until: datetime, limit: int, unproven: bool | None = None
    ) -> Sequence[ScheduleClaim]:
        claims: list[ScheduleClaim] = []
        for row in sorted(self._tables.schedules.values(), key=lambda row: row.schedule.next_run_at or until):
            if unproven is not None and unproven != row.schedule.is_unproven:
                continue
            is_running = self._is_running(row.schedule.last_execution_id)
            is_free = row.claimed_until is None or row.claimed_until <= now
            if len(claims) < limit and is_free and _has_something_to_do(row.schedule, now, is_running=is_running):
                claimed = ScheduleRow(schedule=row.schedule, epoch=row.epoch + 1, claimed_until=until)
                self._tables.schedules[row.schedule.id] = claimed
                schedule = self._with_what_was_started(row)
                is_running = self._is_running(schedule.last_execution_id)
                claims.append(ScheduleClaim(schedule=schedule, epoch=claimed.epoch, is_running=is_running))
        return claims

    async def next_due(self, now: datetime) -> datetime | None:
        enabled = [row.schedule for row in self._tables.schedules.values() if row.schedule.settings.enabled]
        times = [now if each.buffered_at is not None else each.next_run_at for each in enabled]
        return min((at for at in times if at is not None), default=None)

    async def finish(self, outcomes: Sequence[ScheduleOutcome]) -> None:
        for outcome in outcomes:
            row = self._tables.schedules.get(outcome.schedule_id)
            if row is None:
                continue
            changed = _with_start(row.schedule, outcome)
            if row.epoch != outcome.epoch:
                self._tables.schedules[changed.id] = replace(row, schedule=changed)
                continue
            settings = replace(changed.settings, enabled=changed.settings.enabled and not outcome.stops)
            changed = replace(
                changed,
                settings=settings,
                next_run_at=outcome.next_run_at,
                buffered_at=outcome.buffered_at,
                last_error=outcome.last_error,
            )
            self._tables.schedules[changed.id] = ScheduleRow(schedule=changed, epoch=row.epoch)

    def _with_what_was_started(self, row: ScheduleRow) -> ScheduleRecord:
        """The schedule, with the last execution that a claim started but did not record."""
        keys, workflow_id = tick_keys(row.schedule.id), row.schedule.settings.workflow_id
        started = {
            execution.idempotency_key: execution.id
            for execution in self._tables.executions.values()
            if execution.workflow_id == workflow_id and (execution.idempotency_key or "").startswith(keys)
        }
        if row.claimed_until is None or not started:
            return row.schedule
        key = max(filter(None, started))
        return replace(row.schedule, last_run_at=tick_of(key), last_execution_id=started[key])

    def _is_running(self, execution_id: UUID | None) -> bool:
        execution = None if execution_id is None else self._tables.executions.get(execution_id)
        return execution is not None and not execution.status.is_terminal

    def _refuse_taken(self, schedule: ScheduleRecord) -> None:
        name = schedule.settings.name
        rows = self._tables.schedules.values()
        if any(row.schedule.settings.name == name and row.schedule.id != schedule.id for row in rows):
            raise Conflict(f"There is a schedule called {name!r} already.")


def _has_something_to_do(schedule: ScheduleRecord, now: datetime, *, is_running: bool) -> bool:
    if not schedule.settings.enabled:
        return False
    is_due = schedule.next_run_at is not None and schedule.next_run_at <= now
    return is_due or (schedule.buffered_at is not None and not is_running)


def _with_start(schedule: ScheduleRecord, outcome: ScheduleOutcome) -> ScheduleRecord:
    """The schedule with the last start of this outcome, unless a newer one is known."""
    known = schedule.last_run_at
    if outcome.last_run_at is None or (known is not None and outcome.last_run_at <= known):
        return schedule
    return replace(schedule, last_run_at=outcome.last_run_at, last_execution_id=outcome.last_execution_id)
