"""Delivering to registered webhooks: a periodic job of every worker that takes due events from rows."""

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from types import TracebackType
from typing import Self

from actors.periodic.jobs import PeriodicJob, rest_until
from actors.webhooks.sender import WebhookSender
from domain.kernel.background_tasks import BackgroundTasks
from domain.kernel.clock import Clock
from domain.kernel.errors import Unavailable
from domain.webhooks.model import Endpoint, Verdict, judge
from domain.webhooks.ports import WebhookDeliveries

logger = logging.getLogger(__name__)

_GATHER = 0.01
_FORGOTTEN = 1_000
"""The most old events that one statement removes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DelivererOptions:
    """Options of a `WebhookDeliverer`.

    `endpoints` are served at a time by each worker, `events` are taken from one at a time, `turns` of it in a row. At
    most half of the endpoints are ones that fail: those that time out must not take all places. A `lease` must be
    longer than an attempt may take. `grace`: how long attempts may go on when the worker stops.
    """

    endpoints: int = 100
    events: int = 20
    turns: int = 10
    lease: timedelta = timedelta(seconds=20)
    grace: timedelta = timedelta(seconds=5)


class WebhookDeliverer:
    """Serves endpoints while its context lasts, each in a task of its own, so that none waits for another.

    A worker that dies loses nothing: when its lease is over, another one sends the events whose attempts were not
    recorded, under the same id. So every event is sent at least once.
    """

    def __init__(
        self,
        deliveries: WebhookDeliveries,
        sender: WebhookSender,
        clock: Clock,
        options: DelivererOptions | None = None,
        *,
        woken: asyncio.Event | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """`woken` is set when there is something new to deliver."""
        self._deliveries = deliveries
        self._woken = woken or asyncio.Event()
        self._sender = sender
        self._clock = clock
        self._options = options or DelivererOptions()
        self._chance = chance
        self._serving = BackgroundTasks("webhook")
        self._failing = BackgroundTasks("webhook that fails")
        self._is_stopping = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish the attempts that are under way, and let go of the endpoints."""
        self._is_stopping = True
        await asyncio.gather(*(tasks.finish(self._options.grace) for tasks in (self._serving, self._failing)))

    def jobs(self, retention: timedelta) -> tuple[PeriodicJob, PeriodicJob]:
        """The periodic jobs that deliver events, and remove those older than `retention`."""

        async def forget() -> bool:
            before = self._clock.now() - retention
            return await self._deliveries.forget(before=before, limit=_FORGOTTEN) == _FORGOTTEN

        async def rest() -> timedelta:
            now = self._clock.now()
            return rest_until(await self._deliveries.next_due(now), now)

        every = timedelta(seconds=0.2)
        return (
            PeriodicJob(name="delivering to webhooks", every=every, run=self.deliver, rest=rest, woken=self._woken),
            PeriodicJob(name="forgetting webhook events", every=timedelta(minutes=1), run=forget),
        )

    async def deliver(self) -> bool:
        """Begin to serve the endpoints that have due events; True when there may be more of them."""
        while len(serving := [*self._serving, *self._failing]) >= self._options.endpoints:
            await asyncio.wait(serving, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.sleep(_GATHER)  # so that a claim is for several, where many are served
        wanted = self._options.endpoints - len(serving)
        begun = await self._begin(wanted, failing=False)
        places = min(wanted - begun, max(1, self._options.endpoints // 2) - len(self._failing))
        if places > 0:
            await self._begin(places, failing=True)
        return begun == wanted

    async def _begin(self, endpoints: int, *, failing: bool) -> int:
        """Begin to serve up to `endpoints` endpoints; returns the number of those begun."""
        claimed = await self._deliveries.claim(
            now=self._clock.now(),
            lease=self._options.lease,
            endpoints=endpoints,
            events=self._options.events,
            failing=failing,
        )
        tasks = self._failing if failing else self._serving
        for endpoint in claimed:
            tasks.start(self._serve(endpoint), name=f"webhook {endpoint.webhook.name}")
        return len(claimed)

    async def _serve(self, endpoint: Endpoint) -> None:
        """Send due events, as long as all goes well and the endpoint has had no more than its turns."""
        try:
            turn: Endpoint | None = endpoint
            for left in range(self._options.turns - 1, -1, -1):
                if turn is None or not await self._send_all(turn, goes_on=left > 0):
                    return
                turn = await self._deliveries.due(
                    turn, now=self._clock.now(), lease=self._options.lease, events=self._options.events
                )
        except asyncio.CancelledError:
            await self._let_go(endpoint)
            raise
        except Unavailable as error:
            logger.warning("deliveries to webhook %s have to wait: %s", endpoint.webhook.id, error)
        except Exception:  # it keeps its lease: what goes wrong every time must not be tried without a pause
            logger.exception("deliveries to webhook %s have failed; they go on later", endpoint.webhook.id)
        finally:
            self._woken.set()  # what it has left is due, or will be at a time that was not known before

    async def _send_all(self, endpoint: Endpoint, *, goes_on: bool) -> bool:
        """Send due events, one after the other; True when the endpoint is kept to look for more.

        The first failure ends it: an endpoint that is down is not tried with every waiting event.
        """
        more = goes_on and len(endpoint.due) >= self._options.events
        for number, event in enumerate(endpoint.due, start=1):
            attempt, retry_after = await self._sender.send(endpoint.webhook, event)
            now = self._clock.now()
            verdict = judge(attempt, endpoint, event, retry_after=retry_after, chance=self._chance(), now=now)
            keeps = attempt.succeeded and (number < len(endpoint.due) or more) and not self._is_stopping
            lease_until = now + self._options.lease if keeps else None
            await self._deliveries.record(endpoint, event, attempt, verdict, lease_until=lease_until, now=now)
            if not keeps:
                return False
            endpoint = _after(endpoint, verdict)
        return True

    async def _let_go(self, endpoint: Endpoint) -> None:
        try:
            await self._deliveries.release(endpoint)
        except Unavailable:
            logger.warning("webhook %s is served again when its lease is over", endpoint.webhook.id)


def _after(endpoint: Endpoint, verdict: Verdict) -> Endpoint:
    """The endpoint after an attempt."""
    webhook = replace(endpoint.webhook, failing_since=verdict.failing_since)
    return replace(endpoint, webhook=webhook, failures=verdict.failures, paused_until=verdict.paused_until)
