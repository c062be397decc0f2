"""Circuit breakers in a worker: the state of each service's breaker, kept in step with all other workers.

Every decision is made on what this process knows (`actors.circuit_breakers.machine`) and then put in the place of that
very version in Redis; where somebody else was faster it is made again on what they have made of it. So each counts
once, and a service without failures costs nothing but a look into a dictionary. While Redis is away the process goes on
by itself.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self, TypeVar
from uuid import uuid4

from actors.circuit_breakers import machine
from actors.circuit_breakers.link import BreakerLink
from actors.circuit_breakers.saving import STORING, BreakerSaver
from domain.circuit_breakers.model import BreakerConfig, BreakerSnapshot, CircuitBreakerRecord
from domain.circuit_breakers.ports import BreakerNews, BreakerStore, Permit, Refused, SharedBreakers
from domain.kernel.background_tasks import BackgroundTasks, cancelled
from domain.kernel.clock import Clock
from domain.kernel.errors import StepgraphError, Unavailable
from domain.kernel.shared_lookups import SharedLookups
from domain.kernel.statuses import CircuitBreakerState

logger = logging.getLogger(__name__)

_LAST_WORDS = 1.0
"""The seconds for which a process that stops goes on telling and storing the results of its calls."""
Answer = TypeVar("Answer")
Change = Callable[[BreakerSnapshot, BreakerConfig, datetime], BreakerSnapshot]
Decision = Callable[[BreakerSnapshot, BreakerConfig, datetime], tuple[BreakerSnapshot, Answer]]


@dataclass(slots=True)
class _KnownBreaker:
    """A service's breaker as this process knows it."""

    snapshot: BreakerSnapshot
    config: BreakerConfig
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class WorkerBreakers:
    """Implements `domain.circuit_breakers.ports.CircuitBreakers`; hears of others' changes while its context lasts.

    `renew_every`: how often it says that a probe is still under way, so that its place is not given to another.
    `stored_within`: the time after which the store counts as silent; a call of a service waits no longer for it.
    Of more than `most_services` the one known for longest is dropped, and looked up when it is needed.
    """

    def __init__(
        self,
        *,
        shared: SharedBreakers,
        store: BreakerStore,
        clock: Clock,
        renew_every: timedelta = machine.PROBE_LOST_AFTER / 3,
        stored_within: timedelta = timedelta(seconds=0.5),
        most_services: int = 2_000,
    ) -> None:
        self._shared = shared
        self._store = store
        self._clock = clock
        self._renew_every = renew_every.total_seconds()
        self._stored_within = stored_within.total_seconds()
        self._most_services = most_services
        self._saver = BreakerSaver(store, clock)
        self._known: dict[str, _KnownBreaker] = {}
        self._link = BreakerLink(shared, self._catch_up)
        self._listening = BackgroundTasks("breakers")
        self._telling = BackgroundTasks("breakers")
        self._looking = SharedLookups[str, _KnownBreaker]("breaker")
        self._overheard: dict[str, list[BreakerNews]] = {}
        self._renewing: dict[str, asyncio.Task[None]] = {}

    async def __aenter__(self) -> Self:
        self._listening.start(self._hear())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS):
                while said := {*self._telling, *self._saver.tasks.values()}:
                    await asyncio.wait(said)
        loose = (*self._renewing.values(), *self._saver.tasks.values())
        tasks = [*self._listening, *self._telling, *self._link.tasks, *self._looking.tasks, *loose]
        await cancelled(tasks)

    async def admit(self, service_id: str) -> Permit | Refused:
        known = self._known.get(service_id) or await self._look_up(service_id)
        snapshot = known.snapshot
        if snapshot.state is CircuitBreakerState.CLOSED:
            return Permit(service_id, snapshot.generation)
        if snapshot.next_probe_at is not None and self._clock.now() < snapshot.next_probe_at:
            return Refused(service_id, snapshot.next_probe_at)
        return await self._ask_for_a_place(known)

    async def succeeded(self, permit: Permit) -> None:
        self._stop_renewing(permit)
        known = self._known.get(permit.service_id)
        if known is None and permit.probe is not None:
            known = await self._look_up(permit.service_id)
        if known is not None and not known.snapshot.is_healthy:
            await self._tell(known, lambda found, config, now: machine.succeeded(found, permit, config, now))

    async def failed(self, permit: Permit) -> None:
        self._stop_renewing(permit)
        known = self._known.get(permit.service_id) or await self._look_up(permit.service_id)
        if known.snapshot.generation == permit.generation:
            await self._tell(known, lambda found, config, now: machine.failed(found, permit, config, now))

    def abandoned(self, permit: Permit) -> None:
        self._stop_renewing(permit)
        known = self._known.get(permit.service_id)
        if permit.probe is not None and known is not None:
            self._change(known, lambda found, _config, _now: machine.abandoned(found, permit))

    async def _ask_for_a_place(self, known: _KnownBreaker) -> Permit | Refused:
        """A probe's place if one is free, or a refusal; the place is given back where the caller is cancelled."""
        probe = uuid4().hex
        decided = self._decide(known, lambda found, config, now: machine.admit(found, config, now, probe))
        asking = self._telling.start(decided)
        try:
            answer = await asyncio.shield(asking)
        except asyncio.CancelledError:
            asking.add_done_callback(self._give_back)
            raise
        if isinstance(answer, Permit) and answer.probe is not None:
            self._renewing[answer.probe] = asyncio.create_task(self._renew(answer), name="breaker")
        return answer

    def _give_back(self, asking: "asyncio.Task[Permit | Refused]") -> None:
        if not asking.cancelled() and asking.exception() is None and isinstance(permit := asking.result(), Permit):
            self.abandoned(permit)

    async def _renew(self, permit: Permit) -> None:
        """Keep the place of a probe for as long as its call is under way."""
        while True:
            await asyncio.sleep(self._renew_every)
            known = self._known.get(permit.service_id)
            if known is None:
                return
            await self._tell(known, lambda found, _, now: machine.renewed(found, permit, now))

    def _stop_renewing(self, permit: Permit) -> None:
        if permit.probe is not None and (renewing := self._renewing.pop(permit.probe, None)) is not None:
            renewing.cancel()

    async def _tell(self, known: _KnownBreaker, change: Change) -> None:
        """Make a change that counts even where the caller is cancelled meanwhile."""
        await asyncio.shield(self._change(known, change))

    def _change(self, known: _KnownBreaker, change: Change) -> asyncio.Task[None]:
        decided = self._decide(known, lambda found, config, now: (change(found, config, now), None))
        return self._telling.start(decided)

    async def _decide(self, known: _KnownBreaker, decision: Decision[Answer]) -> Answer:
        """Make a decision on the newest state there is, whoever else decides at the same time."""
        async with known.lock:  # calls of one process need not race each other
            while True:
                before = known.snapshot
                after, answer = decision(before, known.config, self._clock.now())
                if after is before:
                    return answer
                newer = await self._link.replace(after, before)
                if newer is None:
                    self._learn(known, after)
                    if after.generation != before.generation:
                        self._saver.save(after, before.state)
                    return answer
                known.snapshot = newer

    async def _look_up(self, service_id: str) -> _KnownBreaker:
        """The breaker of a service that this process meets for the first time, read from the others; asked for once."""
        return await self._looking.get(service_id, lambda: self._find(service_id))

    async def _find(self, service_id: str) -> _KnownBreaker:
        heard = self._overheard[service_id] = []
        try:
            known = await self._read(service_id)
        finally:
            del self._overheard[service_id]
        self._known[service_id] = known
        for news in heard:
            self._take(service_id, news)
        if len(self._known) > self._most_services:
            self._drop_one()
        return known

    async def _read(self, service_id: str) -> _KnownBreaker:
        snapshot, config = BreakerSnapshot(service_id=service_id), BreakerConfig()
        is_stored = True
        try:
            async with asyncio.timeout(self._stored_within):
                record = await self._store.ensure(service_id, id=self._clock.new_id(), now=self._clock.now())
            snapshot, config = record.snapshot, record.config
        except (StepgraphError, TimeoutError) as error:
            is_stored = False
            logger.warning(
                "what is stored of the circuit breaker of %s is not known: %s", service_id, str(error) or "it took long"
            )
        shared = await self._link.read(service_id)
        if shared is not None and not shared.is_older_than(snapshot):  # what is stored knows of no places
            snapshot = shared
        known = _KnownBreaker(snapshot, config)
        if not is_stored:
            self._listening.start(self._learn_stored(known))
        return known

    async def _learn_stored(self, known: _KnownBreaker) -> None:
        """Learn later the stored state that the store could not give at once."""
        service_id = known.snapshot.service_id
        for pause in STORING.pauses(random.random):
            await asyncio.sleep(pause.total_seconds())
            if self._known.get(service_id) is not known:
                return
            with suppress(Unavailable):
                record = await self._store.ensure(service_id, id=self._clock.new_id(), now=self._clock.now())
                known.config = record.config
                self._learn(known, record.snapshot)
                return

    def _drop_one(self) -> None:
        for service_id, known in self._known.items():
            if service_id not in self._saver.tasks and not known.lock.locked():
                del self._known[service_id]
                return

    def _learn(self, known: _KnownBreaker, snapshot: BreakerSnapshot) -> None:
        if known.snapshot.is_older_than(snapshot):
            known.snapshot = snapshot

    async def _hear(self) -> None:
        async with self._shared.news() as news:
            async for each in news:
                try:
                    if each.service_id is None:
                        await self._catch_up()
                    else:
                        self._take(each.service_id, each)
                except Unavailable as error:
                    self._link.lose(error)
                except Exception:
                    logger.exception("news of circuit breakers was passed over")

    def _take(self, service_id: str, news: BreakerNews) -> None:
        known = self._known.get(service_id)
        if known is None:
            if service_id in self._overheard:
                self._overheard[service_id].append(news)
            return
        if news.snapshot is not None:
            self._learn(known, news.snapshot)
        elif news.config is not None:
            known.config = news.config
        else:
            self._saver.forget(service_id)
            del self._known[service_id]

    async def _catch_up(self) -> None:
        """After a new connection: learn the shared states, and share those that are newer here."""
        names = list(self._known)
        shared = await self._shared.read(names)
        stored: Mapping[str, CircuitBreakerRecord] = {}
        with suppress(Unavailable):
            stored = await self._store.many(names)
        self._link.found()
        for name in names:
            known = self._known.get(name)
            if known is None:
                continue
            there = shared.get(name)
            if there is not None:  # first, for what is stored knows of no places
                self._learn(known, there)
            if name in stored:
                known.config = stored[name].config
                self._learn(known, stored[name].snapshot)
            if known.snapshot.version and (there is None or there.is_older_than(known.snapshot)):
                await self._shared.replace(known.snapshot, after=0 if there is None else there.version)
