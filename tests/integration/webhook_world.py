"""Webhooks on a real PostgreSQL with workers that deliver and receivers that do as a test wants."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from actors.http.client import HttpClient
from actors.http.destinations import DestinationPolicy
from actors.periodic.jobs import PeriodicJobs
from actors.webhooks.deliveries import DelivererOptions, WebhookDeliverer
from actors.webhooks.sender import WebhookSender
from domain.kernel.ids import new_id
from domain.kernel.statuses import EventType, WebhookDirection
from domain.outbox.events import OutboxEvent
from domain.webhooks.model import WebhookEventRecord, WebhookRecord, purpose_of
from domain.webhooks.standard_webhooks import secret_text
from persistence.postgres import outbox
from persistence.postgres.connections.database import Database
from persistence.postgres.outbox_relay import PostgresEventRelay
from persistence.postgres.secrets.cipher import AesGcmCipher
from persistence.postgres.webhooks.deliveries import PostgresWebhookDeliveries
from persistence.postgres.webhooks.store import PostgresWebhookStore
from tests.clocks import ManualClock
from tests.scripted_service import Asked, ScriptedService, reply, scripted_service
from tests.waiting import wait_until

SECRET, NEWER_SECRET = secret_text(b"s" * 32), secret_text(b"n" * 32)
OPENED = EventType.CIRCUIT_BREAKER_OPENED
OPTIONS = DelivererOptions(grace=timedelta(0))


@dataclass
class World:
    """The database, clock and client of workers that deliver, and receivers."""

    stack: AsyncExitStack
    database: Database
    client: HttpClient
    clock: ManualClock = field(default_factory=lambda: ManualClock(datetime.now(UTC)))
    cipher: AesGcmCipher = field(default_factory=lambda: AesGcmCipher([bytes(32)]))

    def __post_init__(self) -> None:
        self.webhooks = PostgresWebhookStore(self.database)
        self.deliveries = PostgresWebhookDeliveries(self.database)
        self.relay = PostgresEventRelay(self.database)

    async def receiver(self, name: str = "receiver", **given: Any) -> tuple[ScriptedService, WebhookRecord]:
        """A service that takes everything, and its webhook."""
        service = await self.stack.enter_async_context(scripted_service(lambda _: reply({})))
        id, now = new_id(), self.clock.now()
        webhook = WebhookRecord(
            id=id,
            name=name,
            direction=WebhookDirection.OUTBOUND,
            secret=self.sealed(id, SECRET),
            created_at=now,
            updated_at=now,
            **({"url": f"{service.url}/hook"} | given),
        )
        await self.webhooks.create(webhook)
        return service, webhook

    def sealed(self, webhook_id: Any, secret: str) -> bytes:
        return self.cipher.encrypt(secret.encode(), purpose=purpose_of(webhook_id))

    async def happen(self, numbers: Iterable[int]) -> None:
        """Let events happen, in this order, and be queued."""
        events = [OutboxEvent(type=OPENED, at=self.clock.now(), data={"number": number}) for number in numbers]
        async with self.database.transaction() as connection:
            await outbox.add(connection, events)
        assert await self.relay.relay(1_000, self.clock.now()) == len(events)

    def deliverer(self, options: DelivererOptions = OPTIONS, **limits: timedelta) -> WebhookDeliverer:
        sender = WebhookSender(self.client, self.cipher, self.clock, **limits)
        return WebhookDeliverer(self.deliveries, sender, self.clock, options, chance=lambda: 0.5)

    @asynccontextmanager
    async def worker(self, options: DelivererOptions = OPTIONS, **limits: timedelta) -> AsyncIterator[None]:
        """A worker that delivers for as long as the context lasts."""
        async with self.deliverer(options, **limits) as deliverer:
            jobs = asyncio.create_task(PeriodicJobs(deliverer.jobs(timedelta(days=30))).run())
            try:
                yield
            finally:
                jobs.cancel()
                await asyncio.wait([jobs])

    async def events(self, webhook: WebhookRecord) -> list[WebhookEventRecord]:
        page = await self.webhooks.events_page(webhook.id, first=1_000, after=None)
        return sorted(page.rows, key=lambda event: event.position or 0)

    async def statuses(self, webhook: WebhookRecord) -> list[str]:
        return [event.status.value for event in await self.events(webhook)]

    async def failed(self, webhook: WebhookRecord, times: int = 1) -> WebhookEventRecord:
        """The first event, once it has failed so often."""

        async def first() -> WebhookEventRecord:
            return (await self.events(webhook))[0]

        async def has_failed() -> bool:
            return (await first()).failures == times

        await wait_until(has_failed, f"the first event has failed {times} times", interval=0.02)
        return await first()

    async def until_delivered(self, *webhooks: WebhookRecord) -> None:
        """Wait until none of these events waits to be delivered."""

        async def are_done() -> bool:
            statuses = [status for webhook in webhooks for status in await self.statuses(webhook)]
            return {*statuses} == {"DELIVERED"}

        await wait_until(are_done, "everything is delivered", timeout=20, interval=0.02)


@asynccontextmanager
async def a_world(postgres_url: str) -> AsyncIterator[World]:
    """A world on an empty database."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database(postgres_url, pool_size=4))
        client = await stack.enter_async_context(
            HttpClient(DestinationPolicy(allow_loopback=True), user_agent="stepgraph/test")
        )
        yield World(stack, database, client)


def numbers(asked: Sequence[Asked]) -> list[int]:
    """The numbers of the events that receivers were told, in that order."""
    return [each.json["data"]["number"] for each in asked]
