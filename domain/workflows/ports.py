"""The port that stores workflows and their versions."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.kernel.json.text import JsonValue
from domain.kernel.pages import Page
from domain.workflows.records import DefinitionRecord, WorkflowChanges, WorkflowFilter, WorkflowRecord
from domain.workflows.summaries import StoredDocuments, VersionSummary, WorkflowSummary


class WorkflowStore(Protocol):
    """Workflows and their immutable versions. Names are unique among workflows that are not deleted."""

    async def create(self, workflow: WorkflowRecord, *, note: str | None = None) -> None:
        """Store a workflow with its version 1, to which the note belongs. Raises `Conflict` when the name is taken."""

    async def update(
        self, workflow_id: UUID, changes: WorkflowChanges, *, expected_version: int | None = None, now: datetime
    ) -> WorkflowRecord:
        """Store changes that were checked.

        Raises `NotFound`, or `Conflict` when the name is taken or `expected_version` is not the newest.
        """

    async def delete(self, workflow_id: UUID, now: datetime) -> None:
        """Hide a workflow, free its name, and remove its schedules; its versions and ended executions stay.

        Raises `NotFound`, or `InvalidState` while executions of it have not ended.
        """

    async def get_many(self, ids: Collection[UUID]) -> Mapping[UUID, WorkflowSummary]:
        """The workflows with these ids, deleted ones too (an old execution still shows its workflow)."""

    async def find(self, *, id: UUID | None = None, name: str | None = None) -> WorkflowRecord | None:
        """The workflow that is not deleted with this id or this name."""

    async def find_summary(self, *, id: UUID | None = None, name: str | None = None) -> WorkflowSummary | None:
        """The workflow that `find` gives, without reading the document."""

    async def page(self, filter: WorkflowFilter, *, first: int, after: UUID | None) -> Page[WorkflowSummary]:
        """Workflows that are not deleted, newest first (by id). No document is read."""

    async def count(self, filter: WorkflowFilter) -> int:
        """The number of workflows that match."""

    async def definitions(self, ids: Collection[UUID]) -> Mapping[UUID, DefinitionRecord]:
        """The stored versions with these ids."""

    async def documents(self, ids: Collection[UUID], *, max_bytes: int) -> StoredDocuments:
        """The documents of the stored versions with these ids, or none where they have more than `max_bytes` in all."""

    async def version(self, workflow_id: UUID, version: int) -> DefinitionRecord | None:
        """One version of a workflow."""

    async def version_summary(self, workflow_id: UUID, version: int) -> VersionSummary | None:
        """The version that `version` gives, without reading the document."""

    async def versions_page(self, workflow_id: UUID, *, first: int, after: int | None) -> Page[VersionSummary]:
        """The versions of a workflow, newest first; `after` is a version number. No document is read."""

    async def versions_count(self, workflow_id: UUID) -> int:
        """The number of versions of a workflow."""

    async def save_definition(
        self, *, definition_id: UUID, document: Mapping[str, JsonValue], digest: bytes, now: datetime
    ) -> UUID:
        """Store the steps of an orchestration once per `digest` (32 bytes over the canonical document).

        Returns the id to use: the given one, or that of the first that was stored with the same digest.
        """
