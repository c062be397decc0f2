"""Starting executions."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.executions.control.awaiting import until_ended
from domain.executions.records import ExecutionRecord
from domain.executions.service import ExecuteRequest, OrchestrateRequest
from domain.kernel.errors import InvalidInput, InvalidState, LimitExceeded, NotFound
from domain.kernel.statuses import ExecutionStatus, WorkflowStatus
from domain.workflows.service import CreateWorkflow, UpdateWorkflow
from tests.builders import a_document, constant, transform
from tests.unit.domain.conftest import Services
from tests.waiting import wait_until

MINUTE = timedelta(minutes=1)


async def problems_of(services: Services, request: ExecuteRequest) -> dict[str, str]:
    with pytest.raises(InvalidInput) as caught:
        await services.executions.execute(request)
    return {".".join(problem.path): problem.message for problem in caught.value.problems}


class TestExecute:
    async def test_an_execution_is_stored_and_hinted(self, services: Services) -> None:
        workflow = await services.store_workflow(steps=[constant("a"), constant("b")])
        request = ExecuteRequest(workflow_name="orders", input={"x": 1}, labels={"a": True}, priority=-5)

        record = await services.executions.execute(request)

        assert (record.workflow_id, record.workflow_version) == (workflow.id, 1)
        assert (record.status, record.definition_id) == (ExecutionStatus.PENDING, workflow.definition_id)
        assert (record.input, record.labels, record.priority) == ({"x": 1}, {"a": True}, -5)
        assert record.created_at == services.clock.now()
        assert record.progress.total == 2
        assert services.storage.queue.hints == [record.id]

    async def test_the_workflow_is_named_by_exactly_one_of_id_and_name(self, services: Services) -> None:
        workflow = await services.store_workflow()
        assert (await services.executions.execute(ExecuteRequest(workflow_id=workflow.id))).workflow_id == workflow.id
        for request in (ExecuteRequest(), ExecuteRequest(workflow_id=workflow.id, workflow_name="orders")):
            assert "workflowId" in await problems_of(services, request)

    async def test_an_unknown_workflow_is_not_found(self, services: Services) -> None:
        with pytest.raises(NotFound, match="'nobody'"):
            await services.executions.execute(ExecuteRequest(workflow_name="nobody"))
        with pytest.raises(NotFound, match="wf_"):
            await services.executions.execute(ExecuteRequest(workflow_id=UUID(int=1)))

    @pytest.mark.parametrize("status", [WorkflowStatus.DRAFT, WorkflowStatus.PAUSED, WorkflowStatus.ARCHIVED])
    async def test_only_active_workflows_can_be_started(self, services: Services, status: WorkflowStatus) -> None:
        workflow = await services.store_workflow()
        await services.workflows.update(UpdateWorkflow(workflow_id=workflow.id, status=status))
        with pytest.raises(InvalidState) as caught:
            await services.executions.execute(ExecuteRequest(workflow_id=workflow.id))
        assert caught.value.status == status.value

    async def test_an_older_version_can_be_started(self, services: Services) -> None:
        workflow = await services.store_workflow()
        await services.workflows.apply(a_document(steps=[constant("a"), constant("b")]))

        old = await services.executions.execute(ExecuteRequest(workflow_id=workflow.id, version=1))
        new = await services.executions.execute(ExecuteRequest(workflow_id=workflow.id))

        assert (old.workflow_version, old.progress.total) == (1, 1)
        assert (new.workflow_version, new.progress.total) == (2, 2)
        with pytest.raises(NotFound, match="version"):
            await services.executions.execute(ExecuteRequest(workflow_id=workflow.id, version=3))

    async def test_the_input_must_meet_the_schema_of_the_workflow(self, services: Services) -> None:
        schema = {"type": "object", "required": ["id"], "properties": {"n": {"type": "integer"}}}
        await services.store_workflow(inputSchema=schema)

        problems = await problems_of(services, ExecuteRequest(workflow_name="orders", input={"n": "1"}))

        assert problems == {
            "input": '"id" is a required property.',
            "input.n": '"1" is not of type "integer".',
        }
        assert "input" in await problems_of(services, ExecuteRequest(workflow_name="orders"))
        await services.executions.execute(ExecuteRequest(workflow_name="orders", input={"id": 1, "n": 2}))

    async def test_everything_that_is_wrong_is_told_at_once(self, services: Services) -> None:
        await services.store_workflow()
        request = ExecuteRequest(
            workflow_name="orders",
            input={"a": "\0"},
            labels={"a": [1]},
            priority=101,
            idempotency_key="",
            start_at=services.clock.now().replace(tzinfo=None),
            wait_for=timedelta(hours=1),
        )
        assert set(await problems_of(services, request)) == {
            "input.a",
            "labels.a",
            "priority",
            "idempotencyKey",
            "startAt",
            "waitFor",
        }

    @pytest.mark.parametrize(
        ("member", "value"),
        [
            ("input", {"a": "x" * 10_001}),
            ("input", {"a": float("nan")}),
            ("input", {"a": "\ud800"}),
            ("labels", []),
            ("labels", "team"),
            ("labels", {"a": None}),
            ("labels", {"a": "x" * 257}),
            ("labels", {"a": 1, "b": 2, "c": 3, "d": 4}),
            ("idempotency_key", "x" * 257),
            ("idempotency_key", "a\0b"),
            ("priority", -101),
            ("wait_for", timedelta(0)),
            ("wait_for", timedelta(seconds=-1)),
        ],
    )
    async def test_what_is_out_of_bounds_is_refused(self, services: Services, member: str, value: Any) -> None:
        await services.store_workflow()
        assert await problems_of(services, ExecuteRequest(workflow_name="orders", **{member: value}))
        assert services.storage.queue.hints == []

    async def test_the_same_key_is_the_same_execution_and_no_second_hint(self, services: Services) -> None:
        await services.store_workflow()
        request = ExecuteRequest(workflow_name="orders", idempotency_key="k")
        first, second = await services.executions.execute(request), await services.executions.execute(request)
        assert first.id == second.id
        assert services.storage.queue.hints == [first.id]

    async def test_a_later_start_is_not_hinted(self, services: Services) -> None:
        await services.store_workflow()
        start_at = services.clock.now() + MINUTE
        record = await services.executions.execute(ExecuteRequest(workflow_name="orders", start_at=start_at))
        assert record.due_at == start_at
        assert services.storage.queue.hints == []

    async def test_a_start_in_the_past_is_now(self, services: Services) -> None:
        await services.store_workflow()
        start_at = services.clock.now() - MINUTE
        record = await services.executions.execute(ExecuteRequest(workflow_name="orders", start_at=start_at))
        assert services.storage.queue.hints == [record.id]

    async def test_a_lost_hint_loses_no_execution(self, services: Services) -> None:
        await services.store_workflow()
        services.storage.queue.is_lossy = True
        record = await services.executions.execute(ExecuteRequest(workflow_name="orders"))
        assert record.id in await services.storage.queries.get_many([record.id])


class TestWaiting:
    async def execute_and_wait(self, services: Services, wait_for: timedelta) -> "asyncio.Task[ExecutionRecord]":
        await services.store_workflow()
        request = ExecuteRequest(workflow_name="orders", wait_for=wait_for)
        return asyncio.create_task(services.executions.execute(request))

    async def test_the_answer_comes_when_the_execution_has_ended(self, services: Services) -> None:
        answer = await self.execute_and_wait(services, MINUTE)
        await services.change(await services.storage.queue.next_hint(), ExecutionStatus.COMPLETED, output=42)
        record = await answer
        assert (record.status, record.output) == (ExecutionStatus.COMPLETED, 42)

    async def test_when_the_time_is_over_the_answer_is_what_there_is(self, services: Services) -> None:
        answer = await self.execute_and_wait(services, timedelta(milliseconds=10))
        assert (await answer).status is ExecutionStatus.PENDING

    async def test_an_execution_that_has_ended_already_is_answered_at_once(self, services: Services) -> None:
        await services.store_workflow()
        first = await services.executions.execute(ExecuteRequest(workflow_name="orders", idempotency_key="k"))
        await services.change(first.id, ExecutionStatus.COMPLETED, output=42)
        again = ExecuteRequest(workflow_name="orders", idempotency_key="k", wait_for=MINUTE)
        assert (await services.executions.execute(again)).output == 42

    async def test_a_wake_up_makes_it_ask_the_store(self, services: Services) -> None:
        answer = await self.execute_and_wait(services, MINUTE)
        services.storage.feed.is_lossy = True
        await services.change(await services.storage.queue.next_hint(), ExecutionStatus.COMPLETED, output=42)

        def wake() -> bool:
            services.storage.feed.wake()
            return answer.done()

        await wait_until(wake, "the answer after a wake-up")
        assert (await answer).output == 42

    async def test_while_the_feed_is_silent_the_store_is_asked_now_and_then(self, services: Services) -> None:
        await services.store_workflow()
        record = await services.executions.execute(ExecuteRequest(workflow_name="orders"))
        services.storage.feed.is_lossy = True
        answer = asyncio.create_task(
            until_ended(
                record,
                wait_for=MINUTE,
                queries=services.storage.queries,
                feed=services.storage.feed,
                silence=timedelta(milliseconds=5),
            )
        )
        await services.change(record.id, ExecutionStatus.COMPLETED, output=42)
        assert (await answer).output == 42

    async def test_a_caller_that_goes_away_leaves_nothing_behind(self, services: Services) -> None:
        answer = await self.execute_and_wait(services, MINUTE)
        await services.storage.queue.next_hint()
        before = asyncio.all_tasks() - {answer}
        answer.cancel()
        await asyncio.wait([answer])
        assert answer.cancelled()
        assert asyncio.all_tasks() <= before


class TestExecuteMany:
    async def test_each_request_has_its_answer_in_order(self, services: Services) -> None:
        await services.store_workflow(name="orders", inputSchema={"type": "integer"})
        await services.workflows.create(
            CreateWorkflow(document=a_document(name="asleep"), status=WorkflowStatus.PAUSED)
        )
        answers = await services.executions.execute_many(
            [
                ExecuteRequest(workflow_name="orders", input=1),
                ExecuteRequest(workflow_name="nobody"),
                ExecuteRequest(workflow_name="orders", input="one"),
                ExecuteRequest(workflow_name="asleep"),
                ExecuteRequest(workflow_name="orders", input=2, wait_for=MINUTE),
                ExecuteRequest(workflow_name="orders", input=3),
            ]
        )

        assert [type(answer) for answer in answers] == [
            ExecutionRecord,
            NotFound,
            InvalidInput,
            InvalidState,
            InvalidInput,
            ExecutionRecord,
        ]
        started = [answer for answer in answers if isinstance(answer, ExecutionRecord)]
        assert [record.input for record in started] == [1, 3]
        assert services.storage.queue.hints == [record.id for record in started]

    async def test_the_same_key_twice_is_one_execution(self, services: Services) -> None:
        await services.store_workflow()
        request = ExecuteRequest(workflow_name="orders", idempotency_key="k")
        first, second = await services.executions.execute_many([request, request])
        assert isinstance(first, ExecutionRecord) and isinstance(second, ExecutionRecord)
        assert first.id == second.id
        assert services.storage.queue.hints == [first.id]

    async def test_too_many_at_once_are_refused_whole(self, services: Services) -> None:
        await services.store_workflow()
        with pytest.raises(LimitExceeded, match="11 executions in one request; 10 are allowed"):
            await services.executions.execute_many([ExecuteRequest(workflow_name="orders")] * 11)

    async def test_nothing_to_start_starts_nothing(self, services: Services) -> None:
        assert await services.executions.execute_many([]) == []


class TestOrchestrate:
    async def test_steps_run_once_without_a_workflow(self, services: Services) -> None:
        document: dict[str, Any] = {
            "steps": [constant("a"), transform("b", "vars.x")],
            "variables": {"x": 1},
            "output": "steps.b.output",
        }

        record = await services.executions.orchestrate(OrchestrateRequest(document=document, input=5, labels={"a": 1}))

        assert (record.workflow_id, record.workflow_version) == (None, None)
        assert (record.input, record.labels, record.progress.total) == (5, {"a": 1}, 2)
        assert services.storage.queue.hints == [record.id]
        definition = await services.definitions.get(record.definition_id)
        assert (definition.name, definition.workflow_id, definition.version) == ("orchestration", None, None)

    async def test_the_same_steps_share_a_definition(self, services: Services) -> None:
        request = OrchestrateRequest(document={"steps": [constant()]})
        first, second = await services.executions.orchestrate(request), await services.executions.orchestrate(request)
        other = await services.executions.orchestrate(OrchestrateRequest(document={"steps": [constant(output=1)]}))
        assert first.id != second.id
        assert first.definition_id == second.definition_id != other.definition_id

    async def test_every_problem_of_steps_and_request_is_told_at_once(self, services: Services) -> None:
        request = OrchestrateRequest(document={"steps": [transform("a", "nothing")]}, labels=5, idempotency_key="")
        with pytest.raises(InvalidInput) as caught:
            await services.executions.orchestrate(request)
        assert [problem.path[0] for problem in caught.value.problems] == ["steps", "labels", "idempotencyKey"]

    async def test_the_same_key_is_the_same_execution(self, services: Services) -> None:
        request = OrchestrateRequest(document={"steps": [constant()]}, idempotency_key="k")
        first, second = await services.executions.orchestrate(request), await services.executions.orchestrate(request)
        assert first.id == second.id
