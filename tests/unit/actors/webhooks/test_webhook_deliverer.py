"""The deliverer when what it stands on fails: the database goes away, or something happens that nobody thought of."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from actors.webhooks.deliveries import DelivererOptions, WebhookDeliverer
from actors.webhooks.sender import WebhookSender
from domain.kernel.errors import Unavailable
from domain.kernel.ids import new_id
from domain.kernel.statuses import WebhookDirection, WebhookEventStatus
from domain.webhooks.model import WebhookAttempt, WebhookEventRecord, WebhookRecord
from persistence.memory.tables import MemoryTables
from persistence.memory.webhooks.deliveries import MemoryWebhookDeliveries
from tests.clocks import ManualClock

OPTIONS = DelivererOptions()


class Sender(WebhookSender):
    """Delivers everything at once, unless it is to raise."""

    def __init__(self, clock: ManualClock) -> None:
        self.sent: list[WebhookEventRecord] = []
        self.raises: Exception | None = None
        self._now = clock.now

    async def send(self, webhook: WebhookRecord, event: WebhookEventRecord) -> tuple[WebhookAttempt, timedelta | None]:
        self.sent.append(event)
        if self.raises is not None:
            raise self.raises
        return WebhookAttempt(at=self._now(), duration=timedelta(0), status_code=200), None


class Deliveries(MemoryWebhookDeliveries):
    """Deliveries in memory that cannot be recorded while they are away."""

    is_away = False

    async def record(self, *given: Any, **named: Any) -> None:
        if self.is_away:
            raise Unavailable("PostgreSQL cannot be reached.")
        await super().record(*given, **named)


@dataclass
class World:
    """An endpoint with three events, and the deliverer that serves it."""

    tables: MemoryTables = field(default_factory=MemoryTables)
    clock: ManualClock = field(default_factory=ManualClock)

    def __post_init__(self) -> None:
        id, now = new_id(), self.clock.now()
        self.tables.webhooks[id] = WebhookRecord(
            id=id,
            name="orders",
            direction=WebhookDirection.OUTBOUND,
            url="https://receiver.test/",
            secret=b"",
            created_at=now,
            updated_at=now,
        )
        for position in range(3):
            event = WebhookEventRecord(
                id=new_id(),
                webhook_id=id,
                event_type="execution.completed",
                status=WebhookEventStatus.PENDING,
                payload=None,
                created_at=now,
                next_attempt_at=now,
                position=position,
            )
            self.tables.webhook_events[event.id] = event
        self.sender = Sender(self.clock)
        self.deliveries = Deliveries(self.tables)
        self.deliverer = WebhookDeliverer(self.deliveries, self.sender, self.clock, OPTIONS)

    async def deliver(self) -> None:
        """Deliver everything that is due."""
        await self.deliverer.deliver()
        await asyncio.gather(*(task for task in asyncio.all_tasks() if task.get_name().startswith("webhook ")))

    @property
    def positions(self) -> list[int | None]:
        return [event.position for event in self.sender.sent]

    @property
    def statuses(self) -> set[str]:
        return {event.status.value for event in self.tables.webhook_events.values()}


async def test_what_could_not_be_recorded_is_sent_again_when_the_lease_is_over() -> None:
    world = World()
    world.deliveries.is_away = True
    await world.deliver()
    assert world.positions == [0]
    world.deliveries.is_away = False
    await world.deliver()
    assert world.positions == [0], "the lease stands"
    world.clock.advance(OPTIONS.lease)
    await world.deliver()
    assert world.positions == [0, 0, 1, 2]
    assert world.statuses == {"DELIVERED"}


async def test_what_goes_wrong_in_an_unknown_way_is_not_tried_again_at_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World()
    world.sender.raises = RuntimeError("a bug")
    await world.deliver()
    await world.deliver()
    assert world.positions == [0]
    assert "a bug" in caplog.text
    world.sender.raises = None
    world.clock.advance(OPTIONS.lease)
    await world.deliver()
    assert world.statuses == {"DELIVERED"}


async def test_what_is_old_and_over_is_forgotten_by_a_periodic_job() -> None:
    world = World()
    await world.deliver()
    _, forget = world.deliverer.jobs(timedelta(days=30))
    assert not await forget.run()
    assert len(world.tables.webhook_events) == 3
    world.clock.advance(timedelta(days=31))
    assert not await forget.run()
    assert world.tables.webhook_events == {}
