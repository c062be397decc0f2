"""Steps that a retry runs again, and those that it keeps: executions that really fail, and are run to their end."""

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.executions.records import WHOLE, ExecutionRecord
from domain.executions.service import ExecuteRequest
from domain.kernel.statuses import ExecutionStatus, StepStatus
from tests.builders import a_document, http, transform
from tests.unit.domain.executions.runs import Runs, choose, documents, fan, loop
from tests.waiting import wait_until


@pytest.fixture
def runs() -> Runs:
    return Runs()


async def test_completed_steps_are_not_called_again(runs: Runs) -> None:
    runs.fail("b")
    failed = await runs.start(http("a"), http("b"), transform("c", "[steps.a.output.of, steps.b.output.of]"))
    assert failed.status is ExecutionStatus.FAILED

    runs.fail()
    retry = await runs.retry(failed.id)

    assert runs.called == ["b"]
    assert (retry.status, retry.output) == (ExecutionStatus.COMPLETED, ["a", "b"])
    assert (retry.progress.total, retry.progress.completed, retry.progress.ended) == (3, 3, WHOLE)


async def test_in_a_loop_only_the_items_that_were_not_done_run(runs: Runs) -> None:
    runs.fail("loop[1].b")
    failed = await runs.start(
        loop("loop", http("a"), http("b"), maxConcurrency=1), transform("end", "steps.loop.output")
    )

    runs.fail()
    retry = await runs.retry(failed.id)

    assert runs.called == ["loop[1].b", "loop[2].a", "loop[2].b"]
    output: Any = retry.output
    assert [result["of"] for result in output["results"]] == ["loop[0].b", "loop[1].b", "loop[2].b"]
    assert retry.progress.ended == pytest.approx(WHOLE, abs=1)


async def test_how_far_a_retry_is_can_be_seen_before_it_begins(runs: Runs) -> None:
    runs.fail("loop[2].b")
    failed = await runs.start(loop("loop", http("a"), http("b"), maxConcurrency=1), http("end"))
    retry = await runs.retries.retry(failed.id)
    assert (retry.progress.total, retry.progress.completed, retry.progress.percent) == (8, 5, 41.66)


async def test_branches_and_what_is_nested_in_them_go_on(runs: Runs) -> None:
    runs.fail("fan.us.choose.then.b")
    document = [fan("fan", eu=[http("a")], us=[http("a"), choose("choose", http("d"), http("b")), http("c")])]
    failed = await runs.start(*document)

    runs.fail()
    retry = await runs.retry(failed.id)

    assert runs.called == ["fan.us.choose.then.b", "fan.us.c"]
    assert retry.status is ExecutionStatus.COMPLETED
    assert set(runs.steps(retry).values()) == {"COMPLETED"}


async def test_a_named_step_and_what_depends_on_it_run_again(runs: Runs) -> None:
    runs.fail("d")
    failed = await runs.start(http("a"), http("b"), http("side", after=["a"]), http("c", after=["b"]), http("d"))
    runs.fail()
    await runs.retry(failed.id, from_step="b")
    assert sorted(runs.called) == ["b", "c", "d"]


async def test_a_named_step_in_a_loop_runs_again_for_its_item(runs: Runs) -> None:
    runs.fail("loop[2].b")
    failed = await runs.start(loop("loop", http("a"), http("b"), maxConcurrency=1), http("end"))
    runs.fail()
    retry = await runs.retry(failed.id, from_step="loop[1].b")
    assert sorted(runs.called) == ["end", "loop[1].b", "loop[2].b"]
    assert retry.status is ExecutionStatus.COMPLETED


async def test_a_named_step_in_a_loop_that_completed_runs_again_for_its_item(runs: Runs) -> None:
    runs.fail("end")
    failed = await runs.start(loop("loop", http("a"), http("b")), http("between"), http("end"))
    runs.fail()
    retry = await runs.retry(failed.id, from_step="loop[1].b")
    assert runs.called == ["loop[1].b", "between", "end"]
    assert retry.status is ExecutionStatus.COMPLETED


async def test_a_named_step_in_a_branch_that_completed_runs_again_with_what_follows_the_branch(runs: Runs) -> None:
    runs.fail("end")
    failed = await runs.start(fan("fan", eu=[http("a"), http("b")], us=[http("a")]), http("between"), http("end"))
    runs.fail()
    retry = await runs.retry(failed.id, from_step="fan.eu.b")
    assert runs.called == ["fan.eu.b", "between", "end"]
    assert retry.status is ExecutionStatus.COMPLETED


async def test_a_step_of_a_handler_runs_again(runs: Runs) -> None:
    runs.fail("a", "end")
    handled = http("a", members={"onError": {"steps": [http("h"), http("i")]}})
    failed = await runs.start(handled, http("end"))
    runs.fail()
    retry = await runs.retry(failed.id, from_step="a.onError.i")
    assert runs.called == ["a.onError.i", "end"]
    assert runs.steps(retry)["a"] == "FAILED"
    assert retry.status is ExecutionStatus.COMPLETED


async def test_the_retry_of_a_retry_goes_on_from_there(runs: Runs) -> None:
    runs.fail("b")
    first = await runs.start(http("a"), http("b"), http("c"))
    runs.fail("c")
    second = await runs.retry(first.id)
    runs.fail()
    third = await runs.retry(second.id)
    assert runs.called == ["c"]
    assert third.status is ExecutionStatus.COMPLETED


async def test_on_failure_runs_again_when_the_retry_fails_too(runs: Runs) -> None:
    runs.fail("b")
    failed = await runs.start(http("a"), http("b"), onFailure=[http("tell")])
    again = await runs.retry(failed.id)
    assert runs.called == ["b", "onFailure.tell"]
    assert again.status is ExecutionStatus.FAILED


async def test_when_only_the_output_failed_no_step_runs_again(runs: Runs) -> None:
    failed = await runs.start(http("a"), output="$error(steps.a.output.of)")
    assert failed.status is ExecutionStatus.FAILED
    await runs.workflows.apply(a_document(steps=[http("a")], output="steps.a.output.of"))
    retry = await runs.retry(failed.id, latest_version=True)
    assert (runs.called, retry.output) == ([], "a")


async def test_the_newest_version_runs_what_it_has_new(runs: Runs) -> None:
    runs.fail("b")
    failed = await runs.start(http("a"), http("b"))
    runs.fail()
    await runs.workflows.apply(a_document(steps=[http("a"), http("new"), http("b")]))
    retry = await runs.retry(failed.id, latest_version=True)
    assert (runs.called, retry.workflow_version) == (["new", "b"], 2)


async def test_a_cancelled_execution_goes_on_where_it_was_stopped(runs: Runs) -> None:
    runs.world.service.answers = {"loop[1].a": lambda _: asyncio.get_running_loop().create_future()}
    await runs.workflows.apply(a_document(steps=[loop("loop", http("a"), maxConcurrency=1)]))
    record = await runs.executions.execute(ExecuteRequest(workflow_name="orders"))
    activation = await runs.world.activation(record.id, await runs.definitions.get(record.definition_id))
    running = asyncio.create_task(activation.run())
    await wait_until(lambda: "loop[1].a" in runs.called, "the second item is called")
    await runs.world.ask_to_cancel(record.id)
    activation.nudge()
    await running
    assert (await runs.world.record(record.id)).status is ExecutionStatus.CANCELLED

    runs.fail()
    retry = await runs.retry(record.id)

    assert runs.called == ["loop[1].a", "loop[2].a"]
    assert retry.status is ExecutionStatus.COMPLETED


@settings(max_examples=60, deadline=None)
@given(document=documents(), data=st.data())
def test_however_often_it_fails_the_end_is_the_same_and_nothing_is_done_twice(
    document: list[dict[str, Any]], data: st.DataObject
) -> None:
    async def check() -> None:
        smooth = Runs()
        expected = await smooth.start(*document)
        assert expected.status is ExecutionStatus.COMPLETED

        rough = Runs()
        paths = sorted(smooth.called)
        rough.fail(*data.draw(st.sets(st.sampled_from(paths), min_size=1)))
        done: list[str] = []
        record = await rough.start(*document)
        for _ in range(20):
            done += _done_by(rough, record, done)
            if record.status is ExecutionStatus.COMPLETED:
                break
            left = sorted(set(paths) - set(done))
            rough.fail(*data.draw(st.sets(st.sampled_from(left), max_size=len(left) - 1)))
            record = await rough.retry(record.id)
            assert not set(rough.called) & set(done), "what was done is not done again"
        else:
            rough.fail()
            record = await rough.retry(record.id)

        assert record.status is ExecutionStatus.COMPLETED
        assert record.output == expected.output
        assert rough.steps(record) == smooth.steps(expected)
        assert record.progress == expected.progress

    asyncio.run(check())


def _done_by(runs: Runs, record: ExecutionRecord, before: list[str]) -> list[str]:
    rows = runs.world.steps(record.id)
    return [
        path
        for path in dict.fromkeys(runs.called)
        if path not in before and path in rows and rows[path].state.status is StepStatus.COMPLETED
    ]
