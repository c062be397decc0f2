"""The contract of HealthProbe."""

import time
from datetime import UTC, datetime, timedelta

from domain.kernel.ids import new_id
from domain.system.records import OutboxBacklog, WorkProgress
from tests.contract.conftest import Storage
from tests.contract.rows import NOW, SOON, claimed, created, end_of
from tests.waiting import wait_until


async def test_every_part_that_answers_is_up(storage: Storage) -> None:
    components = await storage.health.components(timedelta(seconds=10))
    assert [component.name for component in components] == ["postgresql", "redis", "migrations"]
    assert all(component.is_up and component.latency is not None for component in components), components


async def test_the_backlog_is_what_was_not_told_yet_and_how_long_it_has_waited(storage: Storage) -> None:
    assert await storage.health.backlog(NOW) == OutboxBacklog(pending=0, lag=timedelta(0))
    await storage.executions.commit(end_of(await claimed(storage), starts=True))
    assert await storage.health.backlog(NOW + timedelta(minutes=2)) == OutboxBacklog(
        pending=2, lag=timedelta(minutes=2)
    )
    assert await storage.health.backlog(NOW - timedelta(days=1)) == OutboxBacklog(pending=2, lag=timedelta(0))
    await storage.relay.relay(10, SOON)
    assert await storage.health.backlog(NOW) == OutboxBacklog(pending=0, lag=timedelta(0))


async def test_before_anybody_looked_after_executions_nothing_is_late(storage: Storage) -> None:
    assert await storage.health.progress() == WorkProgress(
        since_reconciled=None, overdue_for=timedelta(0), clock_offset=timedelta(0)
    )


async def test_it_is_known_when_somebody_was_last_through_a_whole_round(storage: Storage) -> None:
    leader = new_id()
    await storage.recovery.lead(leader, lease=timedelta(seconds=60))

    async def since() -> timedelta:
        progress = await storage.health.progress()
        assert progress.since_reconciled is not None
        return progress.since_reconciled

    async def is_late() -> bool:
        return await since() > timedelta(seconds=0.2)

    await wait_until(is_late, "time passes")
    await storage.recovery.lead(leader, lease=timedelta(seconds=60))
    assert await since() > timedelta(seconds=0.2)
    began = time.monotonic()
    await storage.recovery.lead(leader, lease=timedelta(seconds=60), has_worked=True)
    assert await since() <= timedelta(seconds=time.monotonic() - began)


async def test_what_is_due_and_not_begun_is_overdue_since_then(storage: Storage) -> None:
    now = datetime.now(UTC)
    for minutes in (3, 5):
        await created(storage, created_at=now - timedelta(minutes=minutes))
    await created(storage, created_at=now, start_at=now + timedelta(hours=1))
    overdue = (await storage.health.progress()).overdue_for
    assert timedelta(minutes=5) <= overdue < timedelta(minutes=6)


async def test_what_was_taken_over_from_the_dead_is_not_overdue_since_its_creation(storage: Storage) -> None:
    id = await created(storage)
    await claimed(storage, id)
    await storage.recovery.release_dead(dead_before=NOW, limit=10)
    assert (await storage.health.progress()).overdue_for == timedelta(0)
