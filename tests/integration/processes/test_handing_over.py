"""Handing executions over to workers by way of Redis: who has room, and what is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.executions.records import ExecutionRecord, NewExecution
from domain.kernel.statuses import TriggerKind
from persistence.executions.rows import claimed_from_the_first, execution_of_new
from persistence.redis.handing_over import RedisHandovers
from persistence.redis.work_queue import RedisNudges, RedisWorkQueue
from tests.waiting import wait_until

NEW = NewExecution(
    id=UUID(int=1),
    definition_id=UUID(int=2),
    workflow_id=UUID(int=3),
    workflow_version=4,
    input={"large": 2**60 + 1, "text": "é\u2028", "none": None, "list": [1.5, True]},
    labels={"tenant": "acme"},
    priority=7,
    total_steps=3,
    created_at=datetime(2026, 3, 14, 15, 9, 26, 535897, tzinfo=UTC),
    idempotency_key="k",
    trigger=TriggerKind.SCHEDULE,
    trigger_id=UUID(int=5),
)


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@asynccontextmanager
async def listening(url: str, worker_id: UUID) -> AsyncIterator[list[Any]]:
    heard: list[Any] = []
    task = asyncio.create_task(RedisNudges(url)(worker_id, heard.append))
    await wait_until(lambda: heard == [None], "it listens")
    yield heard
    task.cancel()
    await asyncio.wait([task])


@pytest.fixture
async def queue(empty_redis_url: str) -> AsyncIterator[RedisWorkQueue]:
    async with RedisWorkQueue(empty_redis_url) as queue:
        yield queue


async def chosen(queue: RedisWorkQueue, handovers: RedisHandovers, rooms: dict[UUID, int]) -> UUID:
    """The first worker that is chosen, once all have said how much room they have."""

    async def any_worker() -> UUID | None:
        for worker_id, room in rooms.items():
            await queue.say_room(worker_id, room)
        return handovers.worker_for(NEW)

    found = await wait_until(any_worker, "a worker is chosen")
    assert isinstance(found, UUID)
    return found


async def test_the_worker_with_the_most_room_is_chosen_while_it_has_any(
    empty_redis_url: str, queue: RedisWorkQueue
) -> None:
    small, full, large = uuid4(), uuid4(), uuid4()
    async with RedisHandovers(empty_redis_url) as handovers:
        assert handovers.worker_for(NEW) is None
        await chosen(queue, handovers, {small: 2, full: 0, large: 5})
        for worker_id, room in ((small, 2), (full, 0), (large, 9)):
            await queue.say_room(worker_id, room)
        await wait_until(lambda: handovers.worker_for(NEW) == large, "the last one was heard, and so all")
        taken = [handovers.worker_for(NEW) for _ in range(20)]

    assert taken[0] == large
    assert full not in taken
    assert taken[-1] is None


async def test_what_a_worker_has_said_counts_for_a_while_only(empty_redis_url: str, queue: RedisWorkQueue) -> None:
    clock = Clock()
    async with RedisHandovers(empty_redis_url, now=clock) as handovers:
        worker_id = uuid4()
        assert await chosen(queue, handovers, {worker_id: 100}) == worker_id
        clock.seconds = 60.0
        assert handovers.worker_for(NEW) is None


async def test_the_worker_is_told_all_that_it_would_have_claimed(empty_redis_url: str) -> None:
    worker_id = uuid4()
    record = claimed_from_the_first(execution_of_new(NEW), worker_id)
    async with listening(empty_redis_url, worker_id) as heard, RedisHandovers(empty_redis_url) as handovers:
        assert await handovers.hand_over([record]) == []
        await wait_until(lambda: len(heard) == 2, "it is told")

    assert isinstance(heard[1], ExecutionRecord)
    assert heard[1] == record


async def test_a_worker_that_nobody_hears_is_chosen_no_more(empty_redis_url: str, queue: RedisWorkQueue) -> None:
    dead = uuid4()
    async with RedisHandovers(empty_redis_url) as handovers:
        await chosen(queue, handovers, {dead: 100})
        assert await handovers.hand_over([claimed_from_the_first(execution_of_new(NEW), dead)]) == [NEW.id]
        assert handovers.worker_for(NEW) is None


async def test_one_with_a_large_input_is_left_to_whoever_reads_it(empty_redis_url: str, queue: RedisWorkQueue) -> None:
    async with RedisHandovers(empty_redis_url) as handovers:
        await chosen(queue, handovers, {uuid4(): 100})
        assert handovers.worker_for(replace(NEW, input="x" * 100_000)) is None
        assert handovers.worker_for(NEW) is not None


async def test_without_redis_nothing_is_raised_and_nobody_chosen() -> None:
    async with RedisHandovers("redis://127.0.0.1:1", timeout=0.5) as handovers:
        assert handovers.worker_for(NEW) is None
        assert await handovers.hand_over([claimed_from_the_first(execution_of_new(NEW), uuid4())]) == []
