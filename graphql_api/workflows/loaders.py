"""Loaders of workflows: reads of many resolvers at the same moment become one SQL statement."""

import asyncio
from collections.abc import Mapping
from uuid import UUID

from strawberry.dataloader import DataLoader

from domain.kernel.errors import NotFound
from domain.kernel.json.text import JsonValue
from domain.workflows.summaries import WorkflowSummary
from graphql_api.context import Context
from graphql_api.kit.per_event import PerEvent
from graphql_api.kit.shared_reads import shared

Document = Mapping[str, JsonValue]


class WorkflowLoaders:
    """Loads within one operation. Nothing is cached beyond the batch, so a long subscription never sees old rows."""

    def __init__(self, context: Context) -> None:
        self._store = context.services.workflow_store
        self.by_id: DataLoader[UUID, WorkflowSummary | None] = DataLoader(self._by_id, cache=False)

    async def _by_id(self, ids: list[UUID]) -> list[WorkflowSummary | None]:
        found = await self._store.get_many(set(ids))
        return [found.get(id) for id in ids]


class DocumentLoader(PerEvent):
    """Loads the documents of versions, each once in an operation (or an event), and not more than an answer may have.

    `load` takes the id of a definition. Raises `LimitExceeded` where the documents together have more bytes.
    """

    def __init__(self, context: Context) -> None:
        self._store = context.services.workflow_store
        self._answer = context.answer
        self._most = self._left = context.options.max_answer_bytes
        self._reading = asyncio.Lock()
        self._loader: DataLoader[UUID, Document] = DataLoader(self._load)

    async def load(self, definition_id: UUID) -> Document:
        """The document of a version. Cancelling one caller does not cancel the read for the others."""
        return await shared(self._loader.load(definition_id))

    def forget(self) -> None:
        """Begin anew, for the next event of a subscription."""
        self._left = self._most
        self._loader.clear_all()

    async def _load(self, ids: list[UUID]) -> list[Document | BaseException]:
        async with self._reading:  # so that each batch knows what the others have left
            found = await self._store.documents(set(ids), max_bytes=self._left)
            if found.size > self._left:
                raise self._answer.exceeded(
                    f"The documents that this operation reads have more than {self._most:,} bytes together: ask for "
                    "smaller pages, or leave out what comes from the document (document, steps, graph, description, …)."
                )
            self._left -= found.size
        documents = found.documents
        return [documents[id] if id in documents else NotFound("workflow version", str(id)) for id in ids]
