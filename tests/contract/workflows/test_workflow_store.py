"""The contract of WorkflowStore: names, versions, deletion, pages, and the steps of orchestrations."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.kernel.errors import Conflict, InvalidState, NotFound
from domain.kernel.ids import new_id
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import WorkflowStatus
from domain.workflows.records import WorkflowChanges, WorkflowFilter, WorkflowRecord
from tests.contract.conftest import Storage
from tests.contract.rows import LATER, NOW, SOON, claimed, created, created_workflow, end_of, next_version


async def changed(
    storage: Storage, record: WorkflowRecord, *, expected_version: int | None = None, **given: Any
) -> WorkflowRecord:
    """An update that changes only what is given."""
    changes = WorkflowChanges(**given)
    return await storage.workflows.update(record.id, changes, expected_version=expected_version, now=SOON)


async def test_a_stored_workflow_is_found_by_id_and_by_name(storage: Storage) -> None:
    document = {"name": "order", "steps": [{"id": "b", "type": "WAIT"}], "a": {"z": 1, "y": 2**70}}
    record = await created_workflow(storage.workflows, "order", document=document, labels={"team": "a"})
    assert (record.version, record.status, record.created_at) == (1, WorkflowStatus.ACTIVE, NOW)
    assert await storage.workflows.find(id=record.id) == record
    assert await storage.workflows.find(name="order") == record
    assert list(record.document) == ["name", "steps", "a"]
    assert (await storage.workflows.get_many([record.id, new_id()])) == {record.id: record.summary}
    assert await storage.workflows.find_summary(id=record.id) == record.summary
    assert await storage.workflows.find_summary(name="order") == record.summary
    assert await storage.workflows.find_summary(name="nobody") is None
    assert await storage.workflows.find(name="nobody") is None
    assert await storage.workflows.find(id=new_id()) is None


async def test_a_taken_name_is_a_conflict(storage: Storage) -> None:
    await created_workflow(storage.workflows, "order")
    other = await created_workflow(storage.workflows, "other")
    with pytest.raises(Conflict, match="order"):
        await created_workflow(storage.workflows, "order")
    with pytest.raises(Conflict, match="order"):
        await changed(storage, other, name="order")
    assert await storage.workflows.find(id=other.id) == other
    assert await storage.workflows.count(WorkflowFilter()) == 2


async def test_of_many_creations_at_once_with_one_name_one_succeeds(storage: Storage) -> None:
    answers = await asyncio.gather(
        *(created_workflow(storage.workflows, "same") for _ in range(10)), return_exceptions=True
    )
    assert sum(isinstance(answer, WorkflowRecord) for answer in answers) == 1
    assert sum(isinstance(answer, Conflict) for answer in answers) == 9


async def test_a_new_document_is_the_next_version(storage: Storage) -> None:
    first = await created_workflow(storage.workflows, "order", note="one")
    document: dict[str, JsonValue] = {"name": "order", "steps": [1]}
    second = await changed(storage, first, version=next_version(document, "two"))

    assert (second.version, second.document, second.updated_at, second.created_at) == (2, document, SOON, NOW)
    assert await storage.workflows.find(id=first.id) == second
    versions = await storage.workflows.definitions([first.definition_id, second.definition_id, new_id()])
    assert {id: (row.version, row.note, row.workflow_id) for id, row in versions.items()} == {
        first.definition_id: (1, "one", first.id),
        second.definition_id: (2, "two", first.id),
    }
    old = await storage.workflows.version(first.id, 1)
    assert old is not None
    assert old.document == first.document
    assert await storage.workflows.version(first.id, 3) is None


async def test_without_a_document_no_version_is_added(storage: Storage) -> None:
    first = await created_workflow(storage.workflows, "order")
    second = await changed(storage, first, name="orders", status=WorkflowStatus.PAUSED, labels={"a": 1})
    assert (second.version, second.name, second.status, second.labels) == (
        1,
        "orders",
        WorkflowStatus.PAUSED,
        {"a": 1},
    )
    assert second.document == first.document
    assert await storage.workflows.versions_count(first.id) == 1
    assert await storage.workflows.find(name="order") is None


async def test_an_update_that_expects_another_version_is_a_conflict(storage: Storage) -> None:
    first = await created_workflow(storage.workflows, "order")
    await changed(storage, first, version=next_version({"steps": [1]}), expected_version=1)
    with pytest.raises(Conflict, match="version 2"):
        await changed(storage, first, version=next_version({"steps": [2]}), expected_version=1)
    assert await storage.workflows.versions_count(first.id) == 2
    with pytest.raises(NotFound):
        await storage.workflows.update(new_id(), WorkflowChanges(name="x"), now=NOW)


async def test_concurrent_updates_of_the_same_version_add_one(storage: Storage) -> None:
    first = await created_workflow(storage.workflows, "order")
    answers = await asyncio.gather(
        *(changed(storage, first, version=next_version({"n": number}), expected_version=1) for number in range(5)),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, WorkflowRecord) for answer in answers) == 1
    assert await storage.workflows.versions_count(first.id) == 2


async def test_versions_are_shown_from_the_newest(storage: Storage) -> None:
    record = await created_workflow(storage.workflows, "order")
    for number in range(2, 6):
        record = await changed(storage, record, version=next_version({"n": number}))
    page = await storage.workflows.versions_page(record.id, first=3, after=None)
    assert ([row.version for row in page.rows], page.has_next) == ([5, 4, 3], True)
    rest = await storage.workflows.versions_page(record.id, first=3, after=3)
    assert ([row.version for row in rest.rows], rest.has_next) == ([2, 1], False)


async def test_a_deleted_workflow_is_hidden_and_its_name_is_free(storage: Storage) -> None:
    record = await created_workflow(storage.workflows, "order")
    execution = await created(storage, workflow_id=record.id)
    await storage.executions.commit(end_of(await claimed(storage, execution)))
    await storage.workflows.delete(record.id, SOON)

    assert await storage.workflows.find(id=record.id) is None
    assert await storage.workflows.find(name="order") is None
    assert await storage.workflows.count(WorkflowFilter()) == 0
    assert record.id in await storage.workflows.get_many([record.id])
    assert record.definition_id in await storage.workflows.definitions([record.definition_id])
    with pytest.raises(NotFound):
        await storage.workflows.delete(record.id, SOON)
    again = await created_workflow(storage.workflows, "order")
    assert again.id != record.id


async def test_a_workflow_with_an_execution_that_has_not_ended_stays(storage: Storage) -> None:
    record = await created_workflow(storage.workflows, "order")
    await created(storage, workflow_id=record.id)
    with pytest.raises(InvalidState) as caught:
        await storage.workflows.delete(record.id, SOON)
    assert caught.value.status == "PENDING"
    assert await storage.workflows.find(id=record.id) == record


async def test_pages_go_from_the_newest_to_the_oldest(storage: Storage) -> None:
    ids = [(await created_workflow(storage.workflows, f"w{number}")).id for number in range(5)]
    seen: list[UUID] = []
    while True:
        page = await storage.workflows.page(WorkflowFilter(), first=2, after=seen[-1] if seen else None)
        seen += [row.id for row in page.rows]
        if not page.has_next:
            break
    assert seen == ids[::-1]


async def test_every_part_of_a_filter_must_match(storage: Storage) -> None:
    await created_workflow(storage.workflows, "Order intake", labels={"team": "a"})
    await created_workflow(storage.workflows, "order_100%", labels={"team": "b", "n": 1}, now=LATER)
    await created_workflow(storage.workflows, "refund", status=WorkflowStatus.DRAFT)

    async def matching(**given: Any) -> set[str]:
        filter = WorkflowFilter(**given)
        page = await storage.workflows.page(filter, first=10, after=None)
        assert await storage.workflows.count(filter) == len(page.rows)
        return {row.name for row in page.rows}

    assert await matching(name="refund") == {"refund"}
    assert await matching(name_contains="ORDER") == {"Order intake", "order_100%"}
    assert await matching(name_contains="0%") == {"order_100%"}
    assert await matching(name_contains="_") == {"order_100%"}
    assert await matching(statuses=frozenset({WorkflowStatus.DRAFT})) == {"refund"}
    assert await matching(labels={"team": "b"}) == {"order_100%"}
    assert await matching(created_after=NOW) == {"order_100%"}
    assert await matching(created_before=LATER - timedelta(minutes=1)) == {"Order intake", "refund"}
    assert await matching(name_contains="order", labels={"team": "a"}) == {"Order intake"}


async def test_the_steps_of_an_orchestration_are_stored_once_per_digest(storage: Storage) -> None:
    document = {"steps": [{"id": "a"}]}

    async def save(digest: bytes) -> UUID:
        return await storage.workflows.save_definition(
            definition_id=new_id(), document=document, digest=digest, now=NOW
        )

    answers = await asyncio.gather(*(save(b"1" * 32) for _ in range(10)))
    assert len(set(answers)) == 1
    assert await save(b"2" * 32) != answers[0]
    (found,) = (await storage.workflows.definitions(answers)).values()
    assert (found.id, found.document, found.workflow_id, found.version) == (answers[0], document, None, None)


async def test_pages_tell_where_documents_are_and_documents_are_read_within_a_size(storage: Storage) -> None:
    records = [
        await created_workflow(storage.workflows, f"w{n}", document={"b": "é" * 1_000, "a": n}) for n in range(3)
    ]
    page = await storage.workflows.page(WorkflowFilter(), first=10, after=None)
    assert list(page.rows) == [record.summary for record in reversed(records)]
    ids = [row.definition_id for row in page.rows]

    each = len('{"b":"","a":0}') + 2 * 1_000
    found = await storage.workflows.documents([*ids, new_id()], max_bytes=3 * each)
    assert (found.size, found.documents) == (3 * each, {record.definition_id: record.document for record in records})
    assert [list(document) for document in found.documents.values()] == [["b", "a"]] * 3

    refused = await storage.workflows.documents(ids, max_bytes=3 * each - 1)
    assert (refused.size, refused.documents) == (3 * each, {})
    nothing = await storage.workflows.documents([], max_bytes=0)
    assert (nothing.size, nothing.documents) == (0, {})


async def test_large_documents_are_read_whole(storage: Storage) -> None:
    record = await created_workflow(storage.workflows, "large", document={"steps": list(range(100_000))})
    found = await storage.workflows.documents([record.definition_id], max_bytes=1_000_000)
    assert found.documents == {record.definition_id: record.document}


async def test_versions_are_listed_without_their_documents(storage: Storage) -> None:
    first = await created_workflow(storage.workflows, "order", note="one")
    second = await changed(storage, first, version=next_version({"n": 2}, "two"))

    page = await storage.workflows.versions_page(first.id, first=10, after=None)
    newer, older = page.rows
    assert (newer.id, newer.workflow_id, newer.version, newer.note) == (second.definition_id, first.id, 2, "two")
    assert (older.id, older.created_at, older.note) == (first.definition_id, NOW, "one")
    assert await storage.workflows.version_summary(first.id, 2) == newer
    assert await storage.workflows.version_summary(first.id, 3) is None
    assert not hasattr(newer, "document")
