"""Use cases of schedules: save, delete and find."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from domain.json_schemas.checks import SchemaChecks
from domain.kernel.clock import Clock
from domain.kernel.errors import Conflict, InvalidInput, NotFound, Problem
from domain.kernel.ids import IdKind, new_id, to_public
from domain.kernel.json.text import dumps
from domain.kernel.json.values import payload_problems
from domain.kernel.limits import Limits
from domain.kernel.names import name_problems
from domain.kernel.pages import Page
from domain.sandbox.budget import Trial
from domain.sandbox.ports import Sandbox
from domain.schedules.cron import Cron, cron_problems, cron_warnings
from domain.schedules.model import SchedulePreview, ScheduleRecord, ScheduleSettings, next_run
from domain.schedules.ports import ScheduleStore
from domain.workflows.definitions.cache import DefinitionCache
from domain.workflows.ports import WorkflowStore
from domain.workflows.records import WorkflowRecord

MAX_CATCH_UP = timedelta(days=366)
_MAX_RACES = 5


class ScheduleService:
    """Use cases of schedules. Firing them is `ScheduleFiring`, in the workers."""

    def __init__(
        self,
        *,
        schedules: ScheduleStore,
        workflows: WorkflowStore,
        definitions: DefinitionCache,
        clock: Clock,
        limits: Limits | None = None,
        sandbox: Sandbox | None = None,
        new_id: Callable[[], UUID] = new_id,
    ) -> None:
        self._schedules = schedules
        self._workflows = workflows
        self._definitions = definitions
        self._clock = clock
        self._limits = limits or Limits()
        self._checks = SchemaChecks(sandbox)
        self._new_id = new_id

    async def save(self, settings: ScheduleSettings) -> ScheduleRecord:
        """Create a schedule, or overwrite the settings of the one with this name; the same settings change nothing.

        The next run is computed anew, from now on, where the workflow, `cron`, `timezone` or `enabled` change.
        Raises `NotFound` for the workflow, `InvalidInput` with every problem, or `Conflict` when others keep changing
        it.
        """
        current = await self._schedules.find(settings.name)
        await self._check(settings, current)
        for _ in range(_MAX_RACES):
            try:
                if current is None:
                    return await self._create(settings)
                return current if _is_same(settings, current.settings) else await self._update(current, settings)
            except (Conflict, NotFound):
                current = await self._schedules.find(settings.name)
        raise Conflict(f"The schedule {settings.name!r} is being changed by others: try again.")

    def preview(self, cron: str, timezone: str, count: int, trial: Trial) -> SchedulePreview:
        """The next `count` times of a new schedule, with nothing stored.

        Raises `InvalidInput` as `save` does, or `LimitExceeded`.
        """
        trial.budget.spend_preview()
        problems = cron_problems(cron, timezone)
        if problems:
            raise InvalidInput(problems)
        runs = Cron(cron, timezone).upcoming(self._clock.now(), count)  # not kept: it may never be asked for again
        return SchedulePreview(next_runs=tuple(runs), warnings=tuple(cron_warnings(cron)))

    async def delete(self, schedule_id: UUID) -> None:
        """Remove a schedule; executions that it has started go on. Raises `NotFound`."""
        if not await self._schedules.delete(schedule_id):
            raise NotFound("schedule", to_public(IdKind.SCHEDULE, schedule_id))

    async def find(self, *, id: UUID | None = None, name: str | None = None) -> ScheduleRecord | None:
        """The schedule with this id or this name, lean. Raises `InvalidInput` unless exactly one is given."""
        if id is not None and name is None:
            return (await self._schedules.get_many([id], lean=True)).get(id)
        if name is not None and id is None:
            return await self._schedules.find(name, lean=True)
        raise InvalidInput([Problem(path=("id",), message="Exactly one of `id` and `name` must be given.")])

    async def page(self, workflow_id: UUID | None, *, first: int, after: str | None) -> Page[ScheduleRecord]:
        """The schedules of a workflow, or all, by name, lean; `after` is a name."""
        return await self._schedules.page(workflow_id, first=first, after=after, lean=True)

    async def count(self, workflow_id: UUID | None) -> int:
        """The number of schedules that match."""
        return await self._schedules.count(workflow_id)

    async def _create(self, settings: ScheduleSettings) -> ScheduleRecord:
        now = self._clock.now()
        schedule = ScheduleRecord(
            id=self._new_id(),
            settings=settings,
            revision=1,
            created_at=now,
            updated_at=now,
            next_run_at=next_run(settings, now),
        )
        await self._schedules.create(schedule)
        return schedule

    async def _update(self, current: ScheduleRecord, settings: ScheduleSettings) -> ScheduleRecord:
        now, old = self._clock.now(), current.settings
        # A tick of the old workflow must not be started for the new one too: a key is unique within its workflow.
        is_timely = _timing(settings) == _timing(old)
        changed = replace(
            current,
            settings=settings,
            revision=current.revision + 1,
            updated_at=now,
            next_run_at=current.next_run_at if is_timely else next_run(settings, now),
            last_error=None,
        )
        return await self._schedules.update(changed, expected_revision=current.revision, keeps_next_run=is_timely)

    async def _check(self, settings: ScheduleSettings, current: ScheduleRecord | None) -> None:
        """Raise all problems at once; or `NotFound`, where the workflow is the only one.

        An expression that is stored already only has to be readable: it may have been accepted by an older release.
        """
        longest = self._limits.max_label_characters  # it is the value of a label, too
        problems = name_problems(settings.name, "For example nightly-report.", longest=longest)
        is_stored = current is not None and current.settings.cron == settings.cron
        problems += cron_problems(settings.cron, settings.timezone, is_stored=is_stored)
        if not timedelta(0) <= settings.catch_up_window <= MAX_CATCH_UP:
            message = f"The catch-up window is between PT0S and P{MAX_CATCH_UP.days}D."
            problems.append(Problem(path=("catchUpWindow",), message=message))
        faults = payload_problems(settings.input, max_bytes=self._limits.max_input_bytes, what="input")
        workflow = await self._workflows.find(id=settings.workflow_id)
        if workflow is not None and not faults:
            faults = await self._input_problems(workflow, settings)
        problems += [fault.under("input") for fault in faults]
        if workflow is None:
            missing = NotFound("workflow", to_public(IdKind.WORKFLOW, settings.workflow_id))
            if not problems:
                raise missing
            problems.append(Problem(path=("workflowId",), message=str(missing)))
        if problems:
            raise InvalidInput(problems)

    async def _input_problems(self, workflow: WorkflowRecord, settings: ScheduleSettings) -> list[Problem]:
        loaded = await self._definitions.load(workflow.definition_id)
        return await loaded.input_problems(loaded.with_defaults(settings.input), self._checks)


def _timing(settings: ScheduleSettings) -> tuple[object, ...]:
    """The settings that decide when an execution is started, and of which workflow."""
    return settings.workflow_id, settings.cron, settings.timezone, settings.enabled


def _is_same(one: ScheduleSettings, other: ScheduleSettings) -> bool:
    """True when both are the same. Python takes 1, 1.0 and true for equal, and JSON does not."""
    return one == other and dumps(one.input) == dumps(other.input)
