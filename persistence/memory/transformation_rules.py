"""Transformation rules and workflow templates, in memory."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from domain.kernel.json.text import JsonValue
from domain.kernel.pages import Page
from domain.transformation_rules.model import RuleRecord
from domain.workflow_templates.model import TemplateRecord
from persistence.memory.large_values import lean_rule, lean_template
from persistence.memory.tables import MemoryTables


class MemoryTransformationRuleStore:
    """Implements `domain.transformation_rules.ports.TransformationRuleStore`."""

    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables
        self._rules = tables.rules

    async def save(self, rule: RuleRecord) -> RuleRecord:
        old = self._rules.get(rule.settings.name)
        saved = replace(rule, revision=1)
        if old is not None:
            saved = replace(rule, id=old.id, created_at=old.created_at, revision=old.revision + 1)
        self._rules[rule.settings.name] = saved
        return saved

    async def delete(self, name: str) -> bool:
        return self._rules.pop(name, None) is not None

    async def get_many(self, ids: Collection[UUID], *, lean: bool = False) -> Mapping[UUID, RuleRecord]:
        found = {rule.id: rule for rule in self._rules.values() if rule.id in ids}
        return {id: lean_rule(rule, len(ids)) for id, rule in found.items()} if lean else found

    async def find_many(self, names: Collection[str], *, lean: bool = False) -> Mapping[str, RuleRecord]:
        found = {name: self._rules[name] for name in names if name in self._rules}
        return {name: lean_rule(rule, len(names)) for name, rule in found.items()} if lean else found

    async def page(self, *, first: int, after: str | None, lean: bool = False) -> Page[RuleRecord]:
        found = [self._rules[name] for name in sorted(self._rules) if after is None or name > after]
        rows = [lean_rule(rule, first) if lean else rule for rule in found[:first]]
        return Page(rows=tuple(rows), has_next=len(found) > first)

    async def count(self) -> int:
        return len(self._rules)

    async def users_of(self, name: str, *, limit: int) -> Sequence[str]:
        tables = self._tables
        using = [
            workflow.name
            for workflow in tables.workflows.values()
            if workflow.id not in tables.deleted_workflows and name in _rules_named_in(workflow.document)
        ]
        return sorted(using)[:limit]


class MemoryWorkflowTemplateStore:
    """Implements `domain.workflow_templates.ports.WorkflowTemplateStore`."""

    def __init__(self, tables: MemoryTables) -> None:
        self._templates = tables.templates

    async def save(self, template: TemplateRecord) -> TemplateRecord:
        old = self._templates.get(template.settings.name)
        saved = template if old is None else replace(template, id=old.id, created_at=old.created_at)
        self._templates[template.settings.name] = saved
        return saved

    async def delete(self, name: str) -> bool:
        return self._templates.pop(name, None) is not None

    async def get_many(self, ids: Collection[UUID], *, lean: bool = False) -> Mapping[UUID, TemplateRecord]:
        found = {template.id: template for template in self._templates.values() if template.id in ids}
        return {id: lean_template(template, len(ids)) for id, template in found.items()} if lean else found

    async def find(self, name: str, *, lean: bool = False) -> TemplateRecord | None:
        found = self._templates.get(name)
        return lean_template(found, 1) if lean and found is not None else found

    async def page(
        self, category: str | None, *, first: int, after: str | None, lean: bool = False
    ) -> Page[TemplateRecord]:
        found = [each for each in self._of(category) if after is None or each.settings.name > after]
        rows = [lean_template(template, first) if lean else template for template in found[:first]]
        return Page(rows=tuple(rows), has_next=len(found) > first)

    async def count(self, category: str | None) -> int:
        return len(self._of(category))

    async def stored_names(self, names: Collection[str]) -> Collection[str]:
        return {name for name in names if name in self._templates}

    def _of(self, category: str | None) -> list[TemplateRecord]:
        found = [self._templates[name] for name in sorted(self._templates)]
        return [each for each in found if category in (None, each.settings.category)]


def _rules_named_in(document: JsonValue) -> Iterator[str]:
    """The names of the rules applied by whatever looks like a step with a `rule` in a stored document."""
    pending: list[JsonValue] = [document]
    while pending:
        match pending.pop():
            case Mapping() as members:
                match members:
                    case {"type": str(), "config": {"rule": {"name": str(name)}}}:
                        yield name
                    case _:
                        pass
                pending += members.values()
            case list() | tuple() as items:
                pending += items
            case _:
                pass
