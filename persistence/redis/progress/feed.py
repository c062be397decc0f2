"""Receiving committed changes over Redis: one pub/sub connection a process, however many listen."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self
from uuid import UUID

from domain.executions.ports import ExecutionQueries
from domain.executions.records import ExecutionChange
from domain.kernel.background_tasks import cancelled
from domain.kernel.errors import Unavailable
from persistence.executions.change_buffer import ChangeBuffer
from persistence.redis.progress.codec import STATUS_CHANNEL, decode, parse, shard_channel
from persistence.redis.subscriber import RedisSubscriber

_LIMIT = 64
_LIMIT_ALL = 4_096
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
        self._subscriber = RedisSubscriber(url, "progress", heard=self._hand_out, connected=self._catch_up)
        self._queries = queries
        self._check_interval = check_interval
        self._linger = linger
        self._listeners: dict[UUID, list[ChangeBuffer]] = {}
        self._listeners_to_all: list[ChangeBuffer] = []
        self._seen: dict[UUID, int] = {}
        self._unused_since: dict[str, float] = {}
        self._check_now = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._tasks = [
            asyncio.create_task(self._subscriber.run(), name="progress feed"),
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
            await self._subscriber.subscribe(shard_channel(execution_id))
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
            await self._subscriber.subscribe(STATUS_CHANNEL)
            yield buffer
        finally:
            buffer.close()
            self._listeners_to_all.remove(buffer)

    def _buffers(self) -> Iterable[ChangeBuffer]:
        for buffers in (*self._listeners.values(), self._listeners_to_all):
            yield from buffers

    def _catch_up(self, was_away: bool) -> None:
        """After an absence of Redis: have everything looked at that may have been missed."""
        if was_away:
            for buffer in self._listeners_to_all:
                buffer.wake()
            self._check_now.set()

    def _hand_out(self, channel: str, data: bytes) -> None:
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
        dropped = []
        for channel in self._subscriber.channels:
            if channel in used:
                self._unused_since.pop(channel, None)
            elif now - self._unused_since.setdefault(channel, now) > self._linger:
                del self._unused_since[channel]
                dropped.append(channel)
        await self._subscriber.unsubscribe(dropped)
