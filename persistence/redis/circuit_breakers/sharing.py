"""The newest state of every breaker in Redis: one key a service, changed by one script, published to all processes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from types import TracebackType
from typing import Any, Self, cast

from domain.circuit_breakers.model import BreakerConfig, BreakerSnapshot
from domain.circuit_breakers.ports import BreakerNews
from domain.kernel.background_tasks import cancelled
from domain.kernel.errors import Unavailable
from persistence.redis.circuit_breakers.codec import config_text, gone_text, news_of, snapshot_of, snapshot_text
from persistence.redis.clients import REDIS_FAULTS, redis_client
from persistence.redis.subscriber import RedisSubscriber

CHANNEL = "stepgraph:breakers"
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
_CONNECTIONS = 4
_MOST_NEWS = 10_000


class RedisSharedBreakers:
    """Implements `domain.circuit_breakers.ports.SharedBreakers`, while its context lasts.

    One connection serves all listeners.
    """

    def __init__(self, url: str, *, answer_within: timedelta = _ANSWER_WITHIN) -> None:
        """`answer_within`: the time after which Redis counts as silent; a call of a service waits no longer for it."""
        self._answer_within = answer_within.total_seconds()
        self._client = redis_client(url, connections=_CONNECTIONS, answer_within=answer_within)
        self._replace = self._client.register_script(_REPLACE)
        self._listeners: list[asyncio.Queue[BreakerNews]] = []
        self._subscriber = RedisSubscriber(
            url, "news of circuit breakers", heard=self._hand_out, connected=self._missed, channels=[CHANNEL]
        )
        self._hearing: asyncio.Task[None] | None = None

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
            texts = await self._client.mget([key_of(service_id) for service_id in service_ids])
        found = {}
        for text in texts:
            if text is not None:
                snapshot = snapshot_of(text)
                found[snapshot.service_id] = snapshot
        return found

    async def replace(self, snapshot: BreakerSnapshot, *, after: int) -> BreakerSnapshot | None:
        keys = [key_of(snapshot.service_id), CHANNEL]
        arguments: list[str | int] = [after, snapshot_text(snapshot), _KEPT]
        async with self._answered():
            newer = await cast("Awaitable[Any]", self._replace(keys=keys, args=arguments))
        return None if newer is None else snapshot_of(newer)

    async def configured(self, service_id: str, config: BreakerConfig) -> None:
        async with self._answered():
            await self._client.publish(CHANNEL, config_text(service_id, config))

    async def deleted(self, service_id: str) -> None:
        async with self._answered():
            await self._client.publish(CHANNEL, gone_text(service_id))

    @asynccontextmanager
    async def news(self) -> AsyncIterator[AsyncIterator[BreakerNews]]:
        queue: asyncio.Queue[BreakerNews] = asyncio.Queue()
        self._listeners.append(queue)
        if self._hearing is None:
            self._hearing = asyncio.create_task(self._subscriber.run(), name="news of breakers")
        elif self._subscriber.is_connected:
            queue.put_nowait(BreakerNews(None))
        try:
            yield _until_for_ever(queue)
        finally:
            self._listeners.remove(queue)

    def _missed(self, _was_away: bool) -> None:
        self._tell(BreakerNews(None))

    def _hand_out(self, _channel: str, data: bytes) -> None:
        self._tell(news_of(data))

    def _tell(self, news: BreakerNews) -> None:
        for queue in self._listeners:
            if queue.qsize() >= _MOST_NEWS:  # who reads so slowly had better look at what is there
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(BreakerNews(None))
            queue.put_nowait(news)


def key_of(service_id: str) -> str:
    """The key of a service's shared state."""
    return f"stepgraph:breaker:{service_id}"


async def _until_for_ever(queue: "asyncio.Queue[BreakerNews]") -> AsyncIterator[BreakerNews]:
    while True:
        yield await queue.get()
