"""One activation: its effects on an execution, on a store in memory and services that answer as told."""

import asyncio
import gc
from datetime import timedelta

import pytest

from actors.activations.activation import Activation
from domain.executions.records import ExecutionDelta
from domain.executions.step_executor import Outcome, StepCall, Succeeded
from domain.expressions.evaluator import Evaluator
from domain.kernel.errors import InvalidInput, Problem
from domain.kernel.failures import FailureCode
from domain.kernel.statuses import ExecutionStatus, StepStatus, WaitKind
from tests.builders import a_chain, a_definition, constant, http, transform, wait
from tests.sandboxes import AnsweringSandbox
from tests.unit.actors.world import UNAVAILABLE, RunningClock, World, never
from tests.waiting import wait_until

TWICE = {"maxAttempts": 3, "delay": "PT1S", "jitter": "NONE", "strategy": "FIXED"}


@pytest.fixture
def world() -> World:
    return World()


async def test_a_sequence_runs_to_its_end_and_gives_its_output(world: World) -> None:
    definition = a_definition(
        steps=[http("fetch"), transform("shape", "steps.fetch.output.of"), http("send")],
        output='{"shaped": steps.shape.output, "by": workflow.name, "n": input.n}',
    )

    ended = await world.run(definition, {"n": 7})

    assert ended.status is ExecutionStatus.COMPLETED
    assert ended.output == {"shaped": "fetch", "by": "orders", "n": 7}
    assert ended.progress.completed == 3
    assert world.service.paths() == ["fetch", "send"]


@pytest.mark.parametrize("status", [ExecutionStatus.COMPLETED, ExecutionStatus.FAILED])
async def test_what_has_ended_is_freed_without_the_garbage_collector(world: World, status: ExecutionStatus) -> None:
    """It holds its input, which may be large."""
    if status is ExecutionStatus.FAILED:
        world.service.answers["send"] = lambda _: UNAVAILABLE
    definition = a_definition(steps=[http("fetch"), transform("shape", "steps.fetch.output"), http("send")])
    gc.collect()
    gc.disable()
    try:
        assert (await world.run(definition)).status is status
        await asyncio.sleep(0)  # the tasks of its calls end
        assert [each for each in gc.get_objects() if isinstance(each, Activation)] == []
    finally:
        gc.enable()


async def test_branches_are_in_flight_together(world: World) -> None:
    both = asyncio.Event()

    async def when_both_run(call: StepCall) -> Outcome:
        if len(world.service.calls) == 2:
            both.set()
        await both.wait()
        return Succeeded(output=call.path)

    world.service.answers = {"left": when_both_run, "right": when_both_run}
    definition = a_definition(
        steps=[http("left", after=[]), http("right", after=[]), constant("join", after=["left", "right"])]
    )

    async with asyncio.timeout(60):
        ended = await world.run(definition)

    assert ended.status is ExecutionStatus.COMPLETED


async def test_a_chain_of_transforms_is_stored_together(world: World) -> None:
    ended = await world.run(a_definition(steps=a_chain(10)))

    assert ended.output == 9
    assert len(world.steps(ended.id)) == 10
    assert ended.sequence == 1


async def test_what_a_step_depends_on_is_stored_before_the_step_calls_anything(world: World) -> None:
    stored: list[StepStatus | None] = []

    def look(call: StepCall) -> Outcome:
        row = world.steps(call.execution_id).get("first")
        stored.append(row.state.status if row else None)
        return Succeeded(output=1)

    world.service.answers = {"second": look}

    await world.run(a_definition(steps=[http("first"), http("second")]))

    assert stored == [StepStatus.COMPLETED]


async def test_a_condition_that_is_false_skips_the_step(world: World) -> None:
    definition = a_definition(
        steps=[http("maybe", members={"when": "input.wanted"}), transform("after", "steps.maybe.status")]
    )

    ended = await world.run(definition, {"wanted": False})

    assert ended.output == "SKIPPED"
    assert world.service.calls == []


async def test_a_condition_that_is_not_boolean_fails_the_step(world: World) -> None:
    ended = await world.run(a_definition(steps=[http("maybe", members={"when": "input.wanted"})]), {"wanted": "yes"})

    assert ended.status is ExecutionStatus.FAILED
    assert ended.error is not None
    assert (ended.error.code, ended.error.path) == (FailureCode.EXPRESSION_FAILED, "maybe")


async def test_a_template_that_yields_nothing_fails_the_step_and_names_it(world: World) -> None:
    ended = await world.run(a_definition(steps=[constant("shape", "{{ input.absent }}")]), {})

    assert ended.error is not None
    assert ended.error.code is FailureCode.EXPRESSION_FAILED
    assert "input.absent" in ended.error.message


async def test_an_output_expression_that_fails_fails_the_execution(world: World) -> None:
    ended = await world.run(a_definition(output="input.absent.too"), {})

    assert ended.status is ExecutionStatus.FAILED
    assert ended.error is not None
    assert ended.error.path == "output"


async def test_an_output_may_be_a_template(world: World) -> None:
    template = {
        "ids": ["{{ input.id }}", "{{ steps.a.output }}"],
        "text": "{{ input.id }} is {{ workflow.name }}",
        "n": 1,
    }
    ended = await world.run(a_definition(steps=[constant("a", [None])], output=template), {"id": 2**53 + 1})

    assert ended.status is ExecutionStatus.COMPLETED
    assert ended.output == {"ids": [2**53 + 1, [None]], "text": "9007199254740993 is orders", "n": 1}


async def test_an_output_that_is_a_template_asks_the_sandbox_for_what_needs_it(world: World) -> None:
    sandbox = AnsweringSandbox(lambda source, data: [source, data])
    world.evaluator = Evaluator(sandbox)
    template = {"plain": "{{ input.n }}", "text": "{{ $map(input.l, $uppercase) }}!", "value": "{{ [1..2] }}"}

    ended = await world.run(a_definition(output=template), {"n": 7, "l": ["a"], "unread": 1})

    text = '["$map(input.l, $uppercase)",{"input":{"l":["a"]}}]!'
    assert ended.output == {"plain": 7, "text": text, "value": ["[1..2]", {}]}
    assert [source for source, _ in sandbox.asked] == ["$map(input.l, $uppercase)", "[1..2]"]


async def test_an_output_that_is_a_template_and_yields_nothing_fails_the_execution(world: World) -> None:
    ended = await world.run(a_definition(output=["{{ input.absent.too }}"]), {})

    assert (ended.status, ended.output) == (ExecutionStatus.FAILED, None)
    assert ended.error is not None
    assert (ended.error.code, ended.error.path) == (FailureCode.EXPRESSION_FAILED, "output")
    assert "input.absent.too" in ended.error.message


async def test_a_failing_call_is_repeated_with_the_same_idempotency_key(world: World) -> None:
    answers: list[Outcome] = [UNAVAILABLE, UNAVAILABLE, Succeeded(output="paid")]
    world.service.answers = {"pay": lambda _: answers.pop(0)}
    definition = a_definition(steps=[http("pay", method="POST", retry=TWICE | {"delay": "PT0.001S"})])
    world.clock = RunningClock()

    ended = await world.run(definition)

    assert ended.output == "paid"
    assert [call.attempt for call in world.service.calls] == [1, 2, 3]
    assert len({call.idempotency_key for call in world.service.calls}) == 1
    attempts = world.steps(ended.id)["pay"].state.attempts
    assert [attempt.error.code if attempt.error else None for attempt in attempts] == [
        FailureCode.HTTP_STATUS,
        FailureCode.HTTP_STATUS,
        None,
    ]


async def test_a_retry_condition_sees_the_error_and_the_attempt(world: World) -> None:
    world.service.answers = {"pay": lambda _: UNAVAILABLE}
    policy = TWICE | {"when": "error.status = 503 and attempt > 1"}

    ended = await world.run(a_definition(steps=[http("pay", retry=policy)]))

    assert ended.status is ExecutionStatus.FAILED
    assert len(world.service.calls) == 1


async def test_a_long_wait_lets_go_and_another_worker_goes_on(world: World) -> None:
    definition = a_definition(steps=[http("before"), wait("night", "PT8H"), http("after")])
    id = await world.execution(definition)

    await (await world.activation(id, definition)).run()
    waiting = await world.record(id)
    assert waiting.status is ExecutionStatus.WAITING
    assert waiting.worker_id is None
    assert waiting.due_at == world.clock.now() + timedelta(hours=8)
    assert waiting.waiting_for is not None
    assert (waiting.waiting_for.kind, waiting.waiting_for.detail) == (WaitKind.TIMER, "night")

    world.clock.move(hours=8)
    await (await world.activation(id, definition)).run()
    assert (await world.record(id)).status is ExecutionStatus.COMPLETED
    assert world.service.paths() == ["before", "after"]


async def test_a_long_wait_is_one_change(world: World) -> None:
    waiting = await world.run(a_definition(steps=[wait("night", "PT8H")]))

    assert waiting.status is ExecutionStatus.WAITING
    assert waiting.sequence == 1
    assert world.steps(waiting.id)["night"].state.status is StepStatus.WAITING


async def test_a_cancel_during_a_short_wait_ends_it(world: World) -> None:
    world.clock = RunningClock()
    world.hold = timedelta(hours=1)
    definition = a_definition(steps=[wait("moment", "PT30M")])
    id = await world.execution(definition)
    activation = await world.activation(id, definition)
    driving = asyncio.create_task(activation.run())
    await wait_until(lambda: "moment" in world.steps(id), "it waits")

    await world.ask_to_cancel(id)
    activation.nudge()
    await asyncio.wait_for(driving, 30)

    assert (await world.record(id)).status is ExecutionStatus.CANCELLED


async def test_a_worker_that_is_asked_to_stop_does_not_sit_out_a_short_wait(world: World) -> None:
    world.clock = RunningClock()
    world.hold = timedelta(hours=1)
    definition = a_definition(steps=[wait("moment", "PT30M")])
    id = await world.execution(definition)
    activation = await world.activation(id, definition)
    driving = asyncio.create_task(activation.run())
    await wait_until(lambda: "moment" in world.steps(id), "it waits")

    activation.stop()
    await asyncio.wait_for(driving, 30)

    left = await world.record(id)
    assert (left.status, left.worker_id) == (ExecutionStatus.WAITING, None)


async def test_a_fault_of_the_store_ends_the_execution_and_its_steps(world: World) -> None:
    """Not `Unavailable`, which the store waits out by itself: something that no repetition mends."""
    world.service.answers = {"slow": never}
    definition = a_definition(steps=[http("fast", after=[]), http("slow", after=[])])
    refuse_first_commit(world)

    ended = await world.run(definition)

    assert ended.status is ExecutionStatus.FAILED
    assert ended.error is not None
    assert ended.error.code is FailureCode.INTERNAL
    assert world.steps(ended.id)["slow"].state.status is StepStatus.CANCELLED
    await wait_until(lambda: world.service.cancelled == ["slow"], "its call was cancelled")


async def test_a_chain_of_a_thousand_transforms_is_stored_in_pieces(world: World) -> None:
    ended = await world.run(a_definition(steps=a_chain(1_000)))

    assert ended.output == 999
    assert 5 < ended.sequence < 50


async def test_a_short_wait_is_waited_for_in_place(world: World) -> None:
    world.clock = RunningClock()

    ended = await world.run(a_definition(steps=[wait("moment", "PT0.01S")]))

    assert ended.status is ExecutionStatus.COMPLETED
    assert ended.epoch == 1


async def test_a_step_that_takes_too_long_fails_with_timeout(world: World) -> None:
    world.service.answers = {"slow": never}

    ended = await world.run(a_definition(steps=[http("slow", members={"timeout": "PT0.01S"})]))

    assert ended.error is not None
    assert ended.error.code is FailureCode.TIMEOUT
    assert world.service.cancelled == ["slow"]


async def test_the_deadline_stops_what_is_in_flight(world: World) -> None:
    world.clock = RunningClock()
    world.service.answers = {"slow": never}

    ended = await world.run(a_definition(steps=[http("slow")], timeout="PT0.02S"))

    assert ended.status is ExecutionStatus.TIMED_OUT
    assert world.steps(ended.id)["slow"].state.status is StepStatus.CANCELLED
    await wait_until(lambda: world.service.cancelled == ["slow"], "the call was cancelled")


async def test_a_cancel_reaches_a_call_in_flight(world: World) -> None:
    world.service.answers = {"slow": never}
    definition = a_definition(steps=[http("slow")])
    id = await world.execution(definition)
    activation = await world.activation(id, definition)
    driving = asyncio.create_task(activation.run())
    await wait_until(lambda: world.service.paths() == ["slow"], "the call was made")

    await world.ask_to_cancel(id, "changed my mind")
    activation.nudge()
    await asyncio.wait_for(driving, 30)

    ended = await world.record(id)
    assert ended.status is ExecutionStatus.CANCELLED
    assert ended.error is not None
    assert ended.error.message == "changed my mind"
    assert world.service.cancelled == ["slow"]
    assert not await world.storage.executions.commands(id)


async def test_an_execution_that_was_cancelled_before_it_started_calls_nothing(world: World) -> None:
    definition = a_definition(steps=[http("fetch")])
    id = await world.execution(definition)
    await world.ask_to_cancel(id)

    await (await world.activation(id, definition)).run()

    assert (await world.record(id)).status is ExecutionStatus.CANCELLED
    assert world.service.calls == []


def refuse_first_commit(world: World) -> None:
    """Let the store refuse one change, whatever it is."""
    store = world.storage.executions

    async def commit(delta: ExecutionDelta) -> int:
        del store.commit
        raise InvalidInput([Problem(path=(), message="cannot be stored")])

    store.commit = commit  # type: ignore[method-assign]
