"""A worker process: everything it runs executions with, opened when it starts and closed when it ends."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from dramatiq import Broker

from actors.activations.context import ActivationContext
from actors.activations.live_workers import LiveWorkers
from actors.activations.pool import ActivationPool
from actors.activations.pool_options import ActivationPoolOptions
from actors.activations.step_runner import StepRunner
from actors.circuit_breakers.breakers import WorkerBreakers
from actors.http.client import HttpClient
from actors.periodic.bulk_operations import bulk_operations_job
from actors.periodic.jobs import PeriodicJob, PeriodicJobs
from actors.periodic.reconciler import Reconciler, ReconcilerOptions
from actors.periodic.schedules import schedule_jobs
from actors.periodic.wake_ups import WakeUps
from actors.process.broker import make_broker
from actors.process.worker_process import run_worker
from actors.sandbox.pool import SandboxPool
from actors.secrets.values import StoredSecrets
from actors.steps.parts import StepParts
from actors.steps.registry import step_executors
from actors.transformation_rules.rules import StoredRules
from actors.webhooks.deliveries import WebhookDeliverer
from actors.webhooks.registered_webhooks import RegisteredWebhooks
from actors.webhooks.sender import WebhookSender
from domain.executions.bulk.service import BulkRunner
from domain.executions.children import ChildStarter
from domain.executions.control.service import ExecutionControl
from domain.executions.retries.service import ExecutionRetries
from domain.executions.service import ExecutionService
from domain.executions.suspects import SUSPECT_AFTER
from domain.expressions.evaluator import Evaluator
from domain.kernel.background_tasks import running
from domain.kernel.limits import Limits
from domain.schedules.firing import ScheduleFiring
from domain.system.workers import Chore
from domain.webhooks.hook_tokens import HookAddresses
from domain.workflows.definitions.cache import DefinitionCache
from domain.workflows.steps.registry import step_kinds
from persistence.health import SystemHealthProbe
from persistence.postgres.circuit_breakers import PostgresBreakerStore
from persistence.postgres.connections.clock import DatabaseClock
from persistence.postgres.connections.database import Database
from persistence.postgres.executions.bulk import PostgresBulkOperations
from persistence.postgres.executions.queries import PostgresExecutionQueries
from persistence.postgres.executions.recovery import PostgresRecovery
from persistence.postgres.executions.store import PostgresExecutionStore
from persistence.postgres.schedules import PostgresScheduleStore
from persistence.postgres.secrets.store import PostgresSecretStore
from persistence.postgres.system.installation import PostgresInstallation
from persistence.postgres.system.workers import PostgresWorkerRegistry
from persistence.postgres.transformation_rules import PostgresTransformationRuleStore
from persistence.postgres.webhooks.store import PostgresWebhookStore
from persistence.postgres.workflows import PostgresWorkflowStore
from persistence.redis.circuit_breakers.sharing import RedisSharedBreakers
from persistence.redis.progress.feed import RedisProgressFeed
from persistence.redis.progress.publisher import RedisProgressPublisher
from persistence.redis.work_queue import RedisNudges, RedisWorkQueue
from stepgraph import __version__
from stepgraph.composition import (
    addresses_of,
    cipher_of,
    database_of,
    destinations_of,
    limits_of,
    public_url_of,
    sandbox_options_of,
)
from stepgraph.processes.instances import this_instance
from stepgraph.processes.memory_trimming import trimming_memory
from stepgraph.processes.periodic_jobs import periodic_jobs_of
from stepgraph.processes.watchdog import Watchdog
from stepgraph.settings import Settings
from stepgraph.telemetry.worker_metrics import CountedDeliveries, CountedStarts, WorkerMetrics

logger = logging.getLogger(__name__)

_HEARTBEAT_PATIENCE = timedelta(seconds=1)
"""The least time that an answer to a heartbeat is waited for, however often heartbeats are sent."""


def worker_broker(settings: Settings) -> Broker:
    """The broker of a worker process: it opens the activation pool when the worker starts, and closes it at the end."""
    _, redis_url = addresses_of(settings)

    @asynccontextmanager
    async def open_pool() -> AsyncIterator[ActivationPool]:
        async with Watchdog(settings.watchdog_timeout).watching(), AsyncExitStack() as stack:
            yield await _pool(stack, settings)

    return make_broker(redis_url, open_pool)


def run_worker_process(settings: Settings) -> int:
    """Work in this process until it is told to stop; returns the exit code. Waits for the database and its schema.

    Raises `InvalidStepKind` before that.
    """
    step_kinds()
    try:
        asyncio.run(_until_database_is_ready(settings))
    except KeyboardInterrupt:
        return 0
    return run_worker(worker_broker(settings), threads=settings.worker_threads)


async def _until_database_is_ready(settings: Settings) -> None:
    """Wait until PostgreSQL answers and has a current schema; a worker may well be started before."""
    _, redis_url = addresses_of(settings)
    async with Watchdog(settings.watchdog_timeout).watching(), database_of(settings, pool_size=2) as database:
        probe = SystemHealthProbe(database, redis_url)
        complaint = ""
        while True:
            components = await probe.components(timedelta(seconds=5))
            missing = [f"{each.name}: {each.detail}" for each in components if not each.is_up and each.name != "redis"]
            if not missing:
                return
            if missing[0] != complaint:
                complaint = missing[0]
                logger.info("waiting for %s", complaint)
            await asyncio.sleep(0.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Storage:
    """Settings, clock, connections and stores that everything else in the process is built on."""

    settings: Settings
    clock: DatabaseClock
    limits: Limits
    redis_url: str
    database: Database
    publisher: RedisProgressPublisher
    wake_ups: WakeUps
    executions: PostgresExecutionStore
    queue: RedisWorkQueue
    workflows: PostgresWorkflowStore
    queries: PostgresExecutionQueries
    definitions: DefinitionCache
    registry: PostgresWorkerRegistry
    recovery: PostgresRecovery
    sandbox: SandboxPool


async def _pool(stack: AsyncExitStack, settings: Settings) -> ActivationPool:
    """Open the activation pool, and the tasks that run beside it, on `stack`, which closes them in reverse order."""
    storage = await _open_storage(stack, settings)
    client = await stack.enter_async_context(
        HttpClient(
            destinations_of(settings),
            user_agent=f"stepgraph/{__version__}",
            transport=settings.http_transport,
            ca_file=settings.http_ca_file,
            pool_size=settings.http_connections,
            max_response_bytes=settings.max_response_bytes,
        )
    )
    metrics = WorkerMetrics(storage.database, settings)
    wake_ups = storage.wake_ups
    deliveries = CountedDeliveries(storage.database, metrics.worker, partial(wake_ups.wake, Chore.OUTBOX))
    sender = WebhookSender(client, cipher_of(settings), storage.clock)
    deliverer = await stack.enter_async_context(
        WebhookDeliverer(deliveries, sender, storage.clock, woken=wake_ups.of(Chore.DELIVERIES))
    )
    parts = await _activation_context(stack, storage, client, deliveries)
    pool = ActivationPool(
        parts=parts,
        definitions=storage.definitions,
        registry=storage.registry,
        recovery=storage.recovery,
        queue=storage.queue,
        nudges=RedisNudges(storage.redis_url, wake_ups.wake),
        say_room=storage.queue.say_room,
        options=ActivationPoolOptions(
            host=socket.gethostname(),
            capacity=settings.worker_executions,
            heartbeat=settings.heartbeat,
            shutdown_grace=settings.shutdown_grace,
            compare_every=settings.lease / 2,
            worker_id=this_instance().id,
        ),
    )
    await stack.enter_async_context(pool)
    await _take_over(storage)
    metrics.worker.active = lambda: pool.active
    await stack.enter_async_context(metrics.serving())
    jobs = PeriodicJobs(
        [
            *periodic_jobs_of(
                storage.database, storage.executions, storage.clock, settings, wake_ups, metrics.counted.add
            ),
            *_firing(storage, metrics),
            bulk_operations_job(_bulk_runner(storage), wake_ups),
            *deliverer.jobs(settings.webhook_retention),
        ]
    )
    for name, work in (("reconciler", _reconciler(storage).run()), ("jobs", jobs.run())):
        await stack.enter_async_context(running(work, name))
    await stack.enter_async_context(trimming_memory(is_idle=lambda: not pool.active))
    return pool


async def _take_over(storage: _Storage) -> None:
    """Release what workers held that have ended before this one, and hint at it; suspects are the reconciler's."""
    crashes = min(SUSPECT_AFTER, storage.settings.poisoned_after)
    await storage.queue.hint(await storage.registry.release_ended(this_instance().ended, crashes=crashes))


async def _open_storage(stack: AsyncExitStack, settings: Settings) -> _Storage:
    _, redis_url = addresses_of(settings)
    database = await stack.enter_async_context(database_of(settings))
    publisher = await stack.enter_async_context(RedisProgressPublisher(redis_url))
    workflows = PostgresWorkflowStore(database)
    clock = DatabaseClock(settings.clock_tolerance)
    await clock.measure(database)
    wake_ups = WakeUps()
    told = partial(wake_ups.wake, Chore.OUTBOX)
    return _Storage(
        settings=settings,
        clock=clock,
        limits=limits_of(settings),
        redis_url=redis_url,
        database=database,
        publisher=publisher,
        wake_ups=wake_ups,
        executions=await stack.enter_async_context(PostgresExecutionStore(database, publisher, told=told)),
        queue=await stack.enter_async_context(RedisWorkQueue(redis_url)),
        workflows=workflows,
        queries=PostgresExecutionQueries(database),
        definitions=DefinitionCache(workflows),
        registry=PostgresWorkerRegistry(database, clock, answer_within=max(settings.heartbeat, _HEARTBEAT_PATIENCE)),
        recovery=PostgresRecovery(database, clock, told),
        sandbox=await stack.enter_async_context(SandboxPool(sandbox_options_of(settings))),
    )


async def _activation_context(
    stack: AsyncExitStack, storage: _Storage, client: HttpClient, deliveries: CountedDeliveries
) -> ActivationContext:
    """The parts with which activations run steps, opened on `stack`."""
    settings, database, clock = storage.settings, storage.database, storage.clock
    sandbox = storage.sandbox
    sandbox.start()
    shared = await stack.enter_async_context(RedisSharedBreakers(storage.redis_url))
    stored = PostgresBreakerStore(database, partial(storage.wake_ups.wake, Chore.OUTBOX))
    breakers = await stack.enter_async_context(WorkerBreakers(shared=shared, store=stored, clock=clock))
    evaluator, cipher = Evaluator(sandbox), cipher_of(settings)
    addresses = HookAddresses(await PostgresInstallation(database).key(), public_url_of(settings))
    children = ChildStarter(
        workflows=storage.workflows,
        executions=storage.executions,
        queries=storage.queries,
        queue=storage.queue,
        definitions=storage.definitions,
        clock=clock,
        new_id=storage.clock.new_id,
        limits=storage.limits,
        sandbox=sandbox,
    )
    executors = step_executors(
        StepParts(
            client=client,
            evaluator=evaluator,
            children=children,
            webhooks=RegisteredWebhooks(PostgresWebhookStore(database), deliveries, cipher),
            callback_key=addresses.key,
            public_url=addresses.public_url,
            max_items=storage.limits.max_items,
            max_output_bytes=settings.max_output_bytes,
            rules=StoredRules(PostgresTransformationRuleStore(database)),
            breakers=breakers,
        )
    )
    for executor in executors.values():
        if isinstance(executor, AbstractAsyncContextManager):  # as those of kinds from outside may be
            await stack.enter_async_context(executor)
    secrets = StoredSecrets(PostgresSecretStore(database), cipher)
    return ActivationContext(
        store=storage.executions,
        attempts=StepRunner(executors, settings.max_output_bytes, evaluator, secrets),
        clock=clock,
        queue=storage.queue,
        live_workers=LiveWorkers(storage.registry, clock, lease=settings.lease),
        cancel_child=children.cancel,
        signal_url=addresses.of_signals,
    )


def _reconciler(storage: _Storage) -> Reconciler:
    return Reconciler(
        recovery=storage.recovery,
        executions=storage.executions,
        queries=storage.queries,
        publisher=storage.publisher,
        queue=storage.queue,
        options=ReconcilerOptions(lease=storage.settings.lease, quarantined_after=storage.settings.poisoned_after),
        is_skewed=lambda: storage.clock.is_skewed,
    )


def _firing(storage: _Storage, metrics: WorkerMetrics) -> tuple[PeriodicJob, PeriodicJob]:
    """The two periodic jobs that start executions for schedules."""
    starter = ExecutionService(
        workflows=storage.workflows,
        executions=storage.executions,
        queries=storage.queries,
        queue=storage.queue,
        feed=RedisProgressFeed(storage.redis_url, storage.queries),  # never opened: nobody waits for an end here
        definitions=storage.definitions,
        clock=storage.clock,
        new_id=storage.clock.new_id,
        limits=storage.limits,
        sandbox=storage.sandbox,
    )
    schedules = PostgresScheduleStore(storage.database)
    firing = ScheduleFiring(
        schedules=schedules,
        executions=CountedStarts(starter, metrics.worker),
        control=_control(storage),
        clock=storage.clock,
    )
    return schedule_jobs(firing, schedules, storage.clock, storage.wake_ups)


def _control(storage: _Storage) -> ExecutionControl:
    return ExecutionControl(
        executions=storage.executions,
        queries=storage.queries,
        queue=storage.queue,
        clock=storage.clock,
        new_id=storage.clock.new_id,
        limits=storage.limits,
    )


def _bulk_runner(storage: _Storage) -> BulkRunner:
    return BulkRunner(
        operations=PostgresBulkOperations(storage.database),
        queries=storage.queries,
        control=_control(storage),
        retries=ExecutionRetries(
            workflows=storage.workflows,
            executions=storage.executions,
            queries=storage.queries,
            queue=storage.queue,
            definitions=storage.definitions,
            clock=storage.clock,
            new_id=storage.clock.new_id,
            limits=storage.limits,
            sandbox=storage.sandbox,
        ),
        clock=storage.clock,
    )
