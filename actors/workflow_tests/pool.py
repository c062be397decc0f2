"""The runner of tests: one process at a time, kept for the next test for a while, and ended when it takes too long."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Self
from uuid import UUID

from actors.workflow_tests.codec import encode_job
from actors.workflow_tests.places import Places
from actors.workflow_tests.process import JobProcess
from domain.kernel.background_tasks import BackgroundTasks
from domain.kernel.errors import LimitExceeded, Unavailable
from domain.workflow_tests.model import WorkflowTestJob, WorkflowTestResult

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerOptions:
    """The bounds of tests. `deadline` is the time for one, `idle` that for which a process waits for the next.

    `processes` is how many tests run at a time; `waiting` may wait, `waiting_of_one` of the same owner, none for longer
    than `longest_wait`. A process that is not ready after `start_within` is given up.
    """

    processes: int = 1
    waiting: int = 20
    waiting_of_one: int = 5
    longest_wait: timedelta = timedelta(seconds=10)
    deadline: timedelta = timedelta(seconds=10)
    start_within: timedelta = timedelta(seconds=30)
    idle: timedelta = timedelta(minutes=1)


class ProcessTestRunner:
    """Implements `domain.workflow_tests.ports.WorkflowTestRunner`.

    A context manager, used in one event loop: when it is left, no process is left over, and tests under way fail.
    """

    def __init__(self, options: RunnerOptions | None = None) -> None:
        self._options = options = options or RunnerOptions()
        self._places = Places(
            most=options.processes,
            waiting=options.waiting,
            waiting_of_one=options.waiting_of_one,
            longest=options.longest_wait,
        )
        self._idle: dict[JobProcess, asyncio.TimerHandle] = {}
        self._living: set[JobProcess] = set()
        self._endings = BackgroundTasks("end of a process for tests")
        self._has_told = False
        self._is_closed = False

    @property
    def pids(self) -> frozenset[int]:
        """The ids of the processes that there are."""
        return frozenset(process.pid for process in self._living if process.pid is not None)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._is_closed = True
        for timer in self._idle.values():
            timer.cancel()
        self._idle.clear()
        for process in tuple(self._living):
            self._end(process)
        while self._endings:
            await asyncio.wait(self._endings)

    async def run(self, job: WorkflowTestJob, owner: UUID) -> WorkflowTestResult:
        """The result of a test; see the port. A caller that gives up ends the process, and the test with it."""
        encoded = await asyncio.to_thread(encode_job, job)
        async with self._places.taken(owner):
            process = await self._ready()
            try:
                async with asyncio.timeout(self._options.deadline.total_seconds()):
                    result = await process.run(encoded)
            except TimeoutError as error:
                self._end(process)
                seconds = self._options.deadline.total_seconds()
                raise LimitExceeded(f"The test was given up: it was not done after {seconds:g} s.") from error
            except (LimitExceeded, Unavailable):
                self._keep(process)
                raise
            except BaseException:  # also of a caller that gives up
                self._end(process)
                raise
            self._keep(process)
            return result

    async def _ready(self) -> JobProcess:
        while self._idle:
            process, timer = self._idle.popitem()
            timer.cancel()
            if not process.has_ended:
                return process
            self._end(process)
        if self._is_closed:
            raise Unavailable("No tests are run any more: this process ends.")
        process = JobProcess((self._options.deadline + timedelta(seconds=2)).total_seconds())
        self._living.add(process)
        try:
            async with asyncio.timeout(self._options.start_within.total_seconds()):
                self._tell_once(await process.start())
        except TimeoutError as error:
            self._end(process)
            raise Unavailable("The process for tests does not start: try again in a few seconds.") from error
        except BaseException:
            self._end(process)
            raise
        return process

    def _keep(self, process: JobProcess) -> None:
        """Keep a process for the next test, and end it when none comes."""
        if self._is_closed or not process.is_usable:
            self._end(process)
            return
        idle = self._options.idle.total_seconds()
        self._idle[process] = asyncio.get_running_loop().call_later(idle, self._end, process)

    def _end(self, process: JobProcess) -> None:
        self._idle.pop(process, None)
        self._endings.start(self._ended(process))

    async def _ended(self, process: JobProcess) -> None:
        await process.end()
        self._living.discard(process)

    def _tell_once(self, missing: str) -> None:
        """Log, once, the protections that this system does not offer to processes for tests."""
        if missing and not self._has_told:
            self._has_told = True
            logger.warning("tests of workflows run without these, which this system does not offer: %s", missing)
