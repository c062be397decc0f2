"""Hints and nudges over Redis: Dramatiq's queues, with consumers that block on a wake-up key instead of sleeping.

Dramatiq's own consumer, when it finds no message, sleeps with a growing back-off of up to a second. Ours blocks on a
list that every enqueue pushes a token to, so an idle worker starts within about a millisecond. A lost token costs one
block timeout, for a consumer looks at its queue after every wait.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from types import TracebackType
from typing import Any, Self
from uuid import UUID, uuid4

import redis
from dramatiq import Message, MessageProxy
from dramatiq.brokers.redis import RedisBroker, _RedisConsumer
from dramatiq.common import current_millis, dq_name
from dramatiq.errors import ConnectionClosed
from redis.exceptions import NoScriptError

from domain.executions.records import ExecutionRecord
from domain.kernel.background_tasks import BackgroundTasks
from domain.kernel.errors import Unavailable
from domain.system.records import QueueRecord
from domain.system.workers import Chore
from persistence.redis.clients import MOST_LOADED, REDIS_FAULTS, blocking_redis_client, redis_client
from persistence.redis.handing_over import ROOM_CHANNEL, handed_execution, room_text, worker_channel
from persistence.redis.subscriber import RedisSubscriber

logger = logging.getLogger(__name__)

EXECUTIONS_QUEUE = "executions"
RUN_EXECUTIONS = "run_executions"
IDS_A_MESSAGE = 64
_MESSAGES_A_HINT = 8  # at least, where there are so many ids: that all workers get a share
_CHORES = "stepgraph:chores"
"""The channel on which all workers are woken for chores."""
_LAST_WORDS = timedelta(seconds=1)
_MOST_TOKENS = 64
_TOKEN_LIFETIME = 60  # seconds


class WakingRedisBroker(RedisBroker):
    """Dramatiq's Redis broker with consumers that are woken by every enqueue."""

    def __init__(self, url: str, **options: Any) -> None:
        super().__init__(client=blocking_redis_client(url), **options)  # type: ignore[no-untyped-call]

    @property
    def consumer_class(self) -> type["WakingConsumer"]:
        return WakingConsumer

    def enqueue(self, message: Message[Any], *, delay: int | None = None) -> Message[Any]:
        enqueued = super().enqueue(message, delay=delay)
        if delay is None:
            self.wake(message.queue_name)
        return enqueued

    def wake(self, queue_name: str, consumers: int = 1) -> None:
        """Let `consumers` idle consumers of this queue look at it at once."""
        with self.client.pipeline(transaction=False) as pipeline:
            push_tokens(pipeline, queue_name, consumers)
            pipeline.execute()

    def wait_for_wake(self, queue_name: str, timeout: float) -> None:
        """Block until somebody enqueues on this queue, or for `timeout` seconds."""
        self.client.blpop([_wake_key(queue_name)], timeout=timeout)


def _wake_key(queue_name: str) -> str:
    return f"stepgraph:wake:{queue_name}"


def push_tokens(pipeline: Any, queue_name: str, count: int) -> None:
    """Wake `count` idle consumers of a queue, with the next `execute` of the pipeline."""
    key = _wake_key(queue_name)
    pipeline.lpush(key, *([b"1"] * count))
    pipeline.ltrim(key, 0, _MOST_TOKENS - 1)
    pipeline.expire(key, _TOKEN_LIFETIME)


class WakingConsumer(_RedisConsumer):
    """Fetches messages; without any it waits to be woken, and gives None, for its thread to do its other work."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)  # type: ignore[no-untyped-call]
        self._acknowledged = threading.Event()

    def __next__(self) -> Any:
        if self.message_cache:
            return super().__next__()  # type: ignore[no-untyped-call]
        self._acknowledged.clear()
        room = self.prefetch - self.outstanding_message_count
        if room <= 0:
            self._acknowledged.wait(self.timeout / 1000)
            return None
        try:
            self.message_cache = self.broker.do_fetch(self.queue_name, room)
            if not self.message_cache:
                self.broker.wait_for_wake(self.queue_name, self.timeout / 1000)
                return None
        except redis.RedisError as error:
            raise ConnectionClosed(error) from None  # type: ignore[no-untyped-call]
        return super().__next__()  # type: ignore[no-untyped-call]

    def ack(self, message: MessageProxy) -> None:
        self._settle(super().ack, message)

    def nack(self, message: MessageProxy) -> None:
        self._settle(super().nack, message)

    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        given_back = list(messages)
        super().requeue(given_back)  # type: ignore[no-untyped-call]
        if given_back:
            self.broker.wake(self.queue_name, len(given_back))

    def _settle(self, settle: Callable[[MessageProxy], None], message: MessageProxy) -> None:
        try:
            settle(message)
        except redis.TimeoutError as error:  # as Dramatiq has it for lost connections: it tries again later
            raise ConnectionClosed(error) from None  # type: ignore[no-untyped-call]
        finally:
            self._acknowledged.set()


class RedisWorkQueue:
    """Implements `domain.system.workers.WorkQueue`: messages for Dramatiq's broker, nudges over pub/sub.

    Dramatiq's own client blocks. Its messages are sent here by a client that does not, with the tokens, in one
    round trip. While Redis is away hints are dropped, with one line in the log for each outage: the reconciler repeats
    them.
    """

    def __init__(self, url: str, *, timeout: float = 2.0) -> None:
        """`timeout`: the seconds that a hint or a nudge may take before it is dropped."""
        self._timeout = timeout
        self._broker = WakingRedisBroker(url, middleware=[])
        self._client = redis_client(url, connections=16, answer_within=MOST_LOADED)
        self._enqueue = self._client.register_script(self._broker.scripts["dispatch"].script)
        self._wake_ups = BackgroundTasks("wake-up")
        self._is_away = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._wake_ups.finish(_LAST_WORDS)
        await self._client.aclose()
        self._broker.client.close()
        self._broker.client.connection_pool.disconnect()

    async def hint(self, execution_ids: Sequence[UUID]) -> None:
        if not execution_ids:
            return
        try:
            async with asyncio.timeout(self._timeout):
                await self._send(_messages_for(execution_ids))
        except REDIS_FAULTS as error:
            self._note_away(error)
        else:
            self._is_away = False

    async def nudge(self, worker_id: UUID, execution_id: UUID) -> None:
        await self._publish(worker_channel(worker_id), str(execution_id))

    async def say_room(self, worker_id: UUID, room: int) -> None:
        """Say how many more executions a worker has room for. Never raises: without it none are handed to it."""
        await self._publish(ROOM_CHANNEL, room_text(worker_id, room))

    def wake(self, chore: Chore) -> None:
        """Have all workers look for work of this kind soon. Never raises: without it they look a little later."""
        self._wake_ups.start(self._publish(_CHORES, chore.value))

    async def _publish(self, channel: str, message: str) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                await self._client.publish(channel, message)
        except REDIS_FAULTS as error:
            self._note_away(error)

    async def queues(self) -> Sequence[QueueRecord]:
        namespace = self._broker.namespace
        names = (EXECUTIONS_QUEUE,)
        try:
            async with self._client.pipeline(transaction=False) as pipeline:
                for name in names:
                    pipeline.hlen(f"{namespace}:{name}.msgs")
                    pipeline.hlen(f"{namespace}:{dq_name(name)}.msgs")
                    pipeline.zcard(f"{namespace}:{name}.XQ")
                counts = await pipeline.execute()
        except REDIS_FAULTS as error:
            raise Unavailable("Redis does not answer.") from error
        return [
            QueueRecord(name=name, depth=counts[3 * index] + counts[3 * index + 1], dead_letters=counts[3 * index + 2])
            for index, name in enumerate(names)
        ]

    async def _send(self, messages: Sequence[Message[Any]]) -> None:
        try:
            await self._send_once(messages)
        except NoScriptError:  # a Redis that has just started
            await self._client.script_load(self._enqueue.script)
            await self._send_once(messages)

    async def _send_once(self, messages: Sequence[Message[Any]]) -> None:
        broker = self._broker
        async with self._client.pipeline(transaction=False) as pipeline:
            for message in messages:
                # The arguments of Dramatiq's dispatch.lua. Maintenance is left to the workers.
                arguments: list[Any] = ["enqueue", current_millis(), message.queue_name, broker.broker_id]
                arguments += [broker.heartbeat_timeout, broker.dead_message_ttl, 0, 0]
                arguments += [message.options["redis_message_id"], message.encode()]
                pipeline.evalsha(self._enqueue.sha, 1, broker.namespace, *arguments)
            push_tokens(pipeline, EXECUTIONS_QUEUE, len(messages))
            await pipeline.execute()

    def _note_away(self, error: Exception) -> None:
        if not self._is_away:
            self._is_away = True
            logger.warning("Redis does not answer; hints are dropped until it does: %s", error)


class RedisNudges:
    """Listens for what one worker is told, and for wake-ups, over one connection, for ever."""

    def __init__(self, url: str, wake: Callable[[Chore | None], None] = lambda _: None) -> None:
        """`wake` is called with each chore to look at; with None after each connecting: some may be missed."""
        self._url = url
        self._wake = wake

    async def __call__(self, worker_id: UUID, tell: Callable[[UUID | ExecutionRecord | None], None]) -> None:
        """Call `tell` with the id of every execution to look at, and with every one that is handed over, whole.

        With None after each connecting: some may be missed.
        """

        def heard(channel: str, data: bytes) -> None:
            if channel == _CHORES:
                self._wake(Chore(data.decode()))
            elif data.startswith(b"{"):
                tell(handed_execution(data))
            else:
                tell(UUID(data.decode()))

        def connected(_: bool) -> None:
            tell(None)
            self._wake(None)

        subscriber = RedisSubscriber(
            self._url, "nudges", heard=heard, connected=connected, channels=[worker_channel(worker_id), _CHORES]
        )
        await subscriber.run()


def _messages_for(ids: Sequence[UUID]) -> list[Message[Any]]:
    size = min(IDS_A_MESSAGE, -(-len(ids) // _MESSAGES_A_HINT))
    return [
        Message(
            queue_name=EXECUTIONS_QUEUE,
            actor_name=RUN_EXECUTIONS,
            args=([str(id) for id in chunk],),
            kwargs={},
            options={"redis_message_id": str(uuid4())},
        )
        for chunk in _chunks(ids, size)
    ]


def _chunks(ids: Sequence[UUID], size: int) -> Iterator[Sequence[UUID]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]
