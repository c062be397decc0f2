"""SIGTERM and SIGINT as requests to stop: the first one is waited for, the second one ends the process."""

import os
import signal
import threading
from types import FrameType
from typing import Self

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StopSignals:
    """Listens for the signals that ask a process to stop, from when it is made, which is in the main thread.

    A Python signal handler runs between two instructions of the main thread, perhaps while that thread holds the very
    lock the handler needs: `threading.Event.set`, `queue.Queue.put` or a log line in a handler can wait for ever. So
    the handlers here do nothing. The interpreter's own handler, in C, writes each signal's number to a pipe, and a
    thread reads it there; it needs neither a lock nor the main thread.
    """

    def __init__(self) -> None:
        self._requested = threading.Event()
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._writing, False)

    @classmethod
    def listening(cls) -> Self:
        """Take the signals over, for the rest of the process's life."""
        signals = cls()
        threading.Thread(target=signals._listen, name="stop signals", daemon=True).start()
        signal.set_wakeup_fd(signals._writing, warn_on_full_buffer=False)
        for number in STOP_SIGNALS:
            signal.signal(number, _do_nothing)
        return signals

    def wait(self) -> None:
        """Block until the first signal. The second one ends the process at once, with 128 and its number."""
        self._requested.wait()

    def _listen(self) -> None:
        while True:
            for number in os.read(self._reading, 64):
                if number not in STOP_SIGNALS:
                    continue
                if self._requested.is_set():
                    os._exit(128 + number)
                self._requested.set()


def _do_nothing(_number: int, _frame: FrameType | None) -> None:
    """Handle a signal by nothing: only with a handler set is the signal's number written to the pipe."""
