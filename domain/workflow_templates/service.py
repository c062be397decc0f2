"""Use cases of workflow templates: save, delete, find, and make a workflow from one."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from domain.json_schemas.checks import MAX_WORK_OF_REQUEST, SchemaChecks
from domain.kernel.clock import Clock
from domain.kernel.errors import Conflict, InvalidInput, NotFound, Problem
from domain.kernel.ids import new_id
from domain.kernel.json.text import JsonValue
from domain.kernel.limits import Limits
from domain.kernel.names import is_name
from domain.kernel.pages import Page
from domain.sandbox.budget import Trial
from domain.sandbox.ports import Sandbox
from domain.sandbox.shares import SandboxUse
from domain.workflow_templates.checks import check_settings, problems_despite
from domain.workflow_templates.model import TemplateRecord, TemplateSettings, instantiated, normalized
from domain.workflow_templates.ports import WorkflowTemplateStore
from domain.workflow_templates.values import schema_problems_of, value_problems
from domain.workflows.compiled_schemas import with_schemas_compiled
from domain.workflows.records import WorkflowRecord
from domain.workflows.service import CreateWorkflow, WorkflowService

ORIGIN = "template"
"""The label that names the template a workflow was made from."""


class WorkflowTemplateService:
    """Use cases of templates. `shipped` are always there; a stored one of the same name replaces it."""

    def __init__(
        self,
        *,
        templates: WorkflowTemplateStore,
        workflows: WorkflowService,
        shipped: Sequence[TemplateRecord],
        clock: Clock,
        limits: Limits | None = None,
        sandbox: Sandbox | None = None,
        new_id: Callable[[], UUID] = new_id,
    ) -> None:
        self._templates = templates
        self._workflows = workflows
        self._shipped = {each.settings.name: each for each in shipped}
        self._clock = clock
        self._limits = limits or Limits()
        self._sandbox = sandbox
        self._new_id = new_id

    async def save(self, settings: TemplateSettings, trial: Trial | None = None) -> TemplateRecord:
        """Create a template, or overwrite the one with this name.

        Raises `InvalidInput` with every problem, and `LimitExceeded` where too much is being tried at once.
        """
        checked = await asyncio.to_thread(check_settings, settings, self._limits)
        trial = trial or Trial()
        checks = self._checks(trial)
        checked = await with_schemas_compiled(checked, checks, owner=trial.owner)
        problems = list(checked.problems)
        for index, parameter in enumerate(settings.parameters):
            if not problems and parameter.default is not None:
                faults = await schema_problems_of(parameter, parameter.default, checks, owner=trial.owner)
                problems += (fault.under("parameters", str(index), "default") for fault in faults)
        if problems:
            raise InvalidInput(problems)
        now = self._clock.now()
        template = TemplateRecord(id=self._new_id(), settings=normalized(settings), created_at=now, updated_at=now)
        return await self._templates.save(template)

    async def delete(self, name: str) -> TemplateRecord:
        """Remove a stored template. Raises `NotFound`, or `Conflict` for one that is shipped."""
        template = await self.find(name)
        if template is not None and not template.is_shipped and await self._templates.delete(name):
            return template
        if name in self._shipped:
            raise Conflict(f"The template {name!r} comes with Stepgraph, and cannot be deleted.")
        raise NotFound("workflow template", name)

    async def find(self, name: str, *, lean: bool = False) -> TemplateRecord | None:
        """The template with this name."""
        return await self._templates.find(name, lean=lean) or self._shipped.get(name) if is_name(name) else None

    async def get(self, id: UUID, *, lean: bool = False) -> TemplateRecord | None:
        """The template with this id."""
        stored = (await self._templates.get_many([id], lean=lean)).get(id)
        return stored or next((each for each in self._shipped.values() if each.id == id), None)

    async def page(self, category: str | None, *, first: int, after: str | None) -> Page[TemplateRecord]:
        """Templates of a category, or all, shipped and stored, by name, lean; `after` is a name."""
        if category is not None and not is_name(category):
            return Page()
        stored = await self._templates.page(category, first=first, after=after, lean=True)
        shipped = [each for each in await self._visible(category) if after is None or each.settings.name > after]
        found = sorted([*stored.rows, *shipped], key=lambda each: each.settings.name)
        return Page(rows=tuple(found[:first]), has_next=stored.has_next or len(found) > first)

    async def count(self, category: str | None) -> int:
        """The number of templates of a category, or of all, shipped and stored."""
        if category is not None and not is_name(category):
            return 0
        return await self._templates.count(category) + len(await self._visible(category))

    async def _visible(self, category: str | None) -> list[TemplateRecord]:
        """The shipped templates of a category, or all, that no stored one has replaced."""
        of_category = [each for each in self._shipped.values() if category in (None, each.settings.category)]
        taken = await self._templates.stored_names([each.settings.name for each in of_category])
        return [each for each in of_category if each.settings.name not in taken]

    async def instantiate(
        self, name: str, workflow_name: str, parameters: JsonValue, trial: Trial | None = None
    ) -> WorkflowRecord:
        """Store the workflow that a template becomes with these parameters.

        It has the label `template` where there is room for one and the document has none of its own, and version 1 the
        note. Raises `NotFound`, `InvalidInput` with every problem of the parameters, and of the document that comes of
        those that are right, `Conflict` when the workflow's name is taken, or `LimitExceeded`.
        """
        template = await self.find(name)
        if template is None:
            raise NotFound("workflow template", name)
        settings = template.settings
        trial = trial or Trial()
        faults = await value_problems(settings, parameters, self._checks(trial), owner=trial.owner)
        if not isinstance(parameters, Mapping) or not all(fault.path for fault in faults):
            raise InvalidInput([fault.under("parameters") for fault in faults])
        if faults:
            wrong = {fault.path[0] for fault in faults}
            others = await asyncio.to_thread(problems_despite, settings, parameters, wrong, workflow_name, self._limits)
            raise InvalidInput([*(fault.under("parameters") for fault in faults), *map(_located, others)])
        try:
            document = self._labelled(instantiated(settings, parameters, self._limits), settings.name)
            return await self._workflows.create(
                CreateWorkflow(
                    document={"name": workflow_name, **document}, note=f"From the template {settings.name!r}."
                ),
                trial,
            )
        except InvalidInput as error:
            raise InvalidInput([_located(problem) for problem in error.problems]) from error

    def _checks(self, trial: Trial) -> SchemaChecks:
        return SchemaChecks(trial.budgeted(self._sandbox), SandboxUse.TRIAL, most_here=MAX_WORK_OF_REQUEST)

    def _labelled(self, document: Mapping[str, JsonValue], template: str) -> Mapping[str, JsonValue]:
        labels = {} if document.get("labels") is None else document["labels"]
        if not isinstance(labels, Mapping) or ORIGIN in labels or len(labels) >= self._limits.max_labels:
            return document
        return {**document, "labels": {**labels, ORIGIN: template}}


def _located(problem: Problem) -> Problem:
    """The problem of the document with its path in the arguments: the document's name is one of them."""
    if problem.path[:1] == ("name",):
        return Problem(path=("workflowName",), message=problem.message, hint=problem.hint)
    return problem.under("document")
