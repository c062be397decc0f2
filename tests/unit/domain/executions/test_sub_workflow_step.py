"""SUB_WORKFLOW over the services: what it starts, what it waits for, and what becomes of it."""

from dataclasses import replace
from typing import Any, cast
from uuid import UUID

import pytest

from actors.steps.sub_workflow import SubWorkflowExecutor
from domain.engine.state import WaitReason
from domain.executions.children import ChildRequest, ChildStarter
from domain.executions.records import ExecutionRecord
from domain.executions.step_executor import Deferred, Failed, Outcome, StepCall, Succeeded
from domain.kernel.errors import Unavailable
from domain.kernel.failures import FailureCode
from domain.kernel.ids import IdKind, from_public
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import ExecutionStatus, WaitKind
from tests.builders import step
from tests.calls import a_call, run
from tests.unit.domain.conftest import FAILURE, Services

CHILD = "ex_01h455vb4pex5vsknk084sn02q"
OUTPUT: JsonValue = {"total": 7}


class World:
    """A running parent, and the workflow `orders` that its step starts."""

    def __init__(self, services: Services, parent: UUID) -> None:
        self.services = services
        self.parent = parent
        self.executor = SubWorkflowExecutor(services.children)

    def call(self, *, given: dict[str, Any] | None = None, **config: Any) -> StepCall:
        config = {"workflow": "orders", "input": {"id": "{{ input.id }}"}, **config}
        call = a_call(step("sub", "SUB_WORKFLOW", config), scope={"input": {"id": 7}}, **(given or {}))
        return replace(call, execution_id=self.parent)

    async def run(self, **given: Any) -> Outcome:
        return await run(self.executor, self.call(**given))

    async def child(self, id: str) -> ExecutionRecord:
        uuid = from_public(id, IdKind.EXECUTION)
        return (await self.services.storage.queries.get_many([uuid]))[uuid]


@pytest.fixture
async def world(services: Services) -> World:
    await services.store_workflow()
    return World(services, await services.start())


def child_of(outcome: Outcome) -> str:
    assert isinstance(outcome, Deferred), outcome
    assert isinstance(outcome.checkpoint, dict)
    return str(outcome.checkpoint["child"])


async def test_a_step_starts_a_child_and_waits_for_it(world: World) -> None:
    outcome = await world.run()

    id = child_of(outcome)
    assert outcome == Deferred(
        until=None, reason=WaitReason(kind=WaitKind.DEPENDENCY, detail=id), checkpoint={"child": id}
    )
    child = await world.child(id)
    assert (child.parent_id, child.parent_path) == (world.parent, "sub")
    assert child.input == {"id": 7}
    assert child.status is ExecutionStatus.PENDING


async def test_a_step_that_does_not_wait_is_done_at_once(world: World) -> None:
    outcome = await world.run(wait=False)

    assert isinstance(outcome, Succeeded)
    assert isinstance(outcome.output, dict)
    assert outcome.output == {"executionId": outcome.output["executionId"], "status": "PENDING", "output": None}
    assert (await world.child(str(outcome.output["executionId"]))).parent_id == world.parent


async def test_a_call_that_is_repeated_finds_the_same_child(world: World) -> None:
    id = child_of(await world.run())

    assert child_of(await world.run()) == id
    assert child_of(await world.run(given={"checkpoint": {"child": id}})) == id


async def test_another_step_has_another_child(world: World) -> None:
    assert child_of(await world.run()) != child_of(await world.run(given={"path": "loop[1].sub"}))


async def test_another_attempt_goes_on_with_the_child_once_that_has_ended(world: World) -> None:
    """An attempt that ran out of time cancels its child, which does not end in the same moment."""
    first = child_of(await world.run())

    waits = await world.run(given={"attempt": 2})
    assert isinstance(waits, Deferred)
    assert waits.until is not None
    assert waits.reason.detail == first
    again = await world.run(given={"attempt": 2, "checkpoint": waits.checkpoint})
    assert isinstance(again, Deferred)
    assert again.until is not None
    assert again.until > waits.until, "it looks again less and less often"

    await world.services.change(from_public(first, IdKind.EXECUTION), ExecutionStatus.CANCELLED)
    second = child_of(await world.run(given={"attempt": 2, "checkpoint": waits.checkpoint}))
    assert (await world.child(second)).retried_from_id == from_public(first, IdKind.EXECUTION)
    assert child_of(await world.run(given={"attempt": 2})) == second


async def test_another_attempt_takes_what_the_child_has_given_after_all(world: World) -> None:
    first = child_of(await world.run())
    await world.services.change(from_public(first, IdKind.EXECUTION), ExecutionStatus.COMPLETED, output=OUTPUT)

    outcome = await world.run(given={"attempt": 2})

    assert outcome == Succeeded(output={"executionId": first, "status": "COMPLETED", "output": OUTPUT})


async def test_a_child_that_completes_gives_its_output(world: World) -> None:
    told: JsonValue = {"executionId": CHILD, "status": "COMPLETED", "output": OUTPUT, "error": None}
    outcome = await world.run(given={"checkpoint": {"child": CHILD}, "received": {"payload": told}})

    assert outcome == Succeeded(output={"executionId": CHILD, "status": "COMPLETED", "output": OUTPUT})


@pytest.mark.parametrize(
    ("status", "error", "message"),
    [
        ("FAILED", FAILURE.to_json(), f"The execution {CHILD} ended as FAILED: The service said 503."),
        ("TIMED_OUT", None, f"The execution {CHILD} ended as TIMED_OUT."),
        ("CANCELLED", None, f"The execution {CHILD} ended as CANCELLED."),
    ],
)
async def test_a_child_that_ends_otherwise_fails_the_step(
    world: World, status: str, error: JsonValue, message: str
) -> None:
    told: JsonValue = {"executionId": CHILD, "status": status, "output": None, "error": error}
    outcome = await world.run(given={"checkpoint": {"child": CHILD}, "received": {"payload": told}})

    assert isinstance(outcome, Failed)
    assert outcome.error.code is FailureCode.STEP_FAILED
    assert not outcome.error.is_retryable
    assert outcome.error.message == message
    assert outcome.error.details == {"executionId": CHILD, "status": status, "error": error}


async def test_the_end_of_an_earlier_attempts_child_is_not_taken_for_that_of_the_newest(world: World) -> None:
    id = child_of(await world.run(given={"attempt": 2}))
    told: JsonValue = {"executionId": CHILD, "status": "FAILED", "output": None, "error": None}

    outcome = await world.run(given={"attempt": 2, "checkpoint": {"child": id}, "received": {"payload": told}})

    assert child_of(outcome) == id


async def test_a_child_that_has_ended_meanwhile_is_not_waited_for(world: World) -> None:
    id = child_of(await world.run())
    await world.services.change(from_public(id, IdKind.EXECUTION), ExecutionStatus.COMPLETED, output=OUTPUT)

    outcome = await world.run(given={"checkpoint": {"child": id}})

    assert outcome == Succeeded(output={"executionId": id, "status": "COMPLETED", "output": OUTPUT})


async def test_a_child_that_has_failed_meanwhile_fails_the_step(world: World) -> None:
    id = child_of(await world.run())
    await world.services.change(from_public(id, IdKind.EXECUTION), ExecutionStatus.FAILED)

    outcome = await world.run()

    assert isinstance(outcome, Failed)
    assert outcome.error.details == {"executionId": id, "status": "FAILED", "error": FAILURE.to_json()}


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"workflow": "nobody"}, "The workflow 'nobody' cannot be started: There is no workflow 'nobody'."),
        ({"version": 9}, "The workflow 'orders' cannot be started: There is no "),
        ({"input": "x" * 10_000}, "The workflow 'orders' cannot be started: input: "),
    ],
)
async def test_a_child_that_cannot_be_started_is_an_invalid_request(
    world: World, config: dict[str, Any], reason: str
) -> None:
    outcome = await world.run(**config)

    assert isinstance(outcome, Failed)
    assert outcome.error.code is FailureCode.INVALID_REQUEST
    assert not outcome.error.is_retryable
    assert outcome.error.message.startswith(reason)


async def test_an_input_that_the_child_refuses_is_told_in_detail(world: World) -> None:
    schema = {"type": "object", "required": ["sku"]}
    await world.services.store_workflow(name="strict", inputSchema=schema)

    outcome = await world.run(workflow="strict")

    assert isinstance(outcome, Failed)
    assert outcome.error.details == {"problems": [{"path": ["input"], "message": '"sku" is a required property.'}]}


async def test_nesting_has_an_end(world: World) -> None:
    for _ in range(9):
        world.parent = from_public(child_of(await world.run()), IdKind.EXECUTION)
    assert isinstance(await world.run(), Deferred)
    world.parent = from_public(child_of(await world.run()), IdKind.EXECUTION)

    outcome = await world.run()

    assert isinstance(outcome, Failed)
    assert outcome.error.code is FailureCode.LIMIT_EXCEEDED
    assert "at most 10 executions" in outcome.error.message


class Restarting:
    """Starts children, but the connection breaks: so often before a start is stored, and so often after."""

    def __init__(self, children: ChildStarter, *, before: int = 0, after: int = 0) -> None:
        self._children = children
        self._before, self._after = before, after

    async def start(self, request: ChildRequest) -> ExecutionRecord:
        if self._before:
            self._before -= 1
            raise Unavailable("PostgreSQL cannot be reached.")
        record = await self._children.start(request)
        if self._after:
            self._after -= 1
            raise Unavailable("The connection broke before the answer came.")
        return record


@pytest.mark.parametrize("outage", [{"before": 2}, {"after": 2}, {"before": 1, "after": 1}], ids=str)
async def test_a_database_that_is_away_delays_the_start_of_a_child_and_uses_up_no_attempt(
    world: World, outage: dict[str, int]
) -> None:
    world.executor = SubWorkflowExecutor(cast("ChildStarter", Restarting(world.services.children, **outage)))

    outcome = await world.run()

    id = child_of(outcome)
    assert (await world.child(id)).parent_id == world.parent
    children = [row for row in world.services.storage.tables.executions.values() if row.parent_id == world.parent]
    assert len(children) == 1
