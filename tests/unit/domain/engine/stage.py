"""A world in which workers die and executions are paused, at moments that a plan chooses; time is only simulated."""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID
from zlib import crc32

from actors.activations.activation import Activation
from domain.engine.state import StepState, WaitReason
from domain.executions.records import ExecutionDelta, ExecutionRecord, PendingCommand
from domain.executions.step_executor import Deferred, Failed, Outcome, StepCall, Succeeded
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.ids import new_id
from domain.kernel.statuses import CommandKind, ExecutionStatus, WaitKind
from domain.workflows.definitions.definition import Definition
from persistence.executions.delta_merge import merge_deltas
from persistence.memory import MemoryStorage
from persistence.memory.executions.store import MemoryExecutionStore
from tests.unit.actors.world import Service, World
from tests.unit.domain.engine.documents import INPUT
from tests.unit.domain.engine.invariants import RowsOf, check_change

_MOST_TURNS = 2_000


class Crash(BaseException):
    """The worker dies here, and has no chance to do anything about it."""


@dataclass
class Plan:
    """A plan of mishaps: a worker dies once in `crash_every` moments, somebody pauses once in `pause_every` commits.

    Not for ever: after `most` of either there are no more.
    """

    chance: random.Random = field(default_factory=lambda: random.Random(0))
    crash_every: int = 0
    pause_every: int = 0
    longest_pause: float = 0.0
    most: int = 40
    crashes: int = 0
    pauses: int = 0

    def crashes_now(self) -> bool:
        """True when the worker dies at this moment."""
        found = self.crashes < self.most and self._comes(self.crash_every)
        self.crashes += found
        return found

    def pauses_now(self) -> bool:
        """True when somebody asks for a pause at this moment."""
        found = self.pauses < self.most and self._comes(self.pause_every)
        self.pauses += found
        return found

    def _comes(self, every: int) -> bool:
        return every > 0 and self.chance.randrange(every) == 0


def seconds_of(path: str, attempt: int, seconds: int) -> timedelta:
    """The duration of a call: `seconds`, and a fraction by which no two calls end in the same moment."""
    return timedelta(seconds=seconds, microseconds=crc32(f"{path}#{attempt}".encode()) % 900_000 if seconds else 0)


@dataclass
class ScriptedService(Service):
    """Answers each call as its `query` says (see documents.py), after some turns of the event loop or some time."""

    plan: Plan = field(default_factory=Plan)

    def execute(self, call: StepCall) -> Any:
        if self.plan.crashes_now():
            raise Crash
        self.calls.append(call)
        assert isinstance(call.input, dict)
        query: Any = call.input["query"]
        until = call.now + seconds_of(call.path, call.attempt, query["seconds"])
        if call.called_at < until:
            reason = WaitReason(kind=WaitKind.TIMER, until=until)
            return Deferred(until=until, reason=reason, checkpoint={"called": True})
        outcome: Outcome = Succeeded(output={"of": call.path, "attempt": call.attempt})
        if call.attempt <= query["fails"]:
            status = 404 if query["fatal"] else 503
            error = StepError(code=FailureCode.HTTP_STATUS, message="no", details={"status": status})
            outcome = Failed(error=error, status_code=status)
        return outcome if query["seconds"] else asyncio.ensure_future(self._soon(outcome))

    async def _soon(self, outcome: Outcome) -> Outcome:
        for _ in range(self.plan.chance.randrange(4)):
            await asyncio.sleep(0)
        return outcome


class WatchedStore(MemoryExecutionStore):
    """A store at which workers die, and which looks at whatever is stored."""

    def watch(self, definition: Definition, plan: Plan) -> None:
        """Begin to watch."""
        self._definition, self._plan, self._last_seen = definition, plan, dict[str, StepState]()
        self.pause_wanted = False

    def post(self, delta: ExecutionDelta) -> None:
        """Keep a change that `flush` or the next commit stores, instead of storing it after a while of real time."""
        posted = self._posted.get(delta.execution_id)
        if posted is not None and posted.epoch == delta.epoch:
            delta = merge_deltas(posted, delta)
        self._posted[delta.execution_id] = delta

    async def commit(self, delta: ExecutionDelta) -> int:
        if self._plan.crashes_now():
            raise Crash
        sequence = await super().commit(delta)
        self._look(delta)
        if self._plan.pauses_now():
            self.pause_wanted = True
        if self._plan.crashes_now():
            raise Crash
        return sequence

    def _look(self, delta: ExecutionDelta) -> None:
        rows = {path: record.state for path, record in self._tables.steps.get(delta.execution_id, {}).items()}
        for path, row in rows.items():
            check_change(self._last_seen.get(path), row)
        assert self._last_seen.keys() <= rows.keys()
        self._last_seen = rows
        RowsOf(self._definition, rows).check(delta.progress, delta.status, was_paused=self._plan.pauses > 0)
        rests = delta.status in (ExecutionStatus.WAITING, ExecutionStatus.PAUSED)
        assert rests <= (delta.waiting_for is not None), "it rests, and nobody can say why"
        if delta.release and not delta.status.is_terminal:
            assert rests, "it was let go of, though something in it runs"

    def forget_posted(self) -> None:
        """Drop the changes that were to be stored soon, as a worker does that dies."""
        self._posted.clear()


@dataclass
class Ended:
    """An execution that has ended, and its rows."""

    execution: ExecutionRecord
    rows: Mapping[str, StepState]


async def perform(definition: Definition, plan: Plan) -> Ended:
    """Run a workflow to its end, worker after worker."""
    storage = MemoryStorage()
    store = storage.executions = WatchedStore(storage.tables, storage.publisher)
    store.watch(definition, plan)
    service = ScriptedService(plan=plan)
    world = World(storage=storage, service=service, hold=timedelta(0))
    id = await world.execution(definition, INPUT)
    for _ in range(_MOST_TURNS):
        execution = await world.record(id)
        if execution.status.is_terminal:
            made = [(call.path, call.attempt, call.checkpoint is None) for call in service.calls]
            assert plan.crashes or len(made) == len(set(made)), "a call was made twice"
            return Ended(execution, {path: record.state for path, record in world.steps(id).items()})
        await _turn(world, store, execution, definition, plan)
    raise AssertionError("it does not end")


async def _turn(
    world: World, store: WatchedStore, execution: ExecutionRecord, definition: Definition, plan: Plan
) -> None:
    """Let another worker have a turn, or let time pass until one is wanted."""
    id, now = execution.id, world.clock.now()
    claims = await store.claim([id], worker_id=new_id(), now=now)
    if claims:
        try:
            await _drive(Activation(claims[0], definition, world.parts), store, id, world)
        except Crash:
            if plan.chance.randrange(2):
                await store.flush()
            store.forget_posted()
            await world.storage.recovery.release_dead(dead_before=now, limit=1)
    elif execution.status is ExecutionStatus.PAUSED:
        world.clock.move(seconds=plan.chance.uniform(0, plan.longest_pause))
        await _tell(store, id, CommandKind.RESUME, world)
    else:
        assert execution.due_at is not None, f"{execution.status}: nothing will ever happen to it again"
        world.clock.time = max(now, execution.due_at)


async def _drive(activation: Activation, store: WatchedStore, id: UUID, world: World) -> None:
    async with asyncio.timeout(20):
        task = asyncio.create_task(activation.run())
        while not task.done():
            await asyncio.sleep(0)
            if store.pause_wanted and not task.done():
                store.pause_wanted = False
                await _tell(store, id, CommandKind.PAUSE, world)
                activation.nudge()
        await task


async def _tell(store: WatchedStore, id: UUID, kind: CommandKind, world: World) -> None:
    execution = await world.record(id)
    if not execution.status.is_terminal:
        await store.add_command(
            PendingCommand(id=new_id(), execution_id=id, kind=kind, payload=None, created_at=world.clock.now())
        )
