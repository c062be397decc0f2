"""A whole worker process's inside on real parts: Dramatiq, Redis, PostgreSQL, and services that answer as told."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from dramatiq import Worker
from dramatiq.middleware import MiddlewareError

from actors.activations.context import ActivationContext
from actors.activations.pool import ActivationPool
from actors.activations.pool_options import ActivationPoolOptions
from actors.activations.step_runner import StepRunner
from actors.periodic.reconciler import Reconciler, ReconcilerOptions
from actors.process.broker import make_broker
from actors.steps.data_transform import DataTransformExecutor
from actors.steps.wait import WaitExecutor
from domain.executions.records import ExecutionRecord, NewExecution, PendingCommand
from domain.executions.step_executor import Outcome, StepCall, StepExecutor, Succeeded
from domain.kernel.errors import Unavailable
from domain.kernel.ids import new_id
from domain.kernel.statuses import CommandKind, ExecutionStatus, StepType
from domain.workflows.definitions.cache import DefinitionCache
from domain.workflows.definitions.definition import Definition
from domain.workflows.documents.reading import canonical
from persistence.postgres.connections.database import Database
from persistence.postgres.executions.queries import PostgresExecutionQueries
from persistence.postgres.executions.recovery import PostgresRecovery
from persistence.postgres.executions.store import PostgresExecutionStore
from persistence.postgres.system.workers import PostgresWorkerRegistry
from persistence.postgres.workflows import PostgresWorkflowStore
from persistence.redis.progress.publisher import RedisProgressPublisher
from persistence.redis.work_queue import RedisNudges, RedisWorkQueue
from tests.builders import a_definition, a_workflow, constant, http, wait
from tests.waiting import wait_until


class Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def new_id(self) -> UUID:
        return new_id()


@dataclass
class Service:
    """Every called service. A step whose id starts with `slow` is never answered; `calls` and `cancelled` are paths."""

    calls: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)

    def execute(self, call: StepCall) -> Awaitable[Outcome]:
        self.calls.append(call.path)
        return self._answer(call)

    async def _answer(self, call: StepCall) -> Outcome:
        try:
            if call.path.startswith("slow"):
                await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled.append(call.path)
            raise
        return Succeeded(output=call.path)


@dataclass
class Cluster:
    """PostgreSQL and Redis as the API sees them, and workers that can be started and stopped."""

    database: Database
    redis_url: str
    store: PostgresExecutionStore
    queue: RedisWorkQueue
    service: Service = field(default_factory=Service)
    clock: Clock = field(default_factory=Clock)

    @asynccontextmanager
    async def worker(self, *, capacity: int = 100, grace: float = 0.2) -> AsyncIterator[Worker]:
        """One worker, on threads of its own, as a process has it."""
        broker = make_broker(self.redis_url, lambda: self._open_pool(capacity, grace))
        worker = Worker(broker, worker_threads=2, worker_timeout=100)
        worker.queue_prefetch = 2
        await asyncio.to_thread(worker.start)
        try:
            yield worker
        finally:
            await asyncio.to_thread(worker.stop, 5_000)
            broker.close()
            broker.client.close()

    @asynccontextmanager
    async def _open_pool(self, capacity: int, grace: float) -> AsyncIterator[ActivationPool]:
        async with AsyncExitStack() as stack:
            database = await stack.enter_async_context(Database(self.database.url, pool_size=3))
            publisher = await stack.enter_async_context(RedisProgressPublisher(self.redis_url))
            store = await stack.enter_async_context(PostgresExecutionStore(database, publisher))
            queue = await stack.enter_async_context(RedisWorkQueue(self.redis_url))
            executors: dict[str, StepExecutor] = {
                StepType.HTTP_REQUEST: self.service,
                StepType.DATA_TRANSFORM: DataTransformExecutor(),
                StepType.WAIT: WaitExecutor(),
            }
            hold = timedelta(seconds=0.1)
            pool = ActivationPool(
                parts=ActivationContext(
                    store=store, attempts=StepRunner(executors, 100_000), clock=self.clock, queue=queue, hold=hold
                ),
                definitions=DefinitionCache(PostgresWorkflowStore(database)),
                registry=PostgresWorkerRegistry(database),
                recovery=PostgresRecovery(database),
                queue=queue,
                nudges=RedisNudges(self.redis_url),
                options=ActivationPoolOptions(host="here", capacity=capacity, shutdown_grace=timedelta(seconds=grace)),
            )
            await stack.enter_async_context(pool)
            options = ReconcilerOptions(every=timedelta(seconds=0.05), patience=timedelta(seconds=0.2))
            reconciler = Reconciler(
                recovery=PostgresRecovery(database),
                executions=store,
                queries=PostgresExecutionQueries(database),
                publisher=publisher,
                queue=queue,
                options=options,
            )
            reconciling = asyncio.create_task(reconciler.run())
            try:
                yield pool
            finally:
                reconciling.cancel()
                await asyncio.wait([reconciling])

    async def define(self, *steps: dict[str, object]) -> Definition:
        definition = a_definition(steps=list(steps))
        document = canonical(a_workflow(steps=list(steps)))
        await PostgresWorkflowStore(self.database).save_definition(
            definition_id=definition.id, document=document, digest=definition.id.bytes * 2, now=self.clock.now()
        )
        return definition

    async def execute(self, definition: Definition, count: int = 1, *, hint: bool = True) -> list[UUID]:
        """Start so many executions, as the API does it."""
        new = [
            NewExecution(
                id=new_id(),
                definition_id=definition.id,
                workflow_id=None,
                workflow_version=None,
                input=None,
                labels={},
                priority=0,
                total_steps=definition.total_steps,
                created_at=self.clock.now(),
            )
            for _ in range(count)
        ]
        await self.store.create(new)
        ids = [each.id for each in new]
        if hint:
            await self.queue.hint(ids)
        return ids

    async def records(self, ids: list[UUID]) -> list[ExecutionRecord]:
        found = await PostgresExecutionQueries(self.database).get_many(ids)
        return [found[id] for id in ids]

    async def until(self, ids: list[UUID], status: ExecutionStatus, timeout: float = 20) -> None:
        async def all_are() -> bool:
            return all(record.status is status for record in await self.records(ids))

        await wait_until(all_are, f"all are {status}", timeout)

    async def cancel(self, id: UUID) -> None:
        worker_id = await self.store.add_command(
            PendingCommand(
                id=new_id(), execution_id=id, kind=CommandKind.CANCEL, payload=None, created_at=self.clock.now()
            )
        )
        assert worker_id is not None
        await self.queue.nudge(worker_id, id)


@pytest.fixture
async def cluster(empty_postgres_url: str, empty_redis_url: str) -> AsyncIterator[Cluster]:
    async with (
        Database(empty_postgres_url, pool_size=3) as database,
        RedisProgressPublisher(empty_redis_url) as publisher,
        PostgresExecutionStore(database, publisher) as store,
        RedisWorkQueue(empty_redis_url) as queue,
    ):
        yield Cluster(database=database, redis_url=empty_redis_url, store=store, queue=queue)


async def test_what_the_api_starts_the_worker_ends(cluster: Cluster) -> None:
    definition = await cluster.define(http("fetch"), constant("shape", "{{ steps.fetch.output }}"), http("send"))

    async with cluster.worker():
        ids = await cluster.execute(definition, 50)
        await cluster.until(ids, ExecutionStatus.COMPLETED)

    assert {record.output for record in await cluster.records(ids)} == {"send"}
    assert len(cluster.service.calls) == 100


async def test_two_workers_share_the_work_and_do_none_of_it_twice(cluster: Cluster) -> None:
    definition = await cluster.define(http("fetch"))

    async with cluster.worker(capacity=20), cluster.worker(capacity=20):
        ids = await cluster.execute(definition, 200)
        await cluster.until(ids, ExecutionStatus.COMPLETED)

    assert len(cluster.service.calls) == 200
    assert {record.epoch for record in await cluster.records(ids)} == {1}


async def test_a_cancel_reaches_a_call_in_flight_within_200_ms(cluster: Cluster) -> None:
    definition = await cluster.define(http("slow"))
    took: list[float] = []

    async with cluster.worker():
        for number in range(1, 6):
            [id] = await cluster.execute(definition)
            await wait_until(lambda: len(cluster.service.calls) == number, "the call was made")  # noqa: B023
            asked = time.monotonic()
            await cluster.cancel(id)
            await wait_until(lambda: len(cluster.service.cancelled) == number, "it was cancelled", interval=0.001)  # noqa: B023
            took.append(time.monotonic() - asked)
            await cluster.until([id], ExecutionStatus.CANCELLED)

    assert min(took) < 0.2, took  # a hundredth beside nothing else


async def test_an_execution_whose_hint_was_lost_is_started_by_the_reconciler(cluster: Cluster) -> None:
    definition = await cluster.define(http("fetch"))
    ids = await cluster.execute(definition, 3, hint=False)

    async with cluster.worker():
        await cluster.until(ids, ExecutionStatus.COMPLETED)


async def test_a_long_wait_is_let_go_of_and_goes_on_when_it_is_over(cluster: Cluster) -> None:
    definition = await cluster.define(http("before"), wait("nap", "PT1S"), http("after"))

    async with cluster.worker():
        [id] = await cluster.execute(definition)
        await cluster.until([id], ExecutionStatus.WAITING)
        [waiting] = await cluster.records([id])
        await cluster.until([id], ExecutionStatus.COMPLETED)

    [ended] = await cluster.records([id])
    assert waiting.due_at is not None
    assert ended.finished_at is not None
    assert timedelta(0) <= ended.finished_at - waiting.due_at < timedelta(seconds=5)
    assert ended.epoch == 2
    assert cluster.service.calls == ["before", "after"]


async def test_a_worker_that_stops_hands_over_to_another(cluster: Cluster) -> None:
    definition = await cluster.define(http("fast"), http("slow"))

    async with cluster.worker():
        ids = await cluster.execute(definition, 3)
        await wait_until(lambda: cluster.service.calls.count("slow") == 3, "all are in flight")

    records = await cluster.records(ids)
    assert {record.worker_id for record in records} == {None}
    assert {record.crashes for record in records} == {0}
    async with cluster.worker():
        await wait_until(lambda: cluster.service.calls.count("slow") == 6, "all are in flight again")
        for id in ids:
            await cluster.cancel(id)
        await cluster.until(ids, ExecutionStatus.CANCELLED)
    assert cluster.service.calls.count("fast") == 3


async def test_a_worker_that_stops_while_it_is_full_gives_back_what_it_did_not_take(cluster: Cluster) -> None:
    definition = await cluster.define(http("slow"))

    async with cluster.worker(capacity=2):
        ids = await cluster.execute(definition, 10)
        await wait_until(lambda: len(cluster.service.calls) == 2, "it is full")

    async with cluster.worker():
        await wait_until(lambda: len(cluster.service.calls) == 12, "the other one has all")
        for id in ids:
            await cluster.cancel(id)
        await cluster.until(ids, ExecutionStatus.CANCELLED)


async def test_a_claim_may_be_repeated_by_the_worker_that_made_it_and_by_nobody_else(cluster: Cluster) -> None:
    """Its answer may have been lost with the connection, and a living worker must not hold what nobody drives."""
    [id] = await cluster.execute(await cluster.define(http("fetch")), hint=False)
    mine, another = new_id(), new_id()
    now = cluster.clock.now()

    [lost] = await cluster.store.claim([id], worker_id=mine, now=now)
    nothing = await cluster.store.claim([id], worker_id=another, now=now)
    [repeated] = await cluster.store.claim([id], worker_id=mine, now=now)

    assert nothing == []
    assert (lost.execution.epoch, repeated.execution.epoch) == (1, 2)
    assert repeated.execution.worker_id == mine


async def test_dramatiqs_own_command_line_runs_workers_too(cluster: Cluster, tmp_path: Path) -> None:
    definition = await cluster.define(constant("answer", 42))
    environment = os.environ | {"DATABASE_URL": cluster.database.url, "REDIS_URL": cluster.redis_url}
    command = ["-m", "dramatiq", "actors.worker", "--processes", "1", "--threads", "2"]
    with (tmp_path / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, env=environment, stdout=log, stderr=log, start_new_session=True
        )
        try:
            ids = await cluster.execute(definition, 3)
            await cluster.until(ids, ExecutionStatus.COMPLETED, timeout=40)
            process.terminate()
            assert await asyncio.wait_for(process.wait(), 40) == os.EX_OK
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    assert {record.output for record in await cluster.records(ids)} == {42}


async def test_a_worker_that_cannot_open_its_parts_does_not_start(empty_redis_url: str) -> None:
    opened: list[ActivationPool] = []

    @asynccontextmanager
    async def broken() -> AsyncIterator[ActivationPool]:
        if not opened:
            raise Unavailable("PostgreSQL cannot be reached")
        yield opened[0]

    broker = make_broker(empty_redis_url, broken)

    with pytest.raises(MiddlewareError, match="PostgreSQL cannot be reached"):
        await asyncio.to_thread(Worker(broker, worker_threads=1).start)
    broker.client.close()
