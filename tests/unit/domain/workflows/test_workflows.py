"""Creating, changing, applying and deleting workflows."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.executions.service import ExecuteRequest
from domain.kernel.errors import Conflict, InvalidInput, InvalidState, NotFound
from domain.kernel.statuses import WorkflowStatus
from domain.workflows.records import WorkflowFilter, WorkflowRecord
from domain.workflows.service import CreateWorkflow, UpdateWorkflow, WorkflowService
from persistence.memory.tables import MemoryTables
from persistence.memory.workflows import MemoryWorkflowStore
from tests.builders import a_document, constant, http, transform, wait
from tests.unit.domain.conftest import Services


class LateStore(MemoryWorkflowStore):
    """A store whose first look-up still finds what was there before."""

    def __init__(self, tables: MemoryTables, found: WorkflowRecord | None) -> None:
        super().__init__(tables)
        self._found = [found]

    async def find(self, *, id: UUID | None = None, name: str | None = None) -> WorkflowRecord | None:
        return self._found.pop() if self._found else await super().find(id=id, name=name)


def late(services: Services, found: WorkflowRecord | None) -> WorkflowService:
    """The use cases, where the first look-up finds this."""
    return WorkflowService(workflows=LateStore(services.storage.tables, found), clock=services.clock)


async def created(services: Services, **members: Any) -> WorkflowRecord:
    return await services.workflows.create(CreateWorkflow(document=a_document(**members)))


async def versions_of(services: Services, record: WorkflowRecord) -> int:
    return await services.workflows.versions_count(record.id)


class TestCreate:
    async def test_a_workflow_is_stored_in_its_portable_form(self, services: Services) -> None:
        document = a_document(steps=[wait("a", "PT60S", when=None)], labels={"team": "shop"})

        record = await services.workflows.create(CreateWorkflow(document=document, status=WorkflowStatus.DRAFT))

        assert record.document == a_document(steps=[wait("a", "PT1M")], labels={"team": "shop"})
        assert (record.name, record.version, record.status) == ("orders", 1, WorkflowStatus.DRAFT)
        assert record.labels == {"team": "shop"}
        assert record.created_at == services.clock.now()
        assert await services.workflows.find(name="orders") == record.summary

    async def test_every_problem_is_raised_at_once(self, services: Services) -> None:
        with pytest.raises(InvalidInput) as caught:
            await created(services, steps=[http(url="ftp://x"), transform("b", "nothing")], labels={"a": []})
        assert len(caught.value.problems) == 3

    async def test_a_name_that_is_taken_is_a_conflict(self, services: Services) -> None:
        await created(services)
        with pytest.raises(Conflict):
            await created(services)

    @pytest.mark.parametrize("note", ["x" * 1001, "a\0b"])
    async def test_a_note_is_short_and_can_be_stored(self, services: Services, note: str) -> None:
        with pytest.raises(InvalidInput, match="note"):
            await services.workflows.create(CreateWorkflow(document=a_document(), note=note))


class TestUpdate:
    async def test_a_change_makes_the_next_version_and_keeps_the_rest(self, services: Services) -> None:
        record = await created(services, description="old", labels={"a": 1})
        services.clock.advance(timedelta(minutes=1))

        changes: dict[str, Any] = {"description": "new", "output": "steps.answer.output"}
        changed = await services.workflows.update(UpdateWorkflow(workflow_id=record.id, changes=changes, note="why"))

        assert changed.version == 2
        assert changed.definition_id != record.definition_id
        assert changed.document == {**record.document, **changes}
        assert changed.labels == {"a": 1}
        assert changed.updated_at == services.clock.now()

    async def test_null_takes_a_member_out(self, services: Services) -> None:
        record = await created(services, description="old", labels={"a": 1})
        changes = {"description": None, "labels": None}
        changed = await services.workflows.update(UpdateWorkflow(workflow_id=record.id, changes=changes))
        assert changed.document == a_document()
        assert changed.labels == {}

    async def test_the_same_again_adds_no_version(self, services: Services) -> None:
        record = await created(services, steps=[wait("a", "PT1M")])
        changes: dict[str, Any] = {"steps": [wait("a", "PT60S")], "name": "orders"}
        assert await services.workflows.update(UpdateWorkflow(workflow_id=record.id, changes=changes)) == record
        assert await versions_of(services, record) == 1

    async def test_a_new_status_alone_adds_no_version(self, services: Services) -> None:
        record = await created(services)
        update = UpdateWorkflow(workflow_id=record.id, status=WorkflowStatus.PAUSED)
        changed = await services.workflows.update(update)
        assert (changed.status, changed.version) == (WorkflowStatus.PAUSED, 1)

    async def test_a_workflow_can_be_renamed(self, services: Services) -> None:
        record = await created(services)
        changed = await services.workflows.update(UpdateWorkflow(workflow_id=record.id, changes={"name": "sales"}))
        assert (changed.name, changed.document["name"]) == ("sales", "sales")
        assert await services.workflows.find(name="orders") is None

    async def test_a_name_that_is_taken_is_a_conflict(self, services: Services) -> None:
        await created(services, name="sales")
        record = await created(services)
        with pytest.raises(Conflict):
            await services.workflows.update(UpdateWorkflow(workflow_id=record.id, changes={"name": "sales"}))

    async def test_a_version_that_is_not_the_newest_is_a_conflict(self, services: Services) -> None:
        record = await created(services)
        await services.workflows.update(UpdateWorkflow(workflow_id=record.id, changes={"description": "x"}))
        update = UpdateWorkflow(workflow_id=record.id, changes={"description": "y"}, expected_version=1)
        with pytest.raises(Conflict, match="version 2"):
            await services.workflows.update(update)

    async def test_a_change_that_races_with_another_loses_neither(self, services: Services) -> None:
        record = await created(services)
        await services.workflows.update(UpdateWorkflow(workflow_id=record.id, changes={"description": "theirs"}))
        changed = await late(services, record).update(
            UpdateWorkflow(workflow_id=record.id, changes={"output": "steps.answer.output"})
        )

        assert changed.version == 3
        assert changed.document["description"] == "theirs"

    async def test_the_changed_document_is_checked_as_a_whole(self, services: Services) -> None:
        record = await created(services, steps=[constant("a")], output="steps.a.output")
        with pytest.raises(InvalidInput, match="There is no step 'a'"):
            await services.workflows.update(UpdateWorkflow(workflow_id=record.id, changes={"steps": [constant("b")]}))

    async def test_an_unknown_member_is_refused(self, services: Services) -> None:
        record = await created(services)
        with pytest.raises(InvalidInput, match="no member 'stauts'"):
            await services.workflows.update(UpdateWorkflow(workflow_id=record.id, changes={"stauts": "x"}))

    async def test_an_unknown_workflow_is_not_found(self, services: Services) -> None:
        with pytest.raises(NotFound, match="wf_"):
            await services.workflows.update(UpdateWorkflow(workflow_id=UUID(int=1)))

    async def test_what_a_newer_release_stored_can_be_replaced(self, services: Services) -> None:
        record = await created(services)
        tables = services.storage.tables
        tables.workflows[record.id] = replace(record, document={**record.document, "novelty": 1})
        changed = await services.workflows.update(UpdateWorkflow(workflow_id=record.id, changes={"novelty": None}))
        assert changed.version == 2


class TestApply:
    async def test_a_new_name_creates_and_a_known_one_updates(self, services: Services) -> None:
        first = await services.workflows.apply(a_document(description="one"))
        second = await services.workflows.apply(a_document(description="two"), note="better")
        assert (first.id, first.version, first.status) == (second.id, 1, WorkflowStatus.ACTIVE)
        assert second.version == 2

    async def test_applying_replaces_the_document_whole(self, services: Services) -> None:
        await services.workflows.apply(a_document(description="one"))
        assert (await services.workflows.apply(a_document())).document == a_document()

    async def test_the_same_document_adds_no_version(self, services: Services) -> None:
        first = await services.workflows.apply(a_document(steps=[http()]))
        services.clock.advance(timedelta(minutes=1))
        assert await services.workflows.apply(a_document(steps=[http(method="GET")])) == first
        assert await versions_of(services, first) == 1

    async def test_the_status_stays(self, services: Services) -> None:
        record = await services.workflows.create(CreateWorkflow(document=a_document(), status=WorkflowStatus.PAUSED))
        assert (await services.workflows.apply(a_document(description="x"))).status is WorkflowStatus.PAUSED
        assert (await services.workflows.apply(a_document(description="x"))).id == record.id

    async def test_a_status_is_given_when_it_is_said(self, services: Services) -> None:
        draft = await services.workflows.apply(a_document(), status=WorkflowStatus.DRAFT)
        assert draft.status is WorkflowStatus.DRAFT
        active = await services.workflows.apply(a_document(), status=WorkflowStatus.ACTIVE)
        assert (active.status, active.version) == (WorkflowStatus.ACTIVE, 1)

    async def test_another_version_than_the_expected_one_is_refused(self, services: Services) -> None:
        with pytest.raises(Conflict, match="any more"):
            await services.workflows.apply(a_document(), expected_version=1)
        await services.workflows.apply(a_document(), expected_version=0)
        with pytest.raises(Conflict, match="already"):
            await services.workflows.apply(a_document(description="x"), expected_version=0)
        await services.workflows.apply(a_document(description="x"), expected_version=1)
        with pytest.raises(Conflict, match="moved on to version 2"):
            await services.workflows.apply(a_document(description="y"), expected_version=1)

    async def test_what_is_no_document_is_refused(self, services: Services) -> None:
        with pytest.raises(InvalidInput):
            await services.workflows.apply("steps: []")

    async def test_a_workflow_that_appears_in_between_is_updated(self, services: Services) -> None:
        first = await created(services)
        assert (await late(services, None).apply(a_document(description="x"))).id == first.id


class TestDelete:
    async def test_a_deleted_workflow_is_gone_and_its_name_is_free(self, services: Services) -> None:
        record = await created(services)
        await services.workflows.delete(record.id)
        assert await services.workflows.find(id=record.id) is None
        await created(services)
        with pytest.raises(NotFound, match="wf_"):
            await services.workflows.delete(record.id)

    async def test_a_workflow_with_executions_that_have_not_ended_stays(self, services: Services) -> None:
        record = await created(services)
        await services.executions.execute(ExecuteRequest(workflow_id=record.id))
        with pytest.raises(InvalidState):
            await services.workflows.delete(record.id)


class TestReading:
    async def test_a_workflow_is_found_by_its_id_or_its_name(self, services: Services) -> None:
        record = await created(services)
        assert await services.workflows.find(id=record.id) == record.summary
        assert await services.workflows.find(name="nobody") is None
        for arguments in ({}, {"id": record.id, "name": "orders"}):
            with pytest.raises(InvalidInput, match="Exactly one"):
                await services.workflows.find(**arguments)  # type: ignore[arg-type]

    async def test_lists_are_paged(self, services: Services) -> None:
        for name in ("a", "b", "c"):
            await created(services, name=name)
        page = await services.workflows.page(WorkflowFilter(), first=2, after=None)
        assert [record.name for record in page.rows] == ["c", "b"]
        assert page.has_next
        assert await services.workflows.count(WorkflowFilter()) == 3

    async def test_versions_are_listed_newest_first(self, services: Services) -> None:
        record = await created(services)
        await services.workflows.apply(a_document(description="x"), note="why")
        page = await services.workflows.versions_page(record.id, first=10, after=None)
        assert [(version.version, version.note) for version in page.rows] == [(2, "why"), (1, None)]

    async def test_validating_raises_nothing_and_stores_nothing(self, services: Services) -> None:
        assert (await services.workflows.validate(a_document())).is_valid
        assert not (await services.workflows.validate(5)).is_valid
        assert await services.workflows.count(WorkflowFilter()) == 0
