"""Workflows and versions as lists have them: without their documents, which are large and read apart."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import WorkflowStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowSummary:
    """A workflow at its newest version, without the document, which may be large: `definition_id` says where it is.

    `left_out`: the labels, where they were not read because they are large, as of an `ExecutionRecord`.
    """

    id: UUID
    name: str
    status: WorkflowStatus
    version: int
    definition_id: UUID
    labels: Mapping[str, JsonValue]
    created_at: datetime
    updated_at: datetime
    left_out: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionSummary:
    """One immutable version of a workflow, without the document."""

    id: UUID
    workflow_id: UUID
    version: int
    created_at: datetime
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDocuments:
    """Documents by the id of their definition, and their size together as JSON, in bytes.

    `documents` is empty where that is more than was asked for.
    """

    size: int
    documents: Mapping[UUID, Mapping[str, JsonValue]]
