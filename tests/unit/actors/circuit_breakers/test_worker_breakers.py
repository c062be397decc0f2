"""The circuit breakers of one worker, where only time and failures of others matter: all in memory."""

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from actors.circuit_breakers.breakers import WorkerBreakers
from actors.circuit_breakers.machine import PROBE_LOST_AFTER
from domain.circuit_breakers.model import BreakerChanges, BreakerConfig, BreakerSnapshot
from domain.circuit_breakers.ports import Permit, Refused
from domain.circuit_breakers.service import BreakerService
from domain.kernel.ids import new_id
from domain.kernel.statuses import CircuitBreakerState
from persistence.memory.tables import MemoryTables
from tests.clocks import ManualClock
from tests.unit.actors.circuit_breakers.stores import FragileStore, SlowShared
from tests.waiting import wait_until

API = "api.example.com:443"
OPEN, HALF_OPEN = CircuitBreakerState.OPEN, CircuitBreakerState.HALF_OPEN


@dataclass
class World:
    """The stores and the clock that the workers' breakers are built on."""

    tables: MemoryTables = field(default_factory=MemoryTables)
    shared: SlowShared = field(default_factory=SlowShared)
    clock: ManualClock = field(default_factory=ManualClock)

    def __post_init__(self) -> None:
        self.store = FragileStore(self.tables)

    def worker(self, renew_every: float = 3600, most_services: int = 2_000) -> WorkerBreakers:
        return WorkerBreakers(
            shared=self.shared,
            store=self.store,
            clock=self.clock,
            renew_every=timedelta(seconds=renew_every),
            most_services=most_services,
        )

    async def open_until_now(self) -> None:
        """A breaker that has one place for a probe, from now on."""
        await self.store.ensure(API, id=new_id(), now=self.clock.now())
        opened = BreakerSnapshot(
            service_id=API, state=OPEN, version=5, generation=1, failure_count=5, next_probe_at=self.clock.now()
        )
        await self.shared.replace(opened, after=0)
        await self.store.save(opened, self.clock.now())

    async def state(self) -> BreakerSnapshot:
        """The breaker's shared state."""
        return (await self.shared.read([API]))[API]

    async def is_stored(self) -> bool:
        """True when the store has the breaker's shared state, but for the places that are taken."""
        record = await self.store.find(API)
        return record is not None and record.snapshot.version == (await self.state()).version


async def is_admitted(breakers: WorkerBreakers) -> bool:
    return isinstance(await breakers.admit(API), Permit)


@pytest.fixture
def world() -> World:
    return World()


async def fail(breakers: WorkerBreakers, count: int = 1, service_id: str = API) -> None:
    for _ in range(count):
        permit = await breakers.admit(service_id)
        assert isinstance(permit, Permit)
        await breakers.failed(permit)


async def test_many_first_calls_look_it_up_once(world: World) -> None:
    async with world.worker() as breakers:
        answers = await asyncio.gather(*(breakers.admit(API) for _ in range(200)))
        assert all(isinstance(answer, Permit) for answer in answers)
    assert world.store.ensured == 1


async def test_a_first_call_that_is_given_up_does_not_take_the_others_along(world: World) -> None:
    async with world.worker() as breakers:
        first, second = (asyncio.create_task(breakers.admit(API)) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        assert isinstance(await second, Permit)


async def test_what_is_told_of_a_service_while_it_is_looked_up_is_not_passed_over(world: World) -> None:
    service = BreakerService(store=world.store, shared=world.shared, clock=world.clock)
    async with world.worker() as breakers, world.worker() as other:
        await fail(other)
        asked = world.shared.asked
        world.shared.answers.clear()
        asking = asyncio.create_task(breakers.admit(API))
        await wait_until(lambda: world.shared.asked > asked, "it has read what there was")
        await fail(other, 3)
        configuring = asyncio.create_task(service.configure(API, BreakerChanges(failure_threshold=6)))
        await wait_until(lambda: world.shared.asked >= asked + 1 + 3 + 2, "all that is new has been told")
        world.shared.answers.set()
        assert isinstance(await asking, Permit)
        await configuring
        await fail(breakers, 1)
        assert isinstance(await breakers.admit(API), Permit)
        await fail(breakers, 1)
        assert isinstance(await breakers.admit(API), Refused)


async def test_the_first_call_of_a_process_that_is_given_up_while_it_asks_leaves_no_place_taken(world: World) -> None:
    await world.open_until_now()
    async with world.worker() as breakers:
        world.shared.gate.clear()
        asking = asyncio.create_task(breakers.admit(API))
        await wait_until(lambda: world.shared.replacing == 2, "it asks for a place")
        asking.cancel()
        await asyncio.wait([asking])
        world.shared.gate.set()

        async def is_free() -> bool:
            state = await world.state()
            return state.state is HALF_OPEN and not state.probes

        assert asking.cancelled()
        await wait_until(is_free, "the place is free")


@pytest.mark.parametrize("what", ["succeeded", "failed"])
async def test_what_is_told_counts_also_where_whoever_tells_is_cancelled(world: World, what: str) -> None:
    await world.open_until_now()
    async with world.worker() as breakers:
        probe = await breakers.admit(API)
        assert isinstance(probe, Permit)
        world.shared.gate.clear()
        asked = world.shared.replacing
        telling = asyncio.create_task(getattr(breakers, what)(probe))
        await wait_until(lambda: world.shared.replacing > asked, "it is being told")
        telling.cancel()
        await asyncio.wait([telling])
        world.shared.gate.set()

        async def is_told() -> bool:
            state = await world.state()
            return (state.state, state.success_count) == ((HALF_OPEN, 1) if what == "succeeded" else (OPEN, 0))

        await wait_until(is_told, "it has counted")


async def test_a_worker_that_stops_gives_back_the_places_that_it_held(world: World) -> None:
    await world.open_until_now()
    async with world.worker() as breakers:
        probe = await breakers.admit(API)
        assert isinstance(probe, Permit)
        assert list((await world.state()).probes) == [probe.probe]
        breakers.abandoned(probe)
    assert (await world.state()).probes == {}


async def test_a_probe_keeps_its_place_however_long_it_takes(world: World) -> None:
    await world.open_until_now()
    async with world.worker(renew_every=0.005) as breakers, world.worker() as other:
        probe = await breakers.admit(API)
        assert isinstance(probe, Permit) and probe.probe is not None
        name = probe.probe
        for _ in range(10):
            world.clock.advance(PROBE_LOST_AFTER * 0.9)
            until = world.clock.now() + PROBE_LOST_AFTER

            async def is_kept(until: datetime = until) -> bool:
                return (await world.state()).probes[name] == until

            await wait_until(is_kept, "its place is kept")
            assert isinstance(await other.admit(API), Refused)
        await breakers.succeeded(probe)
        state = await world.state()
        assert (state.success_count, state.probes) == (1, {})
        version = state.version
        await asyncio.sleep(0.02)  # some turns in which nothing is renewed any more
        assert (await world.state()).version == version


async def test_a_worker_that_meets_a_half_open_breaker_knows_which_places_are_taken(world: World) -> None:
    await world.open_until_now()
    async with world.worker() as one:
        probe = await one.admit(API)
        assert isinstance(probe, Permit)
        await wait_until(world.is_stored, "it is stored, which knows of no places")
        async with world.worker() as two:
            assert isinstance(await two.admit(API), Refused)
        assert list((await world.state()).probes) == [probe.probe]


async def test_a_worker_that_catches_up_knows_which_places_are_taken(world: World) -> None:
    await world.open_until_now()
    world.clock.advance(timedelta(seconds=-1))
    late = world.worker()  # which hears of nothing, until it begins to listen
    assert isinstance(await late.admit(API), Refused)
    world.clock.advance(timedelta(seconds=1))
    async with world.worker() as one:
        probe = await one.admit(API)
        assert isinstance(probe, Permit)
        await wait_until(world.is_stored, "it is stored, which knows of no places")
        asked = world.shared.asked
        async with late:
            await wait_until(lambda: world.shared.asked > asked, "it catches up")
            assert isinstance(await late.admit(API), Refused)
        assert list((await world.state()).probes) == [probe.probe]


async def test_a_probe_counts_also_where_its_service_was_forgotten_meanwhile(world: World) -> None:
    await world.open_until_now()
    async with world.worker(most_services=1) as breakers:
        probe = await breakers.admit(API)
        assert isinstance(probe, Permit)
        await breakers.admit("other:80")
        await wait_until(world.is_stored, "it is stored")
        await breakers.admit("another:80")
        await breakers.succeeded(probe)
    assert ((await world.state()).success_count, (await world.state()).probes) == (1, {})


async def test_a_decision_that_comes_too_late_does_not_bring_a_deleted_breaker_back(world: World) -> None:
    await world.open_until_now()
    late = world.worker()  # which hears of nothing
    probe = await late.admit(API)
    assert isinstance(probe, Permit)

    await BreakerService(store=world.store, shared=world.shared, clock=world.clock).delete(API)
    await late.failed(probe)

    async with world.worker() as breakers:
        answer = await breakers.admit(API)
        assert isinstance(answer, Permit) and answer.probe is None
    assert (await world.state()).state is CircuitBreakerState.CLOSED
    record = await world.store.find(API)
    assert record is not None and record.snapshot == BreakerSnapshot(service_id=API)


async def test_a_worker_that_hears_of_a_deletion_stores_nothing_of_the_old_breaker_any_more(world: World) -> None:
    async with world.worker() as breakers:
        await fail(breakers, 4)
        world.store.is_away = True
        await fail(breakers)
        world.store.is_away = False
        await BreakerService(store=world.store, shared=world.shared, clock=world.clock).delete(API)
        await wait_until(lambda: is_admitted(breakers), "the worker has heard of it")
        answer = await breakers.admit(API)
        assert isinstance(answer, Permit) and answer.probe is None
    record = await world.store.find(API)
    assert record is not None and record.snapshot.generation == 0


async def test_a_reset_that_came_while_redis_was_away_is_heard_of_when_it_is_back(world: World) -> None:
    async with world.worker() as breakers:
        await fail(breakers, 5)
        await wait_until(world.is_stored, "it is stored")
        world.shared.is_away = True
        await BreakerService(store=world.store, shared=world.shared, clock=world.clock).reset(API)
        assert isinstance(await breakers.admit(API), Refused)
        world.shared.come_back()

        await wait_until(lambda: is_admitted(breakers), "the worker knows that it is closed")


async def test_one_late_answer_does_not_keep_a_worker_apart(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "actors.circuit_breakers.link")
    async with world.worker() as breakers:
        await fail(breakers)
        world.shared.is_away = True
        await fail(breakers)
        world.shared.is_away = False  # nobody is told: the connection of the news has not noticed anything

        async def is_shared() -> bool:
            known = (await world.shared.read([API]))[API]
            return known.failure_count == 2

        await wait_until(is_shared, "the others know of both failures")
    said = [record.getMessage() for record in caplog.records]
    assert [text for text in said if "this process alone" in text or "shared again" in text] == [
        "circuit breakers go on for this process alone: Redis is away.",
        "circuit breakers are shared again",
    ]


async def test_what_could_not_be_read_at_the_first_call_is_learned_later(world: World) -> None:
    await world.store.ensure(API, id=new_id(), now=world.clock.now())
    await world.store.configure(API, BreakerConfig(failure_threshold=2), world.clock.now())
    until = world.clock.now() + timedelta(hours=1)
    opened = BreakerSnapshot(service_id=API, state=OPEN, version=5, generation=1, next_probe_at=until)
    await world.store.save(opened, world.clock.now())
    world.store.is_away = True
    async with world.worker() as breakers:
        assert isinstance(await breakers.admit(API), Permit)
        world.store.is_away = False

        async def is_refused() -> bool:
            return await breakers.admit(API) == Refused(API, until)

        await wait_until(is_refused, "the worker knows that it is open")


async def test_while_the_store_is_away_the_workers_still_share_what_they_know(world: World) -> None:
    async with world.worker() as one, world.worker() as two:
        await fail(one)
        await fail(two)
        world.store.is_away = True
        world.shared.come_back()
        await fail(one, 3)
        assert isinstance(await one.admit(API), Refused)
        assert isinstance(await two.admit(API), Refused) or (await world.shared.read([API]))[API].state is OPEN
        world.store.is_away = False

        async def is_stored() -> bool:
            record = await world.store.find(API)
            return record is not None and record.snapshot.state is OPEN

        await wait_until(is_stored, "it is stored once the store is back")
    assert [event.type.value for event in world.tables.outbox] == ["circuit_breaker.opened"]


async def test_every_new_state_is_stored_however_fast_they_follow_each_other(world: World) -> None:
    await world.store.ensure(API, id=new_id(), now=world.clock.now())
    config = BreakerConfig(failure_threshold=1, success_threshold=1, reset_timeout=timedelta(seconds=1))
    await world.store.configure(API, config, world.clock.now())
    async with world.worker() as breakers:
        for turn in range(1, 101):
            await fail(breakers)
            world.clock.advance(timedelta(seconds=1))
            probe = await breakers.admit(API)
            assert isinstance(probe, Permit)
            await breakers.succeeded(probe)
            for _ in range(turn % 7):
                await asyncio.sleep(0)

        async def is_stored() -> bool:
            record = await world.store.find(API)
            return record is not None and record.snapshot.generation == 300

        await wait_until(is_stored, "the last state is stored")


async def test_of_very_many_services_only_the_latest_are_kept(world: World) -> None:
    async with world.worker(most_services=3) as breakers:
        await fail(breakers, 5, "a:1")
        for name in "bcd":
            await fail(breakers, 1, f"{name}:1")
        asked = world.shared.asked
        assert isinstance(await breakers.admit("d:1"), Permit)
        assert world.shared.asked == asked
        assert isinstance(await breakers.admit("a:1"), Refused)
        assert world.shared.asked == asked + 1
