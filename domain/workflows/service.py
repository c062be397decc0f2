"""Use cases of workflows: create, change, apply, check, delete and find."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from domain.json_schemas.checks import SchemaChecks
from domain.kernel.clock import Clock
from domain.kernel.errors import Conflict, InvalidInput, NotFound, Problem
from domain.kernel.ids import IdKind, new_id, to_public
from domain.kernel.json.text import JsonValue
from domain.kernel.limits import Limits
from domain.kernel.pages import Page
from domain.kernel.statuses import WorkflowStatus
from domain.sandbox.budget import Trial
from domain.sandbox.ports import Sandbox
from domain.sandbox.shares import SandboxUse
from domain.transformation_rules.ports import TransformationRuleStore
from domain.workflows.compiled_schemas import with_schemas_compiled
from domain.workflows.documents.reading import (
    CheckedDocument,
    WorkflowDocument,
    canonical,
    check_document,
    digest,
    read_document,
)
from domain.workflows.ports import WorkflowStore
from domain.workflows.records import NewVersion, WorkflowChanges, WorkflowFilter, WorkflowRecord
from domain.workflows.rule_references import with_rules_looked_up
from domain.workflows.summaries import VersionSummary, WorkflowSummary

_MAX_RACES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateWorkflow:
    """A new workflow. `document` is the portable document as it was sent, camelCase, not checked yet."""

    document: JsonValue
    status: WorkflowStatus = WorkflowStatus.ACTIVE
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateWorkflow:
    """A partial change. `changes` holds members of the portable document; a null one is taken out of it.

    `expected_version`: refuse with `Conflict` when the newest version is another one.
    """

    workflow_id: UUID
    changes: Mapping[str, JsonValue] = field(default_factory=dict)
    expected_version: int | None = None
    status: WorkflowStatus | None = None
    note: str | None = None


class WorkflowService:
    """Use cases of workflows. Documents are checked on a thread, for a large one takes a second.

    Without `rules`, nothing checks that the transformation rules exist that a document names. Without a `sandbox`,
    schemas that need it are refused. A `trial` names the one for whom a document is checked, and the budget.
    """

    def __init__(
        self,
        *,
        workflows: WorkflowStore,
        clock: Clock,
        limits: Limits | None = None,
        rules: TransformationRuleStore | None = None,
        sandbox: Sandbox | None = None,
        new_id: Callable[[], UUID] = new_id,
    ) -> None:
        self._workflows = workflows
        self._clock = clock
        self._limits = limits or Limits()
        self._rules = rules
        self._sandbox = sandbox
        self._new_id = new_id

    async def create(self, request: CreateWorkflow, trial: Trial | None = None) -> WorkflowRecord:
        """Store a workflow. Raises `InvalidInput`, or `Conflict` when the name is taken."""
        self._check_note(request.note)
        document = await self._parsed(request.document, trial)
        return await self._create(document, request.status, request.note)

    async def update(self, request: UpdateWorkflow, trial: Trial | None = None) -> WorkflowRecord:
        """Change a workflow; a changed document becomes the next version, the same one adds none.

        Raises `NotFound`, `InvalidInput` or `Conflict`.
        """
        self._check_note(request.note)
        current = await self._get(request.workflow_id)
        for _ in range(_MAX_RACES):
            if request.expected_version not in (None, current.version):
                break
            merged = {**current.document, **request.changes}
            raw = {name: member for name, member in merged.items() if member is not None}
            document = await self._parsed(raw, trial)
            try:
                return await self._update(current, document, request.status or current.status, request.note)
            except Conflict:
                newest = await self._get(request.workflow_id)
                if newest.version == current.version:
                    raise  # so it is the name that is taken
                current = newest
        raise Conflict(f"The workflow {current.name!r} has moved on to version {current.version}: read it again.")

    async def apply(
        self,
        document: JsonValue,
        *,
        note: str | None = None,
        status: WorkflowStatus | None = None,
        expected_version: int | None = None,
        trial: Trial | None = None,
    ) -> WorkflowRecord:
        """Create or update by the document's name; no new version when nothing changed.

        `status`: None leaves that of a workflow as it is, and makes a new one ACTIVE. `expected_version`: refuse with
        `Conflict` when the newest version is another one; 0 when there is a workflow with this name. Raises
        `InvalidInput`, or `Conflict`, also when others keep changing it at the same time.
        """
        self._check_note(note)
        parsed = await self._parsed(document, trial)
        for _ in range(_MAX_RACES):
            current = await self._workflows.find(name=parsed.name)
            if expected_version is not None:
                _check_version(parsed.name, current, expected_version)
            try:
                if current is None:
                    return await self._create(parsed, status or WorkflowStatus.ACTIVE, note)
                return await self._update(current, parsed, status or current.status, note)
            except Conflict:
                continue
        raise Conflict(f"The workflow {parsed.name!r} is being changed by others: try again.")

    async def delete(self, workflow_id: UUID) -> None:
        """Hide a workflow. Raises `NotFound`, or `InvalidState` while executions of it have not ended."""
        await self._get(workflow_id)
        await self._workflows.delete(workflow_id, self._clock.now())

    async def validate(self, document: JsonValue, trial: Trial | None = None) -> CheckedDocument:
        """Every problem of a document, its graph and its stages; nothing is stored and nothing is raised."""
        checked = await asyncio.to_thread(check_document, document, self._limits)
        trial = trial or Trial()
        checks = SchemaChecks(trial.budgeted(self._sandbox), SandboxUse.TRIAL)
        checked = await with_schemas_compiled(checked, checks, owner=trial.owner)
        return await with_rules_looked_up(checked, self._rules)

    async def find(self, *, id: UUID | None = None, name: str | None = None) -> WorkflowSummary | None:
        """The workflow with this id or name, without document. Raises `InvalidInput` unless exactly one is given."""
        if (id is None) == (name is None):
            message = "Exactly one of `id` and `name` must be given."
            raise InvalidInput([Problem(path=("id",), message=message)])
        return await self._workflows.find_summary(id=id, name=name)

    async def page(self, filter: WorkflowFilter, *, first: int, after: UUID | None) -> Page[WorkflowSummary]:
        """Workflows, newest first."""
        return await self._workflows.page(filter, first=first, after=after)

    async def count(self, filter: WorkflowFilter) -> int:
        """The number of workflows that match."""
        return await self._workflows.count(filter)

    async def versions_page(self, workflow_id: UUID, *, first: int, after: int | None) -> Page[VersionSummary]:
        """The versions of a workflow, newest first; `after` is a version number."""
        return await self._workflows.versions_page(workflow_id, first=first, after=after)

    async def versions_count(self, workflow_id: UUID) -> int:
        """The number of versions of a workflow."""
        return await self._workflows.versions_count(workflow_id)

    async def _parsed(self, raw: JsonValue, trial: Trial | None) -> WorkflowDocument:
        """The document. Raises `InvalidInput` with every problem."""
        checked = await self.validate(raw, trial)
        if checked.document is None:
            raise InvalidInput(checked.problems)
        return checked.document

    async def _get(self, id: UUID) -> WorkflowRecord:
        record = await self._workflows.find(id=id)
        if record is None:
            raise NotFound("workflow", to_public(IdKind.WORKFLOW, id))
        return record

    async def _create(self, document: WorkflowDocument, status: WorkflowStatus, note: str | None) -> WorkflowRecord:
        now = self._clock.now()
        workflow = WorkflowRecord(
            id=self._new_id(),
            name=document.name,
            status=status,
            version=1,
            definition_id=self._new_id(),
            labels=document.labels or {},
            created_at=now,
            updated_at=now,
            document=await asyncio.to_thread(canonical, document),
        )
        await self._workflows.create(workflow, note=note)
        return workflow

    async def _update(
        self, current: WorkflowRecord, document: WorkflowDocument, status: WorkflowStatus, note: str | None
    ) -> WorkflowRecord:
        """Update a workflow that was just read. Raises `Conflict` where it has changed since."""
        is_changed = await asyncio.to_thread(_differs, current, document)
        if not is_changed and status is current.status:
            return current
        changes = WorkflowChanges(status=status)
        if is_changed:
            stored = await asyncio.to_thread(canonical, document)
            version = NewVersion(definition_id=self._new_id(), document=stored, note=note)
            changes = WorkflowChanges(name=document.name, status=status, labels=document.labels or {}, version=version)
        return await self._workflows.update(
            current.id, changes, expected_version=current.version, now=self._clock.now()
        )

    def _check_note(self, note: str | None) -> None:
        longest = self._limits.max_note_characters
        if note is not None and (len(note) > longest or "\0" in note):
            message = f"A note has at most {longest:,} characters, and no U+0000."
            raise InvalidInput([Problem(path=("note",), message=message)])


def _check_version(name: str, current: WorkflowRecord | None, expected: int) -> None:
    version = 0 if current is None else current.version
    if version == expected:
        return
    if current is None:
        raise Conflict(f"There is no workflow {name!r} any more: apply it without an expected version to create it.")
    if expected == 0:
        raise Conflict(f"There is a workflow {name!r} already: choose another name, or change that one.")
    raise Conflict(f"The workflow {name!r} has moved on to version {version}: read it again.")


def _differs(current: WorkflowRecord, document: WorkflowDocument) -> bool:
    try:
        return digest(read_document(current.document)) != digest(document)
    except InvalidInput:  # stored by a newer release, which knows more than this one
        return True
