"""Steps that a retry runs again, and those that it keeps: executions that really fail, and are run to their end."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.executions.records import WHOLE, ExecutionRecord
from domain.executions.retries.service import ExecutionRetries, RetryRequest
from domain.executions.service import ExecuteRequest, ExecutionService
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import ExecutionStatus, StepStatus
from domain.workflows.definitions.cache import DefinitionCache
from domain.workflows.service import WorkflowService
from tests.builders import a_document, http, step, transform
from tests.unit.actors.world import UNAVAILABLE, World
from tests.waiting import wait_until


class Runs:
    """Workflows whose HTTP steps are answered by a hand, run to their ends one activation after the other."""

    def __init__(self) -> None:
        self.world = World()
        storage, clock = self.world.storage, self.world.clock
        self.definitions = DefinitionCache(storage.workflows)
        self.workflows = WorkflowService(workflows=storage.workflows, clock=clock)
        self.executions = ExecutionService(
            workflows=storage.workflows,
            executions=storage.executions,
            queries=storage.queries,
            queue=storage.queue,
            feed=storage.feed,
            definitions=self.definitions,
            clock=clock,
        )
        self.retries = ExecutionRetries(
            workflows=storage.workflows,
            executions=storage.executions,
            queries=storage.queries,
            queue=storage.queue,
            definitions=self.definitions,
            clock=clock,
        )

    def fail(self, *paths: str) -> None:
        """Let the services of these steps be away from now on, and those of all others answer."""
        self.world.service.answers = {path: lambda _: UNAVAILABLE for path in paths}

    async def start(self, *steps: dict[str, Any], input: JsonValue = None, **members: Any) -> ExecutionRecord:
        """Store a workflow of these steps, and run it to its end."""
        await self.workflows.apply(a_document(steps=steps, **members))
        record = await self.executions.execute(ExecuteRequest(workflow_name="orders", input=input))
        return await self.drive(record.id)

    async def retry(self, id: UUID, **how: Any) -> ExecutionRecord:
        """Retry an execution, and run that to its end; what it calls is in `called`."""
        self.world.service.calls.clear()
        record = await self.retries.retry(id, RetryRequest(**how))
        return await self.drive(record.id)

    async def drive(self, id: UUID) -> ExecutionRecord:
        """Run an execution to its end."""
        record = await self.world.record(id)
        definition = await self.definitions.get(record.definition_id)
        await (await self.world.activation(id, definition)).run()
        return await self.world.record(id)

    @property
    def called(self) -> list[str]:
        """The steps that the last run has called, in order."""
        return self.world.service.paths()

    def steps(self, record: ExecutionRecord) -> dict[str, str]:
        """Every step of an execution with its status."""
        return {path: row.state.status.value for path, row in self.world.steps(record.id).items()}


@pytest.fixture
def runs() -> Runs:
    return Runs()


def loop(id: str, *steps: dict[str, Any], **config: Any) -> dict[str, Any]:
    return step(id, "FOR_EACH", {"items": "[1, 2, 3]", "steps": list(steps), **config})


def fan(id: str, **branches: list[dict[str, Any]]) -> dict[str, Any]:
    return step(id, "PARALLEL", {"branches": [{"name": name, "steps": steps} for name, steps in branches.items()]})


def choose(id: str, *then: dict[str, Any]) -> dict[str, Any]:
    return step(id, "CONDITIONAL", {"if": "true", "then": list(then)})


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


@st.composite
def documents(draw: st.DrawFn, depth: int = 2) -> list[dict[str, Any]]:
    """A block of calls, in containers of all sorts."""
    steps = []
    ids = [f"{letter}{depth}" for letter in "abc"[: draw(st.integers(1, 3))]]
    for index, id in enumerate(ids):
        kind = draw(st.sampled_from(["call", "call", "if", "fan", "loop"] if depth else ["call"]))
        if kind == "if":
            built = choose(id, *draw(documents(depth - 1)))
        elif kind == "fan":
            built = fan(id, x=draw(documents(depth - 1)), y=draw(documents(depth - 1)))
        elif kind == "loop":
            limit = draw(st.integers(1, 3))
            built = loop(id, *draw(documents(depth - 1)), maxConcurrency=limit, **{"as": f"item_{id}"})
        else:
            built = http(id)
        if draw(st.booleans()):
            built["dependsOn"] = draw(st.lists(st.sampled_from(ids[:index]), unique=True)) if index else []
        steps.append(built)
    return steps


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
