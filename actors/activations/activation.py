"""One activation: a worker's turn with one execution, from the claim until it has ended, waits for long, or is lost.

The shell around the decider. What is decided is stored before it is acted upon, with two exceptions that lose
nothing: that a step was *started* is stored with its result or soon (a step that was running when its worker died is
run again anyway), and steps that only compute run on at once, so that a chain of them is stored together.

A batch of a loop's items is driven in the same way; its steps belong to the execution that the loop is in.
"""

import asyncio
import logging
import random
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from uuid import UUID

from actors.activations.background_work import seen_through
from actors.activations.context import ActivationContext
from actors.activations.control_messages import notice_of, report_of, tell_of_end
from actors.activations.expression_context import ExecutionScope
from actors.activations.in_flight import Calls
from actors.activations.internal_failure import fault
from actors.activations.shards import Batches
from actors.activations.step_work import StepWork
from domain.engine.actions import (
    CloseContainer,
    Command,
    EvaluateOutput,
    FailStep,
    ResolveItem,
    RunBatch,
    RunStep,
    StopStep,
)
from domain.engine.decider import decide
from domain.engine.decision_builder import DecisionBuilder, prefix_of
from domain.engine.evolution import evolve
from domain.engine.facts import (
    BatchDone,
    BlockEnded,
    BlockOpened,
    ExecutionFailed,
    ExecutionPaused,
    ExecutionResumed,
    ExecutionStarted,
    Fact,
    ItemResolved,
    StepStarted,
)
from domain.engine.reports import Activated, Report, TimePassed
from domain.engine.stopping import stop_everything
from domain.executions.projections import next_due, progress, touched, waiting_for
from domain.executions.records import Claim, ExecutionDelta, PendingCommand, StepChange
from domain.executions.rehydration import restore_claim
from domain.kernel.errors import LeaseLost, Unavailable
from domain.kernel.ids import IdKind, from_public
from domain.kernel.statuses import CommandKind
from domain.workflows.definitions.definition import Definition
from domain.workflows.documents.graph import HANDLER
from domain.workflows.steps.for_each import FOR_EACH

logger = logging.getLogger(__name__)

_MOST_STEPS_TOGETHER = 200
"""The number of changed steps after which a decision is stored: a long chain of transforms must not hold up others."""

_NOT_STORED = (BlockOpened, BlockEnded, ItemResolved, BatchDone)


class Activation:
    """Drives one claimed execution or batch. `run` once; `nudge` and `stop` from the same event loop."""

    def __init__(self, claim: Claim, definition: Definition, parts: ActivationContext) -> None:
        execution = claim.execution
        self._claim = claim
        self._id: UUID = execution.id
        self.epoch = execution.epoch
        self._owner = claim.parent or execution
        self._definition = definition
        self._parts = parts
        self._turns = parts.attempts.evaluator.turns
        self._state = restore_claim(definition, claim)
        signal_url = parts.signal_url(self._owner.id) if definition.reads_signal_url else None
        self._scope = ExecutionScope(definition, self._owner, self._state, signal_url=signal_url)
        self._batches = Batches(self._owner, parts.store, parts.queue, parts.clock, parts.live_workers)
        self._reports: deque[Report] = deque()
        self._touched: dict[str, None] = {}
        self._is_changed = False
        self._only_starts = True
        self._is_told_of = claim.execution.started_at is not None
        self._applied: list[UUID] = []
        self._todo: list[Command] = []
        self._calls: Calls[Report] = Calls(self._report, self._failed, f"execution {claim.execution.id}")
        self._work = StepWork(
            self._owner.id, definition, self._state, self._scope, self._calls, self._reports.append, parts
        )
        self._wake: asyncio.Future[None] | None = None
        self._is_stopping = False
        self._fault: Exception | None = None
        self.is_nudged = False

    async def run(self) -> None:
        """Go on until the execution has ended, lets go, or belongs to another worker; then nothing of it runs here.

        A fault of Stepgraph's own ends the execution as FAILED. Raises only when not even this could be stored.
        """
        try:
            await self._drive()
        except LeaseLost:
            logger.debug("the lease was lost", extra={"execution_id": str(self._id)})
        except Exception as error:
            logger.exception("an activation failed", extra={"execution_id": str(self._id)})
            await self._give_up(error)
        finally:
            self._calls.end()

    @property
    def has_ended(self) -> bool:
        """True when the execution has ended."""
        return self._state.status.is_terminal

    async def _drive(self) -> None:
        """Decide on every report there is, store what follows, carry it out, and wait for the next report."""
        self._apply(self._claim.commands)
        self._reports += (Activated(), TimePassed(random.random()))
        while self._fault is None:
            await self._decide_all()
            if self._is_stopping:
                self._todo.clear()
            if self._may_let_go():
                await self._let_go()
                return
            await self._store()
            if self._todo:
                await self._carry_out()
            elif self._state.status.is_terminal:
                return
            elif self.is_nudged:
                await self._read_commands()
            elif not self._reports:
                await self._pause()
        raise self._fault

    async def _decide_all(self) -> None:
        """Decide on every report there is, in turns with all else that goes on in this process."""
        await self._turns.enter()
        try:
            while self._reports and len(self._touched) < _MOST_STEPS_TOGETHER:
                self._decide(self._reports.popleft())
                if self._turns.is_over:
                    await self._turns.give_way()
        finally:
            self._turns.end()

    async def _give_up(self, error: Exception) -> None:
        now, state = self._parts.clock.now(), self._state
        if state.status.is_terminal:
            raise error
        draft = DecisionBuilder(self._definition, state, now, is_paused=True)
        stop_everything(draft)
        for fact in (*draft.facts, ExecutionFailed(now, fault(error))):
            self._evolve(fact)
        await self._parts.store.commit(self._delta())

    async def _read_commands(self) -> None:
        self.is_nudged = False
        try:
            self._apply(await self._parts.store.commands(self._id, self._batches.unapplied))
        except Unavailable:
            asyncio.get_running_loop().call_later(1.0, self.nudge)

    def nudge(self) -> None:
        """Look at the execution's commands soon: there may be a new one."""
        self.is_nudged = True
        self._wake_up()

    def stop(self, *, now: bool = False) -> None:
        """Let go as soon as what runs has ended, or `now`; another worker goes on."""
        self._is_stopping = True
        if now:
            self._calls.cancel()
        self._wake_up()

    def _decide(self, report: Report) -> None:
        decision = decide(self._definition, self._state, report, self._parts.clock.now())
        for fact in decision.facts:
            self._evolve(fact)
        for command in decision.commands:
            self._plan(command)
        if decision.facts and isinstance(report, TimePassed):
            self._reports.append(TimePassed(random.random()))

    def _evolve(self, fact: Fact) -> None:
        state = self._state
        evolve(state, self._definition, fact)
        if isinstance(fact, _NOT_STORED):
            if isinstance(fact, BlockEnded):
                self._leave_block(fact)
            return
        self._is_changed = True
        if isinstance(fact, StepStarted):
            self._touched[fact.path] = None
        elif isinstance(fact, ExecutionStarted):
            self._scope.start(fact.at)
        else:
            self._only_starts = False
            self._note(fact)

    def _note(self, fact: Fact) -> None:
        """Take a fact into account that must be stored before it is acted upon: mark its steps as changed."""
        state = self._state
        path: str | None = getattr(fact, "path", None)
        if path is not None:
            self._touched[path] = None
            step = state.steps[path]
            if step.status.is_terminal:
                self._scope.add(step)
                self._applied += self._batches.taken(path)
        elif isinstance(fact, ExecutionPaused | ExecutionResumed):
            self._touched |= dict.fromkeys(touched([fact]))
            if state.sharded:
                kind = CommandKind.PAUSE if isinstance(fact, ExecutionPaused) else CommandKind.RESUME
                self._background(lambda: self._batches.tell(state, kind))

    def _leave_block(self, fact: BlockEnded) -> None:
        self._scope.forget(fact.prefix)
        if fact.error is None and fact.prefix.endswith(f".{HANDLER}"):
            self._scope.add_handled(prefix_of(fact.prefix))

    def _plan(self, command: Command) -> None:
        """Run steps that only compute at once; put other commands off until the facts beside them are stored."""
        match command:
            case RunStep(path=path) if path in self._calls or command in self._todo:
                pass  # it runs already: a resumption and the claim that brought it both ask for it
            case RunStep(path=path) if not self._is_stopping and self._definition.step(path).is_pure:
                self._work.run_step(path)
            case FailStep(path=path, error=error):
                self._work.fail_step(path, error)
            case CloseContainer(path=path):
                self._work.close(path)
            case ResolveItem(loop=loop, index=index):
                self._work.resolve(loop, index)
            case EvaluateOutput():
                self._work.evaluate_output()
            case _:
                self._todo.append(command)

    async def _carry_out(self) -> None:
        """Do what was put off until the facts beside it were stored."""
        batches: list[RunBatch] = []
        await self._turns.enter()
        todo, self._todo = self._todo, []
        for command in todo:
            match command:
                case RunStep(path=path):
                    self._work.run_step(path)
                case StopStep(path=path):
                    self._stop_step(path)
                case RunBatch():
                    batches.append(command)
        self._turns.end()
        if batches:
            await self._batches.run([command.range for command in batches])

    def _report(self, report: Report) -> None:
        self._reports.append(report)
        self._wake_up()

    def _failed(self, error: Exception) -> None:
        self._fault = error
        self._wake_up()

    def _stop_step(self, path: str) -> None:
        self._calls.stop(path)
        step = self._state.steps[path]
        kind = self._definition.step(path).kind
        if kind is FOR_EACH:
            self._background(lambda: self._batches.drop(path))
            return
        child = kind.child_in(step.checkpoint, None)
        if child is not None:
            self._background(lambda: self._cancel_child(child))

    async def _cancel_child(self, public_id: str) -> None:
        await self._parts.cancel_child(from_public(public_id, IdKind.EXECUTION), "The parent does not wait any more.")

    def _background(self, work: Callable[[], Awaitable[None]]) -> None:
        """Start work for other executions, which this one does not wait for, as a background task of the process."""
        self._parts.background_tasks.start(seen_through(work))

    def _apply(self, commands: Sequence[PendingCommand]) -> None:
        """Turn commands into reports; the end of a batch stays stored as a command until its loop has ended."""
        for command in commands:
            if command.id in self._applied or command.id in self._batches.unapplied:
                continue
            if not self._batches.keep(command, self._state):
                self._applied.append(command.id)
            report = report_of(command)
            if report is not None:
                self._reports.append(report)

    async def _store(self) -> None:
        if not self._is_changed and not self._applied:
            return
        if self._only_starts and not self._applied:
            self._parts.store.post(self._delta())
            return
        if not self._state.status.is_terminal:
            await self._commit(self._delta())
            return
        nudges = await self._batches.holders()  # asked now, because the end takes the batches with it
        await self._commit(self._delta())
        self._background(lambda: tell_of_end(self._claim.execution, self._definition, self._parts, nudges))

    async def _commit(self, delta: ExecutionDelta) -> None:
        await self._parts.store.commit(delta)
        self._is_told_of |= delta.starts

    def _delta(self, *, release: bool = False, due_at: datetime | None = None) -> ExecutionDelta:
        state, definition = self._state, self._definition
        delta = ExecutionDelta(
            execution_id=self._id,
            epoch=self.epoch,
            status=state.status,
            progress=progress(state),
            steps=tuple(
                StepChange(position=definition.position(path), state=state.steps[path]) for path in self._touched
            ),
            started_at=state.started_at,
            finished_at=state.finished_at,
            deadline_at=state.deadline_at,
            output=state.output,
            error=state.error,
            waiting_for=waiting_for(state),
            due_at=due_at,
            release=release,
            applied_commands=tuple(self._applied),
            paused_at=state.paused_at,
            signals=tuple(state.signals),
            notify=notice_of(self._claim.execution, state),
            starts=state.started_at is not None and not self._is_told_of,
        )
        self._touched.clear()
        self._applied.clear()
        self._is_changed, self._only_starts = False, True
        return delta

    def _may_let_go(self) -> bool:
        """True when nothing is left to do here for a while."""
        busy = self._calls or self._reports or self._todo or self.is_nudged
        state = self._state
        if busy or state.status.is_terminal:
            return False
        if self._is_stopping:
            return True
        if state.is_paused:
            return not self._batches.unapplied  # what batches have told would bring it back at once
        if state.sharded:
            return False  # the batches will say when they are done
        due = next_due(state)
        if due is None:
            if not state.waiting:
                raise RuntimeError("nothing runs and nothing is due, but the execution has not ended")
            return True
        return due - self._parts.clock.now() > self._parts.hold

    async def _let_go(self) -> None:
        """Store that nobody holds the execution, and when it is due: at once when this worker stops."""
        due_at = self._parts.clock.now() if self._is_stopping else next_due(self._state)
        await self._commit(self._delta(release=True, due_at=due_at))

    async def _pause(self) -> None:
        """Wait for a report, a nudge, or the next due time."""
        if self._is_stopping and not self._calls:
            return
        loop = asyncio.get_running_loop()
        due = next_due(self._state)
        timer: asyncio.TimerHandle | None = None
        self._wake = loop.create_future()
        if due is not None:
            delay = max(0.0, (due - self._parts.clock.now()).total_seconds())
            timer = loop.call_later(delay, self._time_is_up)
        try:
            await self._wake
        finally:
            self._wake = None
            if timer is not None:
                timer.cancel()

    def _time_is_up(self) -> None:
        self._reports.append(TimePassed(random.random()))
        self._wake_up()

    def _wake_up(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)
