"""Processes that are kept alive: each has a name and a command, and one that dies or freezes is started again."""

import asyncio
import logging
import random
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Self

from domain.kernel.backoff import Backoff
from stepgraph.processes.children import start_child, stop_child
from stepgraph.processes.instances import Instances
from stepgraph.processes.pulse import PULSE_VARIABLE, Pulse
from stepgraph.processes.watchdog import EXIT_FROZEN, FROZEN_SIGNAL
from stepgraph.telemetry.logging import PROCESS_VARIABLE

logger = logging.getLogger(__name__)

_RESTARTING = Backoff(first=timedelta(seconds=0.4), cap=timedelta(seconds=10))
_STEADY_AFTER = 5.0
"""A process that has lived this many seconds is started again at once when it dies."""
_UNUSABLE = 2
"""The exit code of a process that cannot work as it is set up or installed: starting it again mends nothing."""
_SPARE = 5.0
"""Seconds that a process has to end itself after its event loop has frozen, before that is done from here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A process to keep alive.

    `grace`: the seconds it gets between SIGTERM and SIGKILL. `output`: a file for what it says; None: where ours goes.
    `death_signal`: what it gets when we are killed ourselves. `sockets`: what it inherits, under the same descriptors;
    they are ours to close. `watchdog_timeout`: how long its event loop may stand still; None: nobody looks.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    grace: float = 20.0
    output: Path | None = None
    death_signal: int = signal.SIGTERM
    sockets: Sequence[socket.socket] = ()
    watchdog_timeout: timedelta | None = None

    @classmethod
    def stepgraph(
        cls,
        name: str,
        *arguments: str,
        environment: Mapping[str, str],
        grace: float = 20.0,
        death_signal: int = signal.SIGTERM,
        sockets: Sequence[socket.socket] = (),
        watchdog_timeout: timedelta | None = None,
    ) -> Self:
        """A process of this very installation: `stepgraph ARGUMENTS…`."""
        return cls(
            name=name,
            command=[sys.executable, "-m", "stepgraph", *arguments],
            environment={**environment, PROCESS_VARIABLE: name},
            grace=grace,
            death_signal=death_signal,
            sockets=sockets,
            watchdog_timeout=watchdog_timeout,
        )


class Keeper:
    """Keeps one program alive. `pid`: its process now."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._child: asyncio.subprocess.Process
        self._pulse: Pulse | None = None
        self._instances = Instances()

    @property
    def name(self) -> str:
        """The program's name."""
        return self._program.name

    @property
    def pid(self) -> int:
        """The id of its process now; that of the last one while none runs."""
        return self._child.pid

    async def start(self) -> None:
        """Start a process of the program."""
        program = self._program
        descriptors = [each.fileno() for each in program.sockets]
        environment = {**program.environment, **self._instances.next()}
        if program.watchdog_timeout is not None:
            self._pulse = Pulse()
            descriptors.append(self._pulse.descriptor)
            environment = {**environment, PULSE_VARIABLE: str(self._pulse.descriptor)}
        try:
            self._child = await start_child(
                program.command,
                environment=environment,
                output=program.output,
                death_signal=program.death_signal,
                descriptors=descriptors,
            )
        finally:
            if self._pulse is not None:
                self._pulse.handed_over()

    async def keep(self, *, must_start: bool = False, must_be_usable: bool = False) -> int:
        """Start a new process whenever the last has ended, at once or after a pause; for ever.

        Where it `must_be_usable`, the exit code is returned of a first process that cannot work as it is set up; where
        it `must_start`, also of one that gives up by itself before it is steady. Cancelled, it stops the process and
        waits for it.
        """
        loop = asyncio.get_running_loop()
        pauses, is_first = _RESTARTING.pauses(random.random), True
        started = loop.time()
        try:
            while True:
                status = await self._end()
                lived = loop.time() - started
                is_steady = lived >= _STEADY_AFTER
                is_usable = status != _UNUSABLE or not (must_start or must_be_usable)
                gives_up = must_start and not is_steady and status > 0 and status != EXIT_FROZEN
                if is_first and (gives_up or not is_usable):
                    return status
                logger.warning("%s ended after %.1f s: %s; restarting it", self.name, lived, reason_of(status))
                if is_steady:
                    self._instances.settled()
                    pauses = _RESTARTING.pauses(random.random)
                else:
                    await asyncio.sleep(next(pauses).total_seconds())
                is_first = False
                await self._start_again()
                logger.info("%s restarted as process %s", self.name, self.pid)
                started = loop.time()
        finally:
            await self.stop()

    async def stop(self) -> None:
        """Stop the process and wait for it. Once it is stopped, this does nothing."""
        for each in self._program.sockets:
            each.close()  # whoever comes now is refused, and does not wait for nobody
        await stop_child(self._child, grace=self._program.grace)
        self._close_pulse()

    async def _start_again(self) -> None:
        """Start a process, and try for as long as the machine has no room for one."""
        for pause in _RESTARTING.pauses(random.random):
            try:
                await self.start()
            except OSError as error:
                logger.warning("%s cannot be started: %s", self.name, error)
                self._close_pulse()
                await asyncio.sleep(pause.total_seconds())
            else:
                return

    async def _end(self) -> int:
        """Wait for the end of the process, and bring it about when its pulse is gone."""
        watching = asyncio.ensure_future(self._watch())
        try:
            return await self._child.wait()
        finally:
            watching.cancel()
            if self._child.returncode is not None:
                self._close_pulse()

    async def _watch(self) -> None:
        timeout = self._program.watchdog_timeout
        if timeout is None or self._pulse is None:
            return
        await self._pulse.stopped(self._child.pid, timeout.total_seconds() + _SPARE)
        logger.error("%s sends no heartbeat and does not end itself: killing it", self.name)
        with suppress(ProcessLookupError):
            await stop_child(self._child, signal_number=FROZEN_SIGNAL, grace=_SPARE)

    def _close_pulse(self) -> None:
        if self._pulse is not None:
            self._pulse.close()
            self._pulse = None


@asynccontextmanager
async def kept_alive(programs: Sequence[Program]) -> AsyncIterator[Sequence[Keeper]]:
    """Keep these programs alive while the context lasts; at its end all are asked to stop at once, and waited for."""
    async with _kept(programs, must_be_usable=False) as (keepers, _):
        yield keepers


async def keep_all_alive(programs: Sequence[Program]) -> int:
    """Keep programs alive until we are cancelled; returns the exit code of a first process that is not usable."""
    async with _kept(programs, must_be_usable=True) as (_, tasks):
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return next(iter(done)).result()


@asynccontextmanager
async def _kept(
    programs: Sequence[Program], *, must_be_usable: bool
) -> AsyncIterator[tuple[Sequence[Keeper], Sequence["asyncio.Task[int]"]]]:
    keepers: list[Keeper] = []
    tasks = []
    try:
        for program in programs:
            keeper = Keeper(program)
            await keeper.start()
            keepers.append(keeper)
            keeping = keeper.keep(must_be_usable=must_be_usable)
            tasks.append(asyncio.create_task(keeping, name=f"keeps {program.name} alive"))
        yield keepers, tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # A task that was cancelled before its first turn has not stopped what it was to keep.
        await asyncio.gather(*(keeper.stop() for keeper in keepers))


async def keep_alive(program: Program) -> int:
    """Keep a program alive until we are cancelled; returns its exit code when its first process does not even start."""
    keeper = Keeper(program)
    await keeper.start()
    return await keeper.keep(must_start=True)


def reason_of(status: int) -> str:
    """The reason for which a process ended, by its exit code, as the rest of a sentence."""
    if status in (EXIT_FROZEN, -FROZEN_SIGNAL):
        return "its event loop stood still"
    if status >= 0:
        return f"status {status}"
    try:
        return f"signal {signal.Signals(-status).name}"
    except ValueError:
        return f"signal {-status}"
