"""The watchdog: a thread that ends the process when its event loop stands still, so that its supervisor starts it anew.

A loop that stands still answers nobody, renews no lease and does not notice it; nothing in the loop can help. The loop
shows that it lives by a timer (a beat), and three things look for beats:

- A thread, which counts the time without one. It writes the loop's stack to the log and ends the process with
  `EXIT_FROZEN`. It sees everything but code that holds the interpreter's lock, for then no thread runs at all.
- A timer of the kernel over the processor time of the process (ITIMER_PROF), wound up anew by each beat. It needs no
  lock: the handler of its signal is faulthandler's, in C, which writes the stacks of all threads to standard error and
  leaves the process to die of the signal, SIGPROF.
- The supervisor, where there is one (`stepgraph.processes.pulse`), a little later: it sends that signal to a process
  that holds the lock and waits.

Time in which the process could not run counts for none: one that was stopped (SIGSTOP, a debugger, a machine that
slept) goes on when it is continued. The thread counts no more than a tick at a time, or the processor time where that
is more; the kernel's timer counts nothing else; the supervisor sees that a process is stopped.
"""

import asyncio
import faulthandler
import logging
import os
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from stepgraph.processes.pulse import BEAT, REST, pulse_of_this_process

EXIT_FROZEN = 70
"""The exit code of a process whose event loop stood still (EX_SOFTWARE of sysexits.h)."""
FROZEN_SIGNAL = signal.SIGPROF
"""The signal that ends a process whose event loop stood still in code that holds the interpreter's lock."""

_STDERR = 2
_BEATS = 10
"""Beats that the loop makes within its timeout."""
_SPARE = 1.0
"""Seconds of processor time that the kernel's timer waits longer than the thread, whose report says more."""
_PATIENCE = 2.0
"""Seconds that the report may take to be written: the loop may be stuck in standard error."""
_AT_ONCE = 4096
"""Bytes that a pipe takes without blocking when it takes any (PIPE_BUF)."""

logger = logging.getLogger(__name__)


class Watchdog:
    """Watches the event loop that it is entered on. `timeout`: how long that may stand still."""

    def __init__(self, timeout: timedelta) -> None:
        self._limit = timeout.total_seconds()
        self._every = self._limit / _BEATS
        self._beats = 0
        self._show = pulse_of_this_process()
        self._ended = threading.Event()
        self._timer: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Watch the running loop while the context lasts. One at a time in a process: it has one kernel's timer."""
        loop = asyncio.get_running_loop()
        faulthandler.register(FROZEN_SIGNAL, file=_STDERR, all_threads=True, chain=True)
        self._ended.clear()
        self._beat(loop)
        thread = threading.Thread(target=self._watch, args=(loop, threading.get_ident()), name="watchdog", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            self._show(REST)
            thread.join()
            if self._timer is not None:
                self._timer.cancel()
            signal.setitimer(signal.ITIMER_PROF, 0)
            faulthandler.unregister(FROZEN_SIGNAL)

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        self._beats += 1
        self._show(BEAT)
        signal.setitimer(signal.ITIMER_PROF, self._limit + _SPARE)
        self._timer = loop.call_later(self._every, self._beat, loop)

    def _watch(self, loop: asyncio.AbstractEventLoop, loop_thread: int) -> None:
        """Count the time since the last beat, as far as this process could have run in it."""
        seen, silent = 0, 0.0
        before, worked_before = time.monotonic(), time.process_time()
        while not self._ended.wait(self._every):
            now, worked = time.monotonic(), time.process_time()
            ran = min(now - before, max(self._every, worked - worked_before))
            before, worked_before = now, worked
            if self._beats != seen:
                seen, silent = self._beats, 0.0
                continue
            silent += ran
            if silent >= self._limit:
                _end(loop, loop_thread, silent)


def _end(loop: asyncio.AbstractEventLoop, loop_thread: int, silent: float) -> None:
    """Say where the loop stands, if that can be said, and end the process, whatever its other threads are at."""
    frame = sys._current_frames().get(loop_thread)  # noqa: SLF001 - documented, and there is no other way
    stack = "" if frame is None else "".join(traceback.format_stack(frame)).rstrip()
    task = asyncio.current_task(loop)

    def say() -> None:
        logger.critical(
            "the event loop has stood still for %.1f s: the process ends, to be started anew",
            silent,
            extra={"task": None if task is None else task.get_name(), "stack": stack},
        )
        logging.shutdown()

    # The loop may be stuck in a log line of its own, with the lock that the next line needs.
    thread = threading.Thread(target=say, name="last words", daemon=True)
    thread.start()
    thread.join(_PATIENCE)
    if thread.is_alive() and select.select([], [_STDERR], [], 0)[1]:
        os.write(_STDERR, f"The event loop has stood still; most recent call last:\n{stack}\n".encode()[-_AT_ONCE:])
    os._exit(EXIT_FROZEN)
