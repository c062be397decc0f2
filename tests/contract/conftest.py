"""Every contract suite runs twice: over the in-memory twins, and over PostgreSQL and Redis."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta

import pytest

from domain.access.ports import ApiKeyStore, AuditLog
from domain.circuit_breakers.ports import BreakerStore, SharedBreakers
from domain.executions.bulk.ports import BulkOperations
from domain.executions.large_values import LargeValues
from domain.executions.ports import ExecutionQueries, ExecutionStore, Recovery
from domain.executions.progress import ProgressFeed, ProgressPublisher
from domain.metrics.ports import MetricsStore
from domain.outbox.ports import EventRelay
from domain.saved_views.ports import SavedViewStore
from domain.schedules.ports import ScheduleStore
from domain.secrets.ports import SecretStore
from domain.system.ports import HealthProbe, Installation
from domain.system.workers import WorkerRegistry
from domain.transformation_rules.ports import TransformationRuleStore
from domain.webhooks.ports import WebhookDeliveries, WebhookStore
from domain.workflow_templates.ports import WorkflowTemplateStore
from domain.workflows.ports import WorkflowStore
from persistence.health import SystemHealthProbe
from persistence.memory import MemoryStorage
from persistence.postgres.access.api_keys import PostgresApiKeyStore
from persistence.postgres.access.audit import PostgresAuditLog
from persistence.postgres.circuit_breakers import PostgresBreakerStore
from persistence.postgres.connections.database import Database
from persistence.postgres.executions.bulk import PostgresBulkOperations
from persistence.postgres.executions.queries import PostgresExecutionQueries
from persistence.postgres.executions.recovery import PostgresRecovery
from persistence.postgres.executions.store import PostgresExecutionStore
from persistence.postgres.large_values import PostgresLargeValues
from persistence.postgres.metrics.store import PostgresMetricsStore
from persistence.postgres.outbox_relay import PostgresEventRelay
from persistence.postgres.saved_views import PostgresSavedViewStore
from persistence.postgres.schedules import PostgresScheduleStore
from persistence.postgres.secrets.store import PostgresSecretStore
from persistence.postgres.system.installation import PostgresInstallation
from persistence.postgres.system.workers import PostgresWorkerRegistry
from persistence.postgres.transformation_rules import PostgresTransformationRuleStore
from persistence.postgres.webhooks.deliveries import PostgresWebhookDeliveries
from persistence.postgres.webhooks.store import PostgresWebhookStore
from persistence.postgres.workflow_templates import PostgresWorkflowTemplateStore
from persistence.postgres.workflows import PostgresWorkflowStore
from persistence.redis.circuit_breakers.sharing import RedisSharedBreakers
from persistence.redis.progress.feed import RedisProgressFeed
from persistence.redis.progress.publisher import RedisProgressPublisher

_PATIENCE = timedelta(seconds=20)
"""A quarter of a second, as it is otherwise, is less than a machine takes that has much else to do."""


@dataclass(frozen=True, slots=True)
class Storage:
    """The ports of one implementation, over the same data."""

    workflows: WorkflowStore
    executions: ExecutionStore
    schedules: ScheduleStore
    rules: TransformationRuleStore
    templates: WorkflowTemplateStore
    queries: ExecutionQueries
    bulk_operations: BulkOperations
    large_values: LargeValues
    recovery: Recovery
    registry: WorkerRegistry
    feed: ProgressFeed
    publisher: ProgressPublisher
    health: HealthProbe
    installation: Installation
    relay: EventRelay
    webhooks: WebhookStore
    deliveries: WebhookDeliveries
    keys: ApiKeyStore
    audit: AuditLog
    metrics: MetricsStore
    saved_views: SavedViewStore
    secrets: SecretStore
    breakers: BreakerStore
    shared_breakers: SharedBreakers


def over_memory(memory: MemoryStorage) -> Storage:
    """The in-memory ports."""
    return Storage(
        workflows=memory.workflows,
        executions=memory.executions,
        schedules=memory.schedules,
        rules=memory.rules,
        templates=memory.templates,
        queries=memory.queries,
        bulk_operations=memory.bulk_operations,
        large_values=memory.large_values,
        recovery=memory.recovery,
        registry=memory.registry,
        feed=memory.feed,
        publisher=memory.publisher,
        health=memory.health,
        installation=memory.installation,
        relay=memory.relay,
        webhooks=memory.webhooks,
        deliveries=memory.deliveries,
        keys=memory.keys,
        audit=memory.audit,
        metrics=memory.metrics,
        saved_views=memory.saved_views,
        secrets=memory.secrets,
        breakers=memory.breakers,
        shared_breakers=memory.shared_breakers,
    )


async def open_real(stack: AsyncExitStack, postgres_url: str, redis_url: str) -> Storage:
    """The ports over a database and a Redis, open until the stack is closed."""
    database = await stack.enter_async_context(Database(postgres_url, pool_size=4))
    publisher = await stack.enter_async_context(RedisProgressPublisher(redis_url))
    queries = PostgresExecutionQueries(database)
    return Storage(
        workflows=PostgresWorkflowStore(database),
        executions=await stack.enter_async_context(PostgresExecutionStore(database, publisher)),
        queries=queries,
        bulk_operations=PostgresBulkOperations(database),
        large_values=PostgresLargeValues(database),
        schedules=PostgresScheduleStore(database),
        rules=PostgresTransformationRuleStore(database),
        templates=PostgresWorkflowTemplateStore(database),
        recovery=PostgresRecovery(database),
        registry=PostgresWorkerRegistry(database),
        feed=await stack.enter_async_context(RedisProgressFeed(redis_url, queries, check_interval=0.2)),
        publisher=publisher,
        health=SystemHealthProbe(database, redis_url),
        installation=PostgresInstallation(database),
        relay=PostgresEventRelay(database),
        webhooks=PostgresWebhookStore(database),
        deliveries=PostgresWebhookDeliveries(database),
        keys=PostgresApiKeyStore(database),
        audit=await stack.enter_async_context(PostgresAuditLog(database)),
        metrics=PostgresMetricsStore(database),
        saved_views=PostgresSavedViewStore(database),
        secrets=PostgresSecretStore(database),
        breakers=PostgresBreakerStore(database),
        shared_breakers=await stack.enter_async_context(RedisSharedBreakers(redis_url, answer_within=_PATIENCE)),
    )


@pytest.fixture(params=["memory", "real"])
def addresses(request: pytest.FixtureRequest) -> tuple[str, str] | None:
    """The addresses of an empty PostgreSQL and Redis; None for memory, without starting a server."""
    if request.param == "memory":
        return None
    return request.getfixturevalue("empty_postgres_url"), request.getfixturevalue("empty_redis_url")


@pytest.fixture
async def storage(addresses: tuple[str, str] | None) -> AsyncIterator[Storage]:
    """The empty ports of one implementation."""
    if addresses is None:
        yield over_memory(MemoryStorage())
        return
    async with AsyncExitStack() as stack:
        yield await open_real(stack, *addresses)
    left_over = asyncio.all_tasks() - {asyncio.current_task()}
    assert not left_over, f"tasks outlive the storage: {left_over}"
