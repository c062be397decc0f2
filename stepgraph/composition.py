"""Where the parts meet: the API's application and the worker's runner, built from the settings."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from ipaddress import ip_network
from urllib.parse import urlsplit

from dramatiq import Broker

from actors.attempts import Attempts
from actors.broker import make_broker
from actors.chores import Chores
from actors.destinations import DestinationPolicy
from actors.driver_parts import DriverParts
from actors.http import HttpClient
from actors.process import run_worker
from actors.reconciler import Reconciler, ReconcilerOptions
from actors.roster import Roster
from actors.runner import Runner, RunnerOptions
from actors.sandbox import SandboxOptions, SandboxPool
from actors.steps.registry import step_executors
from domain.evaluator import Evaluator
from domain.limits import Limits
from domain.services.children import ChildStarter
from domain.services.definitions import DefinitionCache
from persistence.database import Database
from persistence.executions import PostgresExecutionStore
from persistence.health import SystemHealthProbe
from persistence.installation import PostgresInstallation
from persistence.progress_publisher import RedisProgressPublisher
from persistence.queries import PostgresExecutionQueries
from persistence.recovery import PostgresRecovery
from persistence.work_queue import RedisNudges, RedisWorkQueue
from persistence.workers import PostgresWorkerRegistry
from persistence.workflows import PostgresWorkflowStore
from stepgraph import __version__
from stepgraph.chores import chores_of
from stepgraph.clock import SystemClock
from stepgraph.settings import Settings

logger = logging.getLogger(__name__)


def addresses_of(settings: Settings) -> tuple[str, str]:
    """PostgreSQL's and Redis's address; whoever calls this has checked that both are set."""
    assert settings.database_url is not None
    assert settings.redis_url is not None
    return settings.database_url, settings.redis_url


def limits_of(settings: Settings) -> Limits:
    """The caps on what users may send."""
    return Limits(
        max_document_bytes=settings.max_document_bytes,
        max_input_bytes=settings.max_input_bytes,
        max_items=settings.max_items,
        max_bulk=settings.max_bulk,
        max_signals=settings.max_signals,
    )


def sandbox_options_of(settings: Settings) -> SandboxOptions:
    """How many children the sandbox of a process has, and how long they are kept."""
    return SandboxOptions(children=settings.sandbox_children, calls=settings.sandbox_calls)


def public_url_of(settings: Settings) -> str:
    """Where others reach the API, without a slash at the end; by default where it listens, seen from this machine."""
    if settings.public_url is not None:
        return settings.public_url
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def destinations_of(settings: Settings) -> DestinationPolicy:
    """Where steps may connect to."""
    return DestinationPolicy(
        allow_loopback=settings.egress_allow_loopback,
        allowed_networks=tuple(ip_network(network) for network in settings.egress_allowed_networks),
        allowed_hosts=settings.egress_allowed_hosts,
        blocked_ports=frozenset(_own_ports(settings)),
    )


def _own_ports(settings: Settings) -> Iterator[int]:
    """The ports of our own PostgreSQL and Redis: no step has any business there, whatever else is allowed."""
    for address in addresses_of(settings):
        parts = urlsplit(address)
        if parts.hostname is not None:
            yield parts.port or (5432 if parts.scheme.startswith("postgres") else 6379)


def serve_api(settings: Settings, *, needs_worker: bool) -> None:
    """Serve the API in this process until it is told to stop."""
    import uvicorn

    from graphql_api.app import create_app, server_options
    from graphql_api.context import ApiOptions

    options = ApiOptions(
        version=__version__,
        allowed_origins=settings.allowed_origins,
        graphiql=settings.graphiql,
        ready_needs_worker=needs_worker,
    )

    from stepgraph.api import api_services

    services, lifespan = api_services(settings)
    app = create_app(services, options=options, lifespan=lifespan)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        log_config=None,
        **server_options(options),
    )
    uvicorn.Server(config).run()


def worker_broker(settings: Settings) -> Broker:
    """The broker of a worker process: it opens the runner when the worker starts, and closes it at the end."""
    _, redis_url = addresses_of(settings)

    @asynccontextmanager
    async def open_runner() -> AsyncIterator[Runner]:
        async with AsyncExitStack() as stack:
            yield await _runner(stack, settings)

    return make_broker(redis_url, open_runner)


def run_worker_process(settings: Settings) -> int:
    """Work in this process until it is told to stop; returns the exit code. Waits for the database and its schema."""
    try:
        asyncio.run(_until_database_is_ready(settings))
    except KeyboardInterrupt:
        return 0
    return run_worker(worker_broker(settings), threads=settings.worker_threads)


async def _until_database_is_ready(settings: Settings) -> None:
    """A worker may well be up before PostgreSQL is, or before somebody has migrated it."""
    database_url, redis_url = addresses_of(settings)
    async with Database(database_url, pool_size=2) as database:
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


async def _runner(stack: AsyncExitStack, settings: Settings) -> Runner:
    """Everything a worker runs executions with; closed in the reverse order."""
    database_url, redis_url = addresses_of(settings)
    clock = SystemClock()
    database = await stack.enter_async_context(Database(database_url, pool_size=settings.database_pool_size))
    publisher = await stack.enter_async_context(RedisProgressPublisher(redis_url))
    store = await stack.enter_async_context(PostgresExecutionStore(database, publisher))
    queue = await stack.enter_async_context(RedisWorkQueue(redis_url))
    client = await stack.enter_async_context(
        HttpClient(
            destinations_of(settings),
            user_agent=f"stepgraph/{__version__}",
            pool_size=settings.http_connections,
            max_response_bytes=settings.max_response_bytes,
        )
    )
    sandbox = await stack.enter_async_context(SandboxPool(sandbox_options_of(settings)))
    sandbox.start()
    evaluator, limits = Evaluator(sandbox), limits_of(settings)
    workflows = PostgresWorkflowStore(database)
    definitions = DefinitionCache(workflows)
    children = ChildStarter(
        workflows=workflows,
        executions=store,
        queries=PostgresExecutionQueries(database),
        queue=queue,
        definitions=definitions,
        clock=clock,
        limits=limits,
    )
    executors = step_executors(
        client=client,
        evaluator=evaluator,
        children=children,
        callback_key=await PostgresInstallation(database).key(),
        public_url=public_url_of(settings),
        max_items=limits.max_items,
        max_output_bytes=settings.max_output_bytes,
    )
    recovery, registry = PostgresRecovery(database), PostgresWorkerRegistry(database)
    reconciler = Reconciler(
        recovery=recovery,
        executions=store,
        queue=queue,
        clock=clock,
        options=ReconcilerOptions(lease=settings.lease, poisoned_after=settings.poisoned_after),
    )
    runner = Runner(
        parts=DriverParts(
            store=store,
            attempts=Attempts(executors, settings.max_output_bytes, evaluator),
            clock=clock,
            queue=queue,
            roster=Roster(registry, clock, lease=settings.lease),
            cancel_child=children.cancel,
        ),
        definitions=definitions,
        registry=registry,
        recovery=recovery,
        queue=queue,
        nudges=RedisNudges(redis_url),
        options=RunnerOptions(
            host=socket.gethostname(),
            capacity=settings.worker_executions,
            heartbeat=settings.heartbeat,
            shutdown_grace=settings.shutdown_grace,
        ),
    )
    await stack.enter_async_context(runner)
    for name, work in (("reconciler", reconciler.run()), ("chores", Chores(chores_of(database, clock)).run())):
        stack.push_async_callback(_cancelled, asyncio.create_task(work, name=name))
    return runner


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
