"""Rows to store, with everything that a test does not care about filled in."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from domain.engine.state import Attempt, ItemRange, StepState
from domain.executions.records import (
    Claim,
    ExecutionDelta,
    ExecutionRecord,
    NewBatch,
    NewExecution,
    PendingCommand,
    Progress,
    StepChange,
    StepFilter,
)
from domain.kernel.ids import new_id
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import CommandKind, ExecutionStatus, StepStatus, StepType, WorkflowStatus
from domain.workflows.ports import WorkflowStore
from domain.workflows.records import NewVersion, WorkflowRecord
from tests.contract.conftest import Storage

NOW = datetime(2026, 3, 14, 15, 9, 26, 535897, tzinfo=UTC)
SOON = NOW + timedelta(seconds=1)
LATER = NOW + timedelta(hours=1)


def new_execution(**given: Any) -> NewExecution:
    """An orchestration's execution that may start at once."""
    values: dict[str, Any] = {
        "id": new_id(),
        "definition_id": new_id(),
        "workflow_id": None,
        "workflow_version": None,
        "input": {"order": 7},
        "labels": {},
        "priority": 0,
        "total_steps": 3,
        "created_at": NOW,
    }
    return NewExecution(**(values | given))


def step(path: str, *, status: StepStatus = StepStatus.COMPLETED, output: JsonValue = None, **given: Any) -> StepChange:
    """A step that has run once."""
    finished_at = NOW if status.is_terminal else None
    values: dict[str, Any] = {
        "path": path,
        "step_id": path.rsplit(".", 1)[-1],
        "type": StepType.HTTP_REQUEST,
        "status": status,
        "attempts": (Attempt(number=1, started_at=NOW, finished_at=finished_at),),
        "input": {"url": "http://example.test"},
        "output": output,
        "started_at": NOW,
        "finished_at": finished_at,
    }
    return StepChange(position=given.pop("position", path), state=StepState(**(values | given)))


def delta_of(held: Claim | ExecutionRecord, *steps: StepChange, **given: Any) -> ExecutionDelta:
    """A change of an execution that goes on running."""
    execution = held.execution if isinstance(held, Claim) else held
    values: dict[str, Any] = {
        "execution_id": execution.id,
        "epoch": execution.epoch,
        "status": ExecutionStatus.RUNNING,
        "progress": Progress(total=3, completed=len(steps), failed=0, running=0, ended=len(steps)),
        "steps": steps,
        "started_at": NOW,
    }
    return ExecutionDelta(**(values | given))


def end_of(held: Claim | ExecutionRecord, *steps: StepChange, **given: Any) -> ExecutionDelta:
    """The last change of an execution that completes."""
    return delta_of(
        held, *steps, **({"status": ExecutionStatus.COMPLETED, "finished_at": SOON, "output": {"done": True}} | given)
    )


async def created(storage: Storage, **given: Any) -> UUID:
    """The id of an execution that was just stored."""
    (record,) = await storage.executions.create([new_execution(**given)])
    return record.id


async def claimed(storage: Storage, id: UUID | None = None, *, worker_id: UUID | None = None, **given: Any) -> Claim:
    """An execution, new unless its id is given, that a worker holds."""
    if id is None:
        id = await created(storage, **given)
    (claim,) = await storage.executions.claim([id], worker_id=worker_id or new_id(), now=SOON)
    return claim


def new_batch(held: Claim | UUID, first: int = 0, count: int = 3, *, path: str = "loop", **given: Any) -> NewBatch:
    """A part of a loop of an execution."""
    items = tuple(range(first, first + count))
    values: dict[str, Any] = {
        "id": new_id(),
        "execution_id": held.execution.id if isinstance(held, Claim) else held,
        "definition_id": new_id(),
        "priority": 0,
        "range": ItemRange(path=path, first=first, items=items, concurrency=2, tolerated=0),
        "created_at": NOW,
    }
    return NewBatch(**(values | given))


def loop_step(path: str = "loop") -> StepChange:
    """A loop whose items have begun."""
    return step(path, status=StepStatus.RUNNING, type=StepType.FOR_EACH, checkpoint={"items": [0, 1, 2]})


def item_step(index: int, id: str = "work", *, path: str = "loop", **given: Any) -> StepChange:
    """A step of an item."""
    return step(f"{path}[{index}].{id}", position=f"0001.{index:08}.0001", **given)


def command(execution_id: UUID, kind: CommandKind = CommandKind.CANCEL, **given: Any) -> PendingCommand:
    """Something to tell an execution."""
    values: dict[str, Any] = {
        "id": new_id(),
        "execution_id": execution_id,
        "kind": kind,
        "payload": None,
        "created_at": NOW,
    }
    return PendingCommand(**(values | given))


def ended_child(held: Claim, **payload: JsonValue) -> PendingCommand:
    """The command by which an ended child, or a batch, tells its parent."""
    parent_id = held.execution.parent_id
    assert parent_id is not None
    return command(parent_id, CommandKind.CHILD_ENDED, payload={"path": held.execution.parent_path} | payload)


async def stored(storage: Storage, id: UUID) -> ExecutionRecord:
    """An execution as it is now."""
    return (await storage.queries.get_many([id]))[id]


async def created_workflow(
    store: WorkflowStore, name: str, *, note: str | None = None, now: datetime = NOW, **given: Any
) -> WorkflowRecord:
    """A workflow that is stored with its version 1."""
    values: dict[str, Any] = {
        "id": new_id(),
        "definition_id": new_id(),
        "version": 1,
        "status": WorkflowStatus.ACTIVE,
        "document": {"name": name, "steps": []},
        "labels": {},
    }
    workflow = WorkflowRecord(**(values | given), name=name, created_at=now, updated_at=now)
    await store.create(workflow, note=note)
    return workflow


def next_version(document: Mapping[str, JsonValue], note: str | None = None) -> NewVersion:
    """A version of a workflow with a new id."""
    return NewVersion(definition_id=new_id(), document=document, note=note)


async def steps_counted(storage: Storage, execution_id: UUID, filter: StepFilter) -> int:
    """The number of an execution's steps that match."""
    return (await storage.queries.steps_counts([execution_id], filter))[execution_id]
