"""Hints and nudges over a real Redis, with Dramatiq's own worker at the other end."""

import asyncio
import logging
import socket
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID, uuid4

import dramatiq
import pytest
import redis
from dramatiq import Worker
from dramatiq.brokers.redis import RedisBroker

from domain.kernel.errors import Unavailable
from domain.system.workers import Chore
from persistence.redis.work_queue import (
    EXECUTIONS_QUEUE,
    IDS_A_MESSAGE,
    RUN_EXECUTIONS,
    RedisNudges,
    RedisWorkQueue,
    WakingRedisBroker,
)
from tests.waiting import wait_until

Take = Callable[[list[str]], None]


@contextmanager
def consumer(url: str, take: Take, *, threads: int = 2) -> Iterator[WakingRedisBroker]:
    """A worker that hands every message's ids to `take`."""
    broker = WakingRedisBroker(url, middleware=[])
    dramatiq.actor(broker=broker, queue_name=EXECUTIONS_QUEUE, actor_name=RUN_EXECUTIONS)(take)
    worker = Worker(broker, worker_threads=threads, worker_timeout=100)
    worker.queue_prefetch = threads
    worker.start()
    try:
        yield broker
    finally:
        worker.stop(timeout=5_000)
        broker.close()
        broker.client.close()


@pytest.fixture
def unreachable_url() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"redis://127.0.0.1:{probe.getsockname()[1]}/0"


async def test_every_hint_reaches_a_consumer_once(empty_redis_url: str) -> None:
    taken: list[str] = []
    ids = [uuid4() for _ in range(1_000)]

    with consumer(empty_redis_url, taken.extend):
        async with RedisWorkQueue(empty_redis_url) as queue:
            await queue.hint(ids)
            await wait_until(lambda: len(taken) == len(ids), "all are taken")
            await wait_until(lambda: is_empty(empty_redis_url), "all are acknowledged")

    assert {UUID(id) for id in taken} == set(ids)


async def test_however_many_hint_at_the_same_time_none_is_dropped(empty_redis_url: str) -> None:
    async with RedisWorkQueue(empty_redis_url) as queue:
        await asyncio.gather(*(queue.hint([uuid4()]) for _ in range(200)))

        [executions] = await queue.queues()
    assert executions.depth == 200


async def test_many_ids_travel_in_few_messages_and_few_in_messages_of_their_own(empty_redis_url: str) -> None:
    async with RedisWorkQueue(empty_redis_url) as queue:
        await queue.hint([uuid4() for _ in range(5)])
        [few] = await queue.queues()
        await queue.hint([uuid4() for _ in range(10 * IDS_A_MESSAGE)])
        [many] = await queue.queues()

    assert few.depth == 5
    assert many.depth == 5 + 10


async def test_a_hint_is_what_dramatiq_itself_would_have_sent(empty_redis_url: str) -> None:
    """The async path writes Dramatiq's own data structures: both look the same in Redis but for ids and times."""
    id = uuid4()
    send_by_dramatiq(empty_redis_url, [str(id)])
    async with RedisWorkQueue(empty_redis_url) as queue:
        await queue.hint([id])

    with redis.Redis.from_url(empty_redis_url) as client:
        (first, second) = client.lrange(f"dramatiq:{EXECUTIONS_QUEUE}", 0, -1)
        messages = client.hgetall(f"dramatiq:{EXECUTIONS_QUEUE}.msgs")
    by_dramatiq, by_us = (dramatiq.Message.decode(messages[key]) for key in (first, second))
    assert by_us.asdict().keys() == by_dramatiq.asdict().keys()
    assert by_us.options["redis_message_id"] == second.decode()
    assert by_us.options.keys() == by_dramatiq.options.keys()
    assert (by_us.queue_name, by_us.actor_name, by_us.args) == (
        by_dramatiq.queue_name,
        by_dramatiq.actor_name,
        by_dramatiq.args,
    )


async def test_an_idle_consumer_starts_at_once(empty_redis_url: str) -> None:
    started: list[float] = []
    delays: list[float] = []

    def note(_: list[str]) -> None:
        started.append(time.perf_counter())

    with consumer(empty_redis_url, note):
        async with RedisWorkQueue(empty_redis_url) as queue:
            for _ in range(20):
                await until_idle(empty_redis_url)
                sent = time.perf_counter()
                await queue.hint([uuid4()])
                await wait_until(lambda: started, "it has started", interval=0.0005)
                delays.append(started.pop() - sent)

    # A millisecond or two, where the machine has nothing else to do; one that looked now and then would take longer.
    assert statistics.quantiles(delays, n=4)[0] < 0.05


async def test_one_message_wakes_one_consumer(empty_redis_url: str) -> None:
    with consumer(empty_redis_url, lambda _: None), consumer(empty_redis_url, lambda _: None):
        async with RedisWorkQueue(empty_redis_url) as queue:
            await until_idle(empty_redis_url, consumers=2)
            await queue.hint([uuid4()])
            await wait_until(lambda: is_empty(empty_redis_url), "it was taken")

    with redis.Redis.from_url(empty_redis_url) as client:
        assert client.llen(f"stepgraph:wake:{EXECUTIONS_QUEUE}") == 0


async def test_a_lost_token_costs_no_more_than_a_wait(empty_redis_url: str) -> None:
    taken: list[str] = []
    with consumer(empty_redis_url, taken.extend):
        await until_idle(empty_redis_url)
        send_by_dramatiq(empty_redis_url, ["x"])  # which pushes no token
        await wait_until(lambda: taken == ["x"], "it was found")


async def test_tokens_are_bounded_and_expire(empty_redis_url: str) -> None:
    async with RedisWorkQueue(empty_redis_url) as queue:
        for _ in range(5):
            await queue.hint([uuid4() for _ in range(20 * IDS_A_MESSAGE)])

    with redis.Redis.from_url(empty_redis_url) as client:
        assert 0 < client.llen(f"stepgraph:wake:{EXECUTIONS_QUEUE}") <= 64
        assert 0 < client.ttl(f"stepgraph:wake:{EXECUTIONS_QUEUE}") <= 60


async def test_a_consumer_takes_no_more_than_it_has_threads_for(empty_redis_url: str) -> None:
    taken: list[str] = []
    gate = asyncio.Event()
    loop = asyncio.get_running_loop()

    def block(ids: list[str]) -> None:
        taken.extend(ids)
        asyncio.run_coroutine_threadsafe(gate.wait(), loop).result(10)

    with consumer(empty_redis_url, block, threads=2):
        async with RedisWorkQueue(empty_redis_url) as queue:
            await queue.hint([uuid4() for _ in range(6)])
            await wait_until(lambda: len(taken) == 2, "both threads are busy")
            with redis.Redis.from_url(empty_redis_url) as client:
                assert client.llen(f"dramatiq:{EXECUTIONS_QUEUE}") == 4
            gate.set()
            await wait_until(lambda: len(taken) == 6, "the rest was taken")


async def test_what_a_stopping_consumer_gives_back_wakes_another(empty_redis_url: str) -> None:
    broker = WakingRedisBroker(empty_redis_url, middleware=[])
    broker.declare_queue(EXECUTIONS_QUEUE)
    async with RedisWorkQueue(empty_redis_url) as queue:
        await queue.hint([uuid4()])
    stopping = broker.consume(EXECUTIONS_QUEUE, prefetch=1, timeout=100)
    message = next(stopping)
    assert message is not None
    with redis.Redis.from_url(empty_redis_url) as client:
        client.delete(f"stepgraph:wake:{EXECUTIONS_QUEUE}")

        stopping.requeue([message])

        assert client.llen(f"dramatiq:{EXECUTIONS_QUEUE}") == 1
        assert client.llen(f"stepgraph:wake:{EXECUTIONS_QUEUE}") == 1
    broker.client.close()


async def test_a_redis_that_was_flushed_and_restarted_takes_hints_again(empty_redis_url: str) -> None:
    taken: list[str] = []
    async with RedisWorkQueue(empty_redis_url) as queue:
        await queue.hint([uuid4()])
        with redis.Redis.from_url(empty_redis_url) as client:
            client.flushall()
            client.script_flush()

        await queue.hint([uuid4()])
        with consumer(empty_redis_url, taken.extend):
            await wait_until(lambda: len(taken) == 1, "the second hint arrived")


async def test_hints_while_redis_is_away_are_dropped_with_one_line_for_the_outage(
    unreachable_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with RedisWorkQueue(unreachable_url) as queue:
        with caplog.at_level(logging.WARNING):
            for _ in range(3):
                await queue.hint([uuid4()])
                await queue.nudge(uuid4(), uuid4())
        with pytest.raises(Unavailable):
            await queue.queues()

    assert len([record for record in caplog.records if record.name == "persistence.redis.work_queue"]) == 1


async def test_a_redis_that_does_not_answer_holds_nobody_up_for_long() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"

        async with RedisWorkQueue(url, timeout=0.05) as queue, asyncio.timeout(30):
            await queue.hint([uuid4()])
            await queue.nudge(uuid4(), uuid4())


async def test_dead_letters_are_counted(empty_redis_url: str) -> None:
    async with RedisWorkQueue(empty_redis_url) as queue:
        with consumer(empty_redis_url, lambda _: None):
            send_by_dramatiq(empty_redis_url, [], actor="nobody")

            async def dead() -> bool:
                return (await queue.queues())[0].dead_letters == 1

            await wait_until(dead, "it is a dead letter")
        assert (await queue.queues())[0].depth == 0


async def test_a_nudge_reaches_the_worker_it_is_for(empty_redis_url: str) -> None:
    heard: list[object] = []
    worker_id, execution_id = uuid4(), uuid4()
    listening = asyncio.create_task(RedisNudges(empty_redis_url)(worker_id, heard.append))
    await wait_until(lambda: heard == [None], "it listens, and says that some may have been missed")

    async with RedisWorkQueue(empty_redis_url) as queue:
        await queue.nudge(uuid4(), uuid4())
        await queue.nudge(worker_id, execution_id)
        await wait_until(lambda: len(heard) == 2, "the nudge was heard")

    assert heard == [None, execution_id]
    listening.cancel()
    await asyncio.wait([listening])


async def test_a_wake_up_reaches_every_worker(empty_redis_url: str) -> None:
    heard: list[list[Chore | None]] = [[], []]
    listening = [
        asyncio.create_task(RedisNudges(empty_redis_url, each.append)(uuid4(), lambda _: None)) for each in heard
    ]
    await wait_until(lambda: heard == [[None], [None]], "they listen, and hear that some may have been missed")

    async with RedisWorkQueue(empty_redis_url) as queue:
        queue.wake(Chore.SCHEDULES)

    await wait_until(lambda: heard == [[None, Chore.SCHEDULES]] * 2, "both are woken")
    for each in listening:
        each.cancel()
    await asyncio.wait(listening)


def send_by_dramatiq(url: str, ids: list[str], actor: str = RUN_EXECUTIONS) -> None:
    """Enqueue with Dramatiq's own broker."""
    broker = RedisBroker(url=url, middleware=[])  # type: ignore[no-untyped-call]
    message: dramatiq.Message[None] = dramatiq.Message(
        queue_name=EXECUTIONS_QUEUE, actor_name=actor, args=(ids,), kwargs={}, options={}
    )
    broker.enqueue(message)
    broker.client.close()


def is_empty(url: str) -> bool:
    with redis.Redis.from_url(url) as client:
        return not client.exists(f"dramatiq:{EXECUTIONS_QUEUE}.msgs")


async def until_idle(url: str, consumers: int = 1) -> None:
    """Wait until `count` consumers block on the wake-up key of the queue."""

    def blocked() -> bool:
        with redis.Redis.from_url(url) as client:
            return bool(client.info("clients")["blocked_clients"] >= 2 * consumers)  # one for the delay queue each

    await wait_until(blocked, "the consumers are idle")
