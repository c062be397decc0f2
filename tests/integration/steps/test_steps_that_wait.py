"""Steps that are called again, run by activations: polls, pages, callbacks, children."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from actors.activations.activation import Activation
from actors.activations.context import ActivationContext
from actors.activations.step_runner import StepRunner
from actors.http.client import HttpClient
from actors.http.destinations import DestinationPolicy
from actors.steps.parts import StepParts
from actors.steps.registry import step_executors
from domain.executions.children import ChildStarter
from domain.executions.records import ExecutionRecord, PendingCommand, StepRecord
from domain.executions.service import ExecuteRequest, ExecutionService
from domain.expressions.evaluator import Evaluator
from domain.kernel.failures import FailureCode
from domain.kernel.ids import IdKind, from_public, new_id
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import CommandKind, ExecutionStatus, StepStatus, WaitKind
from domain.webhooks.hook_tokens import CallbackHook, read_hook_token
from domain.workflows.definitions.cache import DefinitionCache
from domain.workflows.service import CreateWorkflow, WorkflowService
from persistence.memory import MemoryStorage
from persistence.postgres.connections.clock import DatabaseClock
from tests.builders import a_document, http, step, transform
from tests.registered import no_webhooks
from tests.scripted_service import Asked, ScriptedService, reply, scripted_service

KEY = b"k" * 32


@dataclass
class World:
    """Workflows in memory, a worker that runs them for real, and a service that they call."""

    storage: MemoryStorage
    parts: ActivationContext
    definitions: DefinitionCache
    executions: ExecutionService
    service: ScriptedService

    async def start(self, name: str = "orders", input: Any = None) -> UUID:
        return (await self.executions.execute(ExecuteRequest(workflow_name=name, input=input))).id

    async def store(self, *steps: Any, name: str = "orders", **members: Any) -> None:
        service = WorkflowService(workflows=self.storage.workflows, clock=DatabaseClock())
        await service.create(CreateWorkflow(document=a_document(name=name, steps=steps, **members)))

    async def drive(self, id: UUID) -> ExecutionRecord:
        """Run the execution until its activation ends."""
        [claim] = await self.storage.executions.claim([id], worker_id=new_id(), now=DatabaseClock().now())
        definition = await self.definitions.get(claim.execution.definition_id)
        await Activation(claim, definition, self.parts).run()
        return (await self.storage.queries.get_many([id]))[id]

    def step(self, id: UUID, path: str) -> StepRecord:
        return self.storage.tables.steps[id][path]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    storage, clock = MemoryStorage(), DatabaseClock()
    definitions = DefinitionCache(storage.workflows)
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(scripted_service(lambda _: reply({})))
        client = await stack.enter_async_context(HttpClient(DestinationPolicy(allow_loopback=True), user_agent="test"))
        executors = step_executors(
            StepParts(
                client=client,
                evaluator=Evaluator(),
                children=ChildStarter(
                    workflows=storage.workflows,
                    executions=storage.executions,
                    queries=storage.queries,
                    queue=storage.queue,
                    definitions=definitions,
                    clock=clock,
                ),
                webhooks=no_webhooks(),
                callback_key=KEY,
                public_url="http://stepgraph.test",
                max_items=1_000,
                max_output_bytes=1_000_000,
            )
        )
        executions = ExecutionService(
            workflows=storage.workflows,
            executions=storage.executions,
            queries=storage.queries,
            queue=storage.queue,
            feed=storage.feed,
            definitions=definitions,
            clock=clock,
        )
        attempts = StepRunner(executors, 1_000_000)
        parts = ActivationContext(store=storage.executions, attempts=attempts, clock=clock, queue=storage.queue)
        yield World(storage, parts, definitions, executions, service)


async def test_a_poll_is_one_attempt_of_many_calls(world: World) -> None:
    world.service.script = lambda _: reply({"done": len(world.service.asked) == 4})
    poll = {"until": "response.body.done", "interval": "PT0.01S"}
    await world.store(http("job", world.service.url, poll=poll), transform("result", "steps.job.output.body"))

    id = await world.start()
    record = await world.drive(id)

    assert record.status is ExecutionStatus.COMPLETED, record.error
    assert record.output == {"done": True}
    assert len(world.service.asked) == 4
    step = world.step(id, "job").state
    assert (step.attempt, step.checkpoint) == (1, None)


async def test_a_poll_outlives_calls_that_fail(world: World) -> None:
    def answer(_: Asked) -> bytes:
        return reply({"done": len(world.service.asked) == 4}, status=503 if len(world.service.asked) == 2 else 200)

    world.service.script = answer
    poll = {"until": "response.body.done", "interval": "PT0.01S"}
    retry = {"delay": "PT0.01S"}
    await world.store(http("job", world.service.url, poll=poll, retry=retry, method="POST", body={}))

    id = await world.start()
    record = await world.drive(id)

    assert record.status is ExecutionStatus.COMPLETED, record.error
    assert world.step(id, "job").state.attempt == 2
    keys = [asked.headers["idempotency-key"].rpartition("-")[2] for asked in world.service.asked]
    assert keys == ["1", "2", "2", "3"]


async def test_a_poll_that_is_far_off_lets_go_of_the_execution(world: World) -> None:
    world.service.script = lambda _: reply({"done": False})
    await world.store(http("job", world.service.url, poll={"until": "response.body.done", "interval": "PT1H"}))

    id = await world.start()
    record = await world.drive(id)

    assert record.status is ExecutionStatus.WAITING
    assert record.waiting_for is not None
    assert record.waiting_for.kind is WaitKind.TIMER
    assert world.step(id, "job").state.checkpoint is not None


async def test_a_list_of_pages_is_not_begun_anew_when_a_page_fails(world: World) -> None:
    def answer(asked: Asked) -> bytes:
        if asked.target == "/list":
            return reply({"items": [1], "next": "/list?page=2"})
        is_first = world.service.targets.count(asked.target) == 1
        return reply({"items": [2]}, status=503 if is_first else 200)

    world.service.script = answer
    paginate = {"next": "response.body.next", "items": "response.body.items"}
    await world.store(
        http("list", f"{world.service.url}/list", paginate=paginate, retry={"delay": "PT0.01S"}),
        transform("result", "steps.list.output.body"),
    )

    record = await world.drive(await world.start())

    assert record.output == [1, 2]
    assert world.service.targets == ["/list", "/list?page=2", "/list?page=2"]


async def test_a_receiver_calls_back(world: World) -> None:
    config = {"url": world.service.url, "eventType": "order.placed", "awaitCallback": "PT1H"}
    await world.store(step("ask", "WEBHOOK_CALL", config), transform("result", "steps.ask.output.callback"))

    id = await world.start()
    record = await world.drive(id)

    assert record.waiting_for is not None
    assert record.waiting_for.kind is WaitKind.CALLBACK
    token = world.service.asked[0].json["callbackUrl"].removeprefix("http://stepgraph.test/hooks/")
    named = read_hook_token(KEY, token)
    assert named == CallbackHook(id, "ask")

    payload: JsonValue = {"path": named.path, "payload": {"approved": True}}
    await world.storage.executions.add_command(
        PendingCommand(
            id=new_id(), execution_id=id, kind=CommandKind.CALLBACK, payload=payload, created_at=DatabaseClock().now()
        )
    )
    record = await world.drive(id)

    assert record.status is ExecutionStatus.COMPLETED, record.error
    assert record.output == {"approved": True}
    assert len(world.service.asked) == 1


@pytest.mark.parametrize("fails", [False, True])
async def test_a_child_tells_its_parent_of_its_end(world: World, fails: bool) -> None:
    await world.store(transform("total", "input.nothing" if fails else "input.price * 2"), name="price-of")
    config = {"workflow": "price-of", "input": {"price": 7}}
    await world.store(step("price", "SUB_WORKFLOW", config), transform("result", "steps.price.output.output"))

    id = await world.start()
    await world.drive(id)

    waiting_for = world.step(id, "price").state.waiting_for
    assert waiting_for is not None
    assert waiting_for.kind is WaitKind.DEPENDENCY
    child = from_public(str(waiting_for.detail), IdKind.EXECUTION)
    ended = await world.drive(child)
    assert (ended.parent_id, ended.parent_path) == (id, "price")
    record = await world.drive(id)

    if fails:
        assert record.status is ExecutionStatus.FAILED
        assert record.error is not None
        assert record.error.code is FailureCode.STEP_FAILED
        assert record.error.details is not None
        assert record.error.details["status"] == "FAILED"
    else:
        assert record.status is ExecutionStatus.COMPLETED, record.error
        assert record.output == 14


async def test_a_signal_is_waited_for(world: World) -> None:
    await world.store(
        step("approval", "WAIT", {"signal": {"name": "approved"}}), transform("result", "steps.approval.output")
    )

    id = await world.start()
    assert (await world.drive(id)).status is ExecutionStatus.WAITING
    payload: JsonValue = {"name": "approved", "payload": {"by": "Ann"}}
    await world.storage.executions.add_command(
        PendingCommand(
            id=new_id(), execution_id=id, kind=CommandKind.SIGNAL, payload=payload, created_at=DatabaseClock().now()
        )
    )

    assert (await world.drive(id)).output == {"signal": "approved", "payload": {"by": "Ann"}}


async def test_data_that_is_not_valid_fails_the_execution_with_every_problem(world: World) -> None:
    schema = {"type": "object", "required": ["sku"]}
    config = {"schema": schema, "rules": [{"rule": "input.quantity > 0", "message": "Nothing is ordered."}]}
    await world.store(step("check", "VALIDATION", config))

    id = await world.start(input={"quantity": 0})
    record = await world.drive(id)

    assert record.error is not None
    assert record.error.code is FailureCode.VALIDATION_FAILED
    assert record.error.details == {
        "problems": [
            {"path": [], "message": '"sku" is a required property.'},
            {"path": [], "message": "Nothing is ordered."},
        ]
    }
    assert world.step(id, "check").state.status is StepStatus.FAILED
