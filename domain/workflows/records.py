"""Workflows and versions as they are stored."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.kernel.changes import UNSET, Unset
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import WorkflowStatus
from domain.workflows.summaries import WorkflowSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowRecord(WorkflowSummary):
    """A workflow at its newest version. `document` is the portable document of that version."""

    document: Mapping[str, JsonValue]

    @property
    def summary(self) -> WorkflowSummary:
        """The workflow without its document."""
        return WorkflowSummary(
            id=self.id,
            name=self.name,
            status=self.status,
            version=self.version,
            definition_id=self.definition_id,
            labels=self.labels,
            created_at=self.created_at,
            updated_at=self.updated_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVersion:
    """The next version of a workflow. `definition_id` is the version's id."""

    definition_id: UUID
    document: Mapping[str, JsonValue]
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowChanges:
    """Changes of a workflow, as of `domain.kernel.changes`. Without a `version` the newest one stays."""

    name: str | Unset = UNSET
    status: WorkflowStatus | Unset = UNSET
    labels: Mapping[str, JsonValue] | Unset = UNSET
    version: NewVersion | Unset = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionRecord:
    """One immutable version of a workflow, or the steps of an `orchestrate` (then without workflow and version)."""

    id: UUID
    workflow_id: UUID | None
    version: int | None
    document: Mapping[str, JsonValue]
    created_at: datetime
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowFilter:
    """The filter of a list of workflows. `name_contains` ignores case; labels match by containment."""

    name: str | None = None
    name_contains: str | None = None
    statuses: frozenset[WorkflowStatus] | None = None
    labels: Mapping[str, JsonValue] | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
