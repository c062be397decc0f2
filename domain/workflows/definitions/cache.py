"""The cache of compiled definitions: a stored version never changes, so each is compiled once per process."""

import asyncio
from collections.abc import Collection, Mapping
from datetime import timedelta
from functools import cached_property
from uuid import UUID

from domain.json_schemas.checks import SchemaChecks
from domain.json_schemas.defaults import with_defaults
from domain.json_schemas.library import InvalidSchema
from domain.json_schemas.schema import JsonSchema, unreadable_problem
from domain.kernel.errors import InvalidInput, NotFound, Problem
from domain.kernel.json.text import JsonValue, dumps
from domain.kernel.shared_lookups import FOR_EVER, NOT_AT_ALL, SharedLookups
from domain.workflows.definitions.compiler import compile_workflow
from domain.workflows.definitions.definition import Definition
from domain.workflows.documents.reading import read_document, unreadable
from domain.workflows.ports import WorkflowStore
from domain.workflows.records import DefinitionRecord


class LoadedDefinition:
    """A definition with the workflow's `inputSchema`. `size`: about the bytes of memory that it takes."""

    def __init__(self, definition: Definition, input_schema: JsonValue, document_size: int) -> None:
        self.definition = definition
        self.size = document_size + len(definition.steps) * _STEP + definition.expression_count * _EXPRESSION
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
_STEP = 1_500
_EXPRESSION = 6_000
"""The bytes that a compiled step and a parsed expression take, measured: 30 and 200 times as many as their text."""


class DefinitionCache:
    """The definitions that were used last, of about `size` bytes of memory in all.

    Callers that ask for the same one at once share one load.
    """

    def __init__(self, workflows: WorkflowStore, size: int = 32_000_000) -> None:
        self._workflows = workflows
        self._loaded = SharedLookups[UUID, _Loaded]("definitions", kept_for=_kept_for, most=size, weight=_weight)

    async def get(self, definition_id: UUID) -> Definition:
        """The definition with this id. Raises `NotFound`, or `InvalidInput` where this release cannot run it."""
        return (await self.load(definition_id)).definition

    def kept(self, definition_id: UUID) -> Definition | None:
        """The definition, where it is kept here."""
        loaded = self._loaded.kept(definition_id)
        return loaded.definition if isinstance(loaded, LoadedDefinition) else None

    async def load(self, definition_id: UUID) -> LoadedDefinition:
        """The definition with its input schema. Raises as `get` does."""
        loaded = self._loaded.kept(definition_id)
        if loaded is None:
            loaded = (await self._loaded.many([definition_id], self._load)).get(definition_id)
        if loaded is None:
            raise NotFound("definition", str(definition_id))
        if isinstance(loaded, InvalidInput):
            raise loaded
        return loaded

    async def many(self, ids: Collection[UUID]) -> Mapping[UUID, Definition]:
        """The definitions with these ids, read in one go; those that `get` would refuse are left out."""
        loaded = await self._loaded.many(ids, self._load)
        return {id: each.definition for id, each in loaded.items() if isinstance(each, LoadedDefinition)}

    async def _load(self, ids: Collection[UUID]) -> Mapping[UUID, _Loaded]:
        records = await self._workflows.definitions(ids)
        return await asyncio.to_thread(lambda: {id: _compiled(record) for id, record in records.items()})


def _kept_for(loaded: _Loaded) -> timedelta:
    return FOR_EVER if isinstance(loaded, LoadedDefinition) else NOT_AT_ALL


def _weight(loaded: _Loaded) -> int:
    return loaded.size if isinstance(loaded, LoadedDefinition) else 0


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
    return LoadedDefinition(definition, document.input_schema, len(dumps(record.document)))
