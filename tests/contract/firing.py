"""Workers that fire schedules, over the ports of one implementation."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from domain.executions.control.service import ExecutionControl
from domain.executions.records import ExecutionFilter, ExecutionRecord
from domain.executions.service import ExecutionService
from domain.schedules.firing import ScheduleFiring
from domain.schedules.model import ScheduleClaim, ScheduleOutcome, ScheduleRecord, ScheduleSettings
from domain.schedules.ports import ScheduleStore
from domain.schedules.service import ScheduleService
from domain.workflows.definitions.cache import DefinitionCache
from domain.workflows.service import CreateWorkflow, WorkflowService
from persistence.memory.work_queue import MemoryWorkQueue
from tests.builders import a_document
from tests.clocks import ManualClock
from tests.contract.conftest import Storage
from tests.contract.rows import claimed, end_of

NOON = datetime(2026, 5, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Crash(Exception):
    """The worker dies."""


@dataclass
class World:
    """The ports, a clock, and workers that fire."""

    storage: Storage
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOON - MINUTE))
    queue: MemoryWorkQueue = field(default_factory=MemoryWorkQueue)

    def __post_init__(self) -> None:
        storage, clock = self.storage, self.clock
        definitions = DefinitionCache(storage.workflows)
        self.workflows = WorkflowService(workflows=storage.workflows, clock=clock)
        self.executions = ExecutionService(
            workflows=storage.workflows,
            executions=storage.executions,
            queries=storage.queries,
            queue=self.queue,
            feed=storage.feed,
            definitions=definitions,
            clock=clock,
        )
        self.schedules = ScheduleService(
            schedules=storage.schedules, workflows=storage.workflows, definitions=definitions, clock=clock
        )

    def worker(self, *, schedules: ScheduleStore | None = None, executions: Any = None) -> ScheduleFiring:
        """A worker; the given ports take the place of its own."""
        control = ExecutionControl(
            executions=self.storage.executions, queries=self.storage.queries, queue=self.queue, clock=self.clock
        )
        return ScheduleFiring(
            schedules=schedules or self.storage.schedules,
            executions=executions or self.executions,
            control=control,
            clock=self.clock,
        )

    async def workflow(self, name: str = "orders", **members: Any) -> UUID:
        return (await self.workflows.create(CreateWorkflow(document=a_document(name=name, **members)))).id

    async def schedule(self, name: str = "each-minute", **settings: Any) -> ScheduleRecord:
        """A schedule that is due at noon, in a minute, and then every minute."""
        given: dict[str, Any] = {"cron": "* * * * *"}
        if "workflow_id" not in settings:
            given["workflow_id"] = await self.workflow()
        return await self.schedules.save(ScheduleSettings(name=name, **(given | settings)))

    async def fire(self, after: timedelta = MINUTE) -> int:
        """Let time pass, and let a worker fire what is due."""
        self.clock.advance(after)
        return await self.worker().fire(100)

    async def started(self) -> list[ExecutionRecord]:
        """The executions that were started, oldest first."""
        page = await self.storage.queries.page(ExecutionFilter(), first=1_000, after=None)
        return sorted(page.rows, key=lambda row: row.id)

    async def ticks(self) -> list[str]:
        return [str(row.labels["scheduledAt"])[11:19] for row in await self.started()]

    async def read(self, schedule: ScheduleRecord) -> ScheduleRecord:
        return (await self.storage.schedules.get_many([schedule.id]))[schedule.id]

    async def end(self, execution: ExecutionRecord, **given: Any) -> None:
        await self.storage.executions.commit(end_of(await claimed(self.storage, execution.id), **given))


@dataclass
class Stubborn:
    """A store that cannot record the outcome of a claim, as if the worker died before or the database went away."""

    store: ScheduleStore
    error: Exception

    async def claim(
        self, *, now: datetime, until: datetime, limit: int, unproven: bool | None = None
    ) -> Sequence[ScheduleClaim]:
        return await self.store.claim(now=now, until=until, limit=limit, unproven=unproven)

    async def finish(self, outcomes: Sequence[ScheduleOutcome]) -> None:
        raise self.error
