"""Executions that steps of other executions start."""

from typing import Any
from uuid import UUID

import pytest

from domain.engine.state import CarriedStep
from domain.executions.children import ChildRequest
from domain.executions.records import ExecutionRecord
from domain.executions.service import ExecuteRequest
from domain.kernel.errors import InvalidInput, InvalidState, LimitExceeded, NotFound
from domain.kernel.ids import IdKind, to_public
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import CommandKind, ExecutionStatus, WorkflowStatus
from domain.workflows.service import UpdateWorkflow
from tests.builders import a_document, constant
from tests.unit.domain.conftest import Services


async def start_child(services: Services, parent_id: UUID, **members: Any) -> ExecutionRecord:
    asked: dict[str, Any] = {
        "parent_path": "bill",
        "attempt": 1,
        "workflow": "billing",
        "version": None,
        "input": {"id": 1},
        "labels": {},
    }
    return await services.children.start(ChildRequest(parent_id=parent_id, **{**asked, **members}))


@pytest.fixture
async def parent_id(services: Services) -> UUID:
    """An execution of `orders`; `billing` is stored too."""
    await services.store_workflow()
    await services.store_workflow(name="billing", steps=[constant("a"), constant("b")])
    return await services.start(priority=7)


async def test_a_child_is_an_execution_with_a_parent(services: Services, parent_id: UUID) -> None:
    child = await start_child(services, parent_id, labels={"team": "a"})

    assert (child.parent_id, child.parent_path) == (parent_id, "bill")
    assert (child.status, child.input, child.labels) == (ExecutionStatus.PENDING, {"id": 1}, {"team": "a"})
    assert (child.workflow_version, child.priority, child.progress.total) == (1, 7, 2)
    assert services.storage.queue.hints == [parent_id, child.id]


async def test_the_same_attempt_has_one_child(services: Services, parent_id: UUID) -> None:
    first, again = await start_child(services, parent_id), await start_child(services, parent_id)
    other = await start_child(services, parent_id, parent_path="loop[0].bill")
    assert first.id == again.id
    assert other.id != first.id
    assert services.storage.queue.hints.count(first.id) == 1


async def test_nobody_else_can_take_the_key_of_a_child(services: Services, parent_id: UUID) -> None:
    request = ExecuteRequest(workflow_name="billing", idempotency_key=f"child:{parent_id}:bill:1")
    with pytest.raises(InvalidInput, match="idempotencyKey"):
        await services.executions.execute(request)


async def test_a_version_can_be_named(services: Services, parent_id: UUID) -> None:
    await services.workflows.apply(a_document(name="billing"))
    assert (await start_child(services, parent_id)).workflow_version == 2
    assert (await start_child(services, parent_id, parent_path="b", version=1)).workflow_version == 1
    with pytest.raises(NotFound, match="version"):
        await start_child(services, parent_id, parent_path="c", version=3)


async def test_what_cannot_be_started_is_refused(services: Services, parent_id: UUID) -> None:
    with pytest.raises(NotFound, match="'nobody'"):
        await start_child(services, parent_id, workflow="nobody")
    with pytest.raises(NotFound, match="ex_"):
        await start_child(services, UUID(int=1))
    with pytest.raises(InvalidInput, match="input"):
        await start_child(services, parent_id, input="x" * 10_001)
    asleep = await services.store_workflow(name="asleep", inputSchema={"type": "integer"})
    with pytest.raises(InvalidInput, match="input"):
        await start_child(services, parent_id, workflow="asleep")
    await services.workflows.update(UpdateWorkflow(workflow_id=asleep.id, status=WorkflowStatus.PAUSED))
    with pytest.raises(InvalidState, match="PAUSED"):
        await start_child(services, parent_id, workflow="asleep", input=1)


async def test_a_recursion_ends(services: Services, parent_id: UUID) -> None:
    for _ in range(10):
        parent_id = (await start_child(services, parent_id)).id
    with pytest.raises(LimitExceeded, match="at most 10"):
        await start_child(services, parent_id)


async def test_a_child_is_cancelled_with_a_reason_unless_it_has_ended(services: Services, parent_id: UUID) -> None:
    child = await start_child(services, parent_id)
    await services.children.cancel(child.id, "its parent was cancelled")
    [command] = await services.storage.executions.commands(child.id)
    assert (command.kind, command.payload) == (CommandKind.CANCEL, {"reason": "its parent was cancelled"})

    await services.change(child.id, ExecutionStatus.CANCELLED)
    await services.children.cancel(child.id)
    await services.children.cancel(UUID(int=1))
    assert len(await services.storage.executions.commands(child.id)) == 0


BILLING: dict[str, Any] = {"name": "billing", "steps": [constant("a")]}


def with_default(value: int) -> dict[str, Any]:
    return {"inputSchema": {"type": "object", "properties": {"rate": {"type": "integer", "default": value}}}}


async def retried(services: Services, parent_id: UUID, first: ExecutionRecord, **members: Any) -> ExecutionRecord:
    """The child of a retry of the parent by its newest version, which may ask for something else."""
    await services.change(first.id, ExecutionStatus.FAILED)
    again = await services.start()
    checkpoint: JsonValue = {"child": to_public(IdKind.EXECUTION, first.id), "latestVersion": True}
    carried = CarriedStep(path="bill", origins=(parent_id,), checkpoint=checkpoint)
    return await start_child(services, again, carried=carried, **members)


@pytest.mark.parametrize("input", [{"id": 1}, {"id": 1, "rate": 1}])
async def test_a_retry_goes_on_with_a_child_whose_input_is_the_same_but_for_defaults(
    services: Services, parent_id: UUID, input: Any
) -> None:
    await services.workflows.apply(a_document(**BILLING, **with_default(1)))
    first = await start_child(services, parent_id)
    assert first.input == {"id": 1, "rate": 1}

    second = await retried(services, parent_id, first, input=input)

    assert (second.retried_from_id, second.input) == (first.id, first.input)


async def test_the_defaults_of_a_newer_version_make_no_other_child(services: Services, parent_id: UUID) -> None:
    await services.workflows.apply(a_document(**BILLING, **with_default(1)))
    first = await start_child(services, parent_id)
    await services.workflows.apply(a_document(**BILLING, **with_default(2)))

    second = await retried(services, parent_id, first)

    assert second.retried_from_id == first.id


async def test_a_retry_that_asks_for_another_input_begins_another_child(services: Services, parent_id: UUID) -> None:
    await services.workflows.apply(a_document(**BILLING, **with_default(1)))
    first = await start_child(services, parent_id)

    second = await retried(services, parent_id, first, input={"id": 1, "rate": 3})

    assert (second.retried_from_id, second.input) == (None, {"id": 1, "rate": 3})
