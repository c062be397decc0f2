"""Moments that random documents have found to be delicate, each with the rule that holds in it."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from domain.executions.records import ExecutionRecord, PendingCommand
from domain.executions.step_executor import Failed, StepCall, Succeeded
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.ids import new_id
from domain.kernel.statuses import CommandKind, ExecutionStatus, StepStatus, WaitKind
from tests.builders import a_definition, constant, http, step, transform, wait
from tests.unit.actors.world import World

RETRY = {"strategy": "FIXED", "delay": "PT1S", "jitter": "NONE", "maxAttempts": 2}
BROKEN = Failed(error=StepError(code=FailureCode.HTTP_STATUS, message="404", details={"status": 404}))


@pytest.fixture
def world() -> World:
    return World(hold=timedelta(0))


async def to_its_end(world: World, document_steps: list[dict[str, Any]], **members: Any) -> ExecutionRecord:
    """Run a workflow whose workers let go of whatever waits; time passes as it must."""
    definition = a_definition(steps=document_steps, **members)
    ended = await world.run(definition, {"items": [1, 2, 3]})
    while not ended.status.is_terminal:
        assert ended.due_at is not None
        world.clock.time = max(world.clock.time, ended.due_at)
        await (await world.activation(ended.id, definition)).run()
        ended = await world.record(ended.id)
    return ended


@pytest.mark.parametrize(("condition", "attempts"), [(None, 2), ("error.code = 'TIMEOUT'", 2), ("attempt > 1", 1)])
async def test_a_wait_that_is_over_its_timeout_is_retried_as_its_policy_says(
    world: World, condition: str | None, attempts: int
) -> None:
    policy = RETRY if condition is None else RETRY | {"when": condition}

    ended = await to_its_end(world, [wait("nap", "PT10S", timeout="PT2S", retry=policy)])

    assert ended.error is not None and ended.error.code is FailureCode.TIMEOUT
    nap = world.steps(ended.id)["nap"].state
    assert nap.attempt == attempts
    assert [attempt.error is not None for attempt in nap.attempts] == [True] * attempts


async def test_a_condition_whose_branch_is_empty_is_done_at_once(world: World) -> None:
    ended = await to_its_end(world, [step("choose", "CONDITIONAL", {"if": "true", "then": []})])

    assert ended.output == {"branch": "then", "steps": {}}


async def test_a_handler_sees_the_path_of_the_step_whose_failure_it_handles(world: World) -> None:
    world.service.answers = {"loop[0].fetch": lambda _: BROKEN}
    fetch = http("fetch", members={"onError": {"steps": [transform("where", "error.path")]}})
    loop = step("loop", "FOR_EACH", {"items": "[7]", "steps": [fetch]})

    ended = await to_its_end(world, [loop])

    assert ended.output == {"results": ["loop[0].fetch"], "succeeded": 1, "failed": 0, "failures": []}


async def test_an_item_keeps_its_place_until_its_result_is_computed(world: World) -> None:
    config = {"items": "input.items", "maxConcurrency": 1, "steps": [http("send")], "output": "item.nothing"}

    ended = await to_its_end(world, [step("loop", "FOR_EACH", config)])

    assert ended.status is ExecutionStatus.FAILED
    assert world.service.paths() == ["loop[0].send"]


async def test_an_execution_that_only_waits_says_so_also_when_what_ran_was_cancelled(world: World) -> None:
    def fail(call: StepCall) -> Failed:
        return BROKEN

    world.service.answers = {
        "fan.a.fails": fail,
        "fan.a.hangs": lambda _: asyncio.get_running_loop().create_future(),
    }
    branches = [
        {"name": "a", "steps": [http("hangs", after=[]), http("fails", after=[])]},
        {"name": "b", "steps": [wait("nap")]},
    ]
    definition = a_definition(steps=[step("fan", "PARALLEL", {"branches": branches, "join": "SETTLED"})])

    resting = await world.run(definition)

    assert resting.status is ExecutionStatus.WAITING
    assert resting.waiting_for is not None and resting.waiting_for.kind is WaitKind.TIMER
    assert world.steps(resting.id)["fan.a.hangs"].state.status is StepStatus.CANCELLED


async def test_a_call_that_is_cancelled_before_it_begins_leaves_nothing_behind(world: World) -> None:
    world.service.answers = {"fan.slow.slow": lambda _: Succeeded(output="too late")}
    branches = [
        {"name": "quick", "steps": [http("quick", after=[]), constant("done", "{{ input.nothing }}", after=[])]},
        {"name": "slow", "steps": [http("slow")]},
    ]

    ended = await to_its_end(world, [step("fan", "PARALLEL", {"branches": branches})])

    assert ended.error is not None and ended.error.path == "fan.quick.done"


async def test_the_timeout_of_a_container_is_later_by_a_pause_also_for_the_next_worker(world: World) -> None:
    inner = step("choose", "CONDITIONAL", {"if": "true", "then": [wait("nap", "PT10M")]}, timeout="PT1H")
    definition = a_definition(steps=[inner])
    execution = await world.run(definition)
    before = world.steps(execution.id)["choose"].state.due_at

    for kind in (CommandKind.PAUSE, CommandKind.RESUME):
        await world.storage.executions.add_command(
            PendingCommand(
                id=new_id(), execution_id=execution.id, kind=kind, payload=None, created_at=world.clock.now()
            )
        )
        await (await world.activation(execution.id, definition)).run()
        world.clock.move(minutes=5)

    assert before is not None
    assert world.steps(execution.id)["choose"].state.due_at == before + timedelta(minutes=5)
