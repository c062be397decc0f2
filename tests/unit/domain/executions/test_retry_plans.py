"""Plans of retries say what the retries then do; and retries with another input."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.executions.retries.planned_steps import PlannedStep, RetryAction
from domain.executions.retries.service import RetryRequest
from domain.kernel.errors import InvalidInput, InvalidState, NotFound
from domain.kernel.ids import new_id
from domain.kernel.statuses import ExecutionStatus
from tests.builders import a_document, http, transform
from tests.unit.domain.executions.runs import Runs, choose, documents, fan, loop


@pytest.fixture
def runs() -> Runs:
    return Runs()


async def plan(runs: Runs, id: UUID, **how: Any) -> dict[str, PlannedStep]:
    """The steps of the plan of a retry, by path."""
    return {step.path: step for step in (await runs.retries.plan(id, RetryRequest(**how))).steps}


async def told(runs: Runs, id: UUID, **how: Any) -> dict[str, str]:
    """The plan of a retry in words, by path."""
    steps = (await plan(runs, id, **how)).values()
    return {step.path: " ".join(filter(None, (step.action, step.reason, step.detail))) for step in steps}


async def test_the_plan_says_what_is_kept_and_what_runs(runs: Runs) -> None:
    runs.fail("b")
    failed = await runs.start(http("a"), http("b"), http("c"))

    assert await told(runs, failed.id) == {
        "a": "KEEP COMPLETED",
        "b": "RUN NOT_COMPLETED",
        "c": "RUN NOT_REACHED",
    }
    assert await told(runs, failed.id, from_step="a") == {
        "a": "RUN FROM_STEP",
        "b": "RUN NOT_COMPLETED",
        "c": "RUN NOT_REACHED",
    }


async def test_what_depends_on_a_step_that_runs_says_on_which(runs: Runs) -> None:
    runs.fail("d")
    failed = await runs.start(http("a"), http("b"), http("side", after=["a"]), http("c", after=["b"]), http("d"))

    steps = await told(runs, failed.id, from_step="b")

    assert steps["side"] == "KEEP COMPLETED"
    assert steps["c"] == "RUN DEPENDENCY b"


async def test_branches_go_on_with_what_is_not_done_in_them(runs: Runs) -> None:
    runs.fail("fan.us.choose.then.b")
    branches = fan("fan", eu=[http("a")], us=[choose("choose", http("d"), http("b")), http("c")])
    failed = await runs.start(branches)

    assert await told(runs, failed.id) == {
        "fan": "CONTINUE CONTENT_CONTINUES",
        "fan.eu.a": "KEEP COMPLETED",
        "fan.us.choose": "CONTINUE CONTENT_CONTINUES",
        "fan.us.choose.then.d": "KEEP COMPLETED",
        "fan.us.choose.then.b": "RUN NOT_COMPLETED",
        "fan.us.c": "RUN NOT_REACHED",
    }


async def test_loops_go_on_with_the_items_that_are_not_done(runs: Runs) -> None:
    runs.fail("loop[1].b")
    failed = await runs.start(loop("loop", http("a"), http("b"), http("c"), maxConcurrency=1))

    assert await told(runs, failed.id) == {
        "loop": "CONTINUE CONTENT_CONTINUES",
        "loop[0].a": "KEEP COMPLETED",
        "loop[0].b": "KEEP COMPLETED",
        "loop[0].c": "KEEP COMPLETED",
        "loop[1].a": "KEEP COMPLETED",
        "loop[1].b": "RUN NOT_COMPLETED",
        "loop[1].c": "RUN NOT_REACHED",
    }
    anew = await told(runs, failed.id, from_step="loop")
    assert anew["loop"] == "RUN FROM_STEP"
    assert anew["loop[0].a"] == "RUN CONTAINER loop"


async def test_handlers_are_forgotten_or_go_on(runs: Runs) -> None:
    handled = http("a", members={"onError": {"steps": [http("h"), http("i")]}})
    runs.fail("a", "a.onError.h")
    nothing_done = await runs.start(handled, onFailure=[http("tell")])
    runs.fail("a", "a.onError.i")
    acted = await runs.start(handled, onFailure=[http("tell")])

    assert await told(runs, nothing_done.id) == {
        "a": "RUN NOT_COMPLETED",
        "a.onError.h": "DROP HANDLER a",
        "onFailure.tell": "DROP HANDLER",
    }
    assert await told(runs, acted.id) == {
        "a": "KEEP HANDLER_CONTINUES",
        "a.onError.h": "KEEP COMPLETED",
        "a.onError.i": "RUN NOT_COMPLETED",
        "onFailure.tell": "DROP HANDLER",
    }


async def test_a_failure_that_was_tolerated_is_kept(runs: Runs) -> None:
    runs.fail("a", "b")
    failed = await runs.start(http("a", members={"onError": {"continue": True}}), http("b"))
    assert (await told(runs, failed.id))["a"] == "KEEP TOLERATED"


async def test_another_version_drops_what_it_has_not(runs: Runs) -> None:
    runs.fail("c")
    failed = await runs.start(http("a"), http("b"), http("c"))
    await runs.workflows.apply(a_document(steps=[http("a"), http("new"), http("c")]))

    planned = await runs.retries.plan(failed.id, RetryRequest(latest_version=True))

    assert planned.version == 2
    assert {step.path: f"{step.action} {step.reason}" for step in planned.steps} == {
        "a": "KEEP COMPLETED",
        "b": "DROP VERSION",
        "new": "RUN NOT_REACHED",
        "c": "RUN NOT_COMPLETED",
    }


async def test_a_plan_says_which_calls_may_be_made_twice(runs: Runs) -> None:
    runs.fail("b")
    failed = await runs.start(http("a"), http("b"), transform("c", "1"))

    unchanged, anew = await plan(runs, failed.id), await plan(runs, failed.id, from_step="a")
    edited = await plan(runs, failed.id, input=2)

    assert not any(step.repeats for step in unchanged.values())
    assert [path for path, step in anew.items() if step.repeats] == ["a"]
    assert [path for path, step in edited.items() if step.repeats] == ["a"]


async def test_with_another_input_everything_runs_again(runs: Runs) -> None:
    runs.fail("b")
    failed = await runs.start(http("a"), http("b"), transform("c", "input.x"), input={"x": 1})

    planned = await told(runs, failed.id, input={"x": 2})
    runs.fail()
    retry = await runs.retry(failed.id, input={"x": 2})

    assert planned == {"a": "RUN INPUT", "b": "RUN INPUT", "c": "RUN NOT_REACHED"}
    assert runs.called == ["a", "b"]
    assert (retry.status, retry.input, retry.output) == (ExecutionStatus.COMPLETED, {"x": 2}, 2)
    assert retry.retried_from_id == failed.id


async def test_null_is_an_input_too(runs: Runs) -> None:
    runs.fail("a")
    failed = await runs.start(http("a"), input={"x": 1})
    runs.fail()
    assert (await runs.retry(failed.id, input=None)).input is None


async def test_with_another_input_a_named_step_keeps_what_is_before_it_and_says_what_rests_on_the_old_one(
    runs: Runs,
) -> None:
    runs.fail("d")
    failed = await runs.start(
        http("a"),
        transform("b", "input.x"),
        transform("c", "steps.b.output + 1"),
        transform("free", "1"),
        http("d"),
        transform("e", "[input.x, steps.c.output]"),
        input={"x": 1},
    )

    planned = await plan(runs, failed.id, input={"x": 5}, from_step="d")
    runs.fail()
    retry = await runs.retry(failed.id, input={"x": 5}, from_step="d")

    assert runs.called == ["d"]
    assert retry.output == [5, 2]
    assert [path for path, step in planned.items() if step.action is RetryAction.KEEP] == ["a", "b", "c", "free"]
    assert [path for path, step in planned.items() if step.rests_on_old_input] == ["b", "c"]


async def test_what_is_in_a_container_that_reads_the_input_rests_on_it(runs: Runs) -> None:
    runs.fail("end")
    over = loop("over", http("a"), items="input.list")
    inside = fan("inside", x=[transform("t", "input.list")], y=[transform("u", "1")])
    failed = await runs.start(over, inside, transform("after", "steps.inside.output"), http("end"), input={"list": [1]})

    planned = await plan(runs, failed.id, input={"list": [2]}, from_step="end")

    resting = {path for path, step in planned.items() if step.rests_on_old_input}
    assert resting == {"over", "over[0].a", "inside", "inside.x.t", "after"}


async def test_calls_of_another_input_have_keys_of_their_own(runs: Runs) -> None:
    runs.fail("a")
    failed = await runs.start(http("a"))
    runs.fail()
    retry = await runs.retry(failed.id, input=1)
    assert (await runs.world.storage.queries.carried([retry.id])).get(retry.id, ()) == ()


async def test_what_has_completed_runs_again_with_another_input_only(runs: Runs) -> None:
    done = await runs.start(http("a"), transform("b", "input"), input=1)

    with pytest.raises(InvalidState, match="another input"):
        await runs.retries.plan(done.id)
    retry = await runs.retry(done.id, input=2)

    assert (runs.called, retry.output) == (["a"], 2)


async def test_another_input_must_meet_the_schema_and_gets_its_defaults(runs: Runs) -> None:
    schema = {"type": "object", "properties": {"x": {"type": "integer"}, "y": {"default": 7}}}
    runs.fail("a")
    failed = await runs.start(http("a"), input={"x": 1}, inputSchema=schema)

    for ask in (runs.retries.retry, runs.retries.plan):
        with pytest.raises(InvalidInput) as caught:
            await ask(failed.id, RetryRequest(input={"x": "no"}))
        assert caught.value.problems[0].path[:2] == ("input", "x")
    runs.fail()
    assert (await runs.retry(failed.id, input={"x": 2})).input == {"x": 2, "y": 7}


async def test_a_plan_is_refused_as_the_retry_is(runs: Runs) -> None:
    runs.fail("a")
    failed = await runs.start(http("a"), http("b"))
    with pytest.raises(InvalidInput) as caught:
        await runs.retries.plan(failed.id, RetryRequest(from_step="b"))
    assert caught.value.problems[0].path == ("fromStep",)
    with pytest.raises(NotFound):
        await runs.retries.plan(new_id())


async def test_a_plan_changes_nothing(runs: Runs) -> None:
    runs.fail("a")
    failed = await runs.start(http("a"))
    before = dict(runs.world.storage.tables.executions)
    await runs.retries.plan(failed.id)
    assert runs.world.storage.tables.executions == before


@settings(max_examples=60, deadline=None)
@given(document=documents(), data=st.data())
def test_what_is_planned_to_be_kept_is_not_called_and_what_is_called_was_planned(
    document: list[dict[str, Any]], data: st.DataObject
) -> None:
    async def check() -> None:
        smooth = Runs()
        await smooth.start(*document)
        paths = sorted(smooth.called)
        runs = Runs()
        runs.fail(*data.draw(st.sets(st.sampled_from(paths), min_size=1)))
        failed = await runs.start(*document)
        reached = sorted(runs.world.steps(failed.id))
        from_step = data.draw(st.one_of(st.none(), st.sampled_from(reached)))
        planned = await plan(runs, failed.id, from_step=from_step)
        runs.fail()
        retry = await runs.retry(failed.id, from_step=from_step)

        assert retry.status is ExecutionStatus.COMPLETED
        for path in runs.called:
            if path in planned:
                assert planned[path].action is RetryAction.RUN
        for path, step in planned.items():
            if step.action is RetryAction.RUN and step.type == "HTTP_REQUEST":
                assert path in runs.called

    asyncio.run(check())
