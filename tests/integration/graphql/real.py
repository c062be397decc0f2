"""The API on PostgreSQL and Redis, with a database that remembers its statements."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

from persistence.breaker_sharing import RedisSharedBreakers
from persistence.breakers import PostgresBreakerStore
from persistence.database import Connection, Database
from persistence.executions import PostgresExecutionStore
from persistence.health import SystemHealthProbe
from persistence.installation import PostgresInstallation
from persistence.large_values import PostgresLargeValues
from persistence.memory.access import MemoryApiKeyStore, MemoryAuditLog
from persistence.memory.work_queue import MemoryWorkQueue
from persistence.metrics import PostgresMetricsStore
from persistence.progress_feed import RedisProgressFeed
from persistence.progress_publisher import RedisProgressPublisher
from persistence.queries import PostgresExecutionQueries
from persistence.rules import PostgresTransformationRuleStore
from persistence.schedules import PostgresScheduleStore
from persistence.secrets import PostgresSecretStore
from persistence.webhooks import PostgresWebhookStore
from persistence.workers import PostgresWorkerRegistry
from persistence.workflow_templates import PostgresWorkflowTemplateStore
from persistence.workflows import PostgresWorkflowStore
from tests.integration.graphql.api import Api


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
    """What `Api` takes its ports from, on real parts; only the queue is nobody's, and keys and audit are in memory."""

    workflows: PostgresWorkflowStore
    executions: PostgresExecutionStore
    schedules: PostgresScheduleStore
    rules: PostgresTransformationRuleStore
    secrets: PostgresSecretStore
    templates: PostgresWorkflowTemplateStore
    queries: PostgresExecutionQueries
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
        RedisSharedBreakers(redis_url) as shared_breakers,
    ):
        storage: Any = RealStorage(
            workflows=PostgresWorkflowStore(database),
            executions=executions,
            schedules=PostgresScheduleStore(database),
            rules=PostgresTransformationRuleStore(database),
            secrets=PostgresSecretStore(database),
            templates=PostgresWorkflowTemplateStore(database),
            queries=queries,
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
        yield Real(Api(storage=storage), database)
