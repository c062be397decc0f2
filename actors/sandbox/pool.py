"""The sandbox: a pool of warm child processes that do what must not be done in the worker's own."""

import asyncio
import logging
import random
import signal
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Self
from uuid import UUID

from actors.sandbox.asking import Answer, AskedSandbox
from actors.sandbox.child import TOO_COSTLY
from actors.sandbox.process import SandboxProcess
from actors.sandbox.queue import Call, Places, SandboxQueue
from domain.kernel.background_tasks import BackgroundTasks
from domain.kernel.backoff import Backoff
from domain.kernel.errors import Unavailable
from domain.sandbox.shares import SandboxUse

logger = logging.getLogger(__name__)

_START_TIMEOUT = 30.0
_FAILED_STARTS = 3
_RESTARTING = Backoff(first=timedelta(seconds=0.1), cap=timedelta(seconds=5))
_DIED = "the process that evaluated it ended, out of memory or of stack."


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxOptions:
    """The number of children of a pool, and the time that one may take to answer (`deadline`).

    `trial_children` are further ones, for what people try out: started when that is first asked for. At most
    `trials_waiting` trials of one owner wait, and none longer than `longest_wait`. A child is replaced after `calls`
    calls, or when `most_resident` bytes of memory stay with it after a call.
    """

    children: int = 2
    trial_children: int = 1
    trials_waiting: int = 50
    longest_wait: timedelta = timedelta(seconds=10)
    deadline: timedelta = timedelta(seconds=2)
    calls: int = 10_000
    most_resident: int = 128 * 2**20


class SandboxPool(AskedSandbox):
    """Child processes that take one call each at a time; the port is `domain.sandbox.ports.Sandbox`.

    They are started at the first call, or by `start`, and then kept: one that hangs is killed after the deadline, one
    that dies fails the call that it died of, and each has a successor. `SandboxQueue` decides who gets the next free
    one. A context manager, used in one event loop: when it is left, no process, descriptor or task is left over, and
    calls that were under way fail.
    """

    def __init__(self, options: SandboxOptions | None = None) -> None:
        self._options = options or SandboxOptions()
        options = self._options
        self._queue = SandboxQueue(
            Places(children=options.children, trials=options.trial_children, trials_waiting=options.trials_waiting)
        )
        self._children: set[SandboxProcess] = set()
        self._idle: list[SandboxProcess] = []
        self._calls: dict[SandboxProcess, Call] = {}
        self._timers: dict[SandboxProcess, asyncio.TimerHandle] = {}
        self._tasks = BackgroundTasks("sandbox")
        self._has_trials = False
        self._has_told = False
        self._failed_starts = 0
        self._pause: asyncio.TimerHandle | None = None
        self._is_closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._is_closed = True
        self._fail_all()
        for timer in (*self._timers.values(), self._pause):
            if timer is not None:
                timer.cancel()
        for child in self._children:
            child.kill()
        while self._tasks or self._children:
            await (asyncio.wait(self._tasks) if self._tasks else asyncio.sleep(0))

    @property
    def pids(self) -> frozenset[int]:
        """The ids of the processes that are ready or at work."""
        living = (child for child in self._children if child.is_ready and not child.was_killed)
        return frozenset(child.pid for child in living if child.pid is not None)

    def start(self) -> None:
        """Start the children that are missing, without waiting for them."""
        if self._is_closed or self._pause is not None:
            return
        wanted = self._options.children + (self._options.trial_children if self._has_trials else 0)
        for _ in range(wanted - len(self._children)):
            child = SandboxProcess(
                calls=self._options.calls,
                most_resident=self._options.most_resident,
                on_answer=self._on_answer,
                on_end=self._on_end,
            )
            self._children.add(child)
            self._tasks.start(self._start(child))

    async def _ask(self, request: bytes, owner: UUID, use: SandboxUse) -> Answer:
        self._has_trials = self._has_trials or use is SandboxUse.TRIAL
        self.start()
        if self._is_closed or (self._failed_starts >= _FAILED_STARTS and not self.pids):
            raise _unavailable()
        call = Call(request, owner, use, asyncio.get_running_loop().create_future())
        self._queue.add(call)
        self._dispatch()
        if use is not SandboxUse.TRIAL or call.has_begun:
            return await call.answer
        patience = asyncio.get_running_loop().call_later(
            self._options.longest_wait.total_seconds(), self._queue.give_up, call
        )
        try:
            return await call.answer
        finally:
            patience.cancel()

    def _dispatch(self) -> None:
        while self._idle and (call := self._queue.next()):
            child = self._idle.pop()
            self._calls[child] = call
            deadline = self._options.deadline.total_seconds()
            self._timers[child] = asyncio.get_running_loop().call_later(deadline, self._on_deadline, child)
            child.ask(call.request)

    def _on_answer(self, child: SandboxProcess, answer: Answer) -> None:
        call = self._released(child)
        if call is None:  # it has started
            self._failed_starts = 0
            self._tell_once(answer.text.decode())
        elif not call.answer.done():
            call.answer.set_result(answer)
        if child.is_retiring:
            child.kill()
        else:
            self._idle.append(child)
        self._dispatch()

    def _on_deadline(self, child: SandboxProcess) -> None:
        call = self._calls.get(child)
        child.kill()
        if call is not None and not call.answer.done():
            seconds = self._options.deadline.total_seconds()
            call.answer.set_result(Answer(TOO_COSTLY, f"it was not done after {seconds:g} s.".encode()))

    def _on_end(self, child: SandboxProcess) -> None:
        self._tasks.start(self._bury(child))

    async def _start(self, child: SandboxProcess) -> None:
        self._timers[child] = asyncio.get_running_loop().call_later(_START_TIMEOUT, self._on_deadline, child)
        try:
            await child.start()
        except Exception as error:
            logger.warning("a sandbox child cannot be started: %s", error)
            await self._bury(child)

    async def _bury(self, child: SandboxProcess) -> None:
        """Learn why a child has ended, answer the call that it had, and replace it."""
        if child in self._idle:
            self._idle.remove(child)
        call = self._released(child)
        code = await child.exit_code()
        self._children.discard(child)
        if call is not None and not call.answer.done():
            if code == -signal.SIGKILL and not child.was_killed and not call.was_repeated:
                call.was_repeated = True  # somebody else ended it: that need not be the expression's doing
                self._queue.add_again(call)
            else:
                call.answer.set_result(Answer(TOO_COSTLY, _DIED.encode()))
        if not child.is_ready:
            self._pause_starting()
        self.start()
        self._dispatch()

    def _pause_starting(self) -> None:
        """Put off the next start after one failed, longer each time; after three failures, fail the calls that wait."""
        self._failed_starts += 1
        if self._is_closed or self._pause is not None:
            return
        if self._failed_starts >= _FAILED_STARTS and not self.pids:
            logger.error("the sandbox does not start; expressions that need it fail")
            self._fail_all()
        pause = _RESTARTING.pause(self._failed_starts, random.random())
        self._pause = asyncio.get_running_loop().call_later(pause.total_seconds(), self._resume_starting)

    def _resume_starting(self) -> None:
        self._pause = None
        self.start()

    def _fail_all(self) -> None:
        for call in (*self._calls.values(), *self._queue.clear()):
            if not call.answer.done():
                call.answer.set_exception(_unavailable())

    def _released(self, child: SandboxProcess) -> Call | None:
        if timer := self._timers.pop(child, None):
            timer.cancel()
        call = self._calls.pop(child, None)
        if call is not None:
            self._queue.release(call)
        return call

    def _tell_once(self, missing: str) -> None:
        """Log, once, the protections that this system does not offer to children."""
        if missing and not self._has_told:
            self._has_told = True
            logger.warning("sandbox children run without these, which this system does not let them have: %s", missing)


def _unavailable() -> Unavailable:
    return Unavailable("The sandbox for expressions does not work just now: try again in a few seconds.")
