"""Live views: the present first, then every change, none lost, none twice, in order, until the end."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from domain.kernel.statuses import ExecutionStatus, StepStatus, StepType
from graphql_api.context import ApiOptions
from tests.integration.graphql_api.api import Api, Hand, a_step
from tests.waiting import wait_until

PROGRESS = """
subscription($id: ID!, $after: Int) {
  executionProgress(id: $id, afterSequence: $after) {
    kind sequence execution { id status output input progress { total completed percent } } steps { path status }
  }
}
"""
UPDATES = """
subscription($filter: ExecutionFilter) { executionUpdates(filter: $filter) { id status input workflow { name } } }
"""


async def started(api: Api, **input: Any) -> Hand:
    await api.create_workflow("orders")
    return await api.start("orders", **input)


CALL = {"id": "call", "type": "DATA_TRANSFORM", "config": {"output": 1}}
_SHOWN = "path status attempts { number } waitingFor { kind detail }"
STEPS = f"subscription($id: ID!) {{ executionProgress(id: $id) {{ steps {{ {_SHOWN} }} }} }}"
LISTED = f"query($id: ID!) {{ execution(id: $id) {{ steps {{ nodes {{ {_SHOWN} }} }} }} }}"


def summary(event: dict[str, Any]) -> tuple[str, int, list[str]]:
    update = event["executionProgress"]
    return update["kind"], update["sequence"], [step["path"] for step in update["steps"]]


def upcoming(events: AsyncGenerator[dict[str, Any], None]) -> asyncio.Task[dict[str, Any]]:
    """The next event, asked for now: the subscription starts to listen."""

    async def get() -> dict[str, Any]:
        return await anext(events)

    return asyncio.create_task(get())


async def test_it_begins_with_a_snapshot_and_ends_with_the_execution(api: Api) -> None:
    hand = await started(api, input={"n": 1})
    await hand.commit(a_step("a"))
    events = api.subscribe(PROGRESS, id=hand.id)

    first = await anext(events)
    await hand.commit(a_step("b", StepStatus.RUNNING))
    await hand.commit(a_step("b"), a_step("c"))
    await hand.finish({"all": "done"})
    rest = [event async for event in events]

    assert summary(first) == ("SNAPSHOT", 1, ["a"])
    assert [summary(event) for event in rest] == [("DELTA", 2, ["b"]), ("DELTA", 3, ["b", "c"]), ("DELTA", 4, [])]
    last = rest[-1]["executionProgress"]["execution"]
    assert last["status"] == "COMPLETED"
    assert last["output"] == {"all": "done"}
    assert last["input"] == {"n": 1}
    assert last["progress"]["percent"] == 100.0


async def test_a_snapshot_has_the_steps_that_were_not_reached_in_the_order_of_the_document(api: Api) -> None:
    steps: list[dict[str, Any]] = [
        {"id": "a", "type": "DATA_TRANSFORM", "config": {"output": 1}},
        {"id": "fan", "type": "PARALLEL", "dependsOn": [], "config": {"branches": [{"name": "x", "steps": [CALL]}]}},
        {"id": "loop", "type": "FOR_EACH", "config": {"items": "input", "steps": [CALL]}},
        {"id": "z", "type": "DATA_TRANSFORM", "config": {"output": 1}},
    ]
    await api.create_workflow("orders", steps=steps)
    hand = await api.start("orders", input=[1, 2])
    events = api.subscribe(STEPS, id=hand.id)

    [first] = [await anext(events)]
    shown = (await api.run(LISTED, id=hand.id))["execution"]["steps"]["nodes"]
    await events.aclose()

    snapshot = first["executionProgress"]["steps"]
    assert [step["path"] for step in snapshot] == ["a", "fan", "loop", "z"]
    assert {step["status"] for step in snapshot} == {"PENDING"}
    assert all(step["attempts"] == [] for step in snapshot)
    assert snapshot == shown


async def test_what_is_inside_an_open_container_is_in_a_snapshot_and_items_that_have_not_begun_are_not(
    api: Api,
) -> None:
    branches = [{"name": name, "steps": [CALL]} for name in ("x", "y")]
    steps: list[dict[str, Any]] = [
        {"id": "fan", "type": "PARALLEL", "config": {"branches": branches}},
        {"id": "loop", "type": "FOR_EACH", "dependsOn": [], "config": {"items": "input", "steps": [CALL]}},
    ]
    await api.create_workflow("orders", steps=steps)
    hand = await api.start("orders", input=list(range(1_000)))
    await hand.commit(
        a_step("fan", StepStatus.RUNNING, type=StepType.PARALLEL, checkpoint={}),
        a_step("fan.x.call"),
        a_step("loop", StepStatus.RUNNING, type=StepType.FOR_EACH, checkpoint={"items": list(range(1_000))}),
        a_step("loop[0].call", StepStatus.RUNNING),
    )

    events = api.subscribe(STEPS, id=hand.id)
    snapshot = (await anext(events))["executionProgress"]["steps"]
    await events.aclose()

    assert {step["path"]: step["status"] for step in snapshot} == {
        "fan": "RUNNING",
        "fan.x.call": "COMPLETED",
        "fan.y.call": "PENDING",
        "loop": "RUNNING",
        "loop[0].call": "RUNNING",
    }


async def test_of_an_execution_that_has_ended_there_is_only_the_snapshot(api: Api) -> None:
    hand = await started(api)
    await hand.commit(a_step("a"))
    await hand.finish()

    events = [event async for event in api.subscribe(PROGRESS, id=hand.id)]

    assert [summary(event) for event in events] == [("SNAPSHOT", 2, ["a"])]


async def test_it_resumes_after_a_sequence_with_what_was_missed(api: Api) -> None:
    hand = await started(api)
    await hand.commit(a_step("a"))
    await hand.commit(a_step("b"))
    await hand.commit(a_step("c"))
    events = api.subscribe(PROGRESS, id=hand.id, after=1)

    missed = await anext(events)
    await hand.finish()
    rest = [event async for event in events]

    assert summary(missed) == ("DELTA", 3, ["b", "c"])
    assert [summary(event) for event in rest] == [("DELTA", 4, [])]


async def test_resuming_at_the_present_waits_for_the_next_change(api: Api) -> None:
    hand = await started(api)
    await hand.commit(a_step("a"))
    events = api.subscribe(PROGRESS, id=hand.id, after=1)

    following = upcoming(events)
    await wait_until(lambda: api.storage.feed.listening > 0, "the subscription listens")
    await hand.commit(a_step("b"))

    assert summary(await following) == ("DELTA", 2, ["b"])
    await events.aclose()


async def test_resuming_at_the_end_ends_at_once(api: Api) -> None:
    hand = await started(api)
    await hand.finish()

    assert [event async for event in api.subscribe(PROGRESS, id=hand.id, after=1)] == []


async def test_a_sequence_that_was_never_reached_is_answered_with_a_snapshot(api: Api) -> None:
    hand = await started(api)
    await hand.commit(a_step("a"))
    events = api.subscribe(PROGRESS, id=hand.id, after=1_000)

    assert summary(await anext(events)) == ("SNAPSHOT", 1, ["a"])
    await events.aclose()


async def test_changes_that_were_never_heard_are_read_from_the_store(api: Api) -> None:
    hand = await started(api)
    events = api.subscribe(PROGRESS, id=hand.id)
    assert summary(await anext(events)) == ("SNAPSHOT", 0, ["a"])

    api.storage.feed.is_lossy = True
    await hand.commit(a_step("a"))
    await hand.commit(a_step("b"))
    api.storage.feed.is_lossy = False
    await hand.commit(a_step("c"))
    after_a_gap = await anext(events)
    api.storage.feed.is_lossy = True
    await hand.finish()
    api.storage.feed.wake()
    rest = [event async for event in events]

    assert summary(after_a_gap)[:2] == ("DELTA", 3)
    assert sorted(summary(after_a_gap)[2]) == ["a", "b", "c"]
    assert [summary(event) for event in rest] == [("DELTA", 4, [])]


async def test_a_wake_up_without_news_shows_nothing(api: Api) -> None:
    hand = await started(api)
    events = api.subscribe(PROGRESS, id=hand.id)
    await anext(events)

    api.storage.feed.wake()
    following = upcoming(events)
    await hand.commit(a_step("a"))

    assert summary(await following) == ("DELTA", 1, ["a"])
    await events.aclose()


async def test_a_slow_reader_gets_merged_deltas_and_loses_nothing(api: Api) -> None:
    hand = await started(api)
    hand.total = 1_000
    events = api.subscribe(PROGRESS, id=hand.id)
    await anext(events)

    for _ in range(20):
        for path in "abcdefghij":
            await hand.commit(a_step(path))
    await hand.finish()
    received = [summary(event) async for event in events]

    assert len(received) < 100
    assert received[-1][1] == 201
    assert [sequence for _, sequence, _ in received] == sorted({sequence for _, sequence, _ in received})
    assert {path for _, _, paths in received for path in paths} == set("abcdefghij")


async def test_what_was_shown_is_not_shown_again_when_it_comes_merged(api: Api) -> None:
    hand = await started(api)
    await hand.commit(a_step("a"))
    events = api.subscribe(PROGRESS, id=hand.id)
    assert summary(await anext(events)) == ("SNAPSHOT", 1, ["a"])

    api.storage.feed.is_lossy = True
    await hand.commit(a_step("b"))
    api.storage.feed.is_lossy = False
    merged = await api.storage.queries.changes_since(hand.execution_id, 0)
    assert merged is not None
    assert [step.state.path for step in merged.steps or ()] == ["a", "b"]
    api.storage.feed.publish([merged])

    assert summary(await anext(events)) == ("DELTA", 2, ["b"])
    await events.aclose()


async def test_every_event_may_read_as_much_as_an_operation() -> None:
    api = Api(options=ApiOptions(max_rows=100))
    hand = await started(api)
    query = """subscription($id: ID!) { executionProgress(id: $id)
      { sequence execution { steps(first: 100) { nodes { path } } } } }"""
    events = api.subscribe(query, id=hand.id)

    for path in "abc":
        await anext(events)
        await hand.commit(a_step(path))

    last = await anext(events)
    assert [step["path"] for step in last["executionProgress"]["execution"]["steps"]["nodes"]] == ["a", "b", "c"]
    await events.aclose()


async def test_a_subscription_that_is_left_stops_listening(api: Api) -> None:
    hand = await started(api)
    events = api.subscribe(PROGRESS, id=hand.id)
    await anext(events)
    assert api.storage.feed.listening > 0

    await events.aclose()

    assert api.storage.feed.listening == 0


async def first_errors(api: Api, **variables: Any) -> list[dict[str, Any]]:
    stream: Any = await api.schema.stream(PROGRESS, variable_values=variables, context_value=api.context())
    results = [result async for result in stream]
    assert len(results) == 1
    assert type(results[0]).__name__ == "PreExecutionError"  # an `error` message, not a first event
    return [dict(error.formatted) for error in results[0].errors]


async def test_an_unknown_execution_is_an_error_before_the_first_event(api: Api) -> None:
    [error] = await first_errors(api, id="ex_01h455vb4pex5vsknk084sn02q")

    assert error["extensions"]["code"] == "NOT_FOUND"
    assert error["path"] == ["executionProgress"]


@pytest.mark.parametrize(
    "variables",
    [
        {"id": "nonsense"},
        {"id": "ex_01h455vb4pex5vsknk084sn02q", "after": -1},
        {"id": None},
        {"id": "x", "after": 2**40},
    ],
)
async def test_malformed_arguments_are_an_error_before_the_first_event(api: Api, variables: dict[str, Any]) -> None:
    [error] = await first_errors(api, **variables)

    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_updates_show_every_new_status_of_what_matches(api: Api) -> None:
    await api.create_workflow("returns")
    wanted = api.subscribe(UPDATES, filter={"workflowName": "orders", "labels": {"team": "x"}})
    ended_only = api.subscribe(UPDATES, filter={"status": ["COMPLETED"]})
    first_wanted = upcoming(wanted)
    first_ended = upcoming(ended_only)
    await wait_until(lambda: api.storage.feed.listening == 2, "both listen")

    other = await api.start("returns", labels={"team": "x"})
    unlabelled = await started(api)
    hand = await api.start("orders", labels={"team": "x", "n": 1}, input=[7])
    for each in (other, unlabelled, hand):
        await each.commit(a_step("a"))
    await hand.commit(a_step("b"))
    await hand.finish()

    seen = [await first_wanted, await anext(wanted), await anext(wanted)]
    assert [(event["executionUpdates"]["id"], event["executionUpdates"]["status"]) for event in seen] == [
        (hand.id, "PENDING"),
        (hand.id, "RUNNING"),
        (hand.id, "COMPLETED"),
    ]
    assert seen[0]["executionUpdates"]["input"] == [7]
    assert seen[0]["executionUpdates"]["workflow"] == {"name": "orders"}
    assert (await first_ended)["executionUpdates"]["id"] == hand.id
    for events in (wanted, ended_only):
        await events.aclose()
    assert api.storage.feed.listening == 0


async def test_many_updates_at_once_ask_the_store_together(api: Api) -> None:
    await api.create_workflow("orders")
    asked: list[int] = []
    get_many = api.storage.queries.get_many

    async def counted(ids: Any, *, lean: bool) -> Any:
        asked.append(len(ids))
        return await get_many(ids, lean=lean)

    api.storage.queries.get_many = counted  # type: ignore[method-assign, assignment]
    context = api.context()
    streams: list[Any] = [await api.schema.stream(UPDATES, context_value=context) for _ in range(10)]
    firsts = [asyncio.create_task(anext(stream)) for stream in streams]
    await wait_until(lambda: api.storage.feed.listening == 10, "all listen")

    await api.start("orders")
    await asyncio.gather(*firsts)

    assert asked == [1]
    for stream in streams:
        await stream.aclose()


async def test_a_failed_execution_shows_its_error(api: Api) -> None:
    hand = await started(api)
    await hand.commit(a_step("a", StepStatus.FAILED), status=ExecutionStatus.FAILED)

    [event] = [event async for event in api.subscribe(PROGRESS, id=hand.id)]

    assert event["executionProgress"]["execution"]["status"] == "FAILED"
    assert event["executionProgress"]["steps"] == [{"path": "a", "status": "FAILED"}]
