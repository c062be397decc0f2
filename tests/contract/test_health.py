"""The contract of HealthProbe."""

from datetime import timedelta

from tests.contract.conftest import Storage


async def test_every_part_that_answers_is_up(storage: Storage) -> None:
    components = await storage.health.components(timedelta(seconds=10))
    assert [component.name for component in components] == ["postgresql", "redis", "migrations"]
    assert all(component.is_up and component.latency is not None for component in components), components
