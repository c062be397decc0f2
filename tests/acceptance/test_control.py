"""Executions of real processes, controlled over GraphQL; and each step that does not run says why."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from stepgraph.cli.kit.client import ApiClient
from tests.acceptance.conftest import Deployment
from tests.acceptance.workflows import apply
from tests.builders import constant, http, step, transform, wait
from tests.waiting import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="session")

SHOW = """query ($id: ID!) { execution(id: $id) {
  id status output workflowVersion error { code } waitingFor { kind until detail } retriedFrom { id }
  parent { id } progress { total completed failed percent }
  steps(first: 500) { totalCount nodes { path status attempts { number } waitingFor { kind until detail } } } } }"""
ENDED = {"COMPLETED", "FAILED", "CANCELLED", "TIMED_OUT"}
FOREVER = {"signal": {"name": "never"}}


class Desk:
    """A client that starts workflows of its own and tells their executions what to do."""

    def __init__(self, client: ApiClient, service: str) -> None:
        self._client = client
        self.service = service

    async def define(self, *steps: dict[str, Any], **members: Any) -> str:
        """Store a workflow; returns its name."""
        name = members.pop("name", f"workflow {uuid4().hex}")
        await apply(self._client, {"name": name, "steps": list(steps), **members})
        return str(name)

    async def start(self, name: str, **input: Any) -> dict[str, Any]:
        return await self.ask(
            """mutation ($input: ExecuteWorkflowInput!) { executeWorkflow(input: $input) {
              __typename ... on WorkflowExecution { id status output } ... on Error { message } } }""",
            input={"workflowName": name, **input},
        )

    async def run(self, *steps: dict[str, Any], **members: Any) -> str:
        """Start a workflow of these steps; returns the execution's id."""
        return str((await self.start(await self.define(*steps, **members)))["id"])

    async def tell(self, operation: str, id: str, arguments: str = "") -> dict[str, Any]:
        """A mutation about one execution, such as `pauseExecution`."""
        return await self.ask(
            f"mutation ($id: ID!) {{ {operation}(id: $id{arguments}) {{ "
            "__typename ... on WorkflowExecution { id status } ... on Error { message code } } }",
            id=id,
        )

    async def ask(self, operation: str, **variables: Any) -> dict[str, Any]:
        (answer,) = (await self._client.execute(operation, **variables)).values()
        return dict(answer)

    async def show(self, id: str) -> dict[str, Any]:
        return dict((await self._client.execute(SHOW, id=id))["execution"])

    async def until(self, id: str, *statuses: str) -> dict[str, Any]:
        """The execution, once it has one of these statuses."""

        async def is_there() -> bool:
            return (await self.show(id))["status"] in statuses

        await wait_until(is_there, f"{id} is {' or '.join(statuses)}", timeout=30, interval=0.02)
        return await self.show(id)


@pytest_asyncio.fixture(loop_scope="session")
async def desk(shared_deployment: Deployment) -> AsyncIterator[Desk]:
    async with shared_deployment.client() as client:
        yield Desk(client, shared_deployment.service.url)


def statuses(execution: dict[str, Any]) -> dict[str, str]:
    return {each["path"]: each["status"] for each in execution["steps"]["nodes"]}


def reasons(execution: dict[str, Any]) -> dict[str, str]:
    """The reason for which each step waits, by its path, as `KIND detail`."""
    return {
        each["path"]: f"{each['waitingFor']['kind']} {each['waitingFor']['detail'] or ''}".strip()
        for each in execution["steps"]["nodes"]
        if each["waitingFor"]
    }


async def test_whatever_waits_says_for_what(desk: Desk) -> None:
    branches = [
        {"name": "one", "steps": [step("ask", "WAIT", FOREVER), constant("then")]},
        {"name": "two", "steps": [constant("later")]},
    ]
    id = await desk.run(
        constant("first"),
        step("fan", "PARALLEL", {"branches": branches, "maxConcurrency": 1}),
        wait("nap", after=["first"]),
        constant("last", after=["fan", "nap"]),
    )

    waiting = await desk.until(id, "WAITING")

    assert waiting["waitingFor"]["kind"] == "TIMER"  # the first thing that will happen
    assert statuses(waiting) == {
        "first": "COMPLETED",
        "fan": "RUNNING",
        "fan.one.ask": "WAITING",
        "fan.one.then": "PENDING",
        "fan.two.later": "PENDING",
        "nap": "WAITING",
        "last": "PENDING",
    }
    assert waiting["steps"]["totalCount"] == 7
    found = reasons(waiting)
    assert found.pop("nap").startswith("TIMER")
    assert found == {
        "fan.one.ask": "SIGNAL never",
        "fan.one.then": "DEPENDENCY after ask",
        "fan.two.later": "CONCURRENCY 1 at a time in fan",
        "last": "DEPENDENCY after fan, nap",
    }

    await desk.tell("pauseExecution", id)
    paused = await desk.until(id, "PAUSED")
    assert paused["waitingFor"]["kind"] == "PAUSED"
    await desk.tell("cancelExecution", id)
    assert (await desk.until(id, "CANCELLED"))["waitingFor"] is None


async def test_a_later_start_a_retry_and_a_child_say_so_too(desk: Desk) -> None:
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    child = await desk.define(step("ask", "WAIT", FOREVER))
    started = await desk.start(child, startAt=later)
    parent = await desk.run(step("bill", "SUB_WORKFLOW", {"workflow": child}))
    retrying = await desk.run(
        http("call", f"{desk.service}/status/503", retry={"delay": "PT1H", "jitter": "NONE", "maxDelay": None})
    )

    assert (await desk.show(started["id"]))["waitingFor"]["kind"] == "TIMER"
    waiting = await desk.until(parent, "WAITING")
    assert waiting["waitingFor"]["kind"] == "DEPENDENCY"
    child_id = waiting["steps"]["nodes"][0]["waitingFor"]["detail"]
    assert (await desk.show(child_id))["parent"] == {"id": parent}
    assert (await desk.until(retrying, "WAITING"))["waitingFor"]["kind"] == "RETRY"

    await desk.tell("cancelExecution", parent)
    await desk.until(child_id, "CANCELLED")
    for id in (retrying, started["id"]):
        await desk.tell("cancelExecution", id)
        await desk.until(id, "CANCELLED")


async def test_what_is_over_the_limit_waits_for_its_turn_by_priority(desk: Desk) -> None:
    name = await desk.define(step("ask", "WAIT", {"signal": {"name": "go"}}), maxConcurrentExecutions=1)
    first = (await desk.start(name))["id"]
    low = (await desk.start(name, priority=-1))["id"]
    high = (await desk.start(name, priority=1))["id"]

    await desk.until(first, "WAITING")
    for id in (low, high):
        queued = await desk.show(id)
        assert (queued["status"], queued["waitingFor"]["kind"]) == ("PENDING", "CONCURRENCY")
        assert reasons(queued) == {"ask": "CONCURRENCY"}
    for id in (first, high, low):
        await desk.until(id, "WAITING")
        await desk.tell("signalExecution", id, ', name: "go"')
        await desk.until(id, "COMPLETED")


async def test_a_signal_that_comes_before_its_step_is_kept(desk: Desk) -> None:
    gate, ask = step("gate", "WAIT", {"signal": {"name": "gate"}}), step("ask", "WAIT", {"signal": {"name": "answer"}})
    id = await desk.run(gate, ask, output="steps.ask.output.payload")
    await desk.until(id, "WAITING")
    await desk.tell("signalExecution", id, ', name: "answer", payload: {yes: true}')
    await desk.tell("signalExecution", id, ', name: "gate"')
    assert (await desk.until(id, *ENDED))["output"] == {"yes": True}


async def test_a_pause_stops_the_clock_of_the_deadline(desk: Desk) -> None:
    id = await desk.run(step("ask", "WAIT", {"signal": {"name": "go"}}), timeout="PT5S")
    await desk.until(id, "WAITING")
    await desk.tell("pauseExecution", id)
    await desk.until(id, "PAUSED")
    started = monotonic()
    await wait_until(lambda: monotonic() - started > 5.2, "the timeout would be over", timeout=60)
    await desk.tell("resumeExecution", id)
    assert (await desk.until(id, "WAITING", *ENDED))["status"] == "WAITING"
    assert (await desk.until(id, *ENDED))["status"] == "TIMED_OUT"


async def test_waiting_for_a_slow_execution_answers_within_the_time(desk: Desk) -> None:
    slow = await desk.define(http("call", f"{desk.service}/delay/30000"))
    quick = await desk.define(http("call", f"{desk.service}/delay/300"))
    started = monotonic()
    answer = await desk.start(slow, waitFor="PT0.5S")
    took = monotonic() - started
    assert (answer["status"] in ("PENDING", "RUNNING"), 0.5 <= took < 25) == (True, True)  # the call takes 30 s
    assert (await desk.start(quick, waitFor="PT20S"))["status"] == "COMPLETED"
    await desk.tell("cancelExecution", answer["id"])


async def test_a_retry_goes_on_with_the_items_that_were_not_done(desk: Desk) -> None:
    calls = [http("get", "{{ input.url }}/stock/{{ item }}"), transform("check", "item < input.most or $error('no')")]
    loop = step("loop", "FOR_EACH", {"items": "[1, 2, 3, 4]", "steps": calls, "maxConcurrency": 1})
    name = await desk.define(loop)
    id = (await desk.start(name, input={"url": desk.service, "most": 3}))["id"]
    failed = await desk.until(id, "FAILED")
    assert statuses(failed)["loop[2].get"] == "COMPLETED"

    better = [*calls[:1], transform("check", "item")]
    await desk.define(step("loop", "FOR_EACH", {**loop["config"], "steps": better}), name=name)
    same = await desk.ask("mutation ($id: ID!) { retryExecution(id: $id) { ... on WorkflowExecution { id } } }", id=id)
    newest = await desk.ask(
        """mutation ($id: ID!) { retryExecution(id: $id, input: {latestVersion: true, fromStep: "loop[1].check"}) {
          ... on WorkflowExecution { id } ... on ValidationError { problems { message } } } }""",
        id=id,
    )

    again, done = await desk.until(same["id"], *ENDED), await desk.until(newest["id"], *ENDED)
    assert (again["status"], again["retriedFrom"], again["workflowVersion"]) == ("FAILED", {"id": id}, 1)
    assert (done["status"], done["workflowVersion"], done["progress"]["percent"]) == ("COMPLETED", 2, 100)
    assert done["output"]["results"] == [True, 2, 3, 4]  # the first item was done already


async def test_a_long_loop_goes_on_in_batches_without_doing_an_item_twice(
    desk: Desk, shared_deployment: Deployment
) -> None:
    run, items, at_a_time = uuid4().hex, 900, 10
    url = f"{desk.service}/flaky/{run}-{{{{ item }}}}?failures={{{{ item % 300 = 299 ? 1 : 0 }}}}"
    each = {"items": f"[0..{items - 1}]", "steps": [http("call", url)], "maxConcurrency": at_a_time}
    id = await desk.run(step("loop", "FOR_EACH", each))
    runs = 1
    while (ended := await desk.until(id, *ENDED))["status"] == "FAILED":
        id = (await desk.tell("retryExecution", id))["id"]
        runs += 1

    assert ended["status"] == "COMPLETED", ended
    assert 2 <= runs <= 4
    assert ended["progress"] == {"total": items + 1, "completed": items + 1, "failed": 0, "percent": 100}
    calls = [shared_deployment.service.attempts[f"flaky {run}-{item}"] for item in range(items)]
    assert all(calls)
    assert sum(calls) <= items + (runs - 1) * at_a_time  # once more only what was in flight when it failed


async def test_a_hundred_identical_starts_over_many_connections_are_one_execution(
    desk: Desk, shared_deployment: Deployment
) -> None:
    name = await desk.define(constant("a"))

    async def start() -> str:
        async with shared_deployment.client() as client:
            return str((await Desk(client, desk.service).start(name, idempotencyKey="once"))["id"])

    assert len(set(await asyncio.gather(*(start() for _ in range(100))))) == 1
