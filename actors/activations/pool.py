"""The activations of a worker process: admits executions, claims them in batches, drives them, says that it lives."""

import asyncio
import logging
import random
import threading
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from types import TracebackType
from typing import Self
from uuid import UUID

from actors.activations.activation import Activation
from actors.activations.context import ActivationContext
from actors.activations.control_messages import wake
from actors.activations.internal_failure import failed_by_fault
from actors.activations.pool_options import ActivationPoolOptions
from actors.activations.suspects import SuspectWatch
from domain.executions.ports import Recovery
from domain.executions.records import Claim, ExecutionRecord
from domain.kernel.background_tasks import cancelled
from domain.kernel.backoff import Backoff
from domain.kernel.errors import LeaseLost, Unavailable
from domain.kernel.ids import new_id
from domain.system.workers import WorkerRegistry, WorkQueue
from domain.workflows.definitions.cache import DefinitionCache
from domain.workflows.definitions.definition import Definition
from persistence.connections.retrying import until_available

logger = logging.getLogger(__name__)

_AFTER_FAULTS = Backoff(first=timedelta(seconds=0.1), cap=timedelta(seconds=1))
_TASKS_GRACE = timedelta(seconds=2)
_BEAT_AGAIN = timedelta(milliseconds=100)
"""The pause before the next heartbeat after one failed: a lease has no room for more than a few lost ones."""
_EARLY = timedelta(milliseconds=250)
"""The largest difference between the clocks of two processes; whoever claims too early waits out the rest."""

Told = UUID | ExecutionRecord | None
"""A nudge for an execution, or a new one that is handed over; None: some may have been missed."""
Nudges = Callable[[UUID, Callable[[Told], None]], Awaitable[None]]
"""A function that listens for what one worker is told, for ever, and calls back."""
SayRoom = Callable[[UUID, int], Awaitable[None]]
"""A function that tells those who start executions how many more a worker has room for."""
_SAID_EVERY = 1.0
"""The seconds between two times that a worker says how much room it has."""


@dataclass(slots=True)
class _Held:
    activation: Activation
    has_place: bool
    task: asyncio.Task[None] = field(init=False)


class ActivationPool:
    """Runs the executions of a process, while its context lasts. `admit` and `stop_admitting` are for other threads."""

    def __init__(
        self,
        *,
        parts: ActivationContext,
        definitions: DefinitionCache,
        registry: WorkerRegistry,
        recovery: Recovery,
        queue: WorkQueue,
        nudges: Nudges,
        options: ActivationPoolOptions,
        say_room: SayRoom | None = None,
    ) -> None:
        self._parts = parts
        self._definitions = definitions
        self._registry = registry
        self._recovery = recovery
        self._queue = queue
        self._nudges = nudges
        self._say_room_to = say_room
        self._options = options
        self._until_beat = options.heartbeat
        self._places = threading.Semaphore(options.capacity)
        self._stopping = threading.Event()
        self._wanted: dict[UUID, None] = {}
        self._is_crowded = False
        self._claiming: Collection[UUID] = ()
        self._held: dict[UUID, _Held] = {}
        self._undriven: Mapping[UUID, int] = {}
        self._suspects = SuspectWatch(self._look_at, watched_for=options.watched_for)
        self._left: list[UUID] = []
        self._claims_wanted = asyncio.Event()
        self._commands_missed = asyncio.Event()
        self._room_changed = asyncio.Event()
        self._listening: asyncio.Future[None] | None = None
        self._jobs: list[asyncio.Task[None]] = []
        self.worker_id = options.worker_id or new_id()

    @property
    def active(self) -> int:
        """The number of executions that are held."""
        return len(self._held)

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        await self._register()
        self._jobs = [
            asyncio.create_task(self._for_ever(job), name=name)
            for name, job in (
                ("claims", self._claim_next),
                ("heartbeat", self._beat),
                ("nudges", self._listen),
                ("commands", self._look_for_commands),
                ("holdings", self._compare_holdings),
                ("room", self._say_room),
            )
        ]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish running steps within the grace period, let go of everything, and leave the rest to other workers."""
        self.stop_admitting()
        claims, heartbeat, *others = self._jobs
        await cancelled([claims, *others])
        for held in self._held.values():
            held.activation.stop()
        left = {*self._wanted, *self._held, *self._suspects.close()}
        await self._until_idle(self._options.shutdown_grace)
        for held in self._held.values():
            held.activation.stop(now=True)
        await self._until_idle(timedelta(seconds=5))
        await cancelled([heartbeat, *(held.task for held in self._held.values())])
        await self._parts.background_tasks.finish(_TASKS_GRACE)
        try:
            left.update(await self._registry.unregister(self.worker_id))
        except Unavailable:
            logger.warning("the database is away: what this worker held is found again when its lease is over")
        await self._queue.hint(sorted({*left, *self._left}))

    async def _for_ever(self, job: Callable[[], Awaitable[None]]) -> None:
        """Call it again and again, also after faults: without it the process would hold executions and do nothing."""
        failures = 0
        while True:
            try:
                await job()
                failures = 0
                continue
            except Unavailable as error:
                logger.warning("the database does not answer: %s", error)
            except Exception:
                logger.exception("a job of the worker failed; it goes on")
            failures += 1
            await asyncio.sleep(_AFTER_FAULTS.pause(failures, random.random()).total_seconds())

    def admit(self, ids: Iterable[UUID]) -> None:
        """Take these executions on. Blocks the calling thread while the process holds as many as it may.

        Where it had to block, the place that became free goes to the execution with the highest priority of all that
        are due. Those that are left when the process stops are hinted at again.
        """
        waiting = list(ids)
        while waiting:
            had_to_wait = False
            while not self._places.acquire(timeout=0.5 if had_to_wait else 0.0):
                had_to_wait = True
                if self._stopping.is_set():
                    break
            if self._stopping.is_set():
                self._left += waiting
                return
            taken = [waiting.pop()]
            while waiting and self._places.acquire(blocking=False):
                taken.append(waiting.pop())
            self._loop.call_soon_threadsafe(self._want, taken, had_to_wait)

    def stop_admitting(self) -> None:
        """Take no further executions, and say so; blocked threads return."""
        self._stopping.set()
        self._loop.call_soon_threadsafe(self._room_changed.set)

    def _want(self, ids: Collection[UUID], is_crowded: bool = False) -> None:
        self._is_crowded |= is_crowded
        for id in ids:
            if id in self._wanted or id in self._held:
                self._places.release()
                held = self._held.get(id)
                if held is not None:
                    held.activation.nudge()
            else:
                self._wanted[id] = None
        self._claims_wanted.set()

    async def _claim_next(self) -> None:
        """Claim everything that was asked for while the last claim was under way."""
        await self._claims_wanted.wait()
        self._claims_wanted.clear()
        wanted, self._wanted = self._wanted, {}
        ids = [id for id in wanted if id not in self._held]
        self._give_back(len(wanted) - len(ids))
        try:
            if self._is_crowded:
                ids = await self._most_urgent(ids)
            now = self._parts.clock.now() + _EARLY
            self._claiming = frozenset(ids)
            claims = await self._parts.store.claim(
                ids, worker_id=self.worker_id, now=now, watched=self._suspects.watched
            )
        except BaseException:
            # Ask again: what this claim has taken, if only its answer was lost, is held by this worker.
            again = {**dict.fromkeys(ids), **self._wanted}
            self._give_back(len(ids) + len(self._wanted) - len(again))
            self._wanted = again
            self._claims_wanted.set()
            self._claiming = ()
            raise
        self._give_back(len(ids) - len(claims))
        taken = {claim.execution.id: claim.execution.crashes for claim in claims}
        self._suspects.begin(taken, [id for id in ids if id not in taken])
        for claim in claims:
            await self._take(claim)
        self._claiming = ()

    async def _most_urgent(self, ids: Sequence[UUID]) -> list[UUID]:
        """The ids to claim instead of these: as many, the most urgent of all that are due. Those left out stay due."""
        due = await self._recovery.due_executions(now=self._parts.clock.now(), limit=2 * len(ids))
        self._is_crowded = len(due) > len(ids)
        urgent = [id for id in due if id not in self._held and id not in self._wanted]
        return list(dict.fromkeys([*urgent, *ids]))[: len(ids)]

    def _give_back(self, places: int) -> None:
        if places:
            self._places.release(places)

    async def _take(self, claim: Claim) -> None:
        try:
            definition = await self._definition_of(claim)
            activation = Activation(claim, definition, self._parts)
        except Exception as error:
            logger.exception("an execution cannot be run", extra={"execution_id": str(claim.execution.id)})
            await self._fail(claim, error)
            self._suspects.end(claim.execution.id)
            self._places.release()
        else:
            self._hold(claim, activation, has_place=True)

    def _hold(self, claim: Claim, activation: Activation, *, has_place: bool) -> None:
        held = _Held(activation, has_place)
        held.task = asyncio.create_task(self._drive(claim, held), name=f"execution {claim.execution.id}")
        self._held[claim.execution.id] = held

    async def _definition_of(self, claim: Claim) -> Definition:
        """The execution's definition. Waits while the database is away: nothing else can be claimed then either."""
        return await until_available(
            lambda: self._definitions.get(claim.execution.definition_id), "a claimed execution"
        )

    async def _drive(self, claim: Claim, held: _Held) -> None:
        id = claim.execution.id
        try:
            await held.activation.run()
        except Exception as error:
            logger.exception("an execution cannot be ended properly", extra={"execution_id": str(id)})
            await self._fail(claim, error)
        finally:
            if self._held.get(id) is held:
                del self._held[id]
            self._give_back(int(held.has_place))
            self._suspects.end(id)
            if held.activation.is_nudged and not held.activation.has_ended:
                self._look_at(id)  # told something while it was letting go

    async def _fail(self, claim: Claim, error: Exception) -> None:
        """End an execution that this release cannot run, so that it is not stuck."""
        try:
            with suppress(LeaseLost):
                await self._parts.store.commit(failed_by_fault(claim, error, self._parts.clock.now()))
                if claim.execution.parent_id is not None:
                    await wake([claim.execution.parent_id], self._parts.store, self._queue)
        except Exception:
            logger.exception("an execution cannot even be failed", extra={"execution_id": str(claim.execution.id)})

    async def _register(self) -> None:
        await self._registry.register(self.worker_id, host=self._options.host, now=self._parts.clock.now())

    async def _beat(self) -> None:
        await asyncio.sleep(self._until_beat.total_seconds())
        self._until_beat = _BEAT_AGAIN  # unless this one is answered
        is_known = await self._registry.heartbeat(self.worker_id, active_executions=self.active)
        self._until_beat = self._options.heartbeat
        if not is_known:
            await self._start_over()

    async def _start_over(self) -> None:
        """Go on as a new worker, after this one was taken for dead and its executions were given to others."""
        logger.warning("worker %s was taken for dead; it drops %s executions", self.worker_id, self.active)
        await cancelled([held.task for held in self._held.values()])
        self.worker_id = new_id()
        await self._register()
        if self._listening is not None:
            self._listening.cancel()

    async def _listen(self) -> None:
        """Listen as the current worker; ends when this process has become another worker."""
        self._listening = asyncio.ensure_future(self._nudges(self.worker_id, self._nudged))
        try:
            await asyncio.wait([self._listening])
            if not self._listening.cancelled():
                self._listening.result()
        finally:
            self._listening.cancel()

    async def _say_room(self) -> None:
        """Say how much room there is, for executions to be handed over. Without anybody to say it to, do nothing."""
        if self._say_room_to is not None:
            held = len(self._held) + len(self._wanted)
            room = 0 if self._stopping.is_set() or self._is_crowded else self._options.capacity - held
            await self._say_room_to(self.worker_id, max(0, room))
        with suppress(TimeoutError):
            async with asyncio.timeout(_SAID_EVERY):
                await self._room_changed.wait()
        self._room_changed.clear()

    def _receive(self, execution: ExecutionRecord) -> None:
        """Run a new execution that was handed over: this worker holds it already, beyond its capacity too.

        What comes late may have been given to another worker, so it is claimed: the store knows.
        """
        id = execution.id
        if id in self._held or id in self._wanted or id in self._claiming or execution.worker_id != self.worker_id:
            return
        definition = self._definitions.kept(execution.definition_id)
        age = self._parts.clock.now() - execution.created_at
        if definition is None or age > self._options.handed_within:
            self._look_at(id)
            return
        claim = Claim(execution=execution, steps=(), commands=())
        activation = Activation(claim, definition, self._parts)
        if self._stopping.is_set():
            self._left.append(id)
            activation.stop()
        self._hold(claim, activation, has_place=self._places.acquire(blocking=False))

    def _nudged(self, told: Told) -> None:
        if isinstance(told, ExecutionRecord):
            self._receive(told)
            return
        execution_id = told
        if execution_id is None:
            self._commands_missed.set()
        elif execution_id in self._held:
            self._held[execution_id].activation.nudge()
        else:
            self._look_at(execution_id)  # let go of in the meantime

    def _look_at(self, id: UUID) -> None:
        """Claim an execution that wants attention again, if there is room; otherwise the reconciler does."""
        if not self._stopping.is_set() and self._places.acquire(blocking=False):
            self._want([id])

    async def _look_for_commands(self) -> None:
        """Look for commands whose nudge was lost: now and then, and at once when nudges may have been missed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._options.commands_every.total_seconds()):
                await self._commands_missed.wait()
        self._commands_missed.clear()
        for id in await self._parts.store.commanded(self.worker_id):
            self._nudged(id)

    async def _compare_holdings(self) -> None:
        """Let go of executions that this worker holds but does not run: as it lives, nobody else would take them.

        A claim whose answer was lost leaves such executions behind, and so does one that could not even be failed. Only
        those found twice at the same epoch count, since the answer to a new claim may still be on its way.
        """
        await asyncio.sleep(self._options.compare_every.total_seconds())
        stored = await self._registry.holdings(self.worker_id)
        undriven = {id: epoch for id, epoch in stored.items() if not self._drives(id, epoch)}
        stray = {id: epoch for id, epoch in undriven.items() if self._undriven.get(id) == epoch}
        self._undriven = undriven
        if not stray:
            return
        await cancelled([held.task for id, held in self._held.items() if id in stray])
        released = await self._registry.release(self.worker_id, stray)
        logger.warning("%s executions were held and driven by nobody; they are given back", len(released))
        await self._queue.hint(released)

    def _drives(self, id: UUID, epoch: int) -> bool:
        held = self._held.get(id)
        return held is not None and held.activation.epoch == epoch

    async def _until_idle(self, within: timedelta) -> None:
        tasks = [held.task for held in self._held.values()]
        if tasks:
            await asyncio.wait(tasks, timeout=within.total_seconds())
