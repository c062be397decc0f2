"""The pulse of a child process, as its supervisor feels it: a byte in a pipe for each beat of its event loop.

It is the last resort of the watchdog: it also sees a process that holds its interpreter's lock and uses no processor
time. Nothing is expected before the first beat, nor after a rest is announced, as between two loops.
"""

import asyncio
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

PULSE_VARIABLE = "STEPGRAPH_PULSE_FD"
"""The environment variable that names the pipe's end to the child."""
BEAT, REST = b".", b"_"

_LOOKS_EVERY = 1.0
"""Seconds between two looks at a pulse."""


@cache
def pulse_of_this_process() -> Callable[[bytes], None]:
    """A function that sends BEAT or REST to the supervisor. It never blocks, and does nothing without a supervisor.

    The variable is removed from the environment, so that no child of this process uses a descriptor it does not have.
    """
    given = os.environ.pop(PULSE_VARIABLE, "")
    if not given.isdigit() or not _is_pipe(int(given)):
        return lambda _: None
    descriptor = int(given)
    os.set_blocking(descriptor, False)

    def send(sign: bytes) -> None:
        with suppress(OSError):
            os.write(descriptor, sign)

    return send


def _is_pipe(descriptor: int) -> bool:
    try:
        return stat.S_ISFIFO(os.fstat(descriptor).st_mode)
    except OSError:
        return False


class Pulse:
    """A child's pulse. Close it when the child is gone."""

    def __init__(self) -> None:
        self._reading, self.descriptor = os.pipe()
        os.set_blocking(self._reading, False)
        self._loop = asyncio.get_running_loop()
        self._last: float | None = None
        self._loop.add_reader(self._reading, self._felt)

    def handed_over(self) -> None:
        """Close our copy of the pipe's end that the child has inherited."""
        os.close(self.descriptor)

    def close(self) -> None:
        """Close the pipe; no beats are read after that."""
        self._loop.remove_reader(self._reading)
        os.close(self._reading)

    async def stopped(self, pid: int, after: float) -> None:
        """Return when the child has shown no beat for `after` seconds, without those in which it or we were stopped.

        Never returns while it rests.
        """
        looked = self._loop.time()
        while True:
            await asyncio.sleep(_LOOKS_EVERY)
            now = self._loop.time()
            if now - looked > 3 * _LOOKS_EVERY or _is_stopped(pid):  # we slept ourselves, or it was told to
                self._last = None if self._last is None else now
            looked = now
            if self._last is not None and now - self._last > after:
                return

    def _felt(self) -> None:
        try:
            signs = os.read(self._reading, 4096)
        except BlockingIOError:
            return
        if not signs:  # the child is gone, or has closed it
            self._loop.remove_reader(self._reading)
        self._last = self._loop.time() if signs.endswith(BEAT) else None


def _is_stopped(pid: int) -> bool:
    """True when a signal or a debugger has stopped a process (Linux; False elsewhere)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state in "Tt"
