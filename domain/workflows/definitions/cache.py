"""The cache of compiled definitions: a stored version never changes, so each is compiled once per process."""

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from uuid import UUID

from domain.json_schemas.checks import SchemaChecks
from domain.json_schemas.defaults import with_defaults
from domain.json_schemas.library import InvalidSchema
from domain.json_schemas.schema import JsonSchema, unreadable_problem
from domain.kernel.errors import InvalidInput, NotFound, Problem
from domain.kernel.json.text import JsonValue, dumps
from domain.workflows.definitions.compiler import compile_workflow
from domain.workflows.definitions.definition import Definition
from domain.workflows.documents.reading import read_document, unreadable
from domain.workflows.ports import WorkflowStore
from domain.workflows.records import DefinitionRecord


class LoadedDefinition:
    """A definition with the workflow's `inputSchema`."""

    def __init__(self, definition: Definition, input_schema: JsonValue) -> None:
        self.definition = definition
        self._input_schema = input_schema
        self._has_defaults = input_schema is not None and '"default"' in dumps(input_schema)

    def with_defaults(self, value: JsonValue) -> JsonValue:
        """An input with the defaults of the workflow's `inputSchema`."""
        return with_defaults(self._input_schema, value) if self._has_defaults else value

    async def input_problems(self, value: JsonValue, checks: SchemaChecks) -> list[Problem]:
        """The problems of an input by the workflow's `inputSchema`. Raises `Unavailable` and `LimitExceeded`."""
        if self._input_schema is None:
            return []
        try:
            schema = self._schema
        except InvalidSchema as error:
            return [unreadable_problem(error)]
        owner = self.definition.workflow_id or self.definition.id
        return await checks.problems_or_limit(schema, value, owner=owner)

    @cached_property
    def _schema(self) -> JsonSchema:
        return JsonSchema(self._input_schema)


_Loaded = LoadedDefinition | InvalidInput
_Batch = Mapping[UUID, _Loaded]


class DefinitionCache:
    """The `size` definitions that were used last. Callers that ask for the same one at once share one load."""

    def __init__(self, workflows: WorkflowStore, size: int = 1024) -> None:
        self._workflows = workflows
        self._size = size
        self._kept: OrderedDict[UUID, LoadedDefinition] = OrderedDict()
        self._loading: dict[UUID, asyncio.Task[_Batch]] = {}

    async def get(self, definition_id: UUID) -> Definition:
        """The definition with this id. Raises `NotFound`, or `InvalidInput` where this release cannot run it."""
        return (await self.load(definition_id)).definition

    async def load(self, definition_id: UUID) -> LoadedDefinition:
        """The definition with its input schema. Raises as `get` does."""
        kept = self._use(definition_id)
        if kept is not None:
            return kept
        loaded = (await self._wanted([definition_id])).get(definition_id)
        if loaded is None:
            raise NotFound("definition", str(definition_id))
        if isinstance(loaded, InvalidInput):
            raise loaded
        return loaded

    async def many(self, ids: Collection[UUID]) -> Mapping[UUID, Definition]:
        """The definitions with these ids, read in one go; those that `get` would refuse are left out."""
        found = {id: kept.definition for id in ids if (kept := self._use(id)) is not None}
        missing = [id for id in dict.fromkeys(ids) if id not in found]
        if missing:
            for id, loaded in (await self._wanted(missing)).items():
                if isinstance(loaded, LoadedDefinition):
                    found[id] = loaded.definition
        return found

    def _use(self, id: UUID) -> LoadedDefinition | None:
        kept = self._kept.get(id)
        if kept is not None:
            self._kept.move_to_end(id)
        return kept

    async def _wanted(self, ids: Iterable[UUID]) -> _Batch:
        """Load the definitions not loading yet, and wait for all. A caller that gives up does not stop other loads."""
        wanted = tuple(ids)
        fresh = [id for id in wanted if id not in self._loading]
        if fresh:
            task = asyncio.create_task(self._load(fresh))
            self._loading.update(dict.fromkeys(fresh, task))
            task.add_done_callback(lambda done: self._forget(fresh, done))
        loads = {id: self._loading[id] for id in wanted}
        found: dict[UUID, _Loaded] = {}
        for id, load in loads.items():
            loaded = (await asyncio.shield(load)).get(id)
            if loaded is not None:
                found[id] = loaded
        return found

    def _forget(self, ids: Iterable[UUID], done: asyncio.Task[_Batch]) -> None:
        for id in ids:
            del self._loading[id]
        if not done.cancelled():
            done.exception()  # whoever waited has it; nobody may be left to see it

    async def _load(self, ids: Collection[UUID]) -> _Batch:
        records = await self._workflows.definitions(ids)
        loaded = await asyncio.to_thread(lambda: {id: _compiled(record) for id, record in records.items()})
        for id, outcome in loaded.items():
            if isinstance(outcome, LoadedDefinition):
                self._kept[id] = outcome
        while len(self._kept) > self._size:
            self._kept.popitem(last=False)
        return loaded


def _compiled(record: DefinitionRecord) -> _Loaded:
    try:
        document = read_document(record.document)
        definition = compile_workflow(
            document, definition_id=record.id, workflow_id=record.workflow_id, version=record.version
        )
    except InvalidInput as error:
        which = (
            "the steps that were orchestrated"
            if record.version is None
            else f"version {record.version} of the workflow"
        )
        return unreadable(error, which)
    return LoadedDefinition(definition, document.input_schema)
