"""`exportExecution`: an execution as one document, masked, and no larger than was asked for."""

from dataclasses import replace
from typing import Any, cast

import pytest

from domain.engine.state import Attempt
from domain.executions.export.collecting import MOST_STEPS
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.ids import IdKind, new_id, to_public
from domain.kernel.json.text import dumps, loads
from domain.kernel.statuses import ExecutionStatus, StepStatus
from domain.webhooks.hook_tokens import HookAddresses
from tests.integration.graphql_api.api import NOON, Api, Hand, a_step
from tests.integration.graphql_api.real import Real

STEPS = [{"id": id, "type": "DATA_TRANSFORM", "config": {"output": 1}} for id in "abc"]
EXPORT = "query($id: ID!, $max: Int! = 8000000) { exportExecution(id: $id, maxBytes: $max) }"
LARGE = "é" * 100_000


async def exported(api: Api, id: str, **given: Any) -> Any:
    """An export, as it is sent."""
    data = await api.run(EXPORT, id=id, **given)
    return loads(dumps(data["exportExecution"]))


async def a_failed_one(api: Api, input: Any = None, output: Any = None) -> Hand:
    """An execution of which a completed and b failed."""
    await api.create_workflow(steps=STEPS)
    hand = await api.start(input=input, labels={"team": "x"})
    error = StepError(code=FailureCode.HTTP_STATUS, message="503", path="b", details={"status": 503})
    tried = Attempt(number=1, started_at=NOON, finished_at=NOON, error=error, status_code=503)
    failed = a_step("b", StepStatus.FAILED, error=error, attempts=(tried,))
    await hand.commit(a_step("a", output=output), failed, status=ExecutionStatus.FAILED, error=error)
    return hand


@pytest.mark.parametrize("value", [{"x": [1, 2**70]}, {"x": LARGE}], ids=["small", "large"])
async def test_an_export_has_all_that_is_known_of_an_execution(real: Real, value: Any) -> None:
    hand = await a_failed_one(real.api, input=value, output=value)

    found = await exported(real.api, hand.id)
    asked = (
        await real.api.run(
            """query($id: ID!) { execution(id: $id) {
              id workflow { id name document graph { nodes { path type name parent } edges { from to label } } }
              workflowVersion status priority idempotencyKey createdAt startedAt finishedAt duration sequence
              progress { total completed failed running percent } waitingFor { kind until detail } labels input output
              error { code message path details }
              steps { nodes { path stepId type status startedAt finishedAt duration sequence
                waitingFor { kind until detail } input output error { code message path details }
                attempts { number startedAt finishedAt statusCode error { code message path details } } } }
            } }""",
            id=hand.id,
        )
    )["execution"]
    asked = cast("dict[str, Any]", loads(dumps(asked)))

    assert (found["format"], found["version"]) == ("stepgraph.execution", 1)
    assert found["document"] == asked["workflow"].pop("document")
    assert found["graph"] == asked["workflow"].pop("graph")
    assert found["steps"] == asked.pop("steps")["nodes"]
    lineage = {"parent": None, "parentPath": None, "retriedFrom": None}
    assert found["execution"] == asked | lineage
    assert found["stepsLeftOut"] == 0


async def test_what_there_is_no_room_for_is_left_out_and_named(real: Real) -> None:
    hand = await a_failed_one(real.api, input={"x": LARGE}, output=LARGE)

    found = await exported(real.api, hand.id, max=20_000)

    execution, step = found["execution"], found["steps"][0]
    assert len(dumps(found).encode()) < 25_000
    assert (execution["input"], step["output"]) == (None, None)
    assert execution["leftOut"].keys() == {"input"}
    assert step["leftOut"].keys() == {"output"}
    assert execution["labels"] == {"team": "x"}


async def test_steps_beyond_the_room_are_counted(api: Api) -> None:
    await api.create_workflow(steps=STEPS)
    hand = await api.start()
    states = [replace(a_step("c"), path=f"c[{number}].x") for number in range(200)]
    await hand.commit(*states, status=ExecutionStatus.FAILED)

    found = await exported(api, hand.id, max=10_000)

    assert 0 < len(found["steps"]) < 200
    assert len(found["steps"]) + found["stepsLeftOut"] == 200 <= MOST_STEPS


async def test_steps_that_were_not_reached_are_there_as_long_as_they_may_be(api: Api) -> None:
    await api.create_workflow(steps=STEPS)
    hand = await api.start()
    await hand.commit(a_step("a"))
    found = await exported(api, hand.id)
    assert [(step["path"], step["status"]) for step in found["steps"]] == [
        ("a", "COMPLETED"),
        ("b", "PENDING"),
        ("c", "PENDING"),
    ]


@pytest.mark.parametrize("padding", ["", LARGE])
async def test_addresses_of_hooks_are_masked_for_everybody(real: Real, padding: str) -> None:
    key = await real.api.services.installation.key()
    address = HookAddresses(key, "http://localhost").of_signals(new_id(), "approve")
    hand = await a_failed_one(real.api, input=[address, padding], output={"a": address, "b": padding})

    text = dumps(await exported(real.api, hand.id))

    assert address not in text
    assert text.count("/hooks/***") == 2


async def test_an_export_of_nothing_is_null_and_a_size_has_its_bounds(api: Api) -> None:
    assert await exported(api, to_public(IdKind.EXECUTION, new_id())) is None
    result = await api.schema.execute(
        EXPORT, variable_values={"id": to_public(IdKind.EXECUTION, new_id()), "max": 1}, context_value=api.context()
    )
    [error] = result.errors or []
    assert (error.extensions or {})["code"] == "BAD_USER_INPUT"
