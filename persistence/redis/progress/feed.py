"""Receiving committed changes over Redis: one pub/sub connection a process, however many listen."""

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from domain.executions.ports import ExecutionQueries
from domain.executions.records import ExecutionChange
from domain.kernel.errors import Unavailable
from persistence.connections.closing import cancelled
from persistence.connections.retrying import WHILE_AWAY
from persistence.executions.change_buffer import ChangeBuffer
from persistence.redis.progress.codec import STATUS_CHANNEL, decode, parse, shard_channel
from persistence.redis.unavailable import REDIS_FAULTS

logger = logging.getLogger(__name__)

_KEEPALIVE_CHANNEL = "stepgraph:feed"
"""A channel without messages: a connection needs some subscription to be listened to."""

_LIMIT = 64
_LIMIT_ALL = 4_096
_PING_INTERVAL = 5.0
_SILENCE = 12.0
"""The seconds without even the answer to a ping after which a connection is taken for dead."""

_SUBSCRIBE_TIMEOUT = 1.0
_ON_THE_WAY = 0.25
"""The seconds that a change may take from its commit to here."""


class RedisProgressFeed:
    """Implements `domain.executions.progress.ProgressFeed`; receives while its context lasts.

    It survives any absence of Redis. Missed changes are noticed in two ways: after every new connection, and every
    `check_interval` seconds, the sequences of all executions that are listened to are read with one query; listeners
    that are behind are woken. A channel that nobody listens to any more stays subscribed for `linger` seconds, as the
    next listener usually comes soon.
    """

    def __init__(
        self, url: str, queries: ExecutionQueries, *, check_interval: float = 2.0, linger: float = 10.0
    ) -> None:
        self._url = url
        self._queries = queries
        self._check_interval = check_interval
        self._linger = linger
        self._listeners: dict[UUID, list[ChangeBuffer]] = {}
        self._listeners_to_all: list[ChangeBuffer] = []
        self._seen: dict[UUID, int] = {}
        self._channels: dict[str, asyncio.Event] = {}
        """The wanted channels; the event is set once Redis has confirmed the subscription."""
        self._unused_since: dict[str, float] = {}
        self._pubsub: PubSub | None = None
        self._was_connected = False
        self._is_away = False
        self._check_now = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._tasks = [
            asyncio.create_task(self._stay_connected(), name="progress feed"),
            asyncio.create_task(self._check_regularly(), name="progress check"),
        ]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await cancelled(self._tasks)
        for buffer in self._buffers():
            buffer.close()

    @asynccontextmanager
    async def listen(self, execution_id: UUID) -> AsyncIterator[AsyncIterator[ExecutionChange | None]]:
        buffer = ChangeBuffer(_LIMIT)
        self._listeners.setdefault(execution_id, []).append(buffer)
        self._seen.setdefault(execution_id, -1)
        try:
            await self._subscribe(shard_channel(execution_id))
            yield buffer
        finally:
            buffer.close()
            listeners = self._listeners[execution_id]
            listeners.remove(buffer)
            if not listeners:
                del self._listeners[execution_id], self._seen[execution_id]

    @asynccontextmanager
    async def listen_all(self) -> AsyncIterator[ChangeBuffer]:
        buffer = ChangeBuffer(_LIMIT_ALL)
        self._listeners_to_all.append(buffer)
        try:
            await self._subscribe(STATUS_CHANNEL)
            yield buffer
        finally:
            buffer.close()
            self._listeners_to_all.remove(buffer)

    def _buffers(self) -> Iterable[ChangeBuffer]:
        for buffers in (*self._listeners.values(), self._listeners_to_all):
            yield from buffers

    async def _subscribe(self, channel: str) -> None:
        """Subscribe to this channel; while Redis is away, once it is back."""
        confirmed = self._channels.get(channel)
        if confirmed is None:
            confirmed = self._channels[channel] = asyncio.Event()
            if self._pubsub is not None:
                try:
                    await self._pubsub.subscribe(channel)
                except REDIS_FAULTS:
                    return  # whoever reads the connection notices too, and subscribes anew
        if not confirmed.is_set() and not self._is_away:
            try:
                async with asyncio.timeout(_SUBSCRIBE_TIMEOUT):
                    await confirmed.wait()
            except TimeoutError:
                logger.warning("Redis has not confirmed a subscription within %g s", _SUBSCRIBE_TIMEOUT)

    async def _stay_connected(self) -> None:
        pauses = WHILE_AWAY.pauses(random.random)
        while True:
            try:
                async with self._client() as client, client.pubsub() as pubsub:
                    await pubsub.connect()
                    # From here on new listeners subscribe by themselves; those that are there come in one command.
                    self._pubsub = pubsub
                    pinging = asyncio.create_task(_ping(pubsub))
                    try:
                        await pubsub.subscribe(*self._channels, _KEEPALIVE_CHANNEL)
                        await self._hear(pubsub)
                    finally:
                        self._pubsub = None
                        await cancelled([pinging])
            except Exception as error:
                if not self._is_away:
                    is_expected = isinstance(error, REDIS_FAULTS)
                    logger.warning(
                        "Redis gives no progress: %s", str(error) or "it is silent", exc_info=not is_expected
                    )
                    pauses = WHILE_AWAY.pauses(random.random)
                self._is_away = True
            for confirmed in self._channels.values():
                confirmed.clear()
            await asyncio.sleep(next(pauses).total_seconds())

    def _client(self) -> "Redis":
        return Redis.from_url(
            self._url,
            socket_timeout=None,
            socket_connect_timeout=_PING_INTERVAL,
            max_connections=2,
            retry=Retry(NoBackoff(), 0),
        )

    async def _hear(self, pubsub: PubSub) -> None:
        """Hand out the messages that arrive, until the connection breaks."""
        while True:
            async with asyncio.timeout(_SILENCE):
                message: dict[str, Any] | None = await pubsub.get_message(timeout=None)
            if message is None:
                continue
            if message["type"] == "message":
                self._hand_out(message["channel"].decode(), message["data"])
            elif message["type"] == "subscribe":
                self._confirm(message["channel"].decode())

    def _confirm(self, channel: str) -> None:
        if channel in self._channels:
            self._channels[channel].set()
        elif channel == _KEEPALIVE_CHANNEL:  # the last one of a new connection
            if self._was_connected or self._is_away:
                logger.info("Redis gives progress again")
                for buffer in self._listeners_to_all:
                    buffer.wake()
                self._check_now.set()
            self._was_connected, self._is_away = True, False

    def _hand_out(self, channel: str, data: bytes) -> None:
        try:
            changes = parse(data)
            if channel == STATUS_CHANNEL:
                for change in map(decode, changes) if self._listeners_to_all else ():
                    for buffer in self._listeners_to_all:
                        buffer.put(change)
                return
            for raw in changes:
                id = UUID(raw["execution_id"])
                listeners = self._listeners.get(id)
                if listeners:
                    change = decode(raw)
                    self._seen[id] = max(self._seen[id], change.sequence)
                    for buffer in listeners:
                        buffer.put(change)
        except (ValueError, KeyError, TypeError):
            logger.warning("a message on %s was not understood", channel, exc_info=True)

    async def _check_regularly(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self._check_interval):
                    await self._check_now.wait()
            except TimeoutError:
                await self._drop_unused()
            self._check_now.clear()
            try:
                behind = await self._behind()
                if behind:
                    # Most of these are only on their way: a store is asked faster than Redis is heard.
                    await asyncio.sleep(_ON_THE_WAY)
            except Unavailable:
                continue
            for id, sequence in behind.items():
                if id in self._listeners and self._seen[id] < sequence:
                    self._seen[id] = sequence
                    for buffer in self._listeners[id]:
                        buffer.wake()

    async def _behind(self) -> dict[UUID, int]:
        """The executions whose listeners have missed changes, with their newest sequences."""
        if not self._listeners:
            return {}
        newest = await self._queries.sequences(list(self._listeners))
        return {id: sequence for id, sequence in newest.items() if self._seen.get(id, sequence) < sequence}

    async def _drop_unused(self) -> None:
        used = {shard_channel(id) for id in self._listeners}
        if self._listeners_to_all:
            used.add(STATUS_CHANNEL)
        now = time.monotonic()
        for channel in list(self._channels):
            if channel in used:
                self._unused_since.pop(channel, None)
            elif now - self._unused_since.setdefault(channel, now) > self._linger:
                del self._channels[channel], self._unused_since[channel]
                if self._pubsub is not None:
                    try:
                        await self._pubsub.unsubscribe(channel)
                    except REDIS_FAULTS:
                        return  # whoever reads the connection notices too


async def _ping(pubsub: PubSub) -> None:
    """Ping, so that a living connection answers; a dead one is noticed by the task that reads it."""
    while True:
        await asyncio.sleep(_PING_INTERVAL)
        try:
            await pubsub.ping()
        except REDIS_FAULTS:
            return
