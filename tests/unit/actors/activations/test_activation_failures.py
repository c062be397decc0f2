"""Activations whose executor, output, lease or store fails: the step or the execution ends, and nothing else."""

import asyncio
from typing import Any

import pytest

from domain.executions.step_executor import Failed, Outcome, StepCall, Succeeded
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.statuses import ExecutionStatus
from tests.builders import a_definition, constant, http
from tests.unit.actors.world import World, never
from tests.waiting import wait_until

TWICE = {"maxAttempts": 3, "delay": "PT1S", "jitter": "NONE", "strategy": "FIXED"}


@pytest.fixture
def world() -> World:
    return World()


async def test_an_output_that_is_too_large_fails_the_step(world: World) -> None:
    world.service.answers = {"fetch": lambda _: Succeeded(output="x" * 20_000)}

    ended = await world.run(a_definition(steps=[http("fetch")]))

    assert ended.error is not None
    assert ended.error.code is FailureCode.OUTPUT_TOO_LARGE


@pytest.mark.parametrize("output", ["\ud800", {"a": {"b": "\udfff"}}])
async def test_an_output_that_json_cannot_say_fails_the_step(world: World, output: Any) -> None:
    world.service.answers = {"fetch": lambda _: Succeeded(output=output)}

    ended = await world.run(a_definition(steps=[http("fetch")]))

    assert ended.error is not None
    assert ended.error.code is FailureCode.INVALID_RESPONSE


async def test_an_executor_that_breaks_fails_its_step_and_nothing_else(world: World) -> None:
    def broken(_: StepCall) -> Outcome:
        raise ZeroDivisionError

    world.service.answers = {"fetch": broken}
    definition = a_definition(steps=[http("fetch", members={"onError": {"continue": True}}), constant("after")])

    ended = await world.run(definition)

    assert ended.status is ExecutionStatus.COMPLETED
    error = world.steps(ended.id)["fetch"].state.error
    assert error is not None
    assert error.code is FailureCode.INTERNAL


async def test_a_worker_that_lost_its_lease_stops_without_a_word(world: World) -> None:
    world.service.answers = {"slow": never}
    definition = a_definition(steps=[http("fast", after=[]), http("slow", after=[])])
    id = await world.execution(definition)
    activation = await world.activation(id, definition)
    await world.release_from_dead_worker(id)
    taken = await world.claim(id)

    await activation.run()

    assert (await world.record(id)).epoch == taken.execution.epoch
    assert world.steps(id) == {}
    await wait_until(lambda: world.service.cancelled == ["slow"], "its calls were cancelled")


async def test_a_worker_that_is_asked_to_stop_lets_go_once_its_call_has_answered(world: World) -> None:
    answered: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
    world.service.answers = {"first": lambda _: answered}
    definition = a_definition(steps=[http("first"), http("second")])
    id = await world.execution(definition)
    activation = await world.activation(id, definition)
    driving = asyncio.create_task(activation.run())
    await wait_until(lambda: world.service.paths() == ["first"], "the call was made")

    activation.stop()
    answered.set_result(Succeeded(output=1))
    await asyncio.wait_for(driving, 30)

    left = await world.record(id)
    assert left.worker_id is None
    assert left.due_at is not None
    assert left.due_at <= world.clock.now()
    assert world.service.paths() == ["first"]
    await (await world.activation(id, definition)).run()
    assert (await world.record(id)).status is ExecutionStatus.COMPLETED
    assert world.service.paths() == ["first", "second"]


async def test_a_failure_that_nothing_mends_ends_the_execution_with_the_steps_own_code(world: World) -> None:
    refused = Failed(error=StepError(code=FailureCode.DESTINATION_BLOCKED, message="10.0.0.1 is private"))
    world.service.answers = {"fetch": lambda _: refused}

    ended = await world.run(a_definition(steps=[http("fetch", retry=TWICE)]))

    assert ended.error is not None
    assert (ended.error.code, ended.error.path) == (FailureCode.DESTINATION_BLOCKED, "fetch")
    assert len(world.service.calls) == 1


async def test_credentials_are_not_stored_with_a_steps_input(world: World) -> None:
    definition = a_definition(
        steps=[http("fetch", headers={"Authorization": "Bearer x", "X-Trace": "1"}, auth={"bearer": "{{ input.t }}"})]
    )

    ended = await world.run(definition, {"t": "s3cret"})

    stored = world.steps(ended.id)["fetch"].state.input
    assert isinstance(stored, dict)
    assert stored["headers"] == {"Authorization": "***", "X-Trace": "1"}
    assert "s3cret" not in str(stored)
