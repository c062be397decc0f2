"""The API's process: its services on PostgreSQL and Redis, and the lifespan of what they stand on."""

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from typing import Any

import uvicorn

from actors.process.garbage_collection import freeze_loaded_objects
from actors.sandbox.pool import SandboxPool
from actors.workflow_tests.pool import ProcessTestRunner
from domain.access.service import AccessService
from domain.circuit_breakers.service import BreakerService
from domain.executions.bulk.service import BulkService
from domain.executions.control.service import ExecutionControl
from domain.executions.retries.service import ExecutionRetries
from domain.executions.service import ExecutionService
from domain.expressions.evaluator import Evaluator
from domain.expressions.service import EvaluationService
from domain.kernel.background_tasks import running
from domain.kernel.errors import Unavailable
from domain.metrics.service import MetricsService
from domain.saved_views.service import SavedViewService
from domain.schedules.service import ScheduleService
from domain.secrets.service import SecretService
from domain.system.workers import Chore
from domain.transformation_rules.service import TransformationRuleService
from domain.webhooks.receiving import WebhookReceiving
from domain.webhooks.service import WebhookService
from domain.workflow_templates.service import WorkflowTemplateService
from domain.workflow_templates.shipped import shipped_templates
from domain.workflow_tests.service import WorkflowTestService
from domain.workflows.definitions.cache import DefinitionCache
from domain.workflows.service import WorkflowService
from graphql_api.app import Lifespan, create_app, server_options
from graphql_api.context import ApiOptions, ApiServices
from persistence.health import SystemHealthProbe
from persistence.postgres.access.api_keys import PostgresApiKeyStore
from persistence.postgres.access.audit import PostgresAuditLog
from persistence.postgres.circuit_breakers import PostgresBreakerStore
from persistence.postgres.connections.clock import DatabaseClock
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
from persistence.redis.handing_over import RedisHandovers
from persistence.redis.progress.feed import RedisProgressFeed
from persistence.redis.progress.publisher import RedisProgressPublisher
from persistence.redis.work_queue import RedisWorkQueue
from stepgraph import __version__
from stepgraph.composition import (
    addresses_of,
    budgets_of,
    cipher_of,
    database_of,
    limits_of,
    metrics_retention_of,
    most_connections,
    public_url_of,
    sandbox_options_of,
)
from stepgraph.processes.memory_trimming import trimming_memory
from stepgraph.processes.watchdog import Watchdog
from stepgraph.settings import Settings, is_loopback
from stepgraph.telemetry.api_metrics import ApiMetrics

_ALLOCATIONS_A_COLLECTION = 5_000
"""Allocations between two garbage collections. A request of 1 MB makes 100,000 objects and needs all of them."""


def serve_api(settings: Settings, *, needs_worker: bool, sockets: list[socket.socket] | None = None) -> None:
    """Serve the API in this process until it is told to stop, on these sockets, or where the settings say."""
    options = ApiOptions(
        **budgets_of(settings),
        version=__version__,
        allowed_origins=settings.allowed_origins,
        allowed_hosts=settings.allowed_hosts,
        trusted_proxies=settings.trusted_proxies,
        is_reachable=not is_loopback(settings.host),
        console=settings.console,
        graphiql=settings.graphiql,
        public_url=public_url_of(settings),
        ready_needs_worker=needs_worker,
        worker_lease=settings.lease,
        clock_tolerance=settings.clock_tolerance,
    )
    services, lifespan = api_services(settings)
    metrics = ApiMetrics(services, options) if settings.prometheus else None

    @asynccontextmanager
    async def watched(app: object) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(Watchdog(settings.watchdog_timeout).watching())
            await stack.enter_async_context(lifespan(app))
            if metrics is not None:
                await stack.enter_async_context(metrics.watching())
            freeze_loaded_objects(allocations=_ALLOCATIONS_A_COLLECTION)
            await stack.enter_async_context(trimming_memory())
            yield

    app = create_app(services, options=options, lifespan=watched, metrics=None if metrics is None else metrics.render)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        log_config=None,
        **server_options(options, most_connections=most_connections()),
    )
    uvicorn.Server(config).run(sockets)


def api_services(settings: Settings) -> tuple[ApiServices, Lifespan]:
    """The services of the API, and the lifespan within which they can be used."""
    _, redis_url = addresses_of(settings)
    clock, limits = DatabaseClock(settings.clock_tolerance), limits_of(settings)
    database = database_of(settings)
    publisher = RedisProgressPublisher(redis_url)
    store = PostgresExecutionStore(database, publisher)
    workflows = PostgresWorkflowStore(database)
    queries = PostgresExecutionQueries(database)
    feed = RedisProgressFeed(redis_url, queries)
    queue, handovers = RedisWorkQueue(redis_url), RedisHandovers(redis_url)
    definitions = DefinitionCache(workflows)
    keys, audit = PostgresApiKeyStore(database), PostgresAuditLog(database)

    def wakes(chore: Chore) -> Callable[[], None]:
        return partial(queue.wake, chore)

    sandbox, test_runner = SandboxPool(sandbox_options_of(settings)), ProcessTestRunner()
    webhooks, cipher = PostgresWebhookStore(database, wakes(Chore.DELIVERIES)), cipher_of(settings)
    rules = PostgresTransformationRuleStore(database)
    breakers = PostgresBreakerStore(database, wakes(Chore.OUTBOX))
    shared_breakers = RedisSharedBreakers(redis_url)
    workflow_service = WorkflowService(
        workflows=workflows, clock=clock, new_id=clock.new_id, limits=limits, rules=rules, sandbox=sandbox
    )
    executions = ExecutionService(
        workflows=workflows,
        rules=rules,
        executions=store,
        queries=queries,
        queue=queue,
        feed=feed,
        definitions=definitions,
        clock=clock,
        new_id=clock.new_id,
        limits=limits,
        sandbox=sandbox,
        handovers=handovers,
    )
    control = ExecutionControl(
        executions=store, queries=queries, queue=queue, clock=clock, new_id=clock.new_id, limits=limits
    )
    bulk_operations = PostgresBulkOperations(database, wakes(Chore.BULK_OPERATIONS))
    services = ApiServices(
        workflows=workflow_service,
        executions=executions,
        control=control,
        bulk=BulkService(
            operations=bulk_operations, queries=queries, control=control, clock=clock, new_id=clock.new_id
        ),
        bulk_operations=bulk_operations,
        retries=ExecutionRetries(
            workflows=workflows,
            executions=store,
            queries=queries,
            queue=queue,
            definitions=definitions,
            clock=clock,
            new_id=clock.new_id,
            limits=limits,
            sandbox=sandbox,
        ),
        evaluation=EvaluationService(clock=clock, sandbox=sandbox, limits=limits),
        workflow_tests=WorkflowTestService(
            workflows=workflow_service,
            stored=workflows,
            rules=rules,
            runner=test_runner,
            clock=clock,
            max_output_bytes=settings.max_output_bytes,
            limits=limits,
        ),
        schedules=ScheduleService(
            schedules=PostgresScheduleStore(database, wakes(Chore.SCHEDULES)),
            workflows=workflows,
            definitions=definitions,
            clock=clock,
            new_id=clock.new_id,
            limits=limits,
            sandbox=sandbox,
        ),
        rules=TransformationRuleService(rules=rules, clock=clock, sandbox=sandbox, new_id=clock.new_id),
        saved_views=SavedViewService(views=PostgresSavedViewStore(database), clock=clock),
        secrets=SecretService(secrets=PostgresSecretStore(database), cipher=cipher, clock=clock),
        templates=WorkflowTemplateService(
            templates=PostgresWorkflowTemplateStore(database),
            workflows=workflow_service,
            shipped=shipped_templates(),
            clock=clock,
            new_id=clock.new_id,
            limits=limits,
            sandbox=sandbox,
        ),
        workflow_store=workflows,
        execution_queries=queries,
        large_values=PostgresLargeValues(database),
        feed=feed,
        registry=PostgresWorkerRegistry(database),
        queue=queue,
        health=SystemHealthProbe(database, redis_url, clock),
        definitions=definitions,
        clock=clock,
        installation=PostgresInstallation(database),
        webhooks=WebhookService(
            webhooks=webhooks, workflows=workflows, cipher=cipher, clock=clock, new_id=clock.new_id, limits=limits
        ),
        webhook_store=webhooks,
        receiving=WebhookReceiving(
            webhooks=webhooks,
            executions=executions,
            cipher=cipher,
            evaluator=Evaluator.of_hooks(sandbox),
            clock=clock,
            new_id=clock.new_id,
        ),
        breakers=BreakerService(store=breakers, shared=shared_breakers, clock=clock),
        breaker_store=breakers,
        access=AccessService(keys=keys, clock=clock, requires_keys=settings.asks_for_keys),
        keys=keys,
        audit=audit,
        metrics=MetricsService(
            metrics=PostgresMetricsStore(database), clock=clock, retention=metrics_retention_of(settings)
        ),
    )

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        async with database, publisher, store, feed, queue, handovers, shared_breakers, sandbox, test_runner, audit:
            with suppress(Unavailable):  # then as soon as it is there
                await clock.measure(database)
            async with running(clock.keep_measuring(database, settings.heartbeat), "clock"):
                yield

    return services, lifespan
