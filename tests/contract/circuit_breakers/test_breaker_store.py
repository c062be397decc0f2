"""The contract of the store of circuit breakers, over memory and PostgreSQL."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.circuit_breakers.model import BreakerConfig, BreakerSnapshot, CircuitBreakerRecord
from domain.engine.state import StepState, WaitReason
from domain.kernel.errors import NotFound
from domain.kernel.ids import new_id
from domain.kernel.statuses import CircuitBreakerState, ExecutionStatus, StepStatus, WaitKind
from tests.contract.conftest import Storage
from tests.contract.rows import LATER, NOW, SOON, claimed, created, delta_of, step

CLOSED, OPEN, HALF_OPEN = CircuitBreakerState.CLOSED, CircuitBreakerState.OPEN, CircuitBreakerState.HALF_OPEN
API = "api.example.com:443"
MILLISECOND = timedelta(milliseconds=1)


def a_snapshot(state: CircuitBreakerState = OPEN, service_id: str = API, **given: Any) -> BreakerSnapshot:
    values: dict[str, Any] = {"service_id": service_id, "state": state, "version": 5, "generation": 1}
    if state is OPEN:
        values |= {"failure_count": 5, "opened_at": NOW, "next_probe_at": LATER}
    return BreakerSnapshot(**(values | given))


async def stored(storage: Storage, service_id: str = API) -> CircuitBreakerRecord:
    return await storage.breakers.ensure(service_id, id=new_id(), now=NOW)


async def found(storage: Storage, service_id: str = API) -> CircuitBreakerRecord:
    record = await storage.breakers.find(service_id)
    assert record is not None
    return record


async def test_a_breaker_is_made_once(storage: Storage) -> None:
    first = await stored(storage)
    again = await storage.breakers.ensure(API, id=new_id(), now=LATER)

    assert first == again == await found(storage) == await storage.breakers.get(first.id)
    assert (first.config, first.snapshot) == (BreakerConfig(), BreakerSnapshot(service_id=API))
    assert first.updated_at == NOW


async def test_of_many_that_make_one_at_once_all_get_the_same(storage: Storage) -> None:
    records = await asyncio.gather(*(stored(storage) for _ in range(20)))
    assert len({record.id for record in records}) == 1


async def test_what_is_not_there_is_not_found(storage: Storage) -> None:
    assert await storage.breakers.find(API) is None
    assert await storage.breakers.get(new_id()) is None
    assert await storage.breakers.many([API]) == {}
    assert await storage.breakers.delete(API) is None
    assert await storage.breakers.save(a_snapshot(), NOW) is False
    with pytest.raises(NotFound):
        await storage.breakers.configure(API, BreakerConfig(), NOW)


async def test_a_configuration_is_kept_to_the_microsecond(storage: Storage) -> None:
    config = BreakerConfig(
        failure_threshold=10_000,
        success_threshold=7,
        reset_timeout=timedelta(hours=23, microseconds=1),
        half_open_max_calls=3,
    )
    await stored(storage)
    assert await storage.breakers.configure(API, config, SOON) == await found(storage)
    record = await found(storage)
    assert (record.config, record.updated_at) == (config, SOON)


async def test_a_state_is_read_back_without_the_places_of_probes(storage: Storage) -> None:
    await stored(storage)
    snapshot = a_snapshot(HALF_OPEN, version=9, generation=2, failure_count=5, opened_at=NOW, probes={"p": LATER})

    assert await storage.breakers.save(snapshot, SOON)

    record = await found(storage)
    assert record.snapshot == a_snapshot(HALF_OPEN, version=9, generation=2, failure_count=5, opened_at=NOW)
    assert record.updated_at == SOON


async def test_an_older_generation_does_not_replace_a_newer_one(storage: Storage) -> None:
    await stored(storage)
    assert await storage.breakers.save(a_snapshot(generation=3), NOW)
    assert not await storage.breakers.save(a_snapshot(CLOSED, generation=2, version=99), NOW)
    assert not await storage.breakers.save(a_snapshot(generation=3, version=99), NOW)
    assert (await found(storage)).snapshot == a_snapshot(generation=3)


async def test_opening_and_closing_are_told_once_and_half_opening_is_not(storage: Storage) -> None:
    await stored(storage)
    opening = [(OPEN, 1, 1), (OPEN, 1, 0), (HALF_OPEN, 2, 0), (OPEN, 3, 1), (HALF_OPEN, 4, 0)]
    steps = [*opening, (CLOSED, 5, 1), (CLOSED, 6, 0)]  # the last one is a count that was reset by hand
    for state, generation, events in steps:
        await storage.breakers.save(a_snapshot(state, generation=generation), NOW)
        assert await storage.relay.relay(10, SOON) == events


async def test_pages_are_in_the_order_of_service_ids_and_by_state(storage: Storage) -> None:
    names = ["a:80", "B:80", "b:443", "b:80", "é:80"]
    for name in reversed(names):
        await stored(storage, name)
    for name in ("B:80", "b:80"):
        await storage.breakers.save(a_snapshot(service_id=name), NOW)
    breakers = storage.breakers

    first = await breakers.page(None, first=3, after=None)
    rest = await breakers.page(None, first=3, after=first.rows[-1].service_id)
    assert [row.service_id for row in (*first.rows, *rest.rows)] == sorted(names)
    assert (first.has_next, rest.has_next) == (True, False)
    opened = await breakers.page([OPEN], first=1, after=None)
    assert [row.service_id for row in opened.rows] == ["B:80"]
    assert opened.has_next
    assert [row.service_id for row in (await breakers.page([OPEN], first=5, after="B:80")).rows] == ["b:80"]
    counts = [await breakers.count(states) for states in (None, [OPEN], [CLOSED, OPEN], [HALF_OPEN], [])]
    assert counts == [5, 2, 5, 0, 0]
    assert (await breakers.page([], first=5, after=None)).rows == ()


async def test_many_are_found_at_once(storage: Storage) -> None:
    one, two = await stored(storage, "a:1"), await stored(storage, "b:1")
    assert await storage.breakers.many(["a:1", "b:1", "c:1"]) == {"a:1": one, "b:1": two}
    assert await storage.breakers.many([]) == {}


async def test_a_breaker_that_was_deleted_begins_anew(storage: Storage) -> None:
    first = await stored(storage)
    await storage.breakers.save(a_snapshot(generation=8), NOW)
    assert await storage.breakers.delete(API) == first.id
    again = await stored(storage)
    assert again.id != first.id
    assert again.snapshot == BreakerSnapshot(service_id=API)


async def a_waiting_execution(storage: Storage, *service_ids: str, due_at: Any = LATER, is_held: bool = False) -> UUID:
    """An execution that nobody holds, with a step that waits for the breaker of each of these services."""
    claim = await claimed(storage)
    reasons = [WaitReason(kind=WaitKind.CIRCUIT_BREAKER, until=due_at, detail=name) for name in service_ids]
    steps = [
        step(f"s{number}", status=StepStatus.WAITING, due_at=due_at, waiting_for=reason)
        for number, reason in enumerate(reasons)
    ]
    status = ExecutionStatus.RUNNING if is_held else ExecutionStatus.WAITING
    said = replace(reasons[0], detail=f"s0: {service_ids[0]}")
    delta = delta_of(claim, *steps, status=status, due_at=due_at, waiting_for=said, release=not is_held)
    await storage.executions.commit(delta)
    return claim.execution.id


async def waiting_steps(storage: Storage, id: UUID) -> list[StepState]:
    found = await storage.queries.steps_by_path([(id, "s0"), (id, "s1")])
    return [found[key].state for key in sorted(found)]


async def test_executions_that_wait_are_counted_once_each(storage: Storage) -> None:
    await a_waiting_execution(storage, API, API)
    await a_waiting_execution(storage, API, "b:1", is_held=True)
    await created(storage)

    assert await storage.breakers.waiting([API, "b:1", "c:1"]) == {API: 2, "b:1": 1}
    assert await storage.breakers.waiting([]) == {}


async def test_those_that_wait_are_let_go_one_after_the_other(storage: Storage) -> None:
    ids = [await a_waiting_execution(storage, API) for _ in range(4)]
    other = await a_waiting_execution(storage, "b:1")
    held = await a_waiting_execution(storage, API, is_held=True)

    released = await storage.breakers.release(API, now=SOON, every=MILLISECOND, limit=3)

    assert sorted(released) == sorted(ids[:3])
    due = [(await waiting_steps(storage, id))[0].due_at for id in ids]
    assert due == [SOON, SOON + MILLISECOND, SOON + 2 * MILLISECOND, LATER]
    for id in (other, held):
        assert (await waiting_steps(storage, id))[0].due_at == LATER
    records = await storage.queries.get_many(ids)
    for id, moment in zip(ids, due, strict=True):
        assert records[id].due_at == moment
        reason = WaitReason(kind=WaitKind.CIRCUIT_BREAKER, until=moment, detail=f"s0: {API}")
        assert records[id].waiting_for == reason


async def test_what_is_due_sooner_stays_as_it_is(storage: Storage) -> None:
    id = await a_waiting_execution(storage, API, due_at=NOW)
    before = await waiting_steps(storage, id)
    assert list(await storage.breakers.release(API, now=SOON, every=MILLISECOND, limit=10)) == []
    assert await waiting_steps(storage, id) == before


async def test_an_execution_goes_on_waiting_for_what_is_due_first(storage: Storage) -> None:
    claim = await claimed(storage)
    timer = WaitReason(kind=WaitKind.TIMER, until=SOON, detail="a")
    steps = [
        step("a", status=StepStatus.WAITING, due_at=SOON, waiting_for=timer),
        step(
            "b",
            status=StepStatus.WAITING,
            due_at=LATER,
            waiting_for=WaitReason(kind=WaitKind.CIRCUIT_BREAKER, until=LATER, detail=API),
        ),
    ]
    waiting = ExecutionStatus.WAITING
    await storage.executions.commit(
        delta_of(claim, *steps, status=waiting, due_at=SOON, waiting_for=timer, release=True)
    )
    id = claim.execution.id

    assert list(await storage.breakers.release(API, now=SOON + MILLISECOND, every=MILLISECOND, limit=10)) == [id]
    record = (await storage.queries.get_many([id]))[id]
    assert (record.due_at, record.waiting_for) == (SOON, timer)

    await storage.breakers.release(API, now=NOW, every=MILLISECOND, limit=10)
    record = (await storage.queries.get_many([id]))[id]
    reason = WaitReason(kind=WaitKind.CIRCUIT_BREAKER, until=NOW, detail=f"b: {API}")
    assert (record.due_at, record.waiting_for) == (NOW, reason)


async def test_an_execution_that_is_let_go_says_that_it_has_changed(storage: Storage) -> None:
    id = await a_waiting_execution(storage, API, API)
    before = (await storage.queries.sequences([id]))[id]

    await storage.breakers.release(API, now=SOON, every=MILLISECOND, limit=10)

    assert (await storage.queries.sequences([id]))[id] == before + 1
    change = await storage.queries.changes_since(id, before)
    assert change is not None and change.steps is not None
    assert {record.state.path for record in change.steps} == {"s0", "s1"}
