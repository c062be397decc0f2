"""The port that stores schedules, and hands those that are due to one worker at a time."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.kernel.pages import Page
from domain.schedules.model import ScheduleClaim, ScheduleOutcome, ScheduleRecord


class ScheduleStore(Protocol):
    """Schedules. Names are unique. A workflow's schedules go when it is deleted (`WorkflowStore.delete`).

    Records read `lean` are without large inputs (see `LargeValues`).

    Fencing: a claim and a change of the settings raise a schedule's epoch; an outcome found at an older epoch
    no longer moves it.
    """

    async def create(self, schedule: ScheduleRecord) -> None:
        """Store a new schedule. Raises `Conflict` when the name is taken."""

    async def update(self, schedule: ScheduleRecord, *, expected_revision: int, keeps_next_run: bool) -> ScheduleRecord:
        """Overwrite the settings, `revision` and `updated_at`, and `next_run_at` unless it is kept; returns the whole.

        The last error is forgotten, and so is a buffered tick unless the next run is kept and the overlap policy is the
        same. Raises `NotFound`, or `Conflict` when `expected_revision` is not the stored one or the name is taken.
        """

    async def delete(self, schedule_id: UUID) -> bool:
        """Remove a schedule; True when there was one. Executions that it has started go on."""

    async def get_many(self, ids: Collection[UUID], *, lean: bool = False) -> Mapping[UUID, ScheduleRecord]:
        """The schedules with these ids."""

    async def find(self, name: str, *, lean: bool = False) -> ScheduleRecord | None:
        """The schedule with this name."""

    async def page(
        self, workflow_id: UUID | None, *, first: int, after: str | None, lean: bool = False
    ) -> Page[ScheduleRecord]:
        """The schedules of a workflow, or all, by name (as code points); `after` is a name."""

    async def count(self, workflow_id: UUID | None) -> int:
        """The number of schedules that match."""

    async def claim(
        self, *, now: datetime, until: datetime, limit: int, unproven: bool | None = None
    ) -> Sequence[ScheduleClaim]:
        """Take schedules that have something to do, those that are due for longest first.

        `unproven`: only those of which that is true, or only the others; None: either.

        That is: it is enabled, and its next run is due or its buffered tick can be started; and no other worker has
        claimed it, or has had it until `now` already. No other worker gets one of them before `until` or their outcome.

        Where the claim before has no outcome, the newest execution with a key of this schedule is the last one.
        """

    async def next_due(self, now: datetime) -> datetime | None:
        """The time from which on there may be something to claim, also one that is over; None where none is known.

        It is `now` while a buffered tick waits, as the end of an execution has no time.
        """

    async def finish(self, outcomes: Sequence[ScheduleOutcome]) -> None:
        """Store the outcomes of claims, and release them.

        At an older epoch only the started execution is stored. A schedule that is gone is passed over.
        """
