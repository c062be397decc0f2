"""Transformation rules and workflow templates, in memory."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from domain.transformation_rules import RuleRecord, rules_named_in
from domain.workflow_templates import TemplateRecord
from persistence.memory.tables import MemoryTables


class MemoryTransformationRuleStore:
    """Implements `domain.ports.TransformationRuleStore`."""

    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables
        self._rules: dict[str, RuleRecord] = {}

    async def save(self, rule: RuleRecord) -> RuleRecord:
        old = self._rules.get(rule.settings.name)
        saved = replace(rule, revision=1)
        if old is not None:
            saved = replace(rule, id=old.id, created_at=old.created_at, revision=old.revision + 1)
        self._rules[rule.settings.name] = saved
        return saved

    async def delete(self, name: str) -> bool:
        return self._rules.pop(name, None) is not None

    async def get_many(self, ids: Collection[UUID]) -> Mapping[UUID, RuleRecord]:
        return {rule.id: rule for rule in self._rules.values() if rule.id in ids}

    async def find_many(self, names: Collection[str]) -> Mapping[str, RuleRecord]:
        return {name: self._rules[name] for name in names if name in self._rules}

    async def list_rules(self) -> Sequence[RuleRecord]:
        return [self._rules[name] for name in sorted(self._rules)]

    async def users_of(self, name: str, *, limit: int) -> Sequence[str]:
        tables = self._tables
        using = [
            workflow.name
            for workflow in tables.workflows.values()
            if workflow.id not in tables.deleted_workflows and name in rules_named_in(workflow.document)
        ]
        return sorted(using)[:limit]


class MemoryWorkflowTemplateStore:
    """Implements `domain.ports.WorkflowTemplateStore`."""

    def __init__(self) -> None:
        self._templates: dict[str, TemplateRecord] = {}

    async def save(self, template: TemplateRecord) -> TemplateRecord:
        old = self._templates.get(template.settings.name)
        saved = template if old is None else replace(template, id=old.id, created_at=old.created_at)
        self._templates[template.settings.name] = saved
        return saved

    async def delete(self, name: str) -> bool:
        return self._templates.pop(name, None) is not None

    async def get_many(self, ids: Collection[UUID]) -> Mapping[UUID, TemplateRecord]:
        return {template.id: template for template in self._templates.values() if template.id in ids}

    async def find(self, name: str) -> TemplateRecord | None:
        return self._templates.get(name)

    async def list_templates(self) -> Sequence[TemplateRecord]:
        return [self._templates[name] for name in sorted(self._templates)]
