"""The API's services on PostgreSQL and Redis, and the lifespan that opens and closes what they stand on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from actors.sandbox import SandboxPool
from domain.services.control import ExecutionControl
from domain.services.definitions import DefinitionCache
from domain.services.evaluation import EvaluationService
from domain.services.executions import ExecutionService
from domain.services.retries import ExecutionRetries
from domain.services.workflows import WorkflowService
from graphql_api.app import Lifespan
from graphql_api.context import ApiServices
from persistence.database import Database
from persistence.executions import PostgresExecutionStore
from persistence.health import SystemHealthProbe
from persistence.installation import PostgresInstallation
from persistence.progress_feed import RedisProgressFeed
from persistence.progress_publisher import RedisProgressPublisher
from persistence.queries import PostgresExecutionQueries
from persistence.work_queue import RedisWorkQueue
from persistence.workers import PostgresWorkerRegistry
from persistence.workflows import PostgresWorkflowStore
from stepgraph.clock import SystemClock
from stepgraph.composition import addresses_of, limits_of, sandbox_options_of
from stepgraph.settings import Settings


def api_services(settings: Settings) -> tuple[ApiServices, Lifespan]:
    """The services, and what must be entered before they are used."""
    database_url, redis_url = addresses_of(settings)
    clock, limits = SystemClock(), limits_of(settings)
    database = Database(database_url, pool_size=settings.database_pool_size)
    publisher = RedisProgressPublisher(redis_url)
    store = PostgresExecutionStore(database, publisher)
    workflows = PostgresWorkflowStore(database)
    queries = PostgresExecutionQueries(database)
    feed = RedisProgressFeed(redis_url, queries)
    queue = RedisWorkQueue(redis_url)
    definitions = DefinitionCache(workflows)
    sandbox = SandboxPool(sandbox_options_of(settings))
    services = ApiServices(
        workflows=WorkflowService(workflows=workflows, clock=clock, limits=limits),
        executions=ExecutionService(
            workflows=workflows,
            executions=store,
            queries=queries,
            queue=queue,
            feed=feed,
            definitions=definitions,
            clock=clock,
            limits=limits,
        ),
        control=ExecutionControl(executions=store, queries=queries, queue=queue, clock=clock, limits=limits),
        retries=ExecutionRetries(
            workflows=workflows,
            executions=store,
            queries=queries,
            queue=queue,
            definitions=definitions,
            clock=clock,
            limits=limits,
        ),
        evaluation=EvaluationService(clock=clock, sandbox=sandbox, limits=limits),
        workflow_store=workflows,
        execution_queries=queries,
        feed=feed,
        registry=PostgresWorkerRegistry(database),
        queue=queue,
        health=SystemHealthProbe(database, redis_url),
        definitions=definitions,
        clock=clock,
        installation=PostgresInstallation(database),
    )

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        async with database, publisher, store, feed, queue, sandbox:
            yield

    return services, lifespan
