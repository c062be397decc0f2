"""The port that keeps workflows and their versions."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.json_text import JsonValue
from domain.records import DefinitionRecord, Page, WorkflowFilter, WorkflowRecord
from domain.statuses import WorkflowStatus


class WorkflowStore(Protocol):
    """Workflows and their immutable versions. Names are unique among workflows that are not deleted."""

    async def create(
        self,
        *,
        workflow_id: UUID,
        definition_id: UUID,
        name: str,
        status: WorkflowStatus,
        document: Mapping[str, JsonValue],
        labels: Mapping[str, JsonValue],
        note: str | None,
        now: datetime,
    ) -> WorkflowRecord:
        """Store a workflow with version 1. Raises `Conflict` when the name is taken."""

    async def update(
        self,
        workflow_id: UUID,
        *,
        expected_version: int | None,
        name: str,
        status: WorkflowStatus,
        document: Mapping[str, JsonValue] | None,
        definition_id: UUID | None,
        labels: Mapping[str, JsonValue],
        note: str | None,
        now: datetime,
    ) -> WorkflowRecord:
        """Overwrite a workflow; a `document` (with its `definition_id`) becomes the next version, None adds none.

        Raises `NotFound`, or `Conflict` when the name is taken or `expected_version` is not the newest.
        """

    async def delete(self, workflow_id: UUID, now: datetime) -> None:
        """Hide a workflow, free its name, and remove its schedules; its versions and ended executions stay.

        Raises `NotFound`, or `InvalidState` while executions of it have not ended.
        """

    async def get_many(self, ids: Collection[UUID]) -> Mapping[UUID, WorkflowRecord]:
        """The workflows with these ids, deleted ones too (an old execution still shows its workflow)."""

    async def find(self, *, id: UUID | None = None, name: str | None = None) -> WorkflowRecord | None:
        """The workflow that is not deleted with this id or this name."""

    async def page(self, filter: WorkflowFilter, *, first: int, after: UUID | None) -> Page[WorkflowRecord]:
        """Workflows that are not deleted, newest first (by id)."""

    async def count(self, filter: WorkflowFilter) -> int:
        """How many `page` would show in all."""

    async def definitions(self, ids: Collection[UUID]) -> Mapping[UUID, DefinitionRecord]:
        """The stored versions with these ids."""

    async def version(self, workflow_id: UUID, version: int) -> DefinitionRecord | None:
        """One version of a workflow."""

    async def versions_page(self, workflow_id: UUID, *, first: int, after: int | None) -> Page[DefinitionRecord]:
        """The versions of a workflow, newest first; `after` is a version number."""

    async def versions_count(self, workflow_id: UUID) -> int:
        """How many versions a workflow has."""

    async def save_definition(
        self, *, definition_id: UUID, document: Mapping[str, JsonValue], digest: bytes, now: datetime
    ) -> UUID:
        """Store the steps of an orchestration once per `digest` (32 bytes over the canonical document).

        Returns the id to use: the given one, or that of the first that was stored with the same digest.
        """
