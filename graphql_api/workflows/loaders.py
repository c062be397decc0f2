"""Loaders of workflows: what many resolvers ask for in the same moment becomes one statement."""

from uuid import UUID

from strawberry.dataloader import DataLoader

from domain.ports import WorkflowStore
from domain.records import DefinitionRecord, WorkflowRecord


class WorkflowLoaders:
    """Loads within one operation. Nothing is cached beyond the batch, so a long subscription never sees old rows."""

    def __init__(self, store: WorkflowStore) -> None:
        self._store = store
        self.by_id: DataLoader[UUID, WorkflowRecord | None] = DataLoader(self._by_id, cache=False)
        self.definitions: DataLoader[UUID, DefinitionRecord | None] = DataLoader(self._definitions, cache=False)

    async def _by_id(self, ids: list[UUID]) -> list[WorkflowRecord | None]:
        found = await self._store.get_many(set(ids))
        return [found.get(id) for id in ids]

    async def _definitions(self, ids: list[UUID]) -> list[DefinitionRecord | None]:
        found = await self._store.definitions(set(ids))
        return [found.get(id) for id in ids]
