"""Live lists: resumed where they were, saying when something may be missing; and live counts by status."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from graphql_api.executions.recent_changes import RecentChanges
from tests.integration.graphql_api.api import Api, Hand, a_step
from tests.integration.graphql_api.real import Real
from tests.waiting import wait_until

UPDATES = """subscription($filter: ExecutionFilter, $after: String) {
  executionListUpdates(filter: $filter, after: $after) { kind cursor execution { id status output } }
}"""


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    api = Api()
    await api.create_workflow("orders")
    await api.create_workflow("returns")
    yield api
    await api.recent.close()


async def following(api: Api, **given: Any) -> tuple[Any, Any]:
    """A subscription, and its first event."""
    events = api.subscribe(UPDATES, **given)
    return events, (await anext(events))["executionListUpdates"]


async def told(events: Any) -> tuple[str, str, str]:
    """The execution, the status and the cursor of the next event, which is CHANGED."""
    event = (await anext(events))["executionListUpdates"]
    assert event["kind"] == "CHANGED"
    return event["execution"]["id"], event["execution"]["status"], event["cursor"]


async def a_run(api: Api, name: str = "orders") -> Hand:
    """An execution that has been started and has completed."""
    hand = await api.start(name)
    await hand.commit(a_step("a"))
    await hand.finish({"done": True})
    return hand


async def test_it_begins_with_a_cursor_and_tells_every_new_status(api: Api) -> None:
    events, first = await following(api, filter={"workflowName": "orders"})
    await a_run(api, "returns")
    hand = await a_run(api)

    seen = [await told(events) for _ in range(3)]
    await events.aclose()

    assert (first["kind"], first["execution"]) == ("STARTED", None)
    assert [(id, status) for id, status, _ in seen] == [
        (hand.id, "PENDING"),
        (hand.id, "RUNNING"),
        (hand.id, "COMPLETED"),
    ]
    assert len({first["cursor"], *(cursor for *_, cursor in seen)}) == 4


async def test_after_a_cursor_it_tells_what_happened_since(api: Api) -> None:
    events, first = await following(api)
    one = await a_run(api)
    *_, cursor = await told(events)
    await events.aclose()
    two = await a_run(api)

    resumed = api.subscribe(UPDATES, after=cursor)
    seen = [await told(resumed) for _ in range(5)]
    await resumed.aclose()
    anew = api.subscribe(UPDATES, after=first["cursor"], filter={"status": ["COMPLETED"]})
    ended = [await told(anew) for _ in range(2)]
    await anew.aclose()

    assert [(id, status) for id, status, _ in seen] == [
        (one.id, "RUNNING"),
        (one.id, "COMPLETED"),
        (two.id, "PENDING"),
        (two.id, "RUNNING"),
        (two.id, "COMPLETED"),
    ]
    assert [id for id, *_ in ended] == [one.id, two.id]


async def test_outputs_are_read_when_they_are_selected(api: Api) -> None:
    events, _ = await following(api, filter={"status": ["COMPLETED"]})
    await a_run(api)
    event = (await anext(events))["executionListUpdates"]
    await events.aclose()
    assert event["execution"]["output"] == {"done": True}


async def test_a_cursor_of_another_process_is_answered_by_skipped(api: Api) -> None:
    other = Api()
    events, first = await following(other)
    await events.aclose()
    await other.recent.close()

    events, skipped = await following(api, after=first["cursor"])
    hand = await api.start()
    id, *_ = await told(events)
    await events.aclose()

    assert (skipped["kind"], skipped["execution"]) == ("SKIPPED", None)
    assert id == hand.id


async def test_what_is_no_longer_kept_is_skipped(api: Api) -> None:
    api.recent = RecentChanges(api.storage.feed, most=3)
    events, first = await following(api)
    await a_run(api)
    await a_run(api)
    event = (await anext(events))["executionListUpdates"]
    await events.aclose()
    late, again = await following(api, after=first["cursor"])
    await late.aclose()

    assert (event["kind"], again["kind"]) == ("SKIPPED", "SKIPPED")


async def test_what_redis_may_have_lost_is_skipped(api: Api) -> None:
    events, _ = await following(api)
    api.storage.feed.wake()
    event = (await anext(events))["executionListUpdates"]
    hand = await api.start()
    id, *_ = await told(events)
    await events.aclose()

    assert event["kind"] == "SKIPPED"
    assert id == hand.id


async def test_nobody_is_listened_to_for_longer_than_somebody_may_come_back(api: Api) -> None:
    api.recent = RecentChanges(api.storage.feed, linger=timedelta(milliseconds=1))
    events, first = await following(api)
    assert api.storage.feed.listening == 1
    await events.aclose()
    await wait_until(lambda: api.storage.feed.listening == 0, "nobody listens")

    events, again = await following(api, after=first["cursor"])
    await events.aclose()
    assert again["kind"] == "SKIPPED"


@pytest.mark.parametrize("turns", range(8))
async def test_a_reader_who_comes_while_the_listening_ends_is_listened_for(api: Api, turns: int) -> None:
    recent = RecentChanges(api.storage.feed, linger=timedelta(0))
    async with recent.reading():
        pass
    for _ in range(turns):  # of the event loop: the end of the listening takes some
        await asyncio.sleep(0)

    async with asyncio.timeout(60), recent.reading() as reader:
        await a_run(api)
        assert await anext(aiter(reader)) is not None
    await recent.close()


@pytest.mark.parametrize("cursor", ["nonsense", "", "Y2hhbmdlOng", "Y2hhbmdlOjEuMQ"])
async def test_what_is_no_cursor_is_refused(api: Api, cursor: str) -> None:
    result: Any = await api.schema.stream(UPDATES, variable_values={"after": cursor}, context_value=api.context())
    [error] = result.errors if hasattr(result, "errors") else (await anext(result)).errors
    assert error.extensions["code"] == "BAD_USER_INPUT"


async def test_counts_are_told_as_they_are_and_when_they_have_changed(api: Api) -> None:
    await api.start()
    query = """subscription($filter: ExecutionFilter) {
      executionCountUpdates(filter: $filter) { total statuses { status count } } }"""
    events = api.subscribe(query, filter={"workflowName": "orders", "status": ["PENDING", "RUNNING"]})
    first = (await anext(events))["executionCountUpdates"]
    await api.start("returns")
    hand = await api.start()
    await hand.commit(a_step("a"))
    second = (await anext(events))["executionCountUpdates"]
    await events.aclose()

    assert first == {"total": 1, "statuses": [{"status": "PENDING", "count": 1}, {"status": "RUNNING", "count": 0}]}
    assert second == {"total": 2, "statuses": [{"status": "PENDING", "count": 1}, {"status": "RUNNING", "count": 1}]}


async def test_over_redis_a_list_is_resumed_and_counted(real: Real) -> None:
    api = real.api
    await api.create_workflow("orders")
    events, first = await following(api)
    await events.aclose()
    hand = await a_run(api)
    resumed = api.subscribe(UPDATES, after=first["cursor"])
    seen = [await told(resumed) for _ in range(3)]
    await resumed.aclose()
    counts = api.subscribe("subscription { executionCountUpdates { total statuses { status count } } }")
    counted = (await anext(counts))["executionCountUpdates"]
    await counts.aclose()
    await api.recent.close()

    assert [(id, status) for id, status, _ in seen] == [
        (hand.id, "PENDING"),
        (hand.id, "RUNNING"),
        (hand.id, "COMPLETED"),
    ]
    assert counted["total"] == 1
    assert {"status": "COMPLETED", "count": 1} in counted["statuses"]
