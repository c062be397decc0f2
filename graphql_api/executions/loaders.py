"""Loaders of executions and steps: reads of many resolvers at the same moment become one SQL statement."""

from collections import defaultdict
from dataclasses import dataclass
from uuid import UUID

from strawberry.dataloader import DataLoader

from domain.executions.pending import observable_paths, pending_steps
from domain.executions.records import ExecutionRecord, StepFilter, StepRecord
from domain.kernel.pages import Page
from domain.kernel.statuses import StepStatus
from graphql_api.context import Context
from graphql_api.executions.reads import ExecutionReads


@dataclass(frozen=True, slots=True)
class StepsWanted:
    """The first page of an execution's steps, or their number where `first` is 0."""

    execution_id: UUID
    filter: StepFilter
    first: int = 0


class ExecutionLoaders:
    """Loads within one operation. Nothing is cached beyond the batch, so a long subscription never sees old rows.

    All records are lean. `pending` gives the steps of an execution that may still be reached; load it before the rows
    that it is merged with.
    """

    def __init__(self, context: Context) -> None:
        self._reads = context.shared(ExecutionReads)
        self._definitions = context.services.definitions
        self._clock = context.services.clock
        self.by_id: DataLoader[UUID, ExecutionRecord | None] = DataLoader(self._by_id, cache=False)
        self.steps: DataLoader[tuple[UUID, str], StepRecord | None] = DataLoader(self._steps, cache=False)
        self.step_pages: DataLoader[StepsWanted, Page[StepRecord]] = DataLoader(self._step_pages, cache=False)
        self.pending: DataLoader[ExecutionRecord, list[StepRecord]] = DataLoader(
            self._pending, cache_key_fn=lambda execution: execution.id, cache=False
        )
        self.step_counts: DataLoader[StepsWanted, int] = DataLoader(self._step_counts, cache=False)

    async def _by_id(self, ids: list[UUID]) -> list[ExecutionRecord | None]:
        found = await self._reads.get_many(set(ids))
        return [found.get(id) for id in ids]

    async def _steps(self, keys: list[tuple[UUID, str]]) -> list[StepRecord | None]:
        found = await self._reads.steps_by_path(set(keys))
        return [found.get(key) for key in keys]

    async def _step_pages(self, wanted: list[StepsWanted]) -> list[Page[StepRecord]]:
        found: dict[StepsWanted, Page[StepRecord]] = {}
        for (filter, first), ids in _grouped(wanted).items():
            pages = await self._reads.steps_pages(ids, filter, first=first)
            found.update({StepsWanted(id, filter, first): page for id, page in pages.items()})
        return [found[each] for each in wanted]

    async def _step_counts(self, wanted: list[StepsWanted]) -> list[int]:
        found: dict[StepsWanted, int] = {}
        for (filter, _), ids in _grouped(wanted).items():
            counts = await self._reads.steps_counts(ids, filter)
            found.update({StepsWanted(id, filter): count for id, count in counts.items()})
        return [found[each] for each in wanted]

    async def _pending(self, executions: list[ExecutionRecord]) -> list[list[StepRecord]]:
        """The steps of each execution that may still be reached: one statement for all of them."""
        live = {execution.id: execution for execution in executions if not execution.status.is_terminal}
        definitions = await self._definitions.many({execution.definition_id for execution in live.values()})
        paths = {id: observable_paths(definition) for id, definition in definitions.items()}
        keys = [(id, path) for id, execution in live.items() for path in paths.get(execution.definition_id, ())]
        statuses: dict[UUID, dict[str, StepStatus]] = defaultdict(dict)
        for (id, path), status in (await self._reads.step_statuses(keys)).items():
            statuses[id][path] = status
        now = self._clock.now()
        return [
            pending_steps(definitions[execution.definition_id], execution, statuses[execution.id], now)
            if execution.definition_id in definitions
            else []
            for execution in executions
        ]


def _grouped(wanted: list[StepsWanted]) -> dict[tuple[StepFilter, int], set[UUID]]:
    """The executions by filter and page size: one SQL statement for each, so one for each `steps` field at most."""
    groups: dict[tuple[StepFilter, int], set[UUID]] = defaultdict(set)
    for each in wanted:
        groups[each.filter, each.first].add(each.execution_id)
    return groups
