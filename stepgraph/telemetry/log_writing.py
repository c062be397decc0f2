"""Writing log lines to standard error from a thread of its own, because its reader may be slow.

A terminal that is scrolled back, or a pipe whose reader is busy, blocks whoever writes to it. An event loop must not
wait for that: it puts its lines into a queue. When too many wait, the newest are left out, and how many is said.
"""

import logging
import queue
import threading
import time
from typing import TextIO

_MOST = 10_000
"""Lines that may wait to be written."""
_PATIENCE = 2.0
"""Seconds for which the end of the process waits for what is left."""


class QueuedStreamHandler(logging.Handler):
    """Formats lines in the thread that logs, and writes them from another. Lines beyond `most` waiting are dropped."""

    def __init__(self, stream: TextIO, most: int = _MOST) -> None:
        super().__init__()
        self._stream = stream
        self._most = most
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._dropped = 0
        self._counting = threading.Lock()
        self._taken = 0
        self._written = 0
        threading.Thread(target=self._write, name="log", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        """Hand a line over. Never blocks and never raises."""
        try:
            if self._taken - self._written >= self._most:
                with self._counting:
                    self._dropped += 1
                return
            line = self.format(record)
            self._taken += 1
            self._lines.put(line)
        except Exception:
            self.handleError(record)

    def flush(self) -> None:
        """Wait until what was handed over is written, two seconds at most."""
        deadline = time.monotonic() + _PATIENCE
        while self._written < self._taken and time.monotonic() < deadline:
            time.sleep(0.001)

    def _write(self) -> None:
        while True:
            lines = [self._lines.get()]
            while len(lines) < self._most:
                try:
                    lines.append(self._lines.get_nowait())
                except queue.Empty:
                    break
            count = len(lines)
            while lines:
                try:
                    self._stream.write("\n".join(lines) + "\n")
                    self._stream.flush()
                except (OSError, ValueError):
                    pass  # nobody reads it any more
                lines = self._apology()
            self._written += count

    def _apology(self) -> list[str]:
        """One line with the number of lines that were dropped since the last such line; none when there were none."""
        dropped = self._dropped_so_far()
        if not dropped:
            return []
        message = "%s log lines were left out: nobody takes them from standard error fast enough"
        record = logging.LogRecord(__name__, logging.WARNING, __file__, 0, message, (dropped,), None)
        return [self.format(record)]

    def _dropped_so_far(self) -> int:
        """Lines that were dropped since this was asked last."""
        with self._counting:  # not the handler's own lock: whoever waits in `flush` holds that
            dropped, self._dropped = self._dropped, 0
        return dropped
