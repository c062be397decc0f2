"""The API on PostgreSQL and Redis, with a database that remembers its statements."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from graphql_api.context import ApiOptions
from persistence.health import SystemHealthProbe
from persistence.memory.access import MemoryApiKeyStore, MemoryAuditLog
from persistence.memory.work_queue import MemoryWorkQueue
from persistence.postgres.circuit_breakers import PostgresBreakerStore
from persistence.postgres.connections.database import Database
from persistence.postgres.connections.lending import Connection
from persistence.postgres.executions.bulk import PostgresBulkOperations
from persistence.postgres.executions.queries import PostgresExecutionQueries
from persistence.postgres.executions.store import PostgresExecutionStore
from persistence.postgres.large_values import PostgresLargeValues
from persistence.postgres.metrics.store import PostgresMetricsStore
from persistence.postgres.saved_views import PostgresSavedViewStore
from persistence.postgres.schedules import PostgresScheduleStore
from persistence.postgres.secrets.store import PostgresSecretStore
from persistence.postgres.system.installation import PostgresInstallation
from persistence.postgres.system.workers import PostgresWorkerRegistry
from persistence.postgres.transformation_rules import PostgresTransformationRuleStore
from persistence.postgres.webhooks.store import PostgresWebhookStore
from persistence.postgres.workflow_templates import PostgresWorkflowTemplateStore
from persistence.postgres.workflows import PostgresWorkflowStore
from persistence.redis.circuit_breakers.sharing import RedisSharedBreakers
from persistence.redis.progress.feed import RedisProgressFeed
from persistence.redis.progress.publisher import RedisProgressPublisher
from tests.integration.graphql_api.api import Api

_PATIENCE = timedelta(seconds=20)
"""A quarter of a second, as it is otherwise, is less than a machine takes that has much else to do."""


class CountingDatabase(Database):
    """Remembers every statement but those with which asyncpg looks at a type, once for each connection."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.statements: list[str] = []

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        async with super().connection() as connection:
            with connection.query_logger(self._remember):
                yield connection

    def _remember(self, record: Any) -> None:
        if "typeinfo_tree" not in record.query and "set_config('jit'" not in record.query:
            self.statements.append(record.query)

    @contextmanager
    def counting(self) -> Iterator[list[str]]:
        """The statements of a while."""
        self.statements.clear()
        yield self.statements


@dataclass
class RealStorage:
    """The ports of an `Api` on real servers; the queue drops everything, keys and audit are in memory."""

    workflows: PostgresWorkflowStore
    executions: PostgresExecutionStore
    schedules: PostgresScheduleStore
    rules: PostgresTransformationRuleStore
    saved_views: PostgresSavedViewStore
    secrets: PostgresSecretStore
    templates: PostgresWorkflowTemplateStore
    queries: PostgresExecutionQueries
    bulk_operations: PostgresBulkOperations
    large_values: PostgresLargeValues
    feed: RedisProgressFeed
    registry: PostgresWorkerRegistry
    health: SystemHealthProbe
    queue: MemoryWorkQueue
    installation: PostgresInstallation
    webhooks: PostgresWebhookStore
    breakers: PostgresBreakerStore
    shared_breakers: RedisSharedBreakers
    keys: MemoryApiKeyStore
    audit: MemoryAuditLog
    metrics: PostgresMetricsStore


@dataclass
class Real:
    """The API, and the database behind it."""

    api: Api
    database: CountingDatabase


@asynccontextmanager
async def real_parts(postgres_url: str, redis_url: str) -> AsyncIterator[Real]:
    """The API on these servers."""
    async with (
        CountingDatabase(postgres_url) as database,
        RedisProgressPublisher(redis_url) as publisher,
        PostgresExecutionStore(database, publisher) as executions,
        RedisProgressFeed(redis_url, queries := PostgresExecutionQueries(database)) as feed,
        RedisSharedBreakers(redis_url, answer_within=_PATIENCE) as shared_breakers,
    ):
        storage: Any = RealStorage(
            workflows=PostgresWorkflowStore(database),
            executions=executions,
            schedules=PostgresScheduleStore(database),
            rules=PostgresTransformationRuleStore(database),
            saved_views=PostgresSavedViewStore(database),
            secrets=PostgresSecretStore(database),
            templates=PostgresWorkflowTemplateStore(database),
            queries=queries,
            bulk_operations=PostgresBulkOperations(database),
            large_values=PostgresLargeValues(database),
            feed=feed,
            registry=PostgresWorkerRegistry(database),
            health=SystemHealthProbe(database, redis_url),
            queue=MemoryWorkQueue(),
            installation=PostgresInstallation(database),
            webhooks=PostgresWebhookStore(database),
            breakers=PostgresBreakerStore(database),
            shared_breakers=shared_breakers,
            keys=MemoryApiKeyStore(),
            audit=MemoryAuditLog(),
            metrics=PostgresMetricsStore(database),
        )
        # Half a minute is little where all cores are busy, and memory is measured besides.
        yield Real(Api(storage=storage, options=ApiOptions(operation_timeout=timedelta(minutes=4))), database)
