"""One attempt: whatever an executor does, a report comes of it, and nothing else happens."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest

from domain.executions.step_executor import Failed, Outcome, StepCall, Succeeded
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.statuses import ExecutionStatus
from tests.builders import a_definition, http
from tests.unit.actors.world import Answer, World
from tests.waiting import wait_until


@pytest.fixture
def world() -> World:
    return World()


async def code_of(world: World, answer: Answer, **members: Any) -> FailureCode:
    """The code with which an execution of one step fails whose service gives this answer."""
    world.service.answers = {"fetch": answer}
    async with asyncio.timeout(60):
        ended = await world.run(a_definition(steps=[http("fetch", members=members)]))
    assert ended.error is not None
    return ended.error.code


async def test_an_executor_that_raises_timeout_error_without_a_timeout_fails_its_step(world: World) -> None:
    async def impatient(_: StepCall) -> Outcome:
        raise TimeoutError

    assert await code_of(world, impatient) is FailureCode.INTERNAL


async def test_an_executor_that_raises_timeout_error_before_the_steps_timeout_is_no_timeout(world: World) -> None:
    async def impatient(_: StepCall) -> Outcome:
        raise TimeoutError

    assert await code_of(world, impatient, timeout="PT10S") is FailureCode.INTERNAL


async def test_an_executor_that_is_cancelled_from_within_fails_its_step(world: World) -> None:
    async def cancelled_inside(_: StepCall) -> Outcome:
        inner = asyncio.ensure_future(asyncio.Event().wait())
        inner.cancel()
        await inner
        raise AssertionError

    assert await code_of(world, cancelled_inside) is FailureCode.INTERNAL


async def test_an_executor_that_gives_no_outcome_ends_the_execution_instead_of_leaving_it_stuck(world: World) -> None:
    async def speechless(_: StepCall) -> Any:
        return None

    assert await code_of(world, speechless) is FailureCode.INTERNAL


async def test_an_executor_that_ends_at_once_and_one_that_waits_are_told_apart(world: World) -> None:
    def at_once(call: StepCall) -> Outcome | Awaitable[Outcome]:
        return Succeeded(output=call.attempt)

    world.service.answers = {"fetch": at_once}

    assert (await world.run(a_definition(steps=[http("fetch")]))).output == 1


async def test_a_size_is_counted_in_bytes_and_not_in_characters(world: World) -> None:
    world.max_output_bytes = 1_000

    assert (
        await code_of(world, lambda _: Succeeded(output="€" * 400), onError={"continue": False})
        is FailureCode.OUTPUT_TOO_LARGE
    )


async def test_a_message_that_cannot_be_stored_is_mended_and_not_the_end_of_the_execution(world: World) -> None:
    broken = Failed(
        error=StepError(code=FailureCode.CONNECT_FAILED, message="half a pair: \ud800", details={"raw": "\udfff"})
    )
    world.service.answers = {"fetch": lambda _: broken}

    ended = await world.run(a_definition(steps=[http("fetch")]))

    assert ended.status is ExecutionStatus.FAILED
    assert ended.error is not None
    assert ended.error.code is FailureCode.CONNECT_FAILED
    assert ended.error.message == "half a pair: ?"


async def test_a_call_that_will_not_be_cancelled_holds_up_nothing(world: World) -> None:
    go_on = asyncio.Event()

    async def stubborn(_: StepCall) -> Outcome:
        while not go_on.is_set():
            try:
                await go_on.wait()
            except asyncio.CancelledError:
                world.service.cancelled.append("fetch")
        return Succeeded(output="too late")

    world.service.answers = {"fetch": stubborn}
    definition = a_definition(steps=[http("fetch")])
    id = await world.execution(definition)
    activation = await world.activation(id, definition)
    driving = asyncio.create_task(activation.run())
    await wait_until(lambda: world.service.calls, "the call was made")
    await world.ask_to_cancel(id)
    activation.nudge()

    await asyncio.wait_for(driving, 30)
    assert (await world.record(id)).status is ExecutionStatus.CANCELLED
    go_on.set()
    await wait_until(lambda: len(asyncio.all_tasks()) == 1, "the call has ended too")
    assert (await world.record(id)).status is ExecutionStatus.CANCELLED
