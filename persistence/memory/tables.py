"""The rows that the in-memory ports share, and the questions that more than one of them asks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from domain.json_text import JsonValue
from domain.records import (
    DefinitionRecord,
    ExecutionRecord,
    Page,
    PendingCommand,
    StepRecord,
    WorkerRecord,
    WorkflowRecord,
)

Row = TypeVar("Row")


@dataclass(slots=True)
class MemoryTables:
    """One dictionary a table. Rows are frozen records, so handing them out is safe."""

    workflows: dict[UUID, WorkflowRecord] = field(default_factory=dict)
    deleted_workflows: set[UUID] = field(default_factory=set)
    definitions: dict[UUID, DefinitionRecord] = field(default_factory=dict)
    definitions_by_digest: dict[bytes, UUID] = field(default_factory=dict)
    executions: dict[UUID, ExecutionRecord] = field(default_factory=dict)
    executions_by_key: dict[tuple[UUID | None, str], UUID] = field(default_factory=dict)
    steps: dict[UUID, dict[str, StepRecord]] = field(default_factory=dict)
    commands: dict[UUID, PendingCommand] = field(default_factory=dict)
    workers: dict[UUID, WorkerRecord] = field(default_factory=dict)

    def commands_of(self, execution_id: UUID) -> tuple[PendingCommand, ...]:
        """The commands of an execution that were not applied yet, oldest first."""
        found = [command for command in self.commands.values() if command.execution_id == execution_id]
        return tuple(sorted(found, key=lambda command: command.id))

    def wants_attention(self, execution: ExecutionRecord, now: datetime) -> bool:
        """Whether nobody holds it and it is due, or has a command. A due time not after its creation is always due."""
        if execution.status.is_terminal or execution.worker_id is not None:
            return False
        if execution.due_at is not None and (execution.due_at <= now or execution.due_at <= execution.created_at):
            return True
        return any(command.execution_id == execution.id for command in self.commands.values())


def contains(labels: Mapping[str, JsonValue], wanted: Mapping[str, JsonValue] | None) -> bool:
    """Whether `labels` contains `wanted`, as PostgreSQL's `@>` has it for flat objects."""
    return wanted is None or all(name in labels and labels[name] == value for name, value in wanted.items())


def page_of(rows: Sequence[Row], first: int) -> Page[Row]:
    """The first rows of what is left of a list."""
    return Page(rows=tuple(rows[:first]), has_next=len(rows) > first)
