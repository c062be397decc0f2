"""A retry keeps what was done, in children too: nothing completed is called again, what is unknown keeps its key."""

import random
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from domain.kernel.failures import FailureCode
from domain.kernel.statuses import ExecutionStatus, StepStatus
from tests.builders import http, step
from tests.unit.domain.executions.family import Family, Goes, Made

COMPLETED, FAILED = ExecutionStatus.COMPLETED, ExecutionStatus.FAILED
UNKNOWN = (Goes.OUT_OF_TIME, Goes.WORKER_DIES, Goes.CANCELLED)
NAMES = ("root", "middle", "leaf")


def sub(id: str = "sub", workflow: str = "child", **members: Any) -> dict[str, Any]:
    return step(id, "SUB_WORKFLOW", {"workflow": workflow, "input": "{{ input }}"}, **members)


async def family(script: dict[str, list[Goes]], *child: dict[str, Any]) -> Family:
    """A parent whose step `sub` starts a child."""
    made = Family(script=script)
    await made.store("child", child or [http("charge"), http("ship")])
    await made.store("parent", [http("before"), sub(), http("after")])
    return made


async def test_a_retry_goes_into_the_child_that_failed() -> None:
    made = await family({"sub/ship": [Goes.REFUSED]})
    failed = await made.start("parent")
    assert failed.status is FAILED

    retry = await made.retry(failed.id)

    assert made.names() == ["before", "sub/charge", "sub/ship", "sub/ship", "after"]
    assert retry.status is COMPLETED
    assert (await made.child(retry.id)).retried_from_id == (await made.child(failed.id)).id


@pytest.mark.parametrize("goes", [Goes.OUT_OF_TIME, Goes.CANCELLED])
async def test_a_call_whose_fate_is_unknown_keeps_its_key_and_one_that_was_answered_does_not(goes: Goes) -> None:
    made = await family({"sub/ship": [goes, Goes.REFUSED]})
    failed = await made.start("parent")
    again = await made.retry(failed.id)
    last = await made.retry(again.id)

    assert last.status is COMPLETED
    first, second, third = [call.key for call in made.calls if call.name == "sub/ship"]
    assert first == second
    assert second != third


async def test_a_child_that_was_retried_alone_lets_its_parent_go_on() -> None:
    made = await family({"sub/ship": [Goes.REFUSED]})
    failed = await made.start("parent")
    alone = await made.retry((await made.child(failed.id)).id)
    made.calls.clear()

    retry = await made.retry(failed.id)

    assert made.names() == ["after"]
    assert retry.status is COMPLETED
    assert alone.status is COMPLETED
    assert [row.parent_id for row in made.world.storage.tables.executions.values()].count(retry.id) == 0


async def test_a_child_that_still_runs_is_waited_for() -> None:
    """Whoever retries while a child has not ended yet does not start it a second time."""
    made = await family({"sub/ship": [Goes.REFUSED]})
    failed = await made.start("parent")
    alone = await made.retries.retry((await made.child(failed.id)).id)
    made.calls.clear()

    retry = await made.retry(failed.id)

    assert sorted(made.names()) == ["after", "sub/ship"] or sorted(made.names()) == ["after", "ship"]
    assert retry.status is COMPLETED
    assert (await made.world.record(alone.id)).status is COMPLETED


async def test_a_child_that_was_deleted_is_not_begun_anew() -> None:
    made = await family({"sub/ship": [Goes.REFUSED]})
    failed = await made.start("parent")
    await made.control.delete((await made.child(failed.id)).id)
    made.calls.clear()

    retry = await made.retry(failed.id)

    assert made.names() == []
    assert retry.error is not None
    assert "fromStep" in retry.error.message
    again = await made.retry(retry.id, from_step="sub")
    assert again.status is COMPLETED
    assert made.names() == ["sub/charge", "sub/ship", "after"]


async def test_from_step_begins_a_child_from_its_first_step() -> None:
    made = await family({"sub/ship": [Goes.REFUSED]})
    failed = await made.start("parent")
    made.calls.clear()

    await made.retry(failed.id, from_step="sub")

    assert made.names() == ["sub/charge", "sub/ship", "after"]


async def test_an_attempt_that_ran_out_of_time_is_followed_by_one_that_goes_on_with_its_child() -> None:
    retry = {"maxAttempts": 2, "delay": "PT1S", "jitter": "NONE"}
    made = Family()
    await made.store("child", [http("charge"), step("wait", "WAIT", {"duration": "PT10S"}), http("ship")])
    await made.store("parent", [sub(timeout="PT8S", retry=retry)])

    ended = await made.start("parent")

    assert made.names() == ["sub/charge", "sub/ship"] or made.names() == ["sub/charge"], made.names()
    assert made.names().count("sub/charge") == 1
    assert ended.status.is_terminal


async def test_with_the_newest_version_children_go_on_with_the_newest_version_of_theirs() -> None:
    made = await family({"sub/ship": [Goes.REFUSED]})
    failed = await made.start("parent", {"n": 1})
    await made.store("child", [http("charge"), http("ship"), http("tell")])
    made.calls.clear()

    retry = await made.retry(failed.id, latest_version=True)

    assert made.names() == ["sub/ship", "sub/tell", "after"]
    assert (await made.child(retry.id)).workflow_version == 2


async def test_with_a_version_that_asks_for_something_else_there_is_another_child() -> None:
    made = await family({"sub/ship": [Goes.REFUSED]})
    failed = await made.start("parent", {"n": 1})
    await made.store("parent", [http("before"), step("sub", "SUB_WORKFLOW", {"workflow": "child", "input": 2})])
    made.calls.clear()

    await made.retry(failed.id, latest_version=True)

    assert made.names() == ["sub/charge", "sub/ship"]


async def test_a_handler_that_has_acted_goes_on_and_the_step_is_not_tried_again() -> None:
    """A compensation stands: a step that succeeded after all would contradict it."""
    made = Family(script={"pay": [Goes.REFUSED], "pay.onError.sub/tell": [Goes.REFUSED]})
    await made.store("child", [http("refund"), http("tell")])
    await made.store("parent", [http("pay", members={"onError": {"steps": [http("cancel"), sub()]}}), http("after")])
    failed = await made.start("parent")

    retry = await made.retry(failed.id)

    handler = ["pay.onError.cancel", "pay.onError.sub/refund", "pay.onError.sub/tell"]
    assert made.names() == ["pay", *handler, "pay.onError.sub/tell", "after"]
    assert retry.status is COMPLETED


class Author:
    """Writes workflows that start each other, out of calls, loops, branches, choices and handlers."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw: Any = draw
        self.ids = 0

    def block(self, level: int, depth: int) -> list[dict[str, Any]]:
        return [self.step(level, depth) for _ in range(self.draw(st.integers(1, 2)))]

    def step(self, level: int, depth: int) -> dict[str, Any]:
        self.ids += 1
        id = f"s{self.ids}"
        kinds = ["call", "call"] + (["loop", "fan", "if"] if depth else []) + (["sub", "sub"] if level < 2 else [])
        kind: str = self.draw(st.sampled_from(kinds))
        match kind:
            case "loop":
                config: dict[str, Any] = {"items": "[1, 2]", "as": f"item{id}", "steps": self.block(level, depth - 1)}
                config["maxConcurrency"] = self.draw(st.integers(1, 2))
                return step(id, "FOR_EACH", config)
            case "fan":
                branches = [{"name": name, "steps": self.block(level, depth - 1)} for name in "ab"]
                return step(id, "PARALLEL", {"branches": branches})
            case "if":
                return step(id, "CONDITIONAL", {"if": "true", "then": self.block(level, depth - 1)})
            case "sub":
                built = sub(id, NAMES[level + 1])
            case _:
                built = http(id)
        if depth and self.draw(st.integers(0, 3)) == 3:
            built["onError"] = {"steps": self.block(level, depth - 1)}
        return built


@st.composite
def workflows(draw: st.DrawFn) -> list[list[dict[str, Any]]]:
    author = Author(draw)
    return [author.block(level, 2) for level in range(3)]


@settings(max_examples=60, deadline=None, phases=[Phase.reuse, Phase.generate])
@given(written=workflows(), seed=st.integers(0, 2**32))
async def test_whatever_goes_wrong_nothing_that_completed_is_called_again(
    written: list[list[dict[str, Any]]], seed: int
) -> None:
    def goes(name: str) -> list[Goes]:
        chance = random.Random(f"{seed} {name}")
        return chance.choices([Goes.WELL, Goes.WELL, Goes.REFUSED, *UNKNOWN], k=chance.randrange(4))

    made = Family(unscripted=goes)
    for name, steps in reversed(list(zip(NAMES, written, strict=True))):
        await made.store(name, steps)
    chance = random.Random(seed)
    execution = await made.start("root")
    while execution.status is not COMPLETED:
        if chance.randrange(4) == 0:
            await retry_a_child_alone(made, chance)
        execution = await made.retry(execution.id)
        assert len(made.calls) < 5_000, "everything goes well in the end"
    check_calls(made)


async def retry_a_child_alone(made: Family, chance: random.Random) -> None:
    rows = made.world.storage.tables.executions.values()
    retried = {row.retried_from_id for row in rows}
    ended = [row for row in rows if row.parent_id and row.status is not COMPLETED and row.id not in retried]
    if ended:
        await made.retry(chance.choice(ended).id)


def check_calls(made: Family) -> None:
    """Check the history of calls. A worker that dies takes answers with it that were not stored."""
    last: dict[str, Made] = {}
    for call in made.calls:
        before = last.get(call.name)
        last[call.name] = call
        if before is None:
            continue
        row = call.before
        assert row is None or row.status is not StepStatus.COMPLETED, f"{call.name} was called again"
        was_refused = row is not None and row.error is not None and row.error.code is FailureCode.HTTP_STATUS
        if was_refused:
            assert before.goes is Goes.REFUSED
            assert call.key != before.key, f"{call.name} was refused under this key"
        else:
            assert call.key == before.key, f"nobody knows what became of {call.name}"


async def test_a_workflow_that_starts_itself_ends_when_its_family_is_full() -> None:
    """However it branches: what comes from one execution is counted as a whole, retries of children included."""
    made = Family(most=30)
    await made.store("bomb", [step("leaf", "DATA_TRANSFORM", {"output": 1})])
    await made.store("bomb", [sub(f"s{each}", "bomb", dependsOn=[]) for each in range(3)])

    ended = await made.start("bomb")

    rows = made.world.storage.tables.executions
    assert len(rows) == 30
    assert ended.status is FAILED
    errors = [each.state.error for id in rows for each in made.world.steps(id).values()]
    assert FailureCode.LIMIT_EXCEEDED in {error.code for error in errors if error is not None}
