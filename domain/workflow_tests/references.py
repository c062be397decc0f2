"""The stored workflows and rules that a document names, and those that they name in turn."""

import asyncio
from collections.abc import Mapping, Sequence

from domain.kernel.json.text import JsonValue
from domain.kernel.names import is_name
from domain.transformation_rules.model import RuleRecord
from domain.transformation_rules.ports import TransformationRuleStore
from domain.workflow_tests.model import References
from domain.workflows.ports import WorkflowStore
from domain.workflows.records import DefinitionRecord, WorkflowRecord
from domain.workflows.steps.data_transform import DATA_TRANSFORM
from domain.workflows.steps.sub_workflow import SUB_WORKFLOW

MAX_WORKFLOWS = 20
"""The most stored workflows that a test reads; steps that start others are to be mocked."""


async def references_of(
    document: Mapping[str, JsonValue], workflows: WorkflowStore, rules: TransformationRuleStore | None
) -> References:
    """All that is named and stored; what is not stored is left out, and the step that names it says so."""
    found: dict[str, WorkflowRecord] = {}
    versions: dict[tuple[str, int], DefinitionRecord] = {}
    named_rules: set[str] = set()
    looked_at: set[tuple[str, int | None]] = set()
    waiting: list[Mapping[str, JsonValue]] = [document]
    while waiting:
        named = await asyncio.to_thread(_named_in, waiting.pop())
        named_rules |= {rule for rule, _ in named if rule is not None}
        for name, version in [each for _, each in named if each is not None]:
            if (name, version) in looked_at or len(looked_at) >= MAX_WORKFLOWS:
                continue
            looked_at.add((name, version))
            record = found.get(name) or await workflows.find(name=name)
            if record is None:
                continue
            found[name] = record
            if version is None or version == record.version:
                waiting.append(record.document)
                continue
            stored = await workflows.version(record.id, version)
            if stored is not None:
                versions[name, version] = stored
                waiting.append(stored.document)
    return References(
        workflows=tuple(found.values()), versions=tuple(versions.values()), rules=await _rules(named_rules, rules)
    )


async def _rules(names: set[str], rules: TransformationRuleStore | None) -> Sequence[RuleRecord]:
    wanted = [name for name in sorted(names) if is_name(name)]
    return tuple((await rules.find_many(wanted)).values()) if rules is not None and wanted else ()


def _named_in(document: JsonValue) -> list[tuple[str | None, tuple[str, int | None] | None]]:
    """The rule, or the workflow and its version, that each step in a document names, however deep it is."""
    found: list[tuple[str | None, tuple[str, int | None] | None]] = []
    values = [document]
    while values:
        value = values.pop()
        match value:
            case {"type": SUB_WORKFLOW.name, "config": {"workflow": str(name), **rest}}:
                version = rest.get("version")
                found.append((None, (name, version if isinstance(version, int) else None)))
            case {"type": DATA_TRANSFORM.name, "config": {"rule": str(name) | {"name": str(name)}}}:
                found.append((name, None))
        if isinstance(value, Mapping):
            values += value.values()
        elif isinstance(value, list | tuple):
            values += value
    return found
