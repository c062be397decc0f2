"""The contract of HealthProbe."""

from datetime import timedelta

from domain.records import OutboxBacklog
from tests.contract.conftest import Storage
from tests.contract.rows import NOW, SOON, claimed, end_of


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
