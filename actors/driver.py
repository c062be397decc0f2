"""One activation: a worker's turn with one execution, from the claim until it has ended, waits for long, or is lost.

The shell around the decider. What is decided is stored before it is acted upon, with two exceptions that lose
nothing: that a step was *started* is stored with its result or soon (a step that was running when its worker died is
run again anyway), and steps that only compute run on at once, so that a chain of them is stored together.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from actors.attempts import AttemptReport, Attempts
from actors.failing import NOT_FINISHED, fault
from actors.scope import ExecutionScope
from domain.definition import Definition
from domain.engine.commands import Command, EvaluateOutput, RunStep, StopStep
from domain.engine.decider import decide
from domain.engine.events import ExecutionFailed, ExecutionStarted, Fact, StepCancelled, StepStarted
from domain.engine.evolution import evolve, restore
from domain.engine.reports import Activated, CancelRequested, OutputEvaluated, Report, TimePassed
from domain.engine.views import next_due, progress, waiting_for
from domain.errors import LeaseLost, Unavailable
from domain.failures import StepError
from domain.ports import Clock, ExecutionStore
from domain.records import Claim, ExecutionDelta, PendingCommand, StepChange
from domain.services.executions import CANCEL

logger = logging.getLogger(__name__)

_MOST_FACTS_TOGETHER = 200
"""So much is decided before it is stored: a long chain of transforms must not hold up its neighbours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverParts:
    """What every driver of a process shares. `hold`: waits up to this long are waited for without letting go."""

    store: ExecutionStore
    attempts: Attempts
    clock: Clock
    hold: timedelta = timedelta(seconds=3)


class Driver:
    """Drives one claimed execution. `run` once; `nudge` and `stop` from the same event loop."""

    def __init__(self, claim: Claim, definition: Definition, parts: DriverParts) -> None:
        self._execution_id: UUID = claim.execution.id
        self._epoch = claim.execution.epoch
        self._commands_at_claim = claim.commands
        self._definition = definition
        self._parts = parts
        self._state = restore(definition, claim.execution, claim.steps)
        self._scope = ExecutionScope(definition, claim.execution, self._state)
        self._reports: deque[Report] = deque()
        self._touched: dict[str, None] = {}
        self._facts = 0
        self._only_starts = True
        self._applied: list[UUID] = []
        self._todo: list[RunStep | StopStep] = []
        self._running: dict[str, asyncio.Task[None]] = {}
        self._wake: asyncio.Future[None] | None = None
        self._is_nudged = False
        self._is_stopping = False
        self._fault: Exception | None = None

    async def run(self) -> None:
        """Go on until the execution has ended, lets go, or belongs to another worker; then nothing of it runs here.

        A fault of Stepgraph's own ends the execution as FAILED; what is raised is that not even this could be stored.
        """
        try:
            await self._drive()
        except LeaseLost:
            logger.debug("the lease was lost", extra={"execution_id": str(self._execution_id)})
        except Exception as error:
            logger.exception("a driver failed", extra={"execution_id": str(self._execution_id)})
            await self._give_up(error)
        finally:
            for task in self._running.values():
                task.cancel()

    async def _drive(self) -> None:
        """Decide on every report there is, store what follows, carry it out, and wait for the next report."""
        self._apply(self._commands_at_claim)
        self._reports.append(Activated())
        while self._fault is None:
            while self._reports and self._facts < _MOST_FACTS_TOGETHER:
                self._decide(self._reports.popleft())
            if self._is_stopping:
                self._todo.clear()
            if self._may_let_go():
                await self._let_go()
                return
            await self._store()
            if self._todo:
                self._carry_out()
            elif self._state.status.is_terminal:
                return
            elif self._is_nudged:
                await self._read_commands()
            elif not self._reports:
                await self._pause()
        raise self._fault

    async def _give_up(self, error: Exception) -> None:
        now, state = self._parts.clock.now(), self._state
        if state.status.is_terminal:
            raise error
        for path in sorted(state.running | state.waiting):
            self._evolve(StepCancelled(path, now, NOT_FINISHED))
        self._evolve(ExecutionFailed(now, fault(error)))
        await self._parts.store.commit(self._delta())

    async def _read_commands(self) -> None:
        self._is_nudged = False
        try:
            self._apply(await self._parts.store.commands(self._execution_id))
        except Unavailable:
            asyncio.get_running_loop().call_later(1.0, self.nudge)

    def nudge(self) -> None:
        """There may be a command for this execution."""
        self._is_nudged = True
        self._wake_up()

    def stop(self, *, now: bool = False) -> None:
        """Let go as soon as what runs has ended, or `now`; another worker goes on."""
        self._is_stopping = True
        if now:
            for task in self._running.values():
                task.cancel()
            self._running.clear()
        self._wake_up()

    def _decide(self, report: Report) -> None:
        decision = decide(self._definition, self._state, report, self._parts.clock.now())
        for fact in decision.facts:
            self._evolve(fact)
        for command in decision.commands:
            self._plan(command)

    def _evolve(self, fact: Fact) -> None:
        state = self._state
        evolve(state, self._definition, fact)
        self._facts += 1
        if isinstance(fact, StepStarted):
            self._touched[fact.path] = None
        elif isinstance(fact, ExecutionStarted):
            self._scope.start(fact.at)
        else:
            self._only_starts = False
            path: str | None = getattr(fact, "path", None)
            if path is not None:
                self._touched[path] = None
                step = state.steps[path]
                if step.status.is_terminal:
                    self._scope.add(step)

    def _plan(self, command: Command) -> None:
        """What only computes is done at once; the rest waits until the facts beside it are stored."""
        match command:
            case RunStep(path=path) if self._is_immediate(path):
                self._run_step(path)
            case EvaluateOutput():
                self._reports.append(self._evaluate_output())
            case _:
                self._todo.append(command)

    def _is_immediate(self, path: str) -> bool:
        return not self._is_stopping and self._definition.root.steps[path].is_pure

    def _carry_out(self) -> None:
        """Do what was put off until the facts beside it were stored."""
        for command in self._todo:
            match command:
                case RunStep():
                    self._run_step(command.path)
                case StopStep():
                    task = self._running.pop(command.path, None)
                    if task is not None:
                        task.cancel()
        self._todo.clear()

    def _run_step(self, path: str) -> None:
        begun = self._parts.attempts.begin(
            self._execution_id, self._definition.root.steps[path], self._state.steps[path], self._scope
        )
        if isinstance(begun, AttemptReport):
            self._reports.append(begun)
        else:
            self._running[path] = asyncio.get_running_loop().create_task(self._wait_for(path, begun))

    async def _wait_for(self, path: str, report: Awaitable[Report]) -> None:
        try:
            self._reports.append(await report)
        except Exception as error:
            self._fault = error
        self._running.pop(path, None)
        self._wake_up()

    def _evaluate_output(self) -> OutputEvaluated:
        expression = self._definition.output
        assert expression is not None
        output = self._parts.attempts.output_of(expression, self._execution_id, self._parts.clock.now(), self._scope)
        return OutputEvaluated(error=output) if isinstance(output, StepError) else OutputEvaluated(output=output)

    def _apply(self, commands: Sequence[PendingCommand]) -> None:
        for command in commands:
            if command.id in self._applied:
                continue
            self._applied.append(command.id)
            if command.kind == CANCEL:
                reason = command.payload.get("reason") if isinstance(command.payload, dict) else None
                self._reports.append(CancelRequested(reason if isinstance(reason, str) else None))

    async def _store(self) -> None:
        if self._facts == 0:
            return
        only_starts, delta = self._only_starts, self._delta()
        if only_starts:
            self._parts.store.post(delta)
        else:
            await self._parts.store.commit(delta)

    def _delta(self, *, release: bool = False, due_at: datetime | None = None) -> ExecutionDelta:
        state, definition = self._state, self._definition
        steps = definition.root.steps
        delta = ExecutionDelta(
            execution_id=self._execution_id,
            epoch=self._epoch,
            status=state.status,
            progress=progress(state),
            steps=tuple(StepChange(position=steps[path].position, state=state.steps[path]) for path in self._touched),
            started_at=state.started_at,
            finished_at=state.finished_at,
            deadline_at=state.deadline_at,
            output=state.output,
            error=state.error,
            waiting_for=waiting_for(state),
            due_at=due_at,
            release=release,
            applied_commands=tuple(self._applied),
        )
        self._touched.clear()
        self._applied.clear()
        self._facts, self._only_starts = 0, True
        return delta

    def _may_let_go(self) -> bool:
        """Whether nothing is left to do here for a while."""
        busy = self._running or self._reports or self._todo or self._is_nudged
        if busy or self._state.status.is_terminal:
            return False
        if self._is_stopping:
            return True
        due = next_due(self._state)
        if due is None:
            raise RuntimeError("nothing runs and nothing is due, but the execution has not ended")
        return due - self._parts.clock.now() > self._parts.hold

    async def _let_go(self) -> None:
        """Store that nobody holds it, and when it wants attention: at once when this worker stops."""
        due_at = self._parts.clock.now() if self._is_stopping else next_due(self._state)
        await self._parts.store.commit(self._delta(release=True, due_at=due_at))

    async def _pause(self) -> None:
        """Wait for a report, a nudge, or the next due time."""
        if self._is_stopping and not self._running:
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
        self._reports.append(TimePassed())
        self._wake_up()

    def _wake_up(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)
