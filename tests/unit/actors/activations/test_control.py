"""Pausing, resuming and signalling on the in-memory engine."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.executions.records import PendingCommand
from domain.executions.step_executor import Outcome, StepCall, Succeeded
from domain.kernel.failures import FailureCode
from domain.kernel.ids import new_id
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import CommandKind, ExecutionStatus, WaitKind
from domain.workflows.definitions.definition import Definition
from tests.builders import a_definition, constant, http, step, transform, wait
from tests.unit.actors.world import World, never
from tests.waiting import wait_until


@pytest.fixture
def world() -> World:
    return World()


def signal_wait(id: str = "approval", **config: Any) -> dict[str, Any]:
    return step(id, "WAIT", {"signal": {"name": "approve", **config}})


async def tell(world: World, id: UUID, kind: CommandKind, payload: JsonValue = None) -> None:
    await world.storage.executions.add_command(
        PendingCommand(id=new_id(), execution_id=id, kind=kind, payload=payload, created_at=world.clock.now())
    )


async def approve(world: World, id: UUID, payload: JsonValue) -> None:
    await tell(world, id, CommandKind.SIGNAL, {"name": "approve", "payload": payload})


async def go_on(world: World, id: UUID, definition: Definition) -> None:
    await (await world.activation(id, definition)).run()


async def started(world: World, definition: Definition) -> UUID:
    id = await world.execution(definition)
    await go_on(world, id, definition)
    return id


async def test_a_step_waits_for_its_signal_without_holding_a_worker(world: World) -> None:
    definition = a_definition(steps=[signal_wait(), transform("by", "steps.approval.output.payload.by")])
    id = await started(world, definition)

    waiting = await world.record(id)
    assert waiting.status is ExecutionStatus.WAITING
    assert waiting.worker_id is None and waiting.due_at is None
    assert waiting.waiting_for is not None and waiting.waiting_for.kind is WaitKind.SIGNAL

    await approve(world, id, {"by": "Ada"})
    await go_on(world, id, definition)

    ended = await world.record(id)
    assert (ended.status, ended.output) == (ExecutionStatus.COMPLETED, "Ada")
    assert world.steps(id)["approval"].state.output == {"signal": "approve", "payload": {"by": "Ada"}}


async def test_a_signal_that_comes_before_the_wait_is_kept_for_it(world: World) -> None:
    definition = a_definition(steps=[wait("first", "PT1H"), signal_wait()])
    id = await started(world, definition)
    await approve(world, id, 1)
    await go_on(world, id, definition)
    assert [signal.payload for signal in (await world.record(id)).signals] == [1]

    world.clock.move(hours=2)
    await go_on(world, id, definition)

    ended = await world.record(id)
    assert ended.output == {"signal": "approve", "payload": 1}
    assert ended.signals == ()


async def test_each_signal_is_taken_once_and_in_the_order_of_arrival(world: World) -> None:
    steps = [
        signal_wait("one"),
        signal_wait("two"),
        transform("both", "[steps.one.output.payload, steps.two.output.payload]"),
    ]
    definition = a_definition(steps=steps)
    id = await started(world, definition)

    await approve(world, id, "a")
    await approve(world, id, "b")
    await go_on(world, id, definition)

    assert (await world.record(id)).output == ["a", "b"]


async def test_a_signal_of_another_name_is_no_answer(world: World) -> None:
    definition = a_definition(steps=[signal_wait()])
    id = await started(world, definition)

    await tell(world, id, CommandKind.SIGNAL, {"name": "reject", "payload": None})
    await go_on(world, id, definition)

    assert (await world.record(id)).status is ExecutionStatus.WAITING


async def test_a_wait_for_a_signal_times_out(world: World) -> None:
    definition = a_definition(steps=[signal_wait(timeout="PT1H")])
    id = await started(world, definition)
    world.clock.move(hours=2)
    await go_on(world, id, definition)

    ended = await world.record(id)
    assert ended.error is not None and ended.error.code is FailureCode.TIMEOUT


async def test_a_wait_for_a_signal_may_have_an_answer_for_when_none_comes(world: World) -> None:
    definition = a_definition(steps=[signal_wait(timeout="PT1H", onTimeout="no")])
    id = await started(world, definition)
    world.clock.move(hours=2)
    await go_on(world, id, definition)

    assert (await world.record(id)).output == {"signal": None, "payload": "no"}


async def test_nothing_starts_in_an_execution_that_is_paused_before_its_start(world: World) -> None:
    definition = a_definition(steps=[http("a"), constant("b", 2)])
    id = await world.execution(definition)
    await tell(world, id, CommandKind.PAUSE)
    await go_on(world, id, definition)

    paused = await world.record(id)
    assert paused.status is ExecutionStatus.PAUSED
    assert paused.waiting_for is not None and paused.waiting_for.kind is WaitKind.PAUSED
    assert not world.service.calls

    await tell(world, id, CommandKind.RESUME)
    await go_on(world, id, definition)
    assert (await world.record(id)).output == 2


async def test_a_paused_execution_records_the_call_that_was_in_flight(world: World) -> None:
    answer = asyncio.Event()

    async def slow(_: StepCall) -> Outcome:
        await answer.wait()
        return Succeeded(output=None)

    world.service.answers = {"a": slow}
    definition = a_definition(steps=[http("a"), http("b"), constant("c", 3)])
    id = await world.execution(definition)
    activation = await world.activation(id, definition)
    driving = asyncio.create_task(activation.run())
    await wait_until(lambda: world.service.calls, "the first call is made")
    await tell(world, id, CommandKind.PAUSE)
    activation.nudge()
    await wait_until(lambda: world.storage.tables.executions[id].status is ExecutionStatus.PAUSED, "it is paused")
    answer.set()
    await driving

    assert (await world.record(id)).status is ExecutionStatus.PAUSED
    assert world.steps(id)["a"].state.status.is_terminal
    assert world.service.paths() == ["a"]

    await tell(world, id, CommandKind.RESUME)
    await go_on(world, id, definition)
    assert world.service.paths() == ["a", "b"]
    assert (await world.record(id)).output == 3


async def test_the_deadlines_clock_stands_still_while_paused(world: World) -> None:
    definition = a_definition(steps=[signal_wait()], timeout="PT1H")
    id = await started(world, definition)
    deadline = (await world.record(id)).deadline_at
    assert deadline is not None
    world.clock.move(minutes=30)
    await tell(world, id, CommandKind.PAUSE)
    await go_on(world, id, definition)
    assert (await world.record(id)).due_at is None

    world.clock.move(hours=5)
    await tell(world, id, CommandKind.RESUME)
    await go_on(world, id, definition)

    resumed = await world.record(id)
    assert resumed.status is ExecutionStatus.WAITING
    assert resumed.deadline_at == deadline + timedelta(hours=5)


async def test_a_signal_during_a_pause_is_taken_when_it_is_over(world: World) -> None:
    definition = a_definition(steps=[signal_wait()])
    id = await started(world, definition)
    await tell(world, id, CommandKind.PAUSE)
    await go_on(world, id, definition)
    await approve(world, id, 7)
    await go_on(world, id, definition)
    assert (await world.record(id)).status is ExecutionStatus.PAUSED

    await tell(world, id, CommandKind.RESUME)
    await go_on(world, id, definition)

    assert (await world.record(id)).output == {"signal": "approve", "payload": 7}


async def test_a_paused_execution_can_be_cancelled(world: World) -> None:
    definition = a_definition(steps=[signal_wait()])
    id = await started(world, definition)
    await tell(world, id, CommandKind.PAUSE)
    await go_on(world, id, definition)

    await tell(world, id, CommandKind.CANCEL, {"reason": "enough"})
    await go_on(world, id, definition)

    assert (await world.record(id)).status is ExecutionStatus.CANCELLED


async def test_the_failure_handler_also_runs_when_the_execution_times_out(world: World) -> None:
    definition = a_definition(steps=[signal_wait()], timeout="PT1H", onFailure=[transform("why", "error.code")])
    id = await started(world, definition)
    world.clock.move(hours=2)
    await go_on(world, id, definition)

    assert (await world.record(id)).status is ExecutionStatus.TIMED_OUT
    assert world.steps(id)["onFailure.why"].state.output == "TIMEOUT"
    assert world.steps(id)["approval"].state.status.value == "CANCELLED"


async def test_a_failure_handler_survives_a_crash(world: World) -> None:
    world.service.answers = {"onFailure.clean": never}
    steps = [constant("fine"), transform("bad", "input.missing")]
    definition = a_definition(steps=steps, onFailure=[http("clean")])
    id = await world.execution(definition)
    driving = asyncio.create_task((await world.activation(id, definition)).run())
    await wait_until(lambda: world.service.calls, "the handler is at work")
    driving.cancel()
    await world.release_from_dead_worker(id)
    world.service.answers = {}
    await go_on(world, id, definition)

    ended = await world.record(id)
    assert ended.status is ExecutionStatus.FAILED
    assert ended.error is not None and ended.error.path == "bad"
    assert world.steps(id)["onFailure.clean"].state.status.value == "COMPLETED"
