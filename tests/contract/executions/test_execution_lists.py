"""The contract of lists of executions: what each filter finds, in three orders, forwards and backwards, and counts."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.engine.state import WaitReason
from domain.executions.lists import Count, ExecutionOrder, OrderBy, Place, place_of
from domain.executions.records import ExecutionFilter, ExecutionRecord
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.ids import IdKind, IdSequence, ids_that_begin, new_id, to_public
from domain.kernel.statuses import ExecutionStatus, TriggerKind, WaitKind
from tests.contract.conftest import Storage
from tests.contract.rows import NOW, claimed, created, created_workflow, delta_of, end_of

ANY = ExecutionFilter()
IDS = IdSequence()
FAILED, WAITING = ExecutionStatus.FAILED, ExecutionStatus.WAITING
TIMEOUT = StepError(code=FailureCode.TIMEOUT, message="late", path="loop[3].fetch")


async def found(storage: Storage, by: OrderBy = OrderBy.CREATED, **filter: Any) -> list[UUID]:
    """The executions that match; counted, they are as many."""
    wanted = ExecutionFilter(**filter)
    page = await storage.queries.page(wanted, first=20, after=None, order=ExecutionOrder(by=by))
    assert await storage.queries.count(wanted, by) == len(page.rows)
    if by is OrderBy.CREATED:
        counts = await storage.queries.counts(wanted)
        assert {status: count.number for status, count in counts.items() if count.number} == {
            status: [row.status for row in page.rows].count(status) for status in {row.status for row in page.rows}
        }
    return [row.id for row in page.rows]


async def ended(storage: Storage, seconds: int, length: int = 1, **given: Any) -> UUID:
    """An execution that ended so long after NOW, and had taken so long."""
    at, changes = NOW + timedelta(seconds=seconds), {"error": given.pop("error", None)}
    if changes["error"] is not None:
        changes |= {"status": FAILED, "output": None}
    held = await claimed(storage, await created(storage, id=IDS.next(NOW), **given))
    end = end_of(held, started_at=at - timedelta(seconds=length), finished_at=at, **changes)
    await storage.executions.commit(end)
    return held.execution.id


async def waiting(storage: Storage, kind: WaitKind, detail: str, **given: Any) -> UUID:
    held = await claimed(storage, await created(storage, id=IDS.next(NOW), **given))
    reason = WaitReason(kind=kind, detail=detail)
    await storage.executions.commit(delta_of(held, status=WAITING, waiting_for=reason, release=True))
    return held.execution.id


async def test_executions_are_found_by_their_error(storage: Storage) -> None:
    workflow = await created_workflow(storage.workflows, "order")
    one = await ended(storage, 1, error=TIMEOUT, workflow_id=workflow.id)
    two = await ended(storage, 2, error=StepError(code=FailureCode.HTTP_STATUS, message="500", path="pay"))
    await ended(storage, 3)

    for by in OrderBy:
        assert await found(storage, by, error_code="TIMEOUT") == [one]
        assert await found(storage, by, failed_step="pay") == [two]
        assert await found(storage, by, failed_step="loop[3].fetch", workflow_name="order") == [one]
        assert await found(storage, by, error_code="TIMEOUT", workflow_id=workflow.id, failed_step="pay") == []
        assert await found(storage, by, error_code="HTTP_STATUS", workflow_name="order") == []
        assert await found(storage, by, error_code="HTTP_STATUS", statuses=frozenset({FAILED})) == [two]
        assert await found(storage, by, error_code="HTTP_STATUS", statuses=frozenset({WAITING})) == []
    assert await found(storage, failed_step="x" * 600) == []


async def test_an_error_of_any_length_is_stored_and_found(storage: Storage) -> None:
    path = "é" * 3_000
    one = await ended(storage, 1, error=StepError(code=FailureCode.INTERNAL, message="m", path=path))
    assert await found(storage, failed_step=path) == [one]
    assert await found(storage, failed_step=path + "x") == []


async def test_executions_are_found_by_what_they_wait_for(storage: Storage) -> None:
    signal = await waiting(storage, WaitKind.SIGNAL, "step: go")
    breaker = await waiting(storage, WaitKind.CIRCUIT_BREAKER, "loop[0].call: api.test:443")
    plain = await waiting(storage, WaitKind.CIRCUIT_BREAKER, "other.test:443")
    fresh = await created(storage)

    assert await found(storage, waiting_kind=WaitKind.SIGNAL) == [signal]
    assert await found(storage, waiting_kind=WaitKind.CIRCUIT_BREAKER) == [plain, breaker]
    assert await found(storage, waiting_service="api.test:443") == [breaker]
    assert await found(storage, waiting_service="other.test:443", waiting_kind=WaitKind.CIRCUIT_BREAKER) == [plain]
    assert await found(storage, waiting_service="go") == []
    assert await found(storage, waiting_kind=WaitKind.WORKER) == [fresh]
    assert await found(storage, waiting_kind=WaitKind.PAUSED) == []
    assert await found(storage, OrderBy.ENDED, waiting_kind=WaitKind.SIGNAL) == []


async def test_executions_are_found_by_what_started_them(storage: Storage) -> None:
    schedule, parent, failed = new_id(), new_id(), new_id()
    of_schedule = await created(storage, trigger=TriggerKind.SCHEDULE, trigger_id=schedule)
    of_parent = await created(storage, parent_id=parent, parent_path="sub")
    of_retry = await created(storage, parent_id=parent, parent_path="sub", retried_from_id=failed)
    plain = await created(storage)

    assert await found(storage, trigger=TriggerKind.SCHEDULE) == [of_schedule]
    assert await found(storage, trigger_id=schedule, trigger=TriggerKind.SCHEDULE) == [of_schedule]
    assert await found(storage, trigger_id=schedule, trigger=TriggerKind.WEBHOOK) == []
    assert await found(storage, trigger=TriggerKind.PARENT) == [of_parent]
    assert await found(storage, trigger_id=failed) == [of_retry]
    assert await found(storage, trigger=TriggerKind.API) == [plain]
    records = await storage.queries.get_many([of_schedule, of_parent, of_retry, plain])
    assert (records[of_parent].trigger, records[of_parent].trigger_id) == (TriggerKind.PARENT, parent)
    assert (records[of_retry].trigger, records[of_retry].trigger_id) == (TriggerKind.RETRY, failed)
    assert (records[plain].trigger, records[plain].trigger_id) == (TriggerKind.API, None)


async def test_executions_are_found_by_id_and_by_key(storage: Storage) -> None:
    workflow = await created_workflow(storage.workflows, "order")
    one = await created(storage, workflow_id=workflow.id, idempotency_key="k-1")
    two = await created(storage, idempotency_key="k-1")
    public = to_public(IdKind.EXECUTION, one)

    assert await found(storage, idempotency_key="k-1") == sorted([one, two], reverse=True)
    assert await found(storage, idempotency_key="k-1", workflow_name="order") == [one]
    assert await found(storage, idempotency_key="k") == []
    assert await found(storage, ids=ids_that_begin(public, IdKind.EXECUTION)) == [one]
    assert set(await found(storage, ids=ids_that_begin(public[:8], IdKind.EXECUTION))) == {one, two}
    assert await found(storage, ids=ids_that_begin("ex_0000", IdKind.EXECUTION)) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("acme", {"a"}),
        ("ACM", {"a"}),
        ("4711", {"a"}),
        ("order 47", {"a"}),
        ("rder", set()),
        ("team", {"a", "b"}),
        ("blue team", {"b"}),
        ("grün", {"b"}),
        ("17", {"b"}),
        ('\' | & :* \\ "blue"', {"b"}),
        ("nothing", set()),
    ],
)
async def test_labels_are_found_by_the_beginnings_of_their_words(
    storage: Storage, text: str, expected: set[str]
) -> None:
    a = await created(storage, labels={"team": "Acme, Inc.", "order-id": "order-4711"})
    b = await created(storage, labels={"team": "blue/grün", "tier": 17})
    await created(storage)
    names = {a: "a", b: "b"}
    assert {names[id] for id in await found(storage, label_text=text)} == expected


async def test_what_has_ended_is_found_by_its_end_and_its_duration(storage: Storage) -> None:
    quick, slow = await ended(storage, 10, length=1), await ended(storage, 20, length=9)
    await created(storage, id=IDS.next(NOW))
    at = NOW + timedelta(seconds=10)

    for by in OrderBy:
        assert await found(storage, by, longer_than=timedelta(seconds=1)) == [slow]
        assert await found(storage, by, longer_than=timedelta(seconds=9)) == []
        assert await found(storage, by, ended_after=at) == [slow]
        assert await found(storage, by, ended_before=at + timedelta(seconds=1)) == [quick]
        assert await found(storage, by, ended_after=at - timedelta(seconds=1), created_before=NOW) == []
        assert await found(storage, by, longer_than=timedelta(0), statuses=frozenset({FAILED})) == []


@pytest.mark.parametrize("by", list(OrderBy))
@pytest.mark.parametrize("ascending", [False, True])
@pytest.mark.parametrize("filter", [ANY, ExecutionFilter(labels={"team": "a"})], ids=["all", "labels"])
async def test_an_order_goes_both_ways_without_gap_or_repeat(
    storage: Storage, by: OrderBy, ascending: bool, filter: ExecutionFilter
) -> None:
    lengths = [3, 1, 3, 2, 1]
    ids = [await ended(storage, 50 - n, length, labels={"team": "a"}) for n, length in enumerate(lengths)]
    records = await storage.queries.get_many(ids)
    order = ExecutionOrder(by=by, ascending=ascending)

    def key(record: ExecutionRecord) -> Any:
        place = place_of(record, by)
        assert place is not None
        return (place.value, place.id) if place.value is not None else place.id

    expected = sorted(ids, key=lambda each: key(records[each]), reverse=not ascending)
    seen: list[UUID] = []
    after: Place | None = None
    has_next = True
    while has_next:
        page = await storage.queries.page(filter, first=2, after=after, order=order)
        seen += [row.id for row in page.rows]
        after, has_next = place_of(page.rows[-1], by), page.has_next
    assert seen == expected
    back = ExecutionOrder(by=by, ascending=not ascending)
    page = await storage.queries.page(filter, first=2, after=place_of(records[expected[3]], by), order=back)
    assert [row.id for row in page.rows] == [expected[2], expected[1]]
    assert page.has_next is True


async def test_one_that_never_began_has_a_place_among_durations(storage: Storage) -> None:
    held = await claimed(storage)
    end = end_of(held, status=ExecutionStatus.CANCELLED, started_at=None, output=None)
    await storage.executions.commit(end)
    assert await found(storage, OrderBy.DURATION) == [held.execution.id]


async def test_counts_have_each_status_that_the_filter_allows(storage: Storage) -> None:
    await created(storage)
    await ended(storage, 1)
    both = frozenset({FAILED, ExecutionStatus.PENDING})
    assert await storage.queries.counts(ExecutionFilter(statuses=both)) == {
        FAILED: Count(0),
        ExecutionStatus.PENDING: Count(1),
    }
    assert set(await storage.queries.counts(ANY)) == set(ExecutionStatus)
    assert await storage.queries.counts(ExecutionFilter(statuses=frozenset())) == {}
