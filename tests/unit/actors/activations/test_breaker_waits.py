"""Steps that a circuit breaker holds up: nothing of the attempt is used up by that, neither its number nor its time."""

import asyncio
from collections.abc import Awaitable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.engine.state import Delay, StepState, WaitReason
from domain.executions.records import ExecutionRecord, PendingCommand
from domain.executions.step_executor import Deferred, Outcome, StepCall, Succeeded
from domain.kernel.failures import FailureCode
from domain.kernel.json.text import loads
from domain.kernel.statuses import CommandKind, ExecutionStatus, StepStatus, WaitKind
from domain.workflows.definitions.definition import Definition
from persistence.executions.json_codec import attempts_of
from persistence.postgres.executions.rows.codec import attempts_text
from tests.builders import a_definition, http, transform
from tests.unit.actors.world import UNAVAILABLE, RunningClock, World, never
from tests.waiting import wait_until

TWICE = {"maxAttempts": 2, "delay": "PT1S", "jitter": "NONE", "strategy": "FIXED"}


def held(call: StepCall, seconds: float, checkpoint: Any = None) -> Deferred:
    """The answer of a step whose service's breaker stays open for `seconds`."""
    until = call.called_at + timedelta(seconds=seconds)
    reason = WaitReason(kind=WaitKind.CIRCUIT_BREAKER, until=until, detail="service.test:80")
    return Deferred(until=until, reason=reason, checkpoint={} if checkpoint is None else checkpoint)


class Service:
    """Holds a step up for each of `waits` in turn, then answers."""

    def __init__(self, *waits: float, then: Any = None) -> None:
        self._waits = list(waits)
        self._then = then
        self.calls: list[StepCall] = []

    def __call__(self, call: StepCall) -> Outcome | Awaitable[Outcome]:
        self.calls.append(call)
        if self._waits:
            return held(call, self._waits.pop(0))
        answer: Outcome | Awaitable[Outcome] = Succeeded(output="done") if self._then is None else self._then(call)
        return answer


@pytest.fixture
def world() -> World:
    return World(hold=timedelta(0))


async def until_it_ends(world: World, definition: Definition, late: float = 0.0) -> ExecutionRecord:
    """Run an execution to its end; after each activation a worker comes `late` seconds after the due time."""
    record = await world.run(definition)
    while not record.status.is_terminal:
        assert record.due_at is not None
        world.clock.time = record.due_at + timedelta(seconds=late)
        await (await world.activation(record.id, definition)).run()
        record = await world.record(record.id)
    return record


def step_of(world: World, record: ExecutionRecord, path: str = "call") -> StepState:
    return world.steps(record.id)[path].state


async def test_it_waits_for_the_breaker_and_says_so(world: World) -> None:
    world.service.answers = {"call": Service(30)}
    start = world.clock.now()

    record = await world.run(a_definition(steps=[http("call")]))

    assert record.status is ExecutionStatus.WAITING
    assert record.due_at == start + timedelta(seconds=30)
    assert record.waiting_for == WaitReason(
        kind=WaitKind.CIRCUIT_BREAKER, until=record.due_at, detail="call: service.test:80"
    )
    step = step_of(world, record)
    assert step.waiting_for == WaitReason(kind=WaitKind.CIRCUIT_BREAKER, until=record.due_at, detail="service.test:80")
    [attempt] = step.attempts
    assert (attempt.started_at, attempt.finished_at) == (start, None)
    assert attempt.delay == Delay(timed_from=start, since=start)


async def test_waiting_uses_no_attempt_and_the_step_is_called_again_as_the_same_one(world: World) -> None:
    service = Service(30, 1, 1)
    world.service.answers = {"call": service}

    ended = await until_it_ends(world, a_definition(steps=[http("call", members={"retry": TWICE})]))

    assert ended.status is ExecutionStatus.COMPLETED
    assert [call.attempt for call in service.calls] == [1, 1, 1, 1]
    assert {call.now for call in service.calls} == {service.calls[0].called_at}
    assert [call.held_for.total_seconds() for call in service.calls] == [0, 30, 31, 32]
    assert len({call.idempotency_key for call in service.calls}) == 1


async def test_a_condition_is_not_asked_again_after_waiting(world: World) -> None:
    world.service.answers = {"call": Service(30)}

    ended = await until_it_ends(world, a_definition(steps=[http("call", members={"when": "attempt = 1"})]))

    assert step_of(world, ended).status is StepStatus.COMPLETED


@pytest.mark.parametrize("late", [0.0, 60.0])
async def test_the_time_of_an_attempt_stands_still_while_it_waits_however_late_it_goes_on(
    world: World, late: float
) -> None:
    world.service.answers = {"call": Service(30, 30)}
    definition = a_definition(steps=[http("call", members={"timeout": "PT5S"})])

    ended = await until_it_ends(world, definition, late)

    assert ended.status is ExecutionStatus.COMPLETED
    [attempt] = step_of(world, ended).attempts
    assert attempt.delay is not None and attempt.delay.since is None
    assert attempt.timed_from - attempt.started_at == timedelta(seconds=60 + 2 * late)


async def test_a_pause_while_it_waits_costs_it_nothing(world: World) -> None:
    service = Service(30)
    world.service.answers = {"call": service}
    definition = a_definition(steps=[http("call", members={"timeout": "PT5S"})])
    record = await world.run(definition)
    store = world.storage.executions
    for kind, seconds in ((CommandKind.PAUSE, 0), (CommandKind.RESUME, 3600)):
        world.clock.move(seconds=seconds)
        await store.add_command(
            PendingCommand(id=record.id, execution_id=record.id, kind=kind, payload=None, created_at=world.clock.now())
        )
        await (await world.activation(record.id, definition)).run()

    ended = await world.record(record.id)

    assert ended.status is ExecutionStatus.COMPLETED
    assert service.calls[-1].held_for == timedelta(seconds=3600)


async def test_what_it_has_used_before_and_between_two_waits_counts() -> None:
    world = World(clock=RunningClock(), hold=timedelta(0))
    service = Service(0.01, then=never)
    world.service.answers = {"call": service}

    ended = await asyncio.wait_for(
        until_done_in_real_time(world, a_definition(steps=[http("call", members={"timeout": "PT0.2S"})])), 20
    )

    assert ended.error is not None and ended.error.code is FailureCode.TIMEOUT
    [attempt] = step_of(world, ended).attempts
    assert attempt.finished_at is not None
    assert attempt.finished_at - attempt.timed_from >= timedelta(seconds=0.2)
    assert attempt.delay is not None  # also of an attempt that has ended


async def until_done_in_real_time(world: World, definition: Definition) -> ExecutionRecord:
    record = await world.run(definition)
    while not record.status.is_terminal:
        assert record.due_at is not None
        await asyncio.sleep(max(0.0, (record.due_at - datetime.now(record.due_at.tzinfo)).total_seconds()))
        await (await world.activation(record.id, definition)).run()
        record = await world.record(record.id)
    return record


async def test_the_deadline_of_the_execution_counts_on(world: World) -> None:
    world.service.answers = {"call": Service(30)}

    ended = await until_it_ends(world, a_definition(steps=[http("call")], timeout="PT10S"))

    assert ended.status is ExecutionStatus.TIMED_OUT
    assert step_of(world, ended).status is StepStatus.CANCELLED


async def test_other_waits_of_the_same_attempt_are_bounded_by_what_is_left(world: World) -> None:
    def poll_on(call: StepCall) -> Deferred:
        until = call.called_at + timedelta(seconds=10)
        return Deferred(until=until, reason=WaitReason(kind=WaitKind.TIMER, until=until), checkpoint={"calls": 1})

    world.service.answers = {"call": Service(30, then=poll_on)}
    start = world.clock.now()

    ended = await until_it_ends(world, a_definition(steps=[http("call", members={"timeout": "PT5S"})]))

    assert ended.error is not None and ended.error.code is FailureCode.TIMEOUT
    assert ended.finished_at == start + timedelta(seconds=35)


async def test_each_attempt_is_held_up_by_itself(world: World) -> None:
    goes: Iterator[float] = iter([30, 0, 7])

    def answer(call: StepCall) -> Outcome:
        seconds = next(goes, None)
        if seconds is None:
            return Succeeded(output=1)
        return held(call, seconds) if seconds else UNAVAILABLE

    world.service.answers = {"call": answer}

    ended = await until_it_ends(world, a_definition(steps=[http("call", members={"retry": TWICE, "timeout": "PT5S"})]))

    assert ended.status is ExecutionStatus.COMPLETED
    lost = [attempt.timed_from - attempt.started_at for attempt in step_of(world, ended).attempts]
    assert lost == [timedelta(seconds=30), timedelta(seconds=7)]


async def test_what_a_worker_left_behind_is_what_another_one_finds(world: World) -> None:
    """A worker dies while the step runs again: it is called once more, and its time counts from where it did."""
    world.service.answers = {"call": Service(30, then=never)}
    definition = a_definition(steps=[http("call", members={"timeout": "PT5S"})])
    record = await world.run(definition)
    assert record.due_at is not None
    world.clock.time = record.due_at
    dead = asyncio.create_task((await world.activation(record.id, definition)).run())
    await wait_until(lambda: len(world.service.calls) == 2, "it runs again")
    dead.cancel()
    await asyncio.gather(dead, return_exceptions=True)
    await world.release_from_dead_worker(record.id)
    world.clock.move(seconds=2)
    world.service.answers = {}

    await (await world.activation(record.id, definition)).run()

    assert (await world.record(record.id)).status is ExecutionStatus.COMPLETED
    last = world.service.calls[-1]
    assert last.held_for == timedelta(seconds=30)
    assert last.called_at - last.now - last.held_for == timedelta(seconds=2)


async def test_a_short_wait_is_held_without_letting_go_and_ends_when_it_is_due() -> None:
    world = World(clock=RunningClock())
    service = Service(0.05)
    world.service.answers = {"call": service}

    async with asyncio.timeout(20):
        ended = await world.run(a_definition(steps=[http("call"), transform("after", "steps.call.output")]))

    assert ended.output == "done"
    first, second = service.calls
    assert second.called_at >= first.called_at + timedelta(seconds=0.05)


async def test_a_cancelled_execution_waits_for_nothing_any_more(world: World) -> None:
    world.service.answers = {"call": Service(30)}
    definition = a_definition(steps=[http("call")])
    record = await world.run(definition)

    await world.ask_to_cancel(record.id)
    await (await world.activation(record.id, definition)).run()

    ended = await world.record(record.id)
    assert ended.status is ExecutionStatus.CANCELLED
    assert len(world.service.calls) == 1


async def test_a_delay_is_stored_with_its_attempt(world: World) -> None:
    world.service.answers = {"call": Service(30)}
    definition = a_definition(steps=[http("call")])
    record = await world.run(definition)
    waiting = step_of(world, record).attempts
    assert record.due_at is not None
    world.clock.time = record.due_at
    await (await world.activation(record.id, definition)).run()
    done = step_of(world, record).attempts

    for attempts in (waiting, done):
        text = attempts_text(attempts)
        assert text is not None
        assert attempts_of(loads(text)) == attempts
