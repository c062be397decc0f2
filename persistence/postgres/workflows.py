"""Workflows and their versions: written and listed through the ORM; read by SQL for every start of an execution."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import asyncpg
from tortoise.exceptions import IntegrityError, OperationalError
from tortoise.expressions import RawSQL
from tortoise.queryset import QuerySet

from domain.kernel.changes import UNSET, changed
from domain.kernel.errors import Conflict, InvalidInput, InvalidState, NotFound, Problem
from domain.kernel.json.text import JsonValue, dumps, loads
from domain.kernel.pages import Page
from domain.kernel.statuses import TERMINAL_EXECUTION_STATUSES, ExecutionStatus, WorkflowStatus
from domain.workflows.records import DefinitionRecord, WorkflowChanges, WorkflowFilter, WorkflowRecord
from domain.workflows.summaries import StoredDocuments, VersionSummary, WorkflowSummary
from persistence.executions.large_values import share_of
from persistence.postgres.connections.database import Database
from persistence.postgres.connections.unavailable import translated
from persistence.postgres.executions.rows.lean import fields, lean_columns
from persistence.postgres.models import Schedule, Workflow, WorkflowExecution, WorkflowVersion

_ACTIVE = [status for status in ExecutionStatus if status not in TERMINAL_EXECUTION_STATUSES]

_WORKFLOWS = """
SELECT w.*, v.document FROM workflow w JOIN workflow_version v ON v.id = w.definition_id WHERE
"""
_FIELDS = fields("labels")
_SUMMARY = ("id", "name", "status", "version", "definition_id", "created_at", "updated_at")
_SUMMARIES = f"SELECT {', '.join(_SUMMARY)}, {lean_columns('workflow', *_FIELDS, most='$2::int')} FROM workflow WHERE"
_DOCUMENTS = """
WITH sized AS (
    SELECT id, document, sum(octet_length(document::text)) OVER () AS size
    FROM workflow_version WHERE id = ANY ($1::uuid[])
)
SELECT id, size, CASE WHEN size <= $2 THEN document END AS document FROM sized
"""
_LARGE = 100_000
"""The bytes of documents together beyond which they are parsed beside the event loop."""

_VERSION_SUMMARY = ("id", "workflow_id", "version", "note", "created_at")
_DEFINITIONS = "SELECT * FROM workflow_version WHERE id = ANY ($1::uuid[])"

_SAVE_DEFINITION = """
INSERT INTO workflow_version (id, document, digest, created_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (digest) WHERE digest IS NOT NULL DO NOTHING
"""
_BY_DIGEST = "SELECT id FROM workflow_version WHERE digest = $1"


class PostgresWorkflowStore:
    """Implements `domain.workflows.ports.WorkflowStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, workflow: WorkflowRecord, *, note: str | None = None) -> None:
        row = Workflow(
            id=workflow.id,
            name=workflow.name,
            status=workflow.status,
            version=workflow.version,
            definition_id=workflow.definition_id,
            labels=dict(workflow.labels),
            created_at=workflow.created_at,
            updated_at=workflow.updated_at,
        )
        async with self._transaction(workflow.name):
            await row.save(force_create=True)
            await _add_version(row, workflow.document, note, workflow.created_at)

    async def update(
        self, workflow_id: UUID, changes: WorkflowChanges, *, expected_version: int | None = None, now: datetime
    ) -> WorkflowRecord:
        async with self._transaction(str(changes.name)):
            workflow = await _lock(workflow_id)
            if expected_version is not None and expected_version != workflow.version:
                raise Conflict(f"Workflow {workflow.name!r} is at version {workflow.version}, not {expected_version}.")
            workflow.name = changed(workflow.name, changes.name)
            workflow.status = changed(workflow.status, changes.status)
            workflow.labels = dict(changed(workflow.labels, changes.labels))
            workflow.updated_at = now
            if changes.version is not UNSET:
                version = changes.version
                workflow.version += 1
                workflow.definition_id = version.definition_id
                await _add_version(workflow, version.document, version.note, now)
            await workflow.save()
            if changes.version is UNSET:
                document = (await WorkflowVersion.get(id=workflow.definition_id)).document
            else:
                document = changes.version.document
        return _record(workflow, document)

    async def delete(self, workflow_id: UUID, now: datetime) -> None:
        async with self._transaction(str(workflow_id)):
            workflow = await _lock(workflow_id)
            active = await WorkflowExecution.filter(workflow_id=workflow_id, status__in=_ACTIVE).first()
            if active is not None:
                raise InvalidState(
                    "The workflow has executions that have not ended: cancel them, or wait for them.",
                    active.status.value,
                )
            workflow.deleted_at = now
            await workflow.save(update_fields=["deleted_at"])
            await Schedule.filter(workflow_id=workflow_id).delete()

    async def get_many(self, ids: Collection[UUID]) -> Mapping[UUID, WorkflowSummary]:
        if not ids:
            return {}
        rows = await self._database.fetch(f"{_SUMMARIES} id = ANY ($1::uuid[])", list(ids), share_of(len(ids)))
        return {row["id"]: _summary_of_row(row) for row in rows}

    async def find(self, *, id: UUID | None = None, name: str | None = None) -> WorkflowRecord | None:
        column, value = ("id", id) if id is not None else ("name", name)
        row = await self._database.fetch_row(f"{_WORKFLOWS} w.{column} = $1 AND w.deleted_at IS NULL", value)
        return None if row is None else _record_of_row(row)

    async def find_summary(self, *, id: UUID | None = None, name: str | None = None) -> WorkflowSummary | None:
        column, value = ("id", id) if id is not None else ("name", name)
        statement = f"{_SUMMARIES} {column} = $1 AND deleted_at IS NULL"
        row = await self._database.fetch_row(statement, value, share_of(1))
        return None if row is None else _summary_of_row(row)

    async def page(self, filter: WorkflowFilter, *, first: int, after: UUID | None) -> Page[WorkflowSummary]:
        with self._session():
            query = _matching(filter)
            if after is not None:
                query = query.filter(id__lt=after)
            rows = (
                await query.annotate(**_lean(first)).order_by("-id").limit(first + 1).values(*_SUMMARY, *_lean(first))
            )
        return Page(rows=tuple(_summary_of_row(row) for row in rows[:first]), has_next=len(rows) > first)

    async def count(self, filter: WorkflowFilter) -> int:
        with self._session():
            return await _matching(filter).count()

    async def definitions(self, ids: Collection[UUID]) -> Mapping[UUID, DefinitionRecord]:
        if not ids:
            return {}
        rows = await self._database.fetch(_DEFINITIONS, list(ids))
        return {row["id"]: _definition_of_row(row) for row in rows}

    async def documents(self, ids: Collection[UUID], *, max_bytes: int) -> StoredDocuments:
        rows = await self._database.fetch(_DOCUMENTS, list(ids), max_bytes) if ids else []
        size = int(rows[0]["size"]) if rows else 0
        if size > max_bytes:
            return StoredDocuments(size=size, documents={})
        found = await asyncio.to_thread(_documents, rows) if size > _LARGE else _documents(rows)
        return StoredDocuments(size=size, documents=found)

    async def version(self, workflow_id: UUID, version: int) -> DefinitionRecord | None:
        with self._session():
            found = await WorkflowVersion.get_or_none(workflow_id=workflow_id, version=version)
        return None if found is None else _definition(found)

    async def version_summary(self, workflow_id: UUID, version: int) -> VersionSummary | None:
        with self._session():
            query = WorkflowVersion.filter(workflow_id=workflow_id, version=version)
            found = await query.only(*_VERSION_SUMMARY).first()
        return None if found is None else _version_summary(found)

    async def versions_page(self, workflow_id: UUID, *, first: int, after: int | None) -> Page[VersionSummary]:
        with self._session():
            query = WorkflowVersion.filter(workflow_id=workflow_id)
            if after is not None:
                query = query.filter(version__lt=after)
            versions = await query.only(*_VERSION_SUMMARY).order_by("-version").limit(first + 1)
        rows = tuple(_version_summary(version) for version in versions[:first])
        return Page(rows=rows, has_next=len(versions) > first)

    async def versions_count(self, workflow_id: UUID) -> int:
        with self._session():
            return await WorkflowVersion.filter(workflow_id=workflow_id).count()

    async def save_definition(
        self, *, definition_id: UUID, document: Mapping[str, JsonValue], digest: bytes, now: datetime
    ) -> UUID:
        async with self._database.connection() as connection:
            known: UUID | None = await connection.fetchval(_BY_DIGEST, digest)
            if known is None:
                await connection.execute(_SAVE_DEFINITION, definition_id, dumps(document), digest, now)
                known = await connection.fetchval(_BY_DIGEST, digest)
        assert known is not None
        return known

    @contextmanager
    def _session(self) -> Iterator[None]:
        with translated(), self._database.orm.session():
            yield

    @asynccontextmanager
    async def _transaction(self, name: str) -> AsyncIterator[None]:
        """A transaction in which a taken name raises `Conflict`, and data that PostgreSQL refuses `InvalidInput`."""
        try:
            with translated():
                async with self._database.orm.transaction():
                    yield
        except IntegrityError as error:
            raise Conflict(f"There is a workflow called {name!r} already.") from error
        except OperationalError as error:
            raise InvalidInput([Problem(path=(), message=f"cannot be stored: {error}")]) from error


async def _lock(workflow_id: UUID) -> Workflow:
    workflow = await Workflow.filter(id=workflow_id, deleted_at__isnull=True).select_for_update().first()
    if workflow is None:
        raise NotFound("workflow", str(workflow_id))
    return workflow


async def _add_version(workflow: Workflow, document: Mapping[str, JsonValue], note: str | None, now: datetime) -> None:
    await WorkflowVersion.create(
        id=workflow.definition_id,
        workflow_id=workflow.id,
        version=workflow.version,
        document=document,
        note=note,
        created_at=now,
    )


def _matching(filter: WorkflowFilter) -> QuerySet[Workflow]:
    given: dict[str, Any] = {
        "name": filter.name,
        "name__icontains": filter.name_contains,
        "status__in": None if filter.statuses is None else list(filter.statuses),
        "labels__contains": None if filter.labels is None else dict(filter.labels),
        "created_at__gt": filter.created_after,
        "created_at__lt": filter.created_before,
    }
    wanted = {name: value for name, value in given.items() if value is not None}
    return Workflow.filter(deleted_at__isnull=True, **wanted)


def _record(workflow: Workflow, document: Mapping[str, JsonValue]) -> WorkflowRecord:
    return WorkflowRecord(
        id=workflow.id,
        name=workflow.name,
        status=WorkflowStatus(workflow.status),
        version=workflow.version,
        definition_id=workflow.definition_id,
        document=document,
        labels=cast("Mapping[str, JsonValue]", workflow.labels),
        created_at=workflow.created_at,
        updated_at=workflow.updated_at,
    )


def _lean(rows: int) -> Mapping[str, RawSQL]:
    """The columns of labels for the ORM, where `rows` workflows are read; the name `labels` is taken by the model."""
    most = share_of(rows)
    return {
        "small_labels": RawSQL(f"CASE WHEN octet_length(labels::text) <= {most} THEN labels END"),
        "labels_size": RawSQL("pg_column_size(labels)"),
    }


def _summary_of_row(row: asyncpg.Record | Mapping[str, Any]) -> WorkflowSummary:
    labels = row["small_labels"] if "small_labels" in row else row["labels"]
    return WorkflowSummary(
        id=row["id"],
        name=row["name"],
        status=WorkflowStatus(row["status"]),
        version=row["version"],
        definition_id=row["definition_id"],
        labels={} if labels is None else _object(labels),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        left_out={"labels": 0} if labels is None else {},
    )


def _record_of_row(row: asyncpg.Record) -> WorkflowRecord:
    return WorkflowRecord(
        id=row["id"],
        name=row["name"],
        status=WorkflowStatus(row["status"]),
        version=row["version"],
        definition_id=row["definition_id"],
        document=_object(row["document"]),
        labels=_object(row["labels"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def _definition(version: WorkflowVersion) -> DefinitionRecord:
    return DefinitionRecord(
        id=version.id,
        workflow_id=version.workflow_id,
        version=version.version,
        document=version.document,
        created_at=version.created_at,
        note=version.note,
    )


def _version_summary(version: WorkflowVersion) -> VersionSummary:
    assert version.workflow_id is not None
    assert version.version is not None
    return VersionSummary(
        id=version.id,
        workflow_id=version.workflow_id,
        version=version.version,
        created_at=version.created_at,
        note=version.note,
    )


def _definition_of_row(row: asyncpg.Record) -> DefinitionRecord:
    return DefinitionRecord(
        id=row["id"],
        workflow_id=row["workflow_id"],
        version=row["version"],
        document=_object(row["document"]),
        created_at=row["created_at"],
        note=row["note"],
    )


def _documents(rows: Sequence[asyncpg.Record]) -> dict[UUID, Mapping[str, JsonValue]]:
    return {row["id"]: _object(row["document"]) for row in rows}


def _object(text: str) -> Mapping[str, JsonValue]:
    return cast("Mapping[str, JsonValue]", loads(text))
