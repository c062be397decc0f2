"""Workflows and their versions, in memory."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from domain.kernel.changes import UNSET, changed
from domain.kernel.errors import Conflict, InvalidState, NotFound
from domain.kernel.json.text import JsonValue, dumps
from domain.kernel.pages import Page
from domain.workflows.records import DefinitionRecord, WorkflowChanges, WorkflowFilter, WorkflowRecord
from domain.workflows.summaries import StoredDocuments, VersionSummary, WorkflowSummary
from persistence.memory.large_values import lean_workflow
from persistence.memory.tables import MemoryTables, contains, page_of


class MemoryWorkflowStore:
    """Implements `domain.workflows.ports.WorkflowStore`."""

    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    async def create(self, workflow: WorkflowRecord, *, note: str | None = None) -> None:
        self._refuse_taken(workflow.name, workflow.id)
        self._tables.workflows[workflow.id] = workflow
        self._add_version(workflow, note, workflow.created_at)

    async def update(
        self, workflow_id: UUID, changes: WorkflowChanges, *, expected_version: int | None = None, now: datetime
    ) -> WorkflowRecord:
        old = await self.find(id=workflow_id)
        if old is None:
            raise NotFound("workflow", str(workflow_id))
        if expected_version is not None and expected_version != old.version:
            raise Conflict(f"Workflow {old.name!r} is at version {old.version}, not {expected_version}.")
        record = replace(
            old,
            name=changed(old.name, changes.name),
            status=changed(old.status, changes.status),
            labels=changed(old.labels, changes.labels),
            updated_at=now,
        )
        self._refuse_taken(record.name, workflow_id)
        if changes.version is not UNSET:
            new = changes.version
            record = replace(record, version=old.version + 1, document=new.document, definition_id=new.definition_id)
            self._add_version(record, new.note, now)
        self._tables.workflows[workflow_id] = record
        return record

    async def delete(self, workflow_id: UUID, now: datetime) -> None:
        if await self.find(id=workflow_id) is None:
            raise NotFound("workflow", str(workflow_id))
        for execution in self._tables.executions.values():
            if execution.workflow_id == workflow_id and not execution.status.is_terminal:
                raise InvalidState(
                    "The workflow has executions that have not ended: cancel them, or wait for them.",
                    execution.status.value,
                )
        self._tables.deleted_workflows.add(workflow_id)
        for row in list(self._tables.schedules.values()):
            if row.schedule.settings.workflow_id == workflow_id:
                del self._tables.schedules[row.schedule.id]

    async def get_many(self, ids: Collection[UUID]) -> Mapping[UUID, WorkflowSummary]:
        found = {id: self._tables.workflows[id].summary for id in ids if id in self._tables.workflows}
        return {id: lean_workflow(row, len(ids)) for id, row in found.items()}

    async def find(self, *, id: UUID | None = None, name: str | None = None) -> WorkflowRecord | None:
        for record in self._live():
            if (id is not None and record.id == id) or (name is not None and record.name == name):
                return record
        return None

    async def find_summary(self, *, id: UUID | None = None, name: str | None = None) -> WorkflowSummary | None:
        record = await self.find(id=id, name=name)
        return None if record is None else lean_workflow(record.summary, 1)

    async def page(self, filter: WorkflowFilter, *, first: int, after: UUID | None) -> Page[WorkflowSummary]:
        rows = [lean_workflow(row.summary, first) for row in self._matching(filter) if after is None or row.id < after]
        return page_of(sorted(rows, key=lambda row: row.id, reverse=True), first)

    async def count(self, filter: WorkflowFilter) -> int:
        return len(self._matching(filter))

    async def definitions(self, ids: Collection[UUID]) -> Mapping[UUID, DefinitionRecord]:
        return {id: self._tables.definitions[id] for id in ids if id in self._tables.definitions}

    async def documents(self, ids: Collection[UUID], *, max_bytes: int) -> StoredDocuments:
        found = {id: row.document for id, row in (await self.definitions(ids)).items()}
        size = sum(len(dumps(document).encode()) for document in found.values())
        return StoredDocuments(size=size, documents=found if size <= max_bytes else {})

    async def version(self, workflow_id: UUID, version: int) -> DefinitionRecord | None:
        return next((row for row in self._versions(workflow_id) if row.version == version), None)

    async def version_summary(self, workflow_id: UUID, version: int) -> VersionSummary | None:
        found = await self.version(workflow_id, version)
        return None if found is None else _summary(found)

    async def versions_page(self, workflow_id: UUID, *, first: int, after: int | None) -> Page[VersionSummary]:
        rows = [_summary(row) for row in self._versions(workflow_id) if after is None or (row.version or 0) < after]
        return page_of(sorted(rows, key=lambda row: row.version, reverse=True), first)

    async def versions_count(self, workflow_id: UUID) -> int:
        return len(self._versions(workflow_id))

    async def save_definition(
        self, *, definition_id: UUID, document: Mapping[str, JsonValue], digest: bytes, now: datetime
    ) -> UUID:
        known = self._tables.definitions_by_digest.setdefault(digest, definition_id)
        if known == definition_id:
            self._tables.definitions[definition_id] = DefinitionRecord(
                id=definition_id, workflow_id=None, version=None, document=document, created_at=now
            )
        return known

    def _live(self) -> list[WorkflowRecord]:
        deleted = self._tables.deleted_workflows
        return [row for row in self._tables.workflows.values() if row.id not in deleted]

    def _versions(self, workflow_id: UUID) -> list[DefinitionRecord]:
        return [row for row in self._tables.definitions.values() if row.workflow_id == workflow_id]

    def _matching(self, filter: WorkflowFilter) -> list[WorkflowRecord]:
        def matches(row: WorkflowRecord) -> bool:
            return (
                (filter.name is None or row.name == filter.name)
                and (filter.name_contains is None or filter.name_contains.lower() in row.name.lower())
                and (filter.statuses is None or row.status in filter.statuses)
                and contains(row.labels, filter.labels)
                and (filter.created_after is None or row.created_at > filter.created_after)
                and (filter.created_before is None or row.created_at < filter.created_before)
            )

        return [row for row in self._live() if matches(row)]

    def _refuse_taken(self, name: str, workflow_id: UUID) -> None:
        if any(row.name == name and row.id != workflow_id for row in self._live()):
            raise Conflict(f"There is a workflow called {name!r} already.")

    def _add_version(self, record: WorkflowRecord, note: str | None, now: datetime) -> None:
        self._tables.definitions[record.definition_id] = DefinitionRecord(
            id=record.definition_id,
            workflow_id=record.id,
            version=record.version,
            document=record.document,
            created_at=now,
            note=note,
        )


def _summary(row: DefinitionRecord) -> VersionSummary:
    assert row.workflow_id is not None
    assert row.version is not None
    return VersionSummary(
        id=row.id, workflow_id=row.workflow_id, version=row.version, created_at=row.created_at, note=row.note
    )
