"""Executions whose workflow was looked up a while ago: they are inserted where it is that still."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from domain.executions.records import ExpectedWorkflow, NewExecution
from domain.kernel.errors import WorkflowChanged
from domain.kernel.ids import new_id
from domain.kernel.statuses import WorkflowStatus
from domain.workflows.records import WorkflowChanges, WorkflowRecord
from tests.contract.conftest import Storage
from tests.contract.rows import NOW, SOON, created_workflow, new_execution, next_version

Change = Callable[[Storage, WorkflowRecord], Awaitable[object]]


def start_of(workflow: WorkflowRecord, **given: object) -> NewExecution:
    """An execution of the workflow as it is now."""
    expected = ExpectedWorkflow(name=workflow.name, version=workflow.version)
    return new_execution(workflow_id=workflow.id, workflow_version=workflow.version, expected=expected, **given)


async def changed(storage: Storage, workflow: WorkflowRecord, changes: WorkflowChanges) -> None:
    await storage.workflows.update(workflow.id, changes, now=workflow.updated_at)  # in the very same microsecond


async def replaced(storage: Storage, workflow: WorkflowRecord) -> None:
    await storage.workflows.delete(workflow.id, SOON)
    await created_workflow(storage.workflows, workflow.name)


@pytest.mark.parametrize("is_handed", [False, True])
async def test_one_whose_workflow_is_as_expected_is_inserted(storage: Storage, is_handed: bool) -> None:
    workflow = await created_workflow(storage.workflows, "order")
    worker_id = new_id()
    await storage.registry.register(worker_id, host="here", now=NOW)
    assert await storage.registry.heartbeat(worker_id, active_executions=0)
    new = start_of(workflow, worker_id=worker_id if is_handed else None)

    [record] = await storage.executions.create([new])

    assert (record.id, record.worker_id) == (new.id, worker_id if is_handed else None)
    assert new.id in await storage.queries.get_many([new.id])


@pytest.mark.parametrize(
    "change",
    [
        lambda storage, workflow: changed(storage, workflow, WorkflowChanges(version=next_version({"steps": [1]}))),
        lambda storage, workflow: changed(storage, workflow, WorkflowChanges(status=WorkflowStatus.PAUSED)),
        lambda storage, workflow: changed(storage, workflow, WorkflowChanges(name="another")),
        lambda storage, workflow: storage.workflows.delete(workflow.id, SOON),
        replaced,
    ],
    ids=["a version", "a status", "a name", "deleted", "replaced"],
)
async def test_one_whose_workflow_has_changed_is_not_inserted(storage: Storage, change: Change) -> None:
    workflow = await created_workflow(storage.workflows, "order")
    await change(storage, workflow)
    new = start_of(workflow)

    with pytest.raises(WorkflowChanged, match="order"):
        await storage.executions.create([new])

    assert await storage.queries.get_many([new.id]) == {}


async def test_a_change_that_starts_do_not_depend_on_keeps_none_from_being_inserted(storage: Storage) -> None:
    workflow = await created_workflow(storage.workflows, "order")
    await changed(storage, workflow, WorkflowChanges(labels={"team": "a"}))

    [record] = await storage.executions.create([new := start_of(workflow)])

    assert record.id == new.id


async def test_one_whose_key_is_known_is_not_inserted_and_not_answered_either(storage: Storage) -> None:
    workflow = await created_workflow(storage.workflows, "order")
    [first] = await storage.executions.create([start_of(workflow, idempotency_key="k")])
    again = start_of(workflow, idempotency_key="k")

    with pytest.raises(WorkflowChanged):
        await storage.executions.create([again])

    assert list(await storage.queries.get_many([first.id, again.id])) == [first.id]


async def test_others_that_are_inserted_at_the_same_moment_are_not_held_up(storage: Storage) -> None:
    workflow, gone = [await created_workflow(storage.workflows, name) for name in ("order", "gone")]
    await storage.workflows.delete(gone.id, SOON)
    asked = [start_of(workflow), start_of(gone), new_execution(), new_execution(idempotency_key="k")]

    answers = await asyncio.gather(*(storage.executions.create([new]) for new in asked), return_exceptions=True)

    assert isinstance(answers.pop(1), WorkflowChanged)
    assert [[record.id for record in answer] for answer in answers if isinstance(answer, list)] == [
        [asked[0].id],
        [asked[2].id],
        [asked[3].id],
    ]
