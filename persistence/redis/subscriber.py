"""Listening on channels of Redis: one connection, which is watched, and made anew for as long as it is wanted."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable, Collection, Iterable
from datetime import timedelta
from typing import Any

from redis.asyncio.client import PubSub

from persistence.connections.retrying import WHILE_AWAY
from persistence.redis.clients import REDIS_FAULTS, redis_client

logger = logging.getLogger(__name__)

KEEPALIVE_CHANNEL = "stepgraph:feed"
"""A channel without messages: a connection needs some subscription to be listened to."""

_PING_EVERY = timedelta(seconds=5)
_CONFIRM_WITHIN = 1.0


class RedisSubscriber:
    """A subscription to channels that survives any absence of Redis.

    `heard` gets the channel and the data of each message. `connected` is called when all channels are listened to: with
    False the first time, with True after every interruption, for what was published in between is lost. `what` names in
    the log what Redis gives: the loss of it and its return are logged once each.

    A connection that is silent for `ping_every` is pinged. One that does not even answer that, for as long again, is
    taken for dead.
    """

    def __init__(
        self,
        url: str,
        what: str,
        *,
        heard: Callable[[str, bytes], None],
        connected: Callable[[bool], None],
        channels: Iterable[str] = (),
        ping_every: timedelta = _PING_EVERY,
    ) -> None:
        self._url = url
        self._what = what
        self._heard = heard
        self._connected = connected
        self._ping_every = ping_every.total_seconds()
        self._channels = {channel: asyncio.Event() for channel in channels}
        """The wanted channels; the event is set once Redis has confirmed the subscription."""
        self._pubsub: PubSub | None = None
        self._is_away = False
        self.is_connected = False

    @property
    def channels(self) -> list[str]:
        """The channels that are wanted."""
        return list(self._channels)

    async def subscribe(self, channel: str) -> None:
        """Listen on this channel too. Returns when Redis has confirmed it; while Redis is away, or slow, without that.

        What is published before the confirmation may be missed; `connected` tells when an absence is over.
        """
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
                async with asyncio.timeout(_CONFIRM_WITHIN):
                    await confirmed.wait()
            except TimeoutError:
                logger.warning("Redis has not confirmed a subscription within %g s", _CONFIRM_WITHIN)

    async def unsubscribe(self, channels: Collection[str]) -> None:
        """Leave these channels, all at once: whoever wants one while they are being left subscribes to it anew."""
        for channel in channels:
            del self._channels[channel]
        if channels and self._pubsub is not None:
            try:
                await self._pubsub.unsubscribe(*channels)
            except REDIS_FAULTS:
                return  # whoever reads the connection notices too

    async def run(self) -> None:
        """Listen for ever."""
        pauses = WHILE_AWAY.pauses(random.random)
        while True:
            try:
                await self._listen()
            except Exception as error:
                if not self._is_away:
                    is_expected = isinstance(error, REDIS_FAULTS)
                    why = str(error) or "it is silent"
                    logger.warning("Redis gives no %s: %s", self._what, why, exc_info=not is_expected)
                self._is_away = True
            if self.is_connected:
                pauses = WHILE_AWAY.pauses(random.random)
            self.is_connected = False
            for confirmed in self._channels.values():
                confirmed.clear()
            await asyncio.sleep(next(pauses).total_seconds())

    async def _listen(self) -> None:
        """Listen until the connection breaks; raises the error that says so."""
        async with redis_client(self._url, connections=1) as client, client.pubsub() as pubsub:
            await pubsub.connect()
            # From here on new channels are subscribed to one by one; those that are there come in one command.
            self._pubsub = pubsub
            try:
                await pubsub.subscribe(*self._channels, KEEPALIVE_CHANNEL)
                async for message in _messages(pubsub, self._ping_every):
                    if message["type"] == "message":
                        self._hand_out(message["channel"].decode(), message["data"])
                    elif message["type"] == "subscribe":
                        self._confirm(message["channel"].decode())
            finally:
                self._pubsub = None

    def _confirm(self, channel: str) -> None:
        if channel in self._channels:
            self._channels[channel].set()
        elif channel == KEEPALIVE_CHANNEL:  # the last one of a new connection
            if self._is_away:
                logger.info("Redis gives %s again", self._what)
            was_away, self._is_away, self.is_connected = self._is_away, False, True
            self._connected(was_away)

    def _hand_out(self, channel: str, data: bytes) -> None:
        try:
            self._heard(channel, data)
        except Exception:
            logger.warning("a message on %s was not understood", channel, exc_info=True)


async def _messages(pubsub: PubSub, ping_every: float) -> AsyncIterator[dict[str, Any]]:
    """The messages that arrive. A silent connection is pinged; one that stays silent raises `TimeoutError`."""
    is_pinged = False
    while True:
        message: dict[str, Any] | None = await pubsub.get_message(timeout=ping_every)
        if message is not None:
            is_pinged = False
            yield message
        elif is_pinged:
            raise TimeoutError
        else:
            await pubsub.ping()
            is_pinged = True
