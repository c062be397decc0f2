"""Parts of documents that must be read as a whole: their steps and graphs, each read once in an operation.

Reading a document takes a hundred times as long as sending it, so it is paid for out of the budget of the answer, and
a large one is read in a thread, beside the event loop.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast
from uuid import UUID

from domain.kernel.errors import InvalidInput
from domain.kernel.json.text import JsonValue
from domain.workflows.documents.reading import WorkflowDocument, read_document, unreadable
from graphql_api.context import Context
from graphql_api.kit.per_event import PerEvent

_LARGE = 20_000
_BYTES_A_VALUE = 100
"""Bytes of a document that take about as long to read as a value of an answer."""

Part = TypeVar("Part")


class DocumentReader(PerEvent):
    """Reads parts of the documents of one operation."""

    def __init__(self, context: Context) -> None:
        self._answer = context.answer
        self._reading = asyncio.Lock()
        self._read: dict[tuple[UUID, int, object], Any] = {}

    async def part(
        self,
        workflow_id: UUID,
        version: int,
        stored: Mapping[str, JsonValue],
        make: Callable[[WorkflowDocument], Part],
    ) -> Part:
        """The result of `make` for a document. Raises `LimitExceeded` before reading where the budget is too small."""
        key = workflow_id, version, make
        async with self._reading:
            if key not in self._read:
                size = self._answer.size_of(stored)
                self._answer.spend_values(size // _BYTES_A_VALUE)
                if size > _LARGE:
                    self._read[key] = await asyncio.to_thread(lambda: make(_document(stored, version)))
                else:
                    self._read[key] = make(_document(stored, version))
            return cast("Part", self._read[key])

    def forget(self) -> None:
        """Begin anew, for the next event of a subscription."""
        self._read.clear()


def _document(stored: Mapping[str, JsonValue], version: int) -> WorkflowDocument:
    try:
        return read_document(stored)
    except InvalidInput as error:
        raise unreadable(error, f"version {version} of the workflow") from error
