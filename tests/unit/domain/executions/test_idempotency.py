"""Idempotency keys: what they give again, what they refuse, and whose they are."""

from typing import Any

import pytest

from domain.executions.records import ExecutionRecord
from domain.executions.service import ExecuteRequest, OrchestrateRequest
from domain.kernel.errors import Conflict, InvalidInput
from domain.kernel.statuses import ExecutionStatus
from tests.builders import a_document, constant
from tests.unit.domain.conftest import Services


def request(**members: Any) -> ExecuteRequest:
    return ExecuteRequest(**{"workflow_name": "orders", "idempotency_key": "k", "input": {"a": 1, "b": 2}} | members)


async def test_a_key_gives_the_newest_run_of_what_it_has_started(services: Services) -> None:
    await services.store_workflow()
    first = await services.executions.execute(request())
    await services.change(first.id, ExecutionStatus.FAILED)
    assert (await services.executions.execute(request())).id == first.id

    second = await services.retries.retry(first.id)
    assert (await services.executions.execute(request())).id == second.id
    await services.change(second.id, ExecutionStatus.CANCELLED)
    third = await services.retries.retry(second.id)
    [answer] = await services.executions.execute_many([request()])
    assert isinstance(answer, ExecutionRecord)
    assert answer.id == third.id


@pytest.mark.parametrize("input", [{"a": 1}, {"a": 1, "b": "2"}, {"a": True, "b": 2}, None, [{"a": 1, "b": 2}]])
async def test_another_input_under_the_same_key_is_a_conflict(services: Services, input: Any) -> None:
    await services.store_workflow()
    first = await services.executions.execute(request())
    with pytest.raises(Conflict, match=r"has started the execution ex_.* with another input"):
        await services.executions.execute(request(input=input))
    assert (await services.executions.execute(request(input={"b": 2, "a": 1}))).id == first.id


async def test_labels_and_priority_may_differ(services: Services) -> None:
    await services.store_workflow()
    first = await services.executions.execute(request())
    assert (await services.executions.execute(request(labels={"try": 2}, priority=5))).id == first.id


async def test_a_version_that_is_asked_for_has_to_be_the_one(services: Services) -> None:
    await services.store_workflow()
    first = await services.executions.execute(request())
    await services.workflows.apply(a_document(steps=[constant("a", 2)]))
    assert (await services.executions.execute(request())).id == first.id
    assert (await services.executions.execute(request(version=1))).id == first.id
    with pytest.raises(Conflict, match="with version 1 of the workflow"):
        await services.executions.execute(request(version=2))


async def test_of_two_in_one_request_the_second_finds_the_first_or_is_a_conflict(services: Services) -> None:
    await services.store_workflow()
    first, same, other, free = await services.executions.execute_many(
        [request(), request(), request(input=7), request(idempotency_key="l", input=7)]
    )
    assert isinstance(first, ExecutionRecord)
    assert isinstance(same, ExecutionRecord)
    assert first.id == same.id
    assert isinstance(other, Conflict)
    assert isinstance(free, ExecutionRecord)


async def test_other_steps_under_the_key_of_an_orchestration_are_a_conflict(services: Services) -> None:
    async def orchestrate(output: int, input: Any = None) -> ExecutionRecord:
        document = {"steps": [constant("a", output)]}
        return await services.executions.orchestrate(
            OrchestrateRequest(document=document, input=input, idempotency_key="k")
        )

    first = await orchestrate(1)
    assert (await orchestrate(1)).id == first.id
    with pytest.raises(Conflict, match="with other steps"):
        await orchestrate(2)
    with pytest.raises(Conflict, match="with another input"):
        await orchestrate(1, input=5)


@pytest.mark.parametrize("key", ["child:x", "schedule:sd_1:2026-01-01T00:00:00Z", "webhook:wh_1:7", "webhook:"])
async def test_nobody_takes_the_key_of_what_stepgraph_itself_starts(services: Services, key: str) -> None:
    await services.store_workflow()
    with pytest.raises(InvalidInput, match="idempotencyKey"):
        await services.executions.execute(request(idempotency_key=key))
    [answer] = await services.executions.execute_many([request(idempotency_key=key)])
    assert isinstance(answer, InvalidInput)
    with pytest.raises(InvalidInput, match="idempotencyKey"):
        await services.executions.orchestrate(OrchestrateRequest(document={"steps": [constant()]}, idempotency_key=key))


async def test_what_stepgraph_itself_starts_is_answered_as_it_was_started(services: Services) -> None:
    """A schedule that is changed between two tries of a tick has started it once, and that is that."""
    await services.store_workflow()
    tick = request(idempotency_key="schedule:1", is_own_key=True)
    first = await services.executions.execute(tick)
    again = request(idempotency_key="schedule:1", is_own_key=True, input=5)
    assert (await services.executions.execute(again)).id == first.id


def orders_with(default: int) -> dict[str, Any]:
    return {"inputSchema": {"type": "object", "properties": {"a": {"type": "integer", "default": default}}}}


@pytest.mark.parametrize("again", [{}, {"a": 1}])
async def test_an_input_is_compared_with_the_defaults_of_its_schema(services: Services, again: Any) -> None:
    await services.store_workflow(**orders_with(1))
    first = await services.executions.execute(request(input={}))
    assert first.input == {"a": 1}

    assert (await services.executions.execute(request(input=again))).id == first.id
    with pytest.raises(Conflict, match="with another input"):
        await services.executions.execute(request(input={"a": 2}))


async def test_the_defaults_are_those_of_the_version_that_was_started(services: Services) -> None:
    """A repeated request is recognised, whatever a newer version would make of it."""
    await services.store_workflow(**orders_with(1))
    first = await services.executions.execute(request(input={}))
    await services.workflows.apply(a_document(**orders_with(2)))

    assert (await services.executions.execute(request(input={}))).id == first.id
    assert (await services.executions.execute(request(input={"a": 1}))).id == first.id
    with pytest.raises(Conflict, match="with another input"):
        await services.executions.execute(request(input={"a": 2}))
