"""Announcing committed changes over Redis: a bounded queue, and one pipeline for all changes that have gathered."""

import asyncio
import logging
import random
from collections import defaultdict, deque
from collections.abc import Collection, Sequence
from types import TracebackType
from typing import Self

from redis.asyncio import Redis

from domain.executions.records import ExecutionChange
from domain.kernel.background_tasks import cancelled
from persistence.connections.retrying import WHILE_AWAY
from persistence.executions.status_changes import StatusChanges
from persistence.redis.clients import REDIS_FAULTS, redis_client
from persistence.redis.progress.codec import STATUS_CHANNEL, encode, messages, shard_channel

logger = logging.getLogger(__name__)

_WORTH_ASKING = 16
"""The number of changes from which on asking who listens costs less than writing them all."""

_PAUSE_A_CHANGE = 0.0001
_SHORTEST_PAUSE = 0.002
_LONGEST_PAUSE = 0.05
_CLOSE_TIMEOUT = 1.0


class RedisProgressPublisher:
    """Implements `domain.executions.progress.ProgressPublisher`; works while its context lasts.

    It drops changes that Redis cannot take: nobody waits, and nothing is tried again. A change alone goes out at once.
    The next flush waits a moment (0.1 ms a change, 2 to 50 ms), so that twenty thousand changes a second are a thousand
    messages, and a trickle is not a message each.
    """

    def __init__(self, url: str, *, max_queued: int = 20_000) -> None:
        self._url = url
        self._queue: deque[ExecutionChange] = deque(maxlen=max_queued)
        self._statuses = StatusChanges()
        self._filled = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="progress publisher")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._task is not None
        task, self._task = self._task, None
        await cancelled([task])
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT), redis_client(self._url, connections=1) as client:
                await self._flush(client)
        except REDIS_FAULTS:
            logger.debug("the last changes were not announced")

    def publish(self, changes: Sequence[ExecutionChange]) -> None:
        self._queue.extend(changes)
        self._filled.set()

    async def _run(self) -> None:
        failures = 0
        async with redis_client(self._url, connections=1) as client:
            while True:
                await self._filled.wait()
                self._filled.clear()
                try:
                    count = await self._flush(client)
                except REDIS_FAULTS as error:
                    if not failures:
                        logger.warning("Redis does not take progress: %s", error)
                    failures += 1
                    await asyncio.sleep(WHILE_AWAY.pause(failures, random.random()).total_seconds())
                    continue
                failures = 0
                await asyncio.sleep(max(_SHORTEST_PAUSE, min(count * _PAUSE_A_CHANGE, _LONGEST_PAUSE)))

    async def _flush(self, client: "Redis") -> int:
        """Announce all queued changes, in one round trip; returns their number."""
        changes = list(self._queue)
        self._queue.clear()
        if not changes:
            return 0
        channels: defaultdict[str, list[ExecutionChange]] = defaultdict(list)
        for change in changes:
            news = self._statuses.of(change)
            if news is not None:
                channels[STATUS_CHANNEL].append(news)
            if change.sequence > 0:  # before its first commit nobody can listen to an execution by its id
                channels[shard_channel(change.execution_id)].append(change)
        wanted = channels if len(changes) < _WORTH_ASKING else await _listened_to(client, channels)
        async with client.pipeline(transaction=False) as pipeline:
            for channel in wanted:
                for message in messages(encode(change) for change in channels[channel]):
                    pipeline.publish(channel, message)
            await pipeline.execute()
        return len(changes)


async def _listened_to(client: "Redis", channels: Collection[str]) -> list[str]:
    """Those of the channels that somebody listens to.

    Leaving the others out loses nothing: the changes are committed by now, so whoever starts to listen after this
    reads them from the store.
    """
    counted = await client.pubsub_numsub(*channels)
    return [channel for channel, (_, listeners) in zip(channels, counted, strict=True) if listeners]
