"""Executions that call a service which fails and gets well again, behind the breakers that workers have."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from actors.activations.activation import Activation
from actors.activations.step_runner import StepRunner
from actors.circuit_breakers.breakers import WorkerBreakers
from actors.http.client import HttpClient
from actors.http.destinations import DestinationPolicy
from actors.steps.http_request import HttpRequestExecutor
from domain.circuit_breakers.model import BreakerConfig
from domain.expressions.evaluator import Evaluator
from domain.kernel.failures import FailureCode
from domain.kernel.ids import new_id
from domain.kernel.statuses import CircuitBreakerState, ExecutionStatus, StepType
from persistence.memory.circuit_breakers import MemoryBreakerStore, MemorySharedBreakers
from tests.builders import a_definition, http
from tests.scripted_service import Asked, reply, scripted_service
from tests.unit.actors.world import RunningClock, World
from tests.waiting import wait_until

EXECUTIONS = 30
THRESHOLD = 5
RETRY = {"strategy": "FIXED", "delay": "PT0.01S", "jitter": "NONE", "maxAttempts": 1000}


async def test_a_service_that_fails_is_left_alone_and_everything_is_done_once_it_is_well() -> None:
    world = World(clock=RunningClock())
    tables = world.storage.tables
    store, shared = MemoryBreakerStore(tables), MemorySharedBreakers()
    is_well = False

    def answer(_: Asked) -> bytes:
        return reply({}) if is_well else reply({}, 503)

    policy = DestinationPolicy(allow_loopback=True)
    async with (
        asyncio.timeout(60),
        scripted_service(answer) as service,
        HttpClient(policy, user_agent="test") as client,
        WorkerBreakers(shared=shared, store=store, clock=world.clock) as breakers,
    ):
        now = world.clock.now()
        await store.ensure("shop", id=new_id(), now=now)
        config = BreakerConfig(failure_threshold=THRESHOLD, success_threshold=1, reset_timeout=timedelta(seconds=0.3))
        await store.configure("shop", config, now)
        requests = HttpRequestExecutor(client, Evaluator(), max_items_bytes=1_000, breakers=breakers)
        attempts = StepRunner({**world.parts.attempts.executors, StepType.HTTP_REQUEST: requests}, 1_000)
        members = {"retry": RETRY, "timeout": "PT5S"}
        definition = a_definition(steps=[http("call", service.url, serviceId="shop", members=members)])
        ids = [await world.execution(definition) for _ in range(EXECUTIONS)]
        activations = [
            Activation(await world.claim(id), definition, replace(world.parts, attempts=attempts)) for id in ids
        ]
        running = [asyncio.create_task(activation.run()) for activation in activations]

        async def state() -> CircuitBreakerState:
            return (await shared.read(["shop"]))["shop"].state

        async def is_open() -> bool:
            return bool(await shared.read(["shop"])) and await state() is not CircuitBreakerState.CLOSED

        await wait_until(is_open, "the breaker is open")
        under_way = len(service.asked)
        assert under_way >= THRESHOLD
        await wait_until(lambda: len(service.asked) >= under_way + 2, "it is tried out")
        is_well = True
        await asyncio.gather(*running)

    records = [await world.record(id) for id in ids]
    assert {record.status for record in records} == {ExecutionStatus.COMPLETED}
    used = sum(world.steps(id)["call"].state.attempt for id in ids)
    assert used == len(service.asked), "waiting has used up an attempt"


async def test_a_step_that_does_not_wait_fails_while_the_breaker_is_open() -> None:
    world = World(clock=RunningClock())
    store, shared = MemoryBreakerStore(world.storage.tables), MemorySharedBreakers()
    policy = DestinationPolicy(allow_loopback=True)
    async with (
        asyncio.timeout(60),
        scripted_service(lambda _: reply({}, 503)) as service,
        HttpClient(policy, user_agent="test") as client,
        WorkerBreakers(shared=shared, store=store, clock=world.clock) as breakers,
    ):
        requests = HttpRequestExecutor(client, Evaluator(), max_items_bytes=1_000, breakers=breakers)
        attempts = StepRunner({**world.parts.attempts.executors, StepType.HTTP_REQUEST: requests}, 1_000)
        definition = a_definition(steps=[http("call", service.url, circuitBreaker="FAIL", members={"retry": RETRY})])
        id = await world.execution(definition)

        await Activation(await world.claim(id), definition, replace(world.parts, attempts=attempts)).run()

        service_id = service.url.removeprefix("http://")
        assert (await shared.read([service_id]))[service_id].state is CircuitBreakerState.OPEN
    error = (await world.record(id)).error
    assert error is not None and error.code is FailureCode.CIRCUIT_OPEN
    assert len(service.asked) == BreakerConfig().failure_threshold
    assert world.steps(id)["call"].state.attempt == len(service.asked) + 1
