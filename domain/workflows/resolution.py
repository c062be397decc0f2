"""Look-up of the workflow and the version that a request names."""

from collections.abc import Mapping
from uuid import UUID

from domain.kernel.errors import NotFound
from domain.kernel.ids import IdKind, to_public
from domain.workflows.definitions.cache import DefinitionCache, LoadedDefinition
from domain.workflows.ports import WorkflowStore
from domain.workflows.summaries import WorkflowSummary


class Lookups:
    """The look-ups of one request, cached, so that a thousand starts of one workflow ask for it once.

    `known`: workflows by id or name that are not looked up.
    """

    def __init__(
        self,
        workflows: WorkflowStore,
        definitions: DefinitionCache,
        known: Mapping[UUID | str, WorkflowSummary] | None = None,
    ) -> None:
        self._workflows = workflows
        self._definitions = definitions
        self._found: dict[UUID | str, WorkflowSummary | None] = dict(known or {})
        self._versions: dict[tuple[UUID, int], UUID | None] = {}

    async def workflow(self, id: UUID | None, name: str | None) -> WorkflowSummary:
        """The workflow that is not deleted. Raises `NotFound`."""
        key = name if id is None else id
        assert key is not None
        if key not in self._found:
            self._found[key] = await self._workflows.find_summary(id=id, name=name)
        record = self._found[key]
        if record is None:
            raise NotFound("workflow", key if isinstance(key, str) else to_public(IdKind.WORKFLOW, key))
        return record

    async def definition(self, workflow: WorkflowSummary, version: int | None) -> LoadedDefinition:
        """One version of it, by default the newest. Raises `NotFound`."""
        if version is None or version == workflow.version:
            return await self._definitions.load(workflow.definition_id)
        key = workflow.id, version
        if key not in self._versions:
            record = await self._workflows.version(workflow.id, version)
            self._versions[key] = None if record is None else record.id
        definition_id = self._versions[key]
        if definition_id is None:
            raise NotFound("workflow version", f"{workflow.name} {version}")
        return await self._definitions.load(definition_id)
