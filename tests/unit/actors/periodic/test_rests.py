"""Rests of periodic jobs: an idle worker asks its stores rarely, and what is left behind for it is found in time.

Time is skipped, so a minute takes none, and nothing here depends on the machine.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from actors.periodic.bulk_operations import bulk_operations_job
from actors.periodic.jobs import IDLE, PeriodicJobs
from actors.periodic.reconciler import Reconciler, ReconcilerOptions
from actors.periodic.relaying import relaying_job
from actors.periodic.schedules import schedule_jobs
from actors.periodic.wake_ups import WakeUps
from actors.webhooks.deliveries import WebhookDeliverer
from actors.webhooks.sender import WebhookSender
from actors.workflow_tests.skipped_time import SkippingClock, SkippingLoop
from domain.executions.records import ExecutionRecord
from domain.executions.service import ExecuteRequest
from domain.kernel.errors import InvalidState, StepgraphError
from domain.kernel.ids import new_id
from domain.kernel.statuses import WebhookDirection, WebhookEventStatus
from domain.schedules.firing import ScheduleFiring
from domain.schedules.model import ScheduleRecord, ScheduleSettings
from domain.system.workers import Chore
from domain.webhooks.model import WebhookAttempt, WebhookEventRecord, WebhookRecord
from persistence.memory import MemoryStorage

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DUE = NOON + timedelta(seconds=30.7)
AT_ONCE = timedelta(milliseconds=10)
FIRST_ASKED = {
    Chore.OUTBOX: "relay.relay",
    Chore.DELIVERIES: "deliveries.claim",
    Chore.SCHEDULES: "schedules.claim",
    Chore.BULK_OPERATIONS: "bulk_operations.claim",
}


class Counted:
    """A port of which each call is counted, by its name."""

    def __init__(self, port: Any, name: str, calls: Counter[str]) -> None:
        self._port = port
        self._name = name
        self._calls = calls

    def __getattr__(self, method: str) -> Any:
        async def call(*given: Any, **named: Any) -> Any:
            self._calls[f"{self._name}.{method}"] += 1
            return await getattr(self._port, method)(*given, **named)

        return call


class Receiver(WebhookSender):
    """A receiver that takes everything, and notes when."""

    def __init__(self, clock: SkippingClock) -> None:
        self.times: list[datetime] = []
        self._now = clock.now

    async def send(self, webhook: WebhookRecord, event: WebhookEventRecord) -> tuple[WebhookAttempt, timedelta | None]:
        self.times.append(self._now())
        return WebhookAttempt(at=self._now(), duration=timedelta(0), status_code=200), None


class Starter:
    """A service that notes when executions are to be started, and starts none."""

    def __init__(self, clock: SkippingClock) -> None:
        self.times: list[datetime] = []
        self._now = clock.now

    async def execute_many(self, requests: Sequence[ExecuteRequest]) -> list[ExecutionRecord | StepgraphError]:
        self.times += [self._now() for _ in requests]
        return [InvalidState("Nothing is started here.", "NONE") for _ in requests]


class World:
    """The chores of a worker over stores in memory, on a loop whose time is skipped."""

    def __init__(self, loop: SkippingLoop) -> None:
        self._loop = loop
        self.clock = clock = SkippingClock(loop, NOON)
        self.storage = storage = MemoryStorage()
        storage.tables.now = clock.now
        self.calls: Counter[str] = Counter()
        self.wake_ups = wake_ups = WakeUps()
        self.receiver, self.starter = Receiver(clock), Starter(clock)
        runner: Any = Runner(self._counted("bulk_operations"))
        firing = ScheduleFiring(
            schedules=self._counted("schedules"), executions=self.starter, control=runner, clock=clock
        )
        deliverer = WebhookDeliverer(
            self._counted("deliveries"), self.receiver, clock, woken=wake_ups.of(Chore.DELIVERIES)
        )
        self._jobs = [
            relaying_job(self._counted("relay"), clock, wake_ups),
            *schedule_jobs(firing, self._counted("schedules"), clock, wake_ups),
            bulk_operations_job(runner, wake_ups),
            deliverer.jobs(timedelta(days=30))[0],
        ]

    def _counted(self, name: str) -> Any:
        return Counted(getattr(self.storage, name), name, self.calls)

    def live(self, *meanwhile: Coroutine[Any, Any, None]) -> None:
        """Run the jobs while one after the other of these happens."""

        async def run() -> None:
            running = asyncio.create_task(PeriodicJobs(self._jobs).run())
            for each in meanwhile:
                await each
            running.cancel()
            await asyncio.wait([running])

        self._loop.run_until_complete(run())

    def reconcile(self, seconds: float) -> None:
        """Run a reconciler for a while."""
        storage = self.storage
        reconciler = Reconciler(
            recovery=self._counted("recovery"),
            executions=storage.executions,
            queries=storage.queries,
            publisher=storage.publisher,
            queue=storage.queue,
            options=ReconcilerOptions(),
        )

        async def run() -> None:
            running = asyncio.create_task(reconciler.run())
            await asyncio.sleep(seconds)
            running.cancel()
            await asyncio.wait([running])

        self._loop.run_until_complete(run())


class Runner:
    """A runner of bulk operations of which there is never one."""

    def __init__(self, operations: Any) -> None:
        self._operations = operations

    async def run(self) -> bool:
        return await self._operations.claim(lease=timedelta(minutes=1)) is not None


@pytest.fixture
def world() -> Iterator[World]:
    loop = SkippingLoop()
    yield World(loop)
    loop.close()


def test_an_idle_worker_asks_its_stores_less_than_five_times_a_second(world: World) -> None:
    world.live(asyncio.sleep(60))

    assert world.calls.total() < 5 * 60


def test_the_leader_of_an_idle_installation_asks_two_questions_a_round(world: World) -> None:
    world.reconcile(60)

    rounds = world.calls["recovery.lead"]
    assert 100 < rounds <= 121
    assert world.calls == {"recovery.lead": rounds, "recovery.is_quiet": rounds, "recovery.resign": 1}


@pytest.mark.parametrize("chore", Chore)
def test_whoever_rests_is_woken_at_once(world: World, chore: Chore) -> None:
    counts: list[int] = []

    async def wake() -> None:
        counts.append(world.calls[FIRST_ASKED[chore]])
        world.wake_ups.wake(chore)
        await asyncio.sleep(AT_ONCE.total_seconds())
        counts.append(world.calls[FIRST_ASKED[chore]])

    world.live(asyncio.sleep(30 + IDLE.total_seconds() / 2), wake())

    before, after = counts
    assert after > before


def test_what_nobody_was_woken_for_is_found_all_the_same(world: World) -> None:
    async def leave() -> None:
        queued(world, next_attempt_at=NOON)

    world.live(asyncio.sleep(30), leave(), asyncio.sleep(2 * IDLE.total_seconds()))

    [sent] = world.receiver.times
    assert sent - NOON <= timedelta(seconds=30) + IDLE + AT_ONCE


def test_a_schedule_is_fired_when_its_time_has_come(world: World) -> None:
    tick = NOON + timedelta(minutes=1)

    world.live(stored(world, due=tick), asyncio.sleep(70))

    [fired] = world.starter.times
    assert tick <= fired <= tick + timedelta(seconds=0.5)


def test_an_event_is_sent_again_when_its_time_has_come(world: World) -> None:
    waiting = queued(world, next_attempt_at=DUE)

    world.live(asyncio.sleep(40))

    [sent] = world.receiver.times
    assert DUE <= sent <= DUE + timedelta(seconds=0.2)
    assert world.storage.tables.webhook_events[waiting.id].status is WebhookEventStatus.DELIVERED


def test_what_was_stored_while_another_worker_was_relaying_is_told_soon_after(world: World) -> None:
    relay: Any = Contended(world.storage.relay)
    job = relaying_job(relay, world.clock, WakeUps())

    async def run() -> None:
        await job.run()
        assert job.rest is not None
        assert await job.rest() <= timedelta(seconds=0.25)
        await job.run()
        assert await job.rest() == IDLE

    asyncio.run(run())


class Contended:
    """A relay that finds another worker relaying at the first try."""

    def __init__(self, relay: Any) -> None:
        self._relay = relay
        self._tries = 0

    async def relay(self, limit: int, now: datetime) -> int | None:
        self._tries += 1
        return None if self._tries == 1 else await self._relay.relay(limit, now)


async def stored(world: World, *, due: datetime) -> None:
    """Store a schedule of every minute that is due then, and wake nobody."""
    settings = ScheduleSettings(name="each-minute", workflow_id=new_id(), cron="* * * * *")
    await world.storage.schedules.create(
        ScheduleRecord(
            id=new_id(),
            settings=settings,
            revision=1,
            created_at=NOON,
            updated_at=NOON,
            next_run_at=due,
            last_run_at=NOON,
        )
    )


def queued(world: World, *, next_attempt_at: datetime) -> WebhookEventRecord:
    """An event of a webhook that has failed, and is tried again then."""
    tables = world.storage.tables
    webhook = WebhookRecord(
        id=new_id(),
        name="orders",
        direction=WebhookDirection.OUTBOUND,
        url="https://receiver.test/",
        secret=b"",
        created_at=NOON,
        updated_at=NOON,
        failing_since=NOON,
    )
    event = WebhookEventRecord(
        id=new_id(),
        webhook_id=webhook.id,
        event_type="execution.completed",
        status=WebhookEventStatus.PENDING,
        payload=None,
        created_at=NOON,
        next_attempt_at=next_attempt_at,
        attempts=(WebhookAttempt(at=NOON, duration=timedelta(0), status_code=500, error="500"),),
        failures=1,
        position=1,
    )
    tables.webhooks[webhook.id], tables.webhook_events[event.id] = webhook, event
    return event
