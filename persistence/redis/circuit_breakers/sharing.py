"""The newest state of every breaker in Redis: one key a service, changed by one script, published to all processes."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from types import TracebackType
from typing import Any, Self, cast

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from domain.circuit_breakers.model import BreakerConfig, BreakerSnapshot
from domain.circuit_breakers.ports import BreakerNews
from domain.kernel.errors import Unavailable
from persistence.connections.closing import cancelled
from persistence.connections.retrying import WHILE_AWAY
from persistence.redis.circuit_breakers.codec import config_text, gone_text, news_of, snapshot_of, snapshot_text
from persistence.redis.unavailable import REDIS_FAULTS

logger = logging.getLogger(__name__)

_CHANNEL = "stepgraph:breakers"
_KEPT = 2 * 24 * 3600
"""The seconds for which a state that nobody changes is kept: longer than any breaker stays open."""

# The version is compared and the state replaced in one step; nobody else's script runs in between.
_REPLACE = """
local found = redis.call('GET', KEYS[1])
if found then
  local known = cjson.decode(found)
  if known.version ~= tonumber(ARGV[1]) then
    return found
  end
end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
redis.call('PUBLISH', KEYS[2], ARGV[2])
return false
"""

_ANSWER_WITHIN = timedelta(seconds=0.25)
_PING_INTERVAL = 5.0
_SILENCE = 12.0
_MOST_NEWS = 10_000


class RedisSharedBreakers:
    """Implements `domain.circuit_breakers.ports.SharedBreakers`, while its context lasts.

    One connection serves all listeners.
    """

    def __init__(self, url: str, *, answer_within: timedelta = _ANSWER_WITHIN) -> None:
        """`answer_within`: the time after which Redis counts as silent; a call of a service waits no longer for it."""
        self._url = url
        self._answer_within = answer_within.total_seconds()
        pool = BlockingConnectionPool.from_url(  # of many breakers that move at once some wait, instead of failing
            url,
            timeout=self._answer_within,
            socket_timeout=self._answer_within,
            socket_connect_timeout=self._answer_within,
            max_connections=4,
            retry=Retry(NoBackoff(), 0),
        )
        self._client = Redis.from_pool(pool)
        self._replace = self._client.register_script(_REPLACE)
        self._listeners: list[asyncio.Queue[BreakerNews]] = []
        self._hearing: asyncio.Task[None] | None = None
        self._is_connected = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._hearing is not None:
            await cancelled([self._hearing])
        await self._client.aclose()

    @asynccontextmanager
    async def _answered(self) -> AsyncIterator[None]:
        """Raise `Unavailable` where Redis does not answer in time."""
        try:
            async with asyncio.timeout(
                self._answer_within
            ):  # for a free connection, connecting and the answer together
                yield
        except REDIS_FAULTS as error:
            raise Unavailable(f"Redis does not answer: {str(error) or 'it is silent'}") from error

    async def read(self, service_ids: Collection[str]) -> Mapping[str, BreakerSnapshot]:
        if not service_ids:
            return {}
        async with self._answered():
            texts = await self._client.mget([_key(service_id) for service_id in service_ids])
        found = {}
        for text in texts:
            if text is not None:
                snapshot = snapshot_of(text)
                found[snapshot.service_id] = snapshot
        return found

    async def replace(self, snapshot: BreakerSnapshot, *, after: int) -> BreakerSnapshot | None:
        keys = [_key(snapshot.service_id), _CHANNEL]
        arguments: list[str | int] = [after, snapshot_text(snapshot), _KEPT]
        async with self._answered():
            newer = await cast("Awaitable[Any]", self._replace(keys=keys, args=arguments))
        return None if newer is None else snapshot_of(newer)

    async def configured(self, service_id: str, config: BreakerConfig) -> None:
        async with self._answered():
            await self._client.publish(_CHANNEL, config_text(service_id, config))

    async def deleted(self, service_id: str) -> None:
        async with self._answered():
            await self._client.publish(_CHANNEL, gone_text(service_id))

    @asynccontextmanager
    async def news(self) -> AsyncIterator[AsyncIterator[BreakerNews]]:
        queue: asyncio.Queue[BreakerNews] = asyncio.Queue()
        self._listeners.append(queue)
        if self._hearing is None:
            self._hearing = asyncio.create_task(self._hear(), name="news of breakers")
        elif self._is_connected:
            queue.put_nowait(BreakerNews(None))
        try:
            yield _until_for_ever(queue)
        finally:
            self._listeners.remove(queue)

    async def _hear(self) -> None:
        pauses = WHILE_AWAY.pauses(random.random)
        while True:
            try:
                async with self._subscriber() as client, client.pubsub() as pubsub:
                    await pubsub.subscribe(_CHANNEL)
                    pinging = asyncio.create_task(_ping(pubsub))
                    try:
                        async for message in _messages(pubsub):
                            if message["type"] == "subscribe":
                                self._is_connected = True
                                pauses = WHILE_AWAY.pauses(random.random)
                                self._tell(BreakerNews(None))
                            elif message["type"] == "message":
                                self._hand_out(message["data"])
                    finally:
                        await cancelled([pinging])
            except REDIS_FAULTS as error:
                if self._is_connected:
                    logger.warning("no news of circuit breakers: %s", str(error) or "Redis is silent")
            except Exception:
                logger.exception("hearing of circuit breakers failed; it goes on")
            self._is_connected = False
            await asyncio.sleep(next(pauses).total_seconds())

    def _subscriber(self) -> "Redis":
        return Redis.from_url(
            self._url,
            socket_timeout=None,
            socket_connect_timeout=_PING_INTERVAL,
            max_connections=2,
            retry=Retry(NoBackoff(), 0),
        )

    def _hand_out(self, data: bytes) -> None:
        try:
            self._tell(news_of(data))
        except ValueError:
            logger.warning("a message on %s was not understood", _CHANNEL, exc_info=True)

    def _tell(self, news: BreakerNews) -> None:
        for queue in self._listeners:
            if queue.qsize() >= _MOST_NEWS:  # who reads so slowly had better look at what is there
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(BreakerNews(None))
            queue.put_nowait(news)


def _key(service_id: str) -> str:
    return f"stepgraph:breaker:{service_id}"


async def _until_for_ever(queue: "asyncio.Queue[BreakerNews]") -> AsyncIterator[BreakerNews]:
    while True:
        yield await queue.get()


async def _messages(pubsub: PubSub) -> AsyncIterator[dict[str, Any]]:
    """The messages that arrive, until the connection breaks."""
    while True:
        async with asyncio.timeout(_SILENCE):
            message: dict[str, Any] | None = await pubsub.get_message(timeout=None)
        if message is not None:
            yield message


async def _ping(pubsub: PubSub) -> None:
    """Ping, so that a living connection answers; a dead one is noticed by the task that reads it."""
    while True:
        await asyncio.sleep(_PING_INTERVAL)
        try:
            await pubsub.ping()
        except REDIS_FAULTS:
            return
