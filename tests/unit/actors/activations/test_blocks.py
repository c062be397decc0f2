"""Blocks on the in-memory engine: conditions, branches, loops and handlers, from the document to the stored rows."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import pytest

from domain.executions.records import WHOLE, ExecutionRecord
from domain.executions.step_executor import Failed, StepCall, Succeeded
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.statuses import ExecutionStatus, StepStatus, WaitKind
from tests.builders import a_definition, constant, http, step, transform, wait
from tests.unit.actors.world import Answer, World, never
from tests.waiting import wait_until

Step = Mapping[str, Any]


@pytest.fixture
def world() -> World:
    return World(max_output_bytes=1_000_000)


def conditional(
    id: str, condition: str, then: Sequence[Step], otherwise: Sequence[Step] | None = None, **more: Any
) -> Step:
    config: dict[str, Any] = {"if": condition, "then": list(then)}
    if otherwise is not None:
        config["else"] = list(otherwise)
    return step(id, "CONDITIONAL", config, **more)


def parallel(id: str, branches: Mapping[str, Sequence[Step]], **config: Any) -> Step:
    built = [{"name": name, "steps": list(steps)} for name, steps in branches.items()]
    return step(id, "PARALLEL", {"branches": built, **config})


def for_each(id: str, items: str, steps: Sequence[Step], *, as_: str = "item", **config: Any) -> Step:
    return step(id, "FOR_EACH", {"items": items, "as": as_, "steps": list(steps), **config})


def failed(code: FailureCode = FailureCode.INVALID_REQUEST, message: str = "no") -> Answer:
    return lambda _: Failed(error=StepError(code=code, message=message))


def giving(output: Any) -> Answer:
    return lambda _: Succeeded(output=output)


def statuses(world: World, id: UUID) -> dict[str, str]:
    return {path: row.state.status.value for path, row in world.steps(id).items()}


async def run(world: World, *steps: Step, input: Any = None, **members: Any) -> ExecutionRecord:
    return await world.run(a_definition(steps=list(steps), **members), input)


@pytest.mark.parametrize(("value", "branch", "output"), [(True, "then", 1), (False, "else", 2)])
async def test_a_condition_runs_one_of_its_branches(world: World, value: bool, branch: str, output: int) -> None:
    choose = conditional("choose", "input", [constant("a", 1)], [constant("b", 2)])

    ended = await run(world, choose, transform("last", "steps.choose.output"), input=value)

    id = "a" if branch == "then" else "b"
    assert ended.output == {"branch": branch, "steps": {id: output}}
    assert statuses(world, ended.id) == {
        "choose": "COMPLETED",
        f"choose.{branch}.{id}": "COMPLETED",
        "last": "COMPLETED",
    }


async def test_a_false_condition_without_an_else_does_nothing(world: World) -> None:
    ended = await run(world, conditional("choose", "input", [constant("a", 1)]), input=False)

    assert ended.output == {"branch": "else", "steps": {}}


async def test_steps_in_a_block_see_those_around_it_and_each_other(world: World) -> None:
    inner = conditional(
        "inner", "steps.mine.output = 3", [transform("sum", "steps.mine.output + steps.before.output + input")]
    )
    choose = conditional("choose", "true", [constant("mine", 3), inner])

    ended = await run(world, constant("before", 2), choose, input=1)

    assert ended.output == {
        "branch": "then",
        "steps": {"mine": 3, "inner": {"branch": "then", "steps": {"sum": 6}}},
    }


async def test_all_branches_run_at_the_same_time_and_give_their_outputs(world: World) -> None:
    world.service.answers = {"fan.a.x": never}
    definition = a_definition(steps=[parallel("fan", {"a": [http("x")], "b": [http("y")]})])
    id = await world.execution(definition)
    activation = await world.activation(id, definition)
    driving = asyncio.create_task(activation.run())

    await wait_until(lambda: sorted(world.service.paths()) == ["fan.a.x", "fan.b.y"], "both were called")
    driving.cancel()


async def test_the_first_failed_branch_fails_the_step_and_stops_the_others(world: World) -> None:
    world.service.answers = {"fan.a.x": never, "fan.b.y": failed()}

    ended = await run(world, parallel("fan", {"a": [http("x")], "b": [http("y")]}))

    assert ended.status is ExecutionStatus.FAILED
    assert ended.error is not None and (ended.error.code, ended.error.path) == (FailureCode.INVALID_REQUEST, "fan.b.y")
    assert statuses(world, ended.id) == {"fan": "FAILED", "fan.a.x": "CANCELLED", "fan.b.y": "FAILED"}
    await wait_until(lambda: world.service.cancelled == ["fan.a.x"], "the other call was stopped")


async def test_any_is_done_with_the_first_branch_that_succeeds(world: World) -> None:
    world.service.answers = {"fan.a.x": never, "fan.b.y": failed(), "fan.c.z": giving(3)}
    branches = {"a": [http("x")], "b": [http("y")], "c": [http("z")]}

    ended = await run(world, parallel("fan", branches, join="ANY"))

    assert ended.output == {"c": {"z": 3}}
    assert statuses(world, ended.id)["fan.a.x"] == "CANCELLED"
    await wait_until(lambda: world.service.cancelled == ["fan.a.x"], "the other call was stopped")


async def test_any_fails_when_all_branches_have(world: World) -> None:
    world.service.answers = {"fan.a.x": failed(message="first"), "fan.b.y": failed(message="second")}

    ended = await run(world, parallel("fan", {"a": [http("x")], "b": [http("y")]}, join="ANY"))

    assert ended.error is not None and ended.error.code is FailureCode.STEP_FAILED


async def test_settled_waits_for_all_and_shows_the_errors(world: World) -> None:
    world.service.answers = {"fan.a.x": failed(), "fan.b.y": giving(2)}

    ended = await run(world, parallel("fan", {"a": [http("x")], "b": [http("y")]}, join="SETTLED"))

    error = {"code": "INVALID_REQUEST", "message": "no", "path": "fan.a.x"}
    assert ended.output == {"a": {"error": error}, "b": {"y": 2}}


async def test_a_loop_gives_its_results_in_the_order_of_its_items(world: World) -> None:
    steps = [transform("double", "item * 2"), transform("more", "steps.double.output + index")]

    ended = await run(world, for_each("loop", "input", steps), input=[5, 6, 7])

    assert ended.output == {"results": [10, 13, 16], "succeeded": 3, "failed": 0, "failures": []}
    assert statuses(world, ended.id)["loop[2].more"] == "COMPLETED"
    assert (ended.progress.total, ended.progress.completed, ended.progress.ended) == (7, 7, WHOLE)


async def test_a_loop_names_its_items_and_computes_their_results(world: World) -> None:
    loop = for_each("loop", "input", [transform("x", "n + 1")], output="steps.x.output * n", as_="n")

    ended = await run(world, loop, input=[1, 2, 3])

    assert isinstance(ended.output, dict) and ended.output["results"] == [2, 6, 12]


@pytest.mark.parametrize(
    ("output", "results"),
    [
        ({"n": "{{ n }}", "text": "{{ steps.x.output }} of {{ index }}"}, [{"n": 1, "text": "2 of 0"}]),
        (["{{ n }}", None], [[1, None]]),
        ("{{ steps.x.output }}", [2]),
        ("n. {{ index }}", ["n. 0"]),
        ([], [[]]),
    ],
)
async def test_the_result_of_an_item_may_be_a_template(world: World, output: Any, results: Any) -> None:
    loop = for_each("loop", "input", [transform("x", "n + 1")], output=output, as_="n")

    ended = await run(world, loop, input=[1])

    assert isinstance(ended.output, dict) and ended.output["results"] == results


async def test_an_item_whose_result_cannot_be_computed_has_failed(world: World) -> None:
    loop = for_each("loop", "input", [constant("x", 1)], output="item.missing", toleratedFailures=1)

    ended = await run(world, loop, input=[{"missing": 4}, {}])

    assert isinstance(ended.output, dict)
    assert (ended.output["results"], ended.output["failed"]) == ([4, None], 1)


async def test_no_more_items_run_at_a_time_than_allowed(world: World) -> None:
    running, most = 0, 0

    async def counted(call: StepCall) -> Succeeded:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return Succeeded(output=call.path)

    world.service.answers = {f"loop[{n}].fetch": counted for n in range(50)}

    ended = await run(world, for_each("loop", "input", [http("fetch")], maxConcurrency=3), input=list(range(50)))

    assert most == 3
    assert isinstance(ended.output, dict) and ended.output["succeeded"] == 50


async def test_failed_items_are_tolerated_up_to_the_limit(world: World) -> None:
    world.service.answers = {"loop[1].fetch": failed()}
    loop = for_each("loop", "input", [http("fetch")], toleratedFailurePercent=34)

    ended = await run(world, loop, input=[1, 2, 3])

    assert ended.status is ExecutionStatus.COMPLETED
    assert isinstance(ended.output, dict)
    assert ended.output["failures"] == [
        {"index": 1, "error": {"code": "INVALID_REQUEST", "message": "no", "path": "loop[1].fetch"}}
    ]


async def test_one_failed_item_too_many_fails_the_loop_and_stops_the_rest(world: World) -> None:
    world.service.answers = {"loop[0].fetch": never, "loop[1].fetch": failed()}

    ended = await run(world, for_each("loop", "input", [http("fetch")], maxConcurrency=2), input=[1, 2, 3, 4])

    assert ended.status is ExecutionStatus.FAILED
    assert ended.error is not None and ended.error.code is FailureCode.STEP_FAILED
    assert statuses(world, ended.id) == {"loop": "FAILED", "loop[0].fetch": "CANCELLED", "loop[1].fetch": "FAILED"}


async def test_handler_steps_bear_a_failure_and_give_the_output_in_its_place(world: World) -> None:
    world.service.answers = {"fetch": failed(FailureCode.HTTP_STATUS, "teapot")}
    handled = http("fetch", members={"onError": {"steps": [transform("say", "error.code & ': ' & error.message")]}})

    ended = await run(world, handled, transform("last", "[steps.fetch.output, steps.fetch.status]"))

    assert ended.output == ["HTTP_STATUS: teapot", "FAILED"]
    assert statuses(world, ended.id) == {"fetch": "FAILED", "fetch.onError.say": "COMPLETED", "last": "COMPLETED"}


async def test_a_handler_that_fails_fails_the_block(world: World) -> None:
    world.service.answers = {"fetch": failed(), "fetch.onError.clean": failed(message="worse")}
    handled = http("fetch", members={"onError": {"steps": [http("clean")]}})

    ended = await run(world, handled, constant("last"))

    assert ended.error is not None and (ended.error.message, ended.error.path) == ("worse", "fetch.onError.clean")


async def test_a_container_can_be_handled_too(world: World) -> None:
    world.service.answers = {"choose.then.fetch": failed()}
    choose = conditional("choose", "true", [http("fetch")], onError={"steps": [transform("where", "error.path")]})

    ended = await run(world, choose)

    assert (ended.status, ended.output) == (ExecutionStatus.COMPLETED, "choose.then.fetch")


async def test_the_failure_handler_of_a_workflow_runs_once_and_the_error_stays(world: World) -> None:
    world.service.answers = {"fetch": failed()}

    ended = await run(world, http("fetch"), onFailure=[transform("why", "error.path & ' ' & steps.fetch.status")])

    assert ended.status is ExecutionStatus.FAILED
    assert ended.error is not None and ended.error.path == "fetch"
    assert world.steps(ended.id)["onFailure.why"].state.output == "fetch FAILED"


async def test_a_container_that_takes_too_long_fails_with_all_that_is_in_it(world: World) -> None:
    world.service.answers = {"choose.then.fetch": never}
    definition = a_definition(steps=[conditional("choose", "true", [http("fetch")], timeout="PT1M")])
    id = await world.execution(definition)
    activation = await world.activation(id, definition)
    driving = asyncio.create_task(activation.run())
    await wait_until(lambda: world.service.calls, "it was called")

    driving.cancel()
    await world.release_from_dead_worker(id)
    world.clock.move(minutes=2)
    await (await world.activation(id, definition)).run()

    ended = await world.record(id)
    assert ended.error is not None and ended.error.code is FailureCode.TIMEOUT
    assert statuses(world, id) == {"choose": "FAILED", "choose.then.fetch": "CANCELLED"}


async def test_a_wait_in_a_block_lets_go_and_comes_back(world: World) -> None:
    definition = a_definition(steps=[for_each("loop", "[1, 2]", [wait("pause"), transform("x", "item")])])
    id = await world.execution(definition)
    await (await world.activation(id, definition)).run()

    waiting = await world.record(id)
    assert waiting.status is ExecutionStatus.WAITING
    assert waiting.waiting_for is not None and waiting.waiting_for.kind is WaitKind.TIMER
    world.clock.move(hours=2)
    await (await world.activation(id, definition)).run()

    ended = await world.record(id)
    assert isinstance(ended.output, dict) and ended.output["results"] == [1, 2]
    assert world.steps(id)["loop"].state.status is StepStatus.COMPLETED


async def test_a_nested_loop_sees_the_index_of_each_loop_around_it(world: World) -> None:
    steps = [transform("x", "[orderIndex, lineIndex, index, line.n]")]
    outer = for_each("outer", "input.orders", [for_each("inner", "order.lines[n > 0]", steps, as_="line")], as_="order")

    orders = [{"lines": [{"n": 1}]}, {"lines": [{"n": 0}]}, {"lines": [{"n": 2}, {"n": 3}]}]
    ended = await run(world, outer, input={"orders": orders})

    output: Any = ended.output
    assert [each["results"] for each in output["results"]] == [
        [[0, 0, 0, 1]],
        [],
        [[2, 0, 0, 2], [2, 1, 1, 3]],
    ]
